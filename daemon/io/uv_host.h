#pragma once
// The real Host: turns what the supervisor asks for into requests to the keeper, the data plane and the log
// loop, and what those tell into events in the supervisor's inbox. Knows each process as one Child from its
// spawn until its last log line is stored. One thread: the control loop's.

#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "daemon/core/host.h"
#include "daemon/core/lifecycle.h"
#include "daemon/core/log_losses.h"
#include "daemon/io/app_file.h"
#include "daemon/io/async_queue.h"
#include "daemon/io/child_setup.h"
#include "daemon/io/data_plane.h"
#include "daemon/io/file_status.h"
#include "daemon/io/gpu_monitor.h"
#include "daemon/io/gpu_probes.h"
#include "daemon/io/gpu_sampler.h"
#include "daemon/io/gpu_scan.h"
#include "daemon/io/host_sampler.h"
#include "daemon/io/input_queue.h"
#include "daemon/io/keeper_link.h"
#include "daemon/io/listener_pools.h"
#include "daemon/io/log_loop.h"
#include "daemon/io/message_channel.h"
#include "daemon/io/node_apps.h"
#include "daemon/io/node_preload.h"
#include "daemon/io/notify_receiver.h"
#include "daemon/io/oom_kills.h"
#include "daemon/io/package_version.h"
#include "daemon/io/probes.h"
#include "daemon/io/proc_sampler.h"
#include "daemon/io/process_identity.h"
#include "daemon/io/process_tree.h"
#include "daemon/io/state_memfd.h"
#include "daemon/io/timer.h"
#include "daemon/io/version_probe.h"
#include "daemon/io/watcher.h"
#include "daemon/io/zone_file.h"
#include "ipc/home.h"

namespace kpm::io {

// In the environment of each app's processes: "INCARNATION@HOME"; "INCARNATION@" with treekill: false.
inline constexpr const char* kMark = "KPM_PROCESS";

inline WorkerId worker_of(const core::AppKey& key) {
    return {key.pm_id, key.incarnation};
}

inline core::AppKey key_of(const WorkerId& worker) {
    return {worker.pm_id, worker.incarnation};
}

class UvHost : public core::Host {
public:
    struct Callbacks {
        std::function<void(core::AppKey, core::Event)> post;                 // into the supervisor's inbox
        std::function<void(core::AppKey, Json)> message;                     // a process said this
        std::function<void(core::AppKey, core::Notification)> notification;  // the same on NOTIFY_SOCKET
        std::function<void(core::AppKey, core::ProbeKind, core::ProbeResult)> probed;
        std::function<void(const std::string& pci, core::GpuProbeResult)> gpu_probed;
        std::function<void(const core::WatchKey& key, const std::string& path)> files_changed;
        std::function<void(int pm_id, core::LogTrouble)> log_trouble;
        // What of its files goes unnoticed, "" = nothing any more.
        std::function<void(const core::WatchKey& key, const std::string& trouble)> watch_told;
        // A worker is told to end because it has lost the channel on which it gets connections.
        std::function<void(core::AppKey, const std::string& reason)> channel_lost;
        std::function<void(const std::string& topic, const Json& payload)> publish;
        std::function<bool()> has_followers;
        std::function<void(int client_pid)> shut_down;
        std::function<void()> keeper_gone;
    };

    // A process of an earlier daemon.
    struct Inherited {
        std::optional<KeeperChild> child;
        std::optional<KeeperExit> exit;
        std::vector<KeptFd> kept;
    };

    // What is left of an earlier daemon; empty at a first start.
    struct Heritage {
        Inventory inventory;
        std::map<std::string, std::string> state;
        std::unordered_map<std::uint64_t, Inherited>
            processes;                 // out of the inventory, by token; until adopted
        std::vector<KeeperExit> ends;  // of adopted processes, not told yet
    };

    // `socket`: to the keeper, after its inventory was received. Reads the state out of the inventory.
    static Result<std::unique_ptr<UvHost>> open(Loop& loop, const ipc::Home& home, UniqueFd socket,
                                                Inventory inventory, Callbacks callbacks);
    ~UvHost() override;

    // The earlier daemon's state, for Supervisor::restore.
    const std::map<std::string, std::string>& restored_state() const { return heritage_.state; }
    // What apps find in NOTIFY_SOCKET, "" = there is none.
    std::string notify_socket() const { return notify_ ? notify_->address() : std::string(); }
    // After the supervisor has adopted what it knows: tells what ended meanwhile, ends processes that nobody
    // has claimed, also those of a keeper that has died with its kpmd (but none of apps with treekill:
    // false).
    void end_unclaimed();
    // Whether anybody follows the logs: called once per turn of the loop.
    void set_following(bool following);
    // Once per turn of the loop, after the supervisor has worked: what nobody waits for.
    void end_turn();
    // The keeper exits when this daemon has.
    void quit();

    core::TimePoint now() const override;
    core::EpochTime wall_now() const override;
    void spawn(const core::AppKey& key, const core::LaunchSpec& spec) override;
    void signal_tree(const core::AppKey& key, int signo) override;
    Result<void> signal_root(const core::AppKey& key, int signo) override;
    Result<void> send_message(const core::AppKey& key, const Json& message) override;
    Result<void> write_input(const core::AppKey& key, std::string_view text) override;
    void sweep(const core::AppKey& key) override;
    void release(const core::AppKey& key, const std::string& next_pid_file) override;
    Result<void> open_pool(const core::PoolSpec& pool) override;
    void close_pool(const std::string& name, core::PoolSpec::Kind kind) override;
    void turn_away(const std::string& name, core::PoolSpec::Kind kind) override;
    void probe(const core::AppKey& key, core::ProbeKind kind, const core::ProbeSpec& spec,
               const core::LaunchSpec* launch) override;
    void stop_probes(const core::AppKey& key) override { probes_.stop(key); }
    void set_serving(const core::AppKey& key, bool serving) override;
    void drain(const core::AppKey& key) override;
    core::Adopted adopt(const core::AppKey& key, const core::LaunchSpec& spec) override;
    Result<void> prepare_logs(const core::LaunchSpec& spec) override;
    std::string real_path(const std::string& path) override { return io::real_path(path); }
    void reopen_logs(std::optional<int> pm_id) override;
    Result<void> write_dump(const std::string& text) override;
    core::Usage usage(int pid) override;
    Result<core::TimeZone> time_zone(std::string_view name) override { return load_zone(name); }
    Result<void> watch(const core::WatchKey& key, const core::WatchSpec& spec) override;
    void unwatch(const core::WatchKey& key) override;
    std::string package_version(const std::string& script) override;
    void worker_stats(std::function<void(std::vector<core::WorkerFigures>)> answer) override;
    void system_data(std::function<void(Json)> answer) override { host_sampler_.ask(std::move(answer)); }
    core::GpuInventory gpus() override;
    core::GpuUsage gpu_usage(int pid, const std::string& pci) override;
    void refresh_gpu_figures(std::function<void()> done) override {
        gpu_monitor_.refresh(*keeper_, std::move(done));
    }
    bool can_probe_gpus() override { return GpuProbes::can_ask(); }
    void probe_gpu(const core::GpuPlacement& gpu) override { gpu_probes_.ask(*keeper_, gpu); }
    core::OomKills oom_kills() override { return oom_kills_.read(); }
    void shut_down(int client_pid) override;
    void wake_at(std::optional<core::TimePoint> when) override;
    void persist(const std::string& key, const std::optional<std::string>& value) override;
    void publish(const std::string& topic, const Json& payload) override;
    bool has_followers() const override;
    std::string unique_id() override;
    void log(std::string_view text) override;

private:
    struct Child {
        core::AppKey key;
        pid_t pid = 0;
        ProcessIdentity root;
        bool is_ended = false;     // the keeper has reaped the root: its pid may be another's from now on
        bool is_released = false;  // the supervisor is done with it
        bool has_logs = false;     // its pipes are not at their end
        bool is_worker = false;    // the data plane knows it
        bool is_node = false;      // a worker of a Node cluster app
        std::string pool;          // of a worker
        bool stops_by_message = false;
        core::NodeReady node_ready = core::NodeReady::Online;
        std::optional<KeeperExit> unheard_end;  // told when all that it has said has been heard
        std::unique_ptr<Timer> farewell;        // how long it may live without its channel
        bool is_draining = false;               // told to finish what it has
        bool tree_is_gone = false;
        bool whole_tree = true;    // false: only the root is stopped
        bool is_stopping = false;  // a root that is stopped alone: its end is the tree's
        std::unique_ptr<MessageChannel> messages;
        std::unique_ptr<InputQueue> input;  // null: nothing waits to be read by it
        std::unique_ptr<TreeStop> tree;
        std::string pid_file;
        FileOwner owner;  // as whom it is written
    };

    UvHost(Loop& loop, const ipc::Home& home, StateMemfd state, Heritage heritage, Callbacks callbacks);

    Result<void> open_notify_socket();
    Child* find(const core::AppKey& key);
    Child* find(std::uint64_t incarnation);
    UniqueFd open_root(const Child& child) const;
    void fail_spawn(const core::AppKey& key, std::string reason, bool is_transient);
    void add_preloads(SpawnRequest& request, const core::LaunchSpec& spec);
    void connect(Child& child, const core::LaunchSpec& spec, ChildEnds ends, bool resumed);
    void open_messages(Child& child, UniqueFd socket);
    void open_nodes();
    bool read_on(std::uint64_t token, Inherited& inherited);
    void end_leftovers();
    bool probe_worker(const Child& child, core::ProbeKind kind, const core::ProbeSpec& spec);
    void add_node(Child& child, const core::LaunchSpec& spec, UniqueFd socket);
    void signal_root_alone(Child& child, int signo);
    void on_spawned(KeeperChild spawned);
    void on_spawn_failed(std::uint64_t token, keeper::SpawnStage stage, int error_number);
    void on_exited(const KeeperExit& exit);
    void tell_exit(Child& child, const KeeperExit& exit);
    void on_node_said(const NodeSaid& said);
    void on_worker_gone(const WorkerGone& gone);
    void end_without_channel(std::uint64_t incarnation, const std::string& reason);
    void on_tree_gone(std::uint64_t incarnation);
    void on_plane_event(const PlaneEvent& event);
    void on_log_event(const LogEvent& event);
    void forget_if_finished(std::uint64_t incarnation);
    std::string mark_of(std::uint64_t incarnation) const;

    Loop& loop_;
    ipc::Home home_;
    Callbacks callbacks_;
    StateMemfd state_;
    Heritage heritage_;
    Timer timer_;
    Timer leftovers_kill_;
    ProcessScanner scanner_;
    ProcSampler sampler_;
    GpuSampler gpu_sampler_;
    GpuMonitor gpu_monitor_;
    GpuProbes gpu_probes_;
    OomKillCounter oom_kills_;
    HostSampler host_sampler_;
    VersionProbe versions_;
    Probes probes_;
    NodePreloads preloads_;
    AsyncQueue<PlaneEvent> plane_events_;
    AsyncQueue<LogEvent> log_events_;
    AsyncQueue<std::function<void()>> answers_;
    std::unique_ptr<KeeperLink> keeper_;
    std::unique_ptr<NotifyReceiver> notify_;  // null: there is no socket
    DataPlane plane_;
    core::ConsoleShape console_;
    LogLoop logs_;
    std::optional<ListenerPools> pools_;
    std::optional<NodeApps> nodes_;
    std::unordered_map<std::uint64_t, Child> children_;
    struct Starting {
        std::string program, cwd;
    };
    std::unordered_map<std::uint64_t, Starting> starting_;           // not answered yet; for messages
    std::unordered_map<std::string, std::string> package_versions_;  // by folder, of this turn
    std::vector<std::uint64_t> finished_;  // incarnations; the keeper is told by end_turn()
    std::list<std::unique_ptr<TreeStop>> sweeps_;
    std::list<std::unique_ptr<TreeStop>> leftovers_;
    std::unique_ptr<Inotify> inotify_;  // of all watchers; null: there are none
    std::map<core::WatchKey, std::unique_ptr<Watcher>> watchers_;
    bool is_following_ = false;
    bool is_keeper_gone_ = false;  // no exit is told any more, and nothing can be started
};

}  // namespace kpm::io

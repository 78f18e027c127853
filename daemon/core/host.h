#pragma once
// The one seam between the supervisor and the world: everything that it may ask for. The real one is
// io::UvHost, the fake one tests/support/fake_host.h. None of these calls waits; what they lead to comes back
// as an event in the supervisor's inbox (see supervisor.h), in any later turn.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/core/gpu_device.h"
#include "daemon/core/health.h"
#include "daemon/core/own_files.h"
#include "daemon/core/time.h"
#include "daemon/core/time_zone.h"
#include "ecosystem/probe_address.h"
#include "ipc/base/json.h"
#include "ipc/base/result.h"

namespace kpm::core {

// One life of one process: `incarnation` is never used twice in a home, it is the keeper's token.
struct AppKey {
    int pm_id = 0;
    std::uint64_t incarnation = 0;

    auto operator<=>(const AppKey&) const = default;
};

enum class ChildChannel {
    None,
    Kpm,
    Messages,
    NodeCluster
};  // Kpm: ipc/kpm_channel.h; Messages: lines of JSON, as Node's IPC; NodeCluster: the same, and connections

// What makes a worker of a Node cluster app ready.
enum class NodeReady {
    Online,     // Node has started
    Listening,  // it listens, as the process before it did; Online when that did not
    Message     // it has said so
};

struct LogFiles {
    std::string out, err, combined;  // absolute; "" = none
    std::string date_format;         // dayjs tokens, "" = raw lines
    bool json = false;
    bool disabled = false;

    bool operator==(const LogFiles&) const = default;
};

// Everything that a process is started with.
struct LaunchSpec {
    std::string name;
    std::string name_space;
    int instance_index = 0;         // Slot's
    std::vector<std::string> argv;  // argv[0] is looked up in the PATH of `env`
    std::vector<std::string> env;   // "KEY=value"
    std::string cwd;
    std::string user, group;  // names or numbers, "" = the daemon's
    std::string pid_file;
    LogFiles logs;
    ChildChannel channel = ChildChannel::None;
    std::string pool;                 // the connection pool that it serves, "" = none
    bool is_activated = false;        // it gets the pool's sockets when it starts
    std::vector<std::string> listen;  // their addresses as configured
    NodeReady node_ready = NodeReady::Online;
    bool drains_keep_alive = false;  // by a preload of Node (io/node_preload.h)
    bool tells_connections = false;  // likewise
    bool runs_agent = false;         // likewise
    bool stops_by_message = false;   // it closes its servers itself when it is told to stop
    bool whole_tree = true;          // false: signals go to the root only, what it leaves behind is nobody's
    // What makes the interpreter print the version of Node that it has; none: it has no such thing. -> a
    // message {node_version} from the process, which may also say it by itself.
    std::vector<std::string> version_words{};

    bool operator==(const LaunchSpec&) const = default;
};

// What a process uses of one GPU, as far as its driver tells.
struct GpuUsage {
    std::optional<double> percent;        // of its busiest engine since the sample before; first: none
    std::optional<std::uint64_t> memory;  // bytes, of the GPU's own
    std::vector<std::string> others;      // PCI addresses of further GPUs that it has open, in order

    bool operator==(const GpuUsage&) const = default;
};

// What the balancer has counted of a worker's connections.
struct Connections {
    std::uint64_t handed = 0;    // given to it by kpmd
    std::uint64_t accepted = 0;  // also of those that the kernel gave it, as far as told
    std::uint64_t active = 0;
    std::uint64_t rescued = 0;  // of those accepted: another worker had died with it or refused it
    std::uint64_t refused = 0;

    bool operator==(const Connections&) const = default;
};

struct WorkerFigures {
    AppKey key;
    bool serving = false;
    bool draining = false;
    Connections connections;
    std::uint64_t load = 0;
};

struct Usage {
    std::uint64_t memory = 0;                  // bytes, resident
    double cpu = 0;                            // percent of one core since the sample before
    std::optional<GpuUsage> gpu;               // of a process with a place on one
    std::optional<Connections> connections{};  // of a worker that the balancer knows
};

struct PoolSpec {
    enum class Kind {
        Channel,    // kpmd accepts and passes connections over the kpm channel
        Node,       // the workers ask for their sockets: `listen` is empty
        Activation  // each process starts with all sockets and accepts by itself
    };
    std::string name;
    Kind kind = Kind::Channel;
    std::vector<std::string> listen;  // addresses as configured
    std::string balance;              // policy name
    int max_connections = 0;          // per worker, 0 = no limit; not of Activation
    std::string user, group;          // Node: as whom socket files are made, "" = the daemon's
};

// What an earlier daemon's process has become.
struct Adopted {
    enum class Kind {
        Alive,
        Ended,
        Unknown
    } kind = Kind::Unknown;  // Ended: Exited follows; Unknown: never started
    int pid = 0;
};

// Processes that the kernel's OOM killer has ended where the daemon and its apps are.
struct OomKills {
    std::uint64_t total = 0;  // since nobody knows when: only what it grows by says something
    std::string where;        // "control group '/x'"; "" = the kernel does not tell, and the total is 0
};

// A set of watched files. Apps of one name may have several: number 0, 1 …
struct WatchKey {
    std::string name;
    int number = 0;

    auto operator<=>(const WatchKey&) const = default;
};

// Files whose change restarts an app.
struct WatchSpec {
    std::vector<std::string> roots;   // absolute
    std::string cwd;                  // what relative patterns start from
    std::vector<std::string> ignore;  // patterns
    // What kpm itself writes: never a change. Shared: it grows and shrinks while it is watched.
    std::shared_ptr<const OwnFiles> own_files{};
    bool has_default_ignore = true;  // without a pattern in `ignore`: PM2's default
    bool follow_symlinks = true;
    std::vector<std::string> targets{};  // the entries, where there are globs or exceptions among them
    Duration delay{0};
    std::optional<int> depth{};  // of folders below a root; 0: none of them

    bool operator==(const WatchSpec&) const = default;
};

// One look at a process's health.
struct ProbeSpec {
    ecosystem::Probe::Kind kind = ecosystem::Probe::Kind::Http;
    ecosystem::ProbeAddress address;  // Http, Tcp
    std::vector<std::string> argv;    // Exec
    Duration timeout{1'000};
    std::string trouble;  // why there is nothing to look at (a variable that is not set), "" = there is

    bool operator==(const ProbeSpec&) const = default;
};

struct GpuPlacement;

class Host {
public:
    virtual ~Host() = default;

    virtual TimePoint now() const = 0;
    virtual EpochTime wall_now() const = 0;

    // -> Spawned or SpawnFailed, then one day Exited.
    virtual void spawn(const AppKey& key, const LaunchSpec& spec) = 0;
    // Sends `signo` (0 = none) to every process of the tree, then watches it: -> TreeGone when none is left.
    // A worker gets no more connections.
    virtual void signal_tree(const AppKey& key, int signo) = 0;
    // Sends `signo` to the root process only. No-op once it is gone.
    virtual Result<void> signal_root(const AppKey& key, int signo) = 0;
    // A message to the process, as JSON. NotFound: it has no message channel; Unavailable: it does not read.
    virtual Result<void> send_message(const AppKey& key, const Json& message) = 0;
    // Bytes for its standard input, in order; what it has not read yet waits. Unavailable: that is too much.
    virtual Result<void> write_input(const AppKey& key, std::string_view text) = 0;
    // The root ended by itself: ends what it left behind, without waiting for it.
    virtual void sweep(const AppKey& key) = 0;
    // The supervisor is done with this process: its log pipes are drained and closed, its descriptors
    // dropped. One that survived SIGKILL is given up so; the host collects its end by itself. Its pid file is
    // removed, unless it is `next_pid_file`: that of the launch that follows at once ("": none does), which
    // writes over it. Removing and making a file again would be the dearest part of a restart.
    virtual void release(const AppKey& key, const std::string& next_pid_file) = 0;

    // A pool of listening sockets, one per clustered app name. Idempotent: an open pool takes over the new
    // policy.
    virtual Result<void> open_pool(const PoolSpec& pool) = 0;
    // `kind` tells a Node pool from others: they are named by apps, and an app may have had one of each.
    virtual void close_pool(const std::string& name, PoolSpec::Kind kind) = 0;
    // Its last processes are ending: nobody new is let in until open_pool. Who has connected is served.
    virtual void turn_away(const std::string& name, PoolSpec::Kind kind) = 0;
    // Looks at the process. -> Supervisor::probed, once, at the latest after the timeout; never after
    // stop_probes. `launch`: as whom, where and with what variables a command runs; null for other probes.
    virtual void probe(const AppKey& key, ProbeKind kind, const ProbeSpec& spec,
                       const LaunchSpec* launch) = 0;
    virtual void stop_probes(const AppKey& key) = 0;
    // Whether it gets connections: they go to other workers, or wait. No-op for a process that is no worker.
    virtual void set_serving(const AppKey& key, bool serving) = 0;
    // A worker gets no more connections. -> Drained when it has finished those that it has.
    virtual void drain(const AppKey& key) = 0;
    // Takes over a process that an earlier daemon started: its pipes, its channel, its exit.
    virtual Adopted adopt(const AppKey& key, const LaunchSpec& spec) = 0;

    // Creates what a start needs beforehand (log files and their folders).
    virtual Result<void> prepare_logs(const LaunchSpec& spec) = 0;
    // The path without symbolic links, as far as it exists; "": it is that already.
    virtual std::string real_path(const std::string& path) = 0;
    // Opens log files again under their names; all, or those of one app.
    virtual void reopen_logs(std::optional<int> pm_id) = 0;
    // Replaces dump.pm2, whole or not at all; the file before it becomes dump.pm2.bak.
    virtual Result<void> write_dump(const std::string& text) = 0;
    virtual Usage usage(int pid) = 0;
    // "" = the machine's own. NotFound or Invalid: there is no such zone.
    virtual Result<TimeZone> time_zone(std::string_view name) = 0;
    // Replaces what was watched under this key. -> Supervisor::files_changed. An error tells
    // what is not watched, or not yet; the rest is. What turns out later comes by Supervisor::watch_told.
    virtual Result<void> watch(const WatchKey& key, const WatchSpec& spec) = 0;
    virtual void unwatch(const WatchKey& key) = 0;
    // Of the npm package that the script belongs to, "" = none.
    virtual std::string package_version(const std::string& script) = 0;
    // The balancer's figures of all workers, in no order.
    virtual void worker_stats(std::function<void(std::vector<WorkerFigures>)> answer) = 0;
    // The machine's figures, PM2's map of metrics.
    virtual void system_data(std::function<void(Json)> answer) = 0;
    // The machine's GPUs, as they are now.
    virtual GpuInventory gpus() = 0;
    virtual GpuUsage gpu_usage(int pid, const std::string& pci) = 0;
    // What NVIDIA's driver tells of its GPUs and processes comes into gpus() and gpu_usage() some time after
    // it was asked for. `done` is called once, at once or after some seconds: when they have it, or when it
    // cannot be had.
    virtual void refresh_gpu_figures(std::function<void()> done) = 0;
    // Whether a GPU still answers, as a process finds out that makes a context on it: -> Supervisor::
    // gpu_probed, once, within GpuBreaker::kProbeLimit. False: there is no such program.
    virtual bool can_probe_gpus() = 0;
    virtual void probe_gpu(const GpuPlacement& gpu) = 0;
    virtual OomKills oom_kills() = 0;
    // The daemon ends for good (all apps are gone). SIGQUIT goes to the client that waits for it, 0 = none.
    virtual void shut_down(int client_pid) = 0;

    virtual void wake_at(std::optional<TimePoint> when) = 0;  // -> tick(); nullopt = no deadline
    // State that survives the daemon: a small key-value store. nullopt erases.
    virtual void persist(const std::string& key, const std::optional<std::string>& value) = 0;
    virtual void publish(const std::string& topic, const Json& payload) = 0;
    virtual bool has_followers() const = 0;  // false: nobody would get what is published
    virtual std::string unique_id() = 0;     // random, in the shape of a UUID 4
    virtual void log(std::string_view text) = 0;
};

}  // namespace kpm::core

#pragma once
// Owns the table of apps, drains the inbox of events, and turns what each Lifecycle decides into calls on the
// Host. The only writer of any app's state.
//
// Driven by one thread: whoever has news posts it (`post`), and the main loop calls `drain()` once per turn.
// Requests (stop, restart …) may be called from inside a posted task only, so that state changes in drain()
// alone. Each request answers once, through its Done, when its outcome is known.
//
// Requests about one slot are serialised by its lifecycle: a stop or delete wins over a relaunch in flight.
// Reload of an app that can hand over is a transaction: a new process is started beside the old one. When it
// is ready, both serve for min_ready_time; then the old one drains and stops. When it is not, or is so no
// more at the end of that time, it is removed, the old one goes on, and Done gets the reason.

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <variant>
#include <vector>

#include "daemon/core/gpu_breaker.h"
#include "daemon/core/gpu_placement.h"
#include "daemon/core/host.h"
#include "daemon/core/namesakes.h"
#include "daemon/core/notify_message.h"
#include "daemon/core/paced.h"
#include "daemon/core/row_text.h"
#include "daemon/core/settings.h"
#include "daemon/core/slot.h"

namespace kpm::core {

// A slot to be made. What is not given is allotted.
struct NewApp {
    ecosystem::AppConfig config;  // resolved
    std::string unique_id;
    std::optional<int> instance_index;  // NODE_APP_INSTANCE of a dumped app
    std::optional<EpochTime> created_at;
    bool start = true;         // false: it is listed as stopped
    bool is_restored = false;  // from a dump: its increment_var has been counted up already
};

// How the process that ended last did; with code 0 if it was told to.
struct LastEnd {
    int pm_id = 0;
    std::string name;
    std::optional<int> code;  // nullopt: by the signal, or it could not be started at all
    int signal = 0;
    std::string failure;
};

// A GPU of the machine, and who has a place on it.
struct GpuReport {
    GpuDevice device;
    GpuHealth health = GpuHealth::Healthy;
    std::vector<int> workers;  // pm_ids, also of those that do not run now
};

class Supervisor {
public:
    using Task = std::function<void()>;
    using Slots = std::map<int, Slot>;

    Supervisor(Host& host, Settings settings);

    void post(const AppKey& key, Event event) { inbox_.push_back(Arrival{key, std::move(event)}); }
    void post(Task task) { inbox_.push_back(std::move(task)); }
    // Handles all that has arrived and all deadlines that have passed, records what changed, sets the next
    // wake-up.
    void drain();

    // Takes over from an earlier daemon: its state, key by key as it was persisted. Before the first drain().
    // An end that it had begun goes on.
    void restore(const std::map<std::string, std::string>& state);

    // --- requests; inside a task only ---
    // Whom the running task acts for, until its end; nobody: kpm itself. Told with the ends of processes.
    void set_client(const Client& client) { client_ = client; }
    // A new slot and its pm_id, -1 = there is none. Done also tells of a start that failed.
    int add(NewApp app, Done done);
    // Why an app of that name cannot have so many instances more.
    std::optional<Error> excess(const std::string& name, std::size_t more) const;
    // Another instance of the slot's app.
    Result<int> duplicate(int pm_id, Done done);
    void start(int pm_id, Done done);
    void stop(int pm_id, Done done);
    void restart(int pm_id, Done done);
    void reload(int pm_id, Done done);
    // To another configuration, which the slot keeps only if its new process gets ready.
    void reload(int pm_id, ecosystem::AppConfig config, Done done);
    void remove(int pm_id, Done done);
    // As remove; but it may take drain_timeout to finish what it has, while another one of the app serves.
    void retire(int pm_id, Done done);
    // Dependents first (depends_on), without relation all at once.
    void stop_all(Done done);
    // The same for good: until the daemon has ended nothing is started any more, whoever asks.
    void end(Done done);
    // end() was asked for, of this daemon or of the one before it.
    bool is_ending() const { return is_ending_; }
    // Told once, when no app runs and none will by itself: all are stopped or given up. nullopt: none has
    // ended under this daemon.
    using AllEnded = std::function<void(const std::optional<LastEnd>&)>;
    void when_all_ended(AllEnded told) { end_waiters_.push_back(std::move(told)); }
    // PM2's `reset`: counters to zero, created now.
    Result<void> reset(int pm_id);
    // New configuration for the next start; what needs none is live at once.
    Result<void> reconfigure(int pm_id, ecosystem::AppConfig config);

    // What the machine has now.
    std::vector<GpuReport> gpu_report();
    // What its process uses of the GPU that it has a place on; nullopt: none, or it is not online.
    std::optional<GpuUsage> gpu_usage(const Slot& slot);
    bool has_workers_on_gpus() const;
    // What Host::probe_gpu has found.
    void gpu_probed(const std::string& pci, GpuProbeResult result);

    // Why this configuration cannot be supervised: a cron pattern, a time zone, a value that was saved and
    // cannot be read.
    Result<void> check(const ecosystem::AppConfig& config);
    // What does not work of an app that runs all the same.
    std::vector<std::string> warnings(const Slot& slot) const;
    // Log files of the slot cannot be written, or can be again.
    void note_log_trouble(int pm_id, const LogTrouble& trouble);
    // A watched file is not what it was.
    void files_changed(const WatchKey& key, const std::string& path);
    // What of the watched files goes unnoticed, "" = nothing any more.
    void watch_told(const WatchKey& key, const std::string& trouble);

    // What a process said. "ready" comes here, too.
    void take_message(const AppKey& key, const Json& message);
    // The same on NOTIFY_SOCKET. Acted upon at once, so that what a process says before its exit is known
    // when the exit is handled.
    void take_notification(const AppKey& key, const Notification& notification);
    // What a probe has found.
    void probed(const AppKey& key, ProbeKind kind, const ProbeResult& result);
    // A worker cannot get connections any more and is ended by the host: without this its end would seem to
    // be somebody else's doing.
    void channel_lost(const AppKey& key, const std::string& reason);
    // For a client, to the slot's process.
    Result<void> send_signal(int pm_id, int signo);
    // A message to the slot's process.
    Result<void> send_message(int pm_id, const Json& message);

    // Tells the bus what a client did ("restart", "stop"), or what happened. `status`: as the bus is to see
    // it, "" = as it is.
    void publish_event(const Slot& slot, std::string_view event, bool manually, std::string_view status = {});

    const Slots& slots() const { return slots_; }
    const Slot* find(int pm_id) const;
    std::vector<int> ids_of(const std::string& name) const;
    // Whether kpmd gives connections to some of the processes, or counts them.
    bool has_workers() const;
    const Settings& settings() const { return settings_; }
    Host& host() { return host_; }
    RowTexts& row_texts() { return row_texts_; }

private:
    static constexpr std::size_t kMostAsked = 64;  // launches that the host has not answered yet
    static constexpr int kMemoryCheck = -1;        // in the place of a pm_id among the deadlines

    struct Arrival {
        AppKey key;
        Event event;
    };

    void handle(const Arrival& arrival);
    void handle_time();
    void note_end(const Slot& slot, State before, const Event& event);
    void tell_if_all_ended();
    EndCause by_client(EndCause::Kind kind) const;
    void note_cause(Instance& instance, EndCause cause);
    void note_process_end(const Slot& slot, Instance& instance, const Event& event);
    void keep_ends();
    OomKills look_at_oom_kills();
    void look_for_oom_kill(Slot& slot, ProcessEnd& end, std::uint64_t before);
    void apply(Slot& slot, Instance& instance, const Event& event);
    void perform(Slot& slot, Instance& instance, const Actions& actions);
    void launch(Slot& slot, Instance& instance);
    Result<void> place_on_gpu(Slot& slot);
    void note_strays(Slot& slot, const GpuUsage& usage);
    Duration note_gpu_end(Slot& slot, const Instance& instance, const Exited& exited);
    void note_gpu_loss(const Slot& slot);
    const GpuInventory& gpus();
    void probe_gpus();
    void end_gpu_hold(const std::string& pci, TimePoint held_until);
    bool look_at_gpu(const Slot& slot);
    void ask_next();
    void ask_for(Slot& slot, Instance& instance);
    void release(const Slot& slot, Instance& instance, bool starts_again = false);
    void abort_root(const Slot& slot, Instance& instance, Duration silence);
    bool can_drain(const Slot& slot) const;
    void stop(int pm_id, EndCause cause, Drain drain, Done done);
    void remove(int pm_id, Drain drain, Done done);
    void stop_at_once(int pm_id, EndCause cause, Done done);
    void restart(int pm_id, EndCause cause, Done done);
    void reload(int pm_id, EndCause cause, Done done);
    struct StopRun;
    void stop_next(const std::shared_ptr<StopRun>& run);
    void stop_tree(const Slot& slot, const Instance& instance, int signo);
    void announce(Slot& slot, Notice notice);
    void settle(Slot& slot, Instance& instance, Outcome outcome);
    void settle_current(Slot& slot, Outcome outcome);
    void try_successor(Slot& slot);
    void end_trial(Slot& slot);
    void promote(Slot& slot);
    void tell_lost_successor(Slot& slot);
    void fail_reload(Slot& slot, const std::string& reason);
    Result<void> change_config(Slot& slot, ecosystem::AppConfig config);
    void take_back_config(Slot& slot);
    std::optional<Error> refusal(const Slot& slot) const;
    std::string fault(const ecosystem::AppConfig& config);
    std::optional<Error> reload_refusal(const Slot& slot) const;
    void check_rest(Slot& slot);
    void erase(int pm_id);
    Lifecycle::SharedPolicy shared(LifecyclePolicy policy);
    // False: it is what the slot had.
    bool set_config(Slot& slot, ecosystem::AppConfig config);
    void set_wanted(Slot& slot, bool wanted);
    void prepare_health(Slot& slot, Instance& instance, const LaunchSpec& spec);
    void resume_health(Slot& slot, Instance& instance, const LaunchSpec& spec);
    bool hold_word(Slot& slot, Instance& instance, const Event& event);
    void follow_life(Slot& slot, Instance& instance, const Event& event);
    void drive_health(Slot& slot, Instance& instance, const HealthCheck::Event& event);
    void ask_probe(Slot& slot, Instance& instance, ProbeKind kind);
    LaunchSpec spec_of_running(Slot& slot, const Instance& instance);
    void track_memory(const Slot& slot);
    void check_memory();
    void set_cron(Slot& slot, std::optional<EpochTime> due_before = {});
    void drop_cron(Slot& slot);
    void look_at_cron(Slot& slot);
    void schedule_cron(Slot& slot);
    void track_watch(const Slot& slot);
    void drop_watch(int pm_id);
    WatchKey watch_for(const Slot& slot, const WatchSpec& wanted) const;
    void claim_files(const Slot& slot);
    void schedule(const Slot& slot);
    Result<void> use_pool(const Slot& slot);
    void leave_pool(int pm_id);
    void track_pool(const Slot& slot);
    void turn_away(const Slot& slot);
    bool keeps_pool(const Slot& slot) const;
    void save(Slot& slot, bool with_config);
    void forget_state(int pm_id);
    void record_told();
    static Told* told_by(Slot& slot, const Instance& instance);
    void forget_told(Slot& slot, const Instance& instance);
    void take_over_told(Slot& slot);
    void drop_incoming(Slot& slot);
    void forget_live(Slot& slot, const Instance& instance);
    void adopt(Slot& slot, Instance& instance);
    void adopt_survivor(Slot& slot, Instance& instance, const AppKey& key);

    Slot* find_mutable(int pm_id);
    Instance* find_instance(Slot& slot, std::uint64_t incarnation);
    Error outcome_error(const Slot& slot, const Instance& instance, Outcome outcome) const;

    Host& host_;
    Settings settings_;
    Slots slots_;
    SlotConfig newest_config_;
    Lifecycle::SharedPolicy newest_policy_;  // null: none yet
    Namesakes names_;
    struct PoolKey {
        std::string name;
        PoolSpec::Kind kind = PoolSpec::Kind::Channel;

        bool operator==(const PoolKey&) const = default;
        // Those that are not of Node workers are one another's successors.
        std::pair<std::string, bool> home() const { return {name, kind == PoolSpec::Kind::Node}; }
    };
    std::unordered_map<int, PoolKey> pool_of_;  // what each slot with a process was started with
    std::map<std::pair<std::string, bool>, std::set<int>> pool_users_;  // slots, by PoolKey::home()
    std::set<std::pair<TimePoint, int>> deadlines_;                     // earliest first; one per slot
    std::unordered_map<int, TimePoint> deadline_of_;
    std::set<int> limited_;                           // slots with a memory limit or a GPU
    std::set<std::pair<TimePoint, int>> cron_looks_;  // earliest first; one per slot with a cron pattern
    std::shared_ptr<OwnFiles> own_files_ = std::make_shared<OwnFiles>();  // the watchers look into it
    struct Watched {
        WatchSpec spec;
        std::string trouble;  // what of it is not watched, "" = nothing
        std::set<int> users;  // slots; there is always one
    };
    std::map<WatchKey, Watched> watched_;
    std::unordered_map<int, WatchKey> watch_of_;  // of each of those slots
    std::deque<std::variant<Arrival, Task>> inbox_;
    std::deque<AppKey> launches_;              // not asked for yet
    std::unordered_set<std::uint64_t> asked_;  // incarnations
    GpuInventory gpus_;                        // as they were at
    std::optional<TimePoint> gpus_seen_;       // nullopt: never looked
    GpuBreaker gpu_breaker_;
    std::set<int> gpu_slots_;  // those that have been placed
    std::set<int> dirty_;
    // Slots whose processes have told something new. A daemon that is killed within the pause loses that.
    Paced unrecorded_{Duration{1'000}};
    std::vector<int> doomed_;  // erased at the end of drain()
    struct EndOf {
        int pm_id = 0;
        ProcessEnd end;
        std::uint64_t oom_before = 0;
    };
    std::vector<EndOf> ends_;       // of this turn
    std::uint64_t oom_total_ = 0;   // at the last look
    std::uint64_t oom_known_ = 0;   // of them: are told as an app's end, or were not one's
    TimePoint oom_growth_{};        // when a look has found more than the one before
    std::optional<Client> client_;  // of the task that runs
    std::vector<AllEnded> end_waiters_;
    std::optional<LastEnd> last_end_;
    RowTexts row_texts_;
    int busy_ = -1;  // a slot that was not at rest at the last look: most looks need no other
    int next_id_ = 0;
    bool is_ending_ = false;
    std::uint64_t next_incarnation_ = 1;
    std::string saved_counters_;  // the record of both, as it was written last
};

}  // namespace kpm::core

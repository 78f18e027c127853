#pragma once
// A world of simulated processes in virtual time, as the supervisor's Host: processes start or fail to,
// crash, ignore signals, leave descendants behind, are ready late or never, hang under a watchdog. All chance
// comes from one seed. Driven by Simulation.
//
// It checks what can be seen from outside: no incarnation is started twice, no slot has more processes than
// it may, none is forgotten while it lives, none is aborted that has kept its watchdog's time.

#include <cstdint>
#include <functional>
#include <map>
#include <queue>
#include <random>
#include <set>
#include <stdexcept>
#include <string>
#include <unordered_map>
#include <vector>

#include "daemon/core/supervisor.h"

namespace kpm::sim {

// A broken invariant.
struct Violation : std::runtime_error {
    using std::runtime_error::runtime_error;
};

// Thrown out of a Host call: the daemon dies there.
struct DaemonDied {};

class Chance {
public:
    explicit Chance(std::uint64_t seed) : engine_(seed) {}
    // One of 0 … count - 1.
    std::uint64_t below(std::uint64_t count) { return engine_() % count; }
    bool one_in(std::uint64_t count) { return below(count) == 0; }
    // Most are short, some are long: up to `longest`.
    core::Duration time(core::Duration longest);

private:
    std::mt19937_64 engine_;
};

class World : public core::Host {
public:
    using Deliver = std::function<void(const core::AppKey&, core::Event)>;

    using DeliverProbe = std::function<void(const core::AppKey&, core::ProbeKind, core::ProbeResult)>;

    World(Chance& chance, Deliver deliver, DeliverProbe deliver_probe)
        : chance_(chance), deliver_(std::move(deliver)), deliver_probe_(std::move(deliver_probe)) {}

    // --- for the simulation ---
    std::optional<core::TimePoint> next_event() const;
    std::optional<core::TimePoint> wake() const { return wake_; }
    void advance_to(core::TimePoint time);  // delivers nothing
    bool deliver_due();                     // the events that are due; false = there was none
    void step_wall_clock(core::Duration by) { wall_offset_ += by; }
    // The daemon dies in the `calls`-th Host call from now that changes anything.
    void doom_daemon(std::uint64_t calls) { calls_left_ = calls; }
    // The daemon is gone, and with it all that was on its way to it. The processes go on.
    void lose_daemon();
    // As the next one does it once it has adopted what it knows.
    void end_unclaimed();
    // A stop was asked for (true), or something that may start the slot again (false).
    void forbid_spawn(int pm_id, bool forbidden) { forbidden_[pm_id] = forbidden; }
    // Is there a process of this incarnation, or news of its end on the way?
    bool is_known(const core::AppKey& key) const;
    int live_processes() const { return live_; }
    // Processes that the supervisor has not released, one line each; "" = none.
    std::string unreleased() const;
    const std::map<std::string, std::string>& state() const { return state_; }
    std::uint64_t spawns() const { return spawns_; }
    void trace(int pm_id) { traced_ = pm_id; }
    void note(int pm_id, const std::string& text) const;

    // --- Host ---
    core::TimePoint now() const override { return now_; }
    core::EpochTime wall_now() const override { return {(now_.time_since_epoch() + wall_offset_).count()}; }
    void spawn(const core::AppKey& key, const core::LaunchSpec& spec) override;
    void signal_tree(const core::AppKey& key, int signo) override;
    Result<void> signal_root(const core::AppKey& key, int signo) override;
    Result<void> send_message(const core::AppKey&, const Json&) override { return {}; }
    Result<void> write_input(const core::AppKey&, std::string_view) override { return {}; }
    void sweep(const core::AppKey& key) override;
    void release(const core::AppKey& key, const std::string& next_pid_file) override;
    Result<void> open_pool(const core::PoolSpec& pool) override;
    void close_pool(const std::string&, core::PoolSpec::Kind) override {}
    void turn_away(const std::string&, core::PoolSpec::Kind) override {}
    void probe(const core::AppKey& key, core::ProbeKind kind, const core::ProbeSpec& spec,
               const core::LaunchSpec* launch) override;
    void stop_probes(const core::AppKey& key) override;
    void set_serving(const core::AppKey& key, bool serving) override;
    void drain(const core::AppKey& key) override;
    core::Adopted adopt(const core::AppKey& key, const core::LaunchSpec& spec) override;
    Result<void> prepare_logs(const core::LaunchSpec&) override { return {}; }
    std::string real_path(const std::string&) override { return ""; }
    void reopen_logs(std::optional<int>) override {}
    Result<void> write_dump(const std::string&) override { return {}; }
    core::Usage usage(int) override { return {}; }
    Result<core::TimeZone> time_zone(std::string_view) override { return core::TimeZone{}; }
    Result<void> watch(const core::WatchKey&, const core::WatchSpec&) override { return {}; }
    void unwatch(const core::WatchKey&) override {}
    std::string package_version(const std::string&) override { return {}; }
    void worker_stats(std::function<void(std::vector<core::WorkerFigures>)> answer) override { answer({}); }
    void system_data(std::function<void(Json)> answer) override { answer(Json::object()); }
    core::GpuInventory gpus() override { return {}; }
    core::GpuUsage gpu_usage(int, const std::string&) override { return {}; }
    void refresh_gpu_figures(std::function<void()>) override {}
    bool can_probe_gpus() override { return false; }
    void probe_gpu(const core::GpuPlacement&) override {}
    core::OomKills oom_kills() override { return {}; }
    void shut_down(int) override {}
    void wake_at(std::optional<core::TimePoint> when) override { wake_ = when; }
    void persist(const std::string& key, const std::optional<std::string>& value) override;
    void publish(const std::string&, const Json&) override {}
    bool has_followers() const override { return false; }
    std::string unique_id() override { return "u"; }
    void log(std::string_view) override {}

private:
    struct Process {
        int pid = 0;
        bool lives = false;            // the root
        bool has_strays = false;       // descendants that outlive it
        bool ignores_signals = false;  // all but SIGKILL
        bool is_unkillable = false;    // in uninterruptible sleep, for a while
        bool takes_connections = false;
        bool is_ready = false;
        bool is_stopping = false;          // a TreeGone is owed
        bool is_killed = false;            // SIGKILL was sent
        bool is_given_up = false;          // released although it lives on
        bool is_claimed = true;            // by the daemon of now
        bool is_hung = false;              // it pings no more
        bool is_tripped = false;           // it has asked to be aborted
        core::Duration interval{0};        // of its watchdog, 0 = none
        core::Duration least_interval{0};  // that it has had
        core::TimePoint pinged_at{};       // its last sign of life
        std::set<core::ProbeKind> probes;  // that have been asked and not answered
        std::optional<core::Exited> exit;  // not yet collected by a release
    };
    // What will happen; an empty `event` is a change in the world that the daemon does not hear of as such.
    struct Happening {
        core::TimePoint at;
        std::uint64_t order = 0;
        core::AppKey key;
        enum class Kind {
            Spawn,
            Ready,
            RootEnds,
            TreeEnds,
            Drained,
            SpawnFails,
            Ping,
            Probed
        } kind = Kind::Spawn;
        core::ProbeKind probe = core::ProbeKind::Startup;
        core::Exited exit;
        bool transient = false;
        bool for_daemon = false;  // lost with the daemon that it was meant for

        bool operator>(const Happening& other) const {
            return std::tie(at, order) > std::tie(other.at, other.order);
        }
    };

    void plan(Happening happening, core::Duration in);
    void happen(const Happening& happening);
    void born(const core::AppKey& key);
    void ping(const core::AppKey& key, Process& process);
    void answer_probe(const core::AppKey& key, Process& process, core::ProbeKind kind);
    void end_root(const core::AppKey& key, Process& process, const core::Exited& exit);
    void end_tree(const core::AppKey& key, Process& process);
    void live_or_die();
    [[noreturn]] void fail(const core::AppKey& key, const std::string& text) const;

    Chance& chance_;
    Deliver deliver_;
    DeliverProbe deliver_probe_;
    core::TimePoint now_{core::Duration{1'000'000}};
    core::Duration wall_offset_{0};
    std::optional<core::TimePoint> wake_;
    std::priority_queue<Happening, std::vector<Happening>, std::greater<>> agenda_;
    std::uint64_t order_ = 0;
    std::map<core::AppKey, Process> processes_;  // from the request until the release
    std::unordered_map<int, int> live_of_;       // roots per slot
    std::unordered_map<int, bool> forbidden_;
    std::map<std::string, std::string> state_;
    std::uint64_t newest_incarnation_ = 0;
    std::uint64_t spawns_ = 0;
    std::uint64_t calls_left_ = 0;  // 0 = it lives on
    int live_ = 0;
    int next_pid_ = 2;
    int traced_ = -1;
};

}  // namespace kpm::sim

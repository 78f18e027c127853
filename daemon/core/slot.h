#pragma once
// One managed copy of an app: PM2's process table entry, keyed by pm_id. Plain data; the supervisor is its
// only writer.

#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include "daemon/core/cron.h"
#include "daemon/core/end_history.h"
#include "daemon/core/gpu_placement.h"
#include "daemon/core/health.h"
#include "daemon/core/host.h"
#include "daemon/core/lifecycle.h"
#include "daemon/core/log_losses.h"
#include "daemon/core/slot_config.h"

namespace kpm::core {

// How a client's request about one slot ended. Called once.
using Done = std::function<void(Result<void>)>;

// Requests that wait for the same. Mostly there are none: then it is as small as a pointer.
class Waiters {
public:
    void add(Done done) {
        if (!waiting_) waiting_ = std::make_unique<std::vector<Done>>();
        waiting_->push_back(std::move(done));
    }
    // All of them; those that are added meanwhile wait on.
    void answer(const Result<void>& result) {
        const auto answered = std::exchange(waiting_, nullptr);
        if (!answered) return;
        for (const Done& done : *answered) done(result);
    }

private:
    std::unique_ptr<std::vector<Done>> waiting_;
};

// What is known of a process's health by its probes.
struct ProcessHealth {
    HealthCheck check;
    std::array<ProbeSpec, kProbeKinds.size()> specs;  // by kind; with the values of this process's variables
    bool needs_word = false;                          // it must also say that it is ready
    bool has_word = false;                            // and has done so
    HealthCheck::State remembered = HealthCheck::State::Ready;  // of an earlier daemon, until it is adopted
};

// A process of the slot and its life. A slot has one; two for the time of a reload.
struct Instance {
    std::uint64_t incarnation = 0;  // of the newest launch, 0 = never launched
    EpochTime launched{};           // pm_uptime
    std::uint64_t oom_before = 0;   // the kernel's count of OOM kills when it began, as far as known
    bool is_held = false;           // the host keeps its process, or what is left of it, until it is released
    bool has_left = false;          // a worker that has drained or lost its channel, told to or not
    Lifecycle life;
    std::unique_ptr<ProcessHealth> health;  // null: it has no probes
    std::unique_ptr<AskedEnd> asked;        // null: nobody has asked for its end
};

// What a process has told about itself, on its message channel unless said otherwise; PM2's names.
struct Told {
    Json axm_actions = Json::array();
    std::unordered_set<std::string> action_names;  // of them
    Json axm_monitor = Json::object();
    Json axm_options = Json::object();
    std::string node_version;
    std::string status_text;  // by STATUS= on NOTIFY_SOCKET

    bool operator==(const Told&) const = default;
};

// When cron_restart comes next.
struct CronJob {
    CronSchedule schedule;
    TimeZone zone;
    EpochTime next;         // by the wall clock
    TimePoint look{};       // when to compare: the wall clock may be set
    Duration wall_ahead{};  // of the monotonic clock, at the last look
};

struct Slot {
    int pm_id = 0;
    SlotConfig config;       // resolved, with this instance's log and pid paths
    int instance_index = 0;  // NODE_APP_INSTANCE
    std::string unique_id;
    std::optional<EpochTime> created_at;

    std::string watch_trouble;   // what of its watched files goes unnoticed, and why; "" = nothing
    std::string version;         // of the script's package at the newest launch, "" = none
    std::unique_ptr<Told> told;  // by its current process; null: nothing

    Instance current;
    std::unique_ptr<Instance> incoming;      // a reload's new process, until it takes the slot
    std::unique_ptr<Told> incoming_told;     // by that one
    std::optional<TimePoint> promotion;      // when it does; nullopt: it is not ready
    std::unique_ptr<Instance> outgoing;      // a reload's old process, until it has finished
    std::unique_ptr<EndCause> reload_cause;  // of a reload until it has its new process; null: there is none
    // The configuration to go back to if the reload fails; null: as it is.
    std::unique_ptr<SlotConfig> before;
    bool doomed = false;     // it is being deleted
    bool is_wanted = false;  // a client's newest word about it was not `stop`
    bool has_unsaved_config = false;
    std::unique_ptr<CronJob> cron;  // null: none
    std::unique_ptr<SlotGpu> gpu;   // null: its app has no attribute `gpu`, or was never started
    EndHistory ends;

    std::unique_ptr<LogLosses> log_losses;  // null: none

    Waiters start_waiters;
    Waiters stop_waiters;
    Waiters reload_waiters;

    Told& tell() {
        if (!told) told = std::make_unique<Told>();
        return *told;
    }
    AppKey key() const { return {pm_id, current.incarnation}; }
    AppKey key(const Instance& instance) const { return {pm_id, instance.incarnation}; }
};

// "App [web:0]", as PM2's log names it.
std::string log_label(const Slot& slot);

}  // namespace kpm::core

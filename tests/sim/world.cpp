#include "tests/sim/world.h"

#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <string_view>

namespace kpm::sim {

using core::AppKey;
using core::Duration;

Duration Chance::time(Duration longest) {
    const auto span = static_cast<std::uint64_t>(longest.count());
    const std::uint64_t scale = std::max<std::uint64_t>(1, span >> below(12));
    return Duration{static_cast<std::int64_t>(below(scale + 1))};
}

std::optional<core::TimePoint> World::next_event() const {
    return agenda_.empty() ? std::nullopt : std::optional(agenda_.top().at);
}

void World::advance_to(core::TimePoint time) {
    now_ = std::max(now_, time);
}

void World::plan(Happening happening, Duration in) {
    happening.at = now_ + in;
    happening.order = order_++;
    agenda_.push(std::move(happening));
}

bool World::deliver_due() {
    bool any = false;
    while (!agenda_.empty() && agenda_.top().at <= now_) {
        const Happening happening = agenda_.top();
        agenda_.pop();
        happen(happening);
        any = true;
    }
    return any;
}

void World::fail(const AppKey& key, const std::string& text) const {
    throw Violation(fmt::format("slot {}, incarnation {}: {}", key.pm_id, key.incarnation, text));
}

void World::note(int pm_id, const std::string& text) const {
    if (pm_id == traced_) fmt::print(stderr, "{:>12} {}\n", now_.time_since_epoch().count(), text);
}

void World::happen(const Happening& happening) {
    const AppKey& key = happening.key;
    const auto it = processes_.find(key);
    if (it == processes_.end()) return;
    Process& process = it->second;
    const bool is_start =
        happening.kind == Happening::Kind::Spawn || happening.kind == Happening::Kind::SpawnFails;
    if (is_start && process.pid != 0) return;  // a later daemon has taken it over already
    switch (happening.kind) {
        case Happening::Kind::Spawn:
            return born(key);
        case Happening::Kind::SpawnFails:
            note(key.pm_id, "spawn fails");
            processes_.erase(it);  // the keeper keeps nothing of a start that failed
            return deliver_(key, core::SpawnFailed{"no such file", happening.transient});
        case Happening::Kind::Ready:
            if (!process.lives) return;
            process.is_ready = true;
            process.pinged_at = now_;
            note(key.pm_id, "ready");
            return deliver_(key, core::Ready{});
        case Happening::Kind::Ping:
            if (process.lives && !process.is_hung) ping(key, process);
            return;
        case Happening::Kind::Probed:
            return answer_probe(key, process, happening.probe);
        case Happening::Kind::Drained:
            if (happening.for_daemon && process.lives) deliver_(key, core::Drained{});
            return;
        case Happening::Kind::RootEnds:
            if (!process.lives) return;
            if (chance_.one_in(6)) deliver_(key, core::Leaving{});
            return end_root(key, process, happening.exit);
        case Happening::Kind::TreeEnds:
            return end_tree(key, process);
    }
}

void World::live_or_die() {
    if (calls_left_ > 0 && --calls_left_ == 0) throw DaemonDied{};
}

void World::spawn(const AppKey& key, const core::LaunchSpec& spec) {
    live_or_die();
    ++spawns_;
    note(key.pm_id, fmt::format("spawn {}", key.incarnation));
    if (key.incarnation <= newest_incarnation_ || processes_.contains(key))
        fail(key, "its incarnation was used before");
    newest_incarnation_ = key.incarnation;
    if (forbidden_[key.pm_id]) fail(key, "started although a stop was asked for and nothing since");
    const bool hands_over = spec.channel == core::ChildChannel::Kpm;
    if (live_of_[key.pm_id] > (hands_over ? 1 : 0)) fail(key, "started beside another process of its slot");
    Process process;
    process.takes_connections = hands_over;
    for (const std::string& variable : spec.env)
        if (constexpr std::string_view kName = "WATCHDOG_USEC="; variable.starts_with(kName))
            process.interval = process.least_interval =
                Duration{std::stoll(variable.substr(kName.size())) / 1000};
    processes_[key] = process;
    if (chance_.one_in(30))
        plan({.key = key, .kind = Happening::Kind::SpawnFails, .transient = chance_.one_in(2)}, Duration{1});
    else
        plan({.key = key, .kind = Happening::Kind::Spawn}, chance_.time(Duration{20}));
    live_or_die();
}

void World::born(const AppKey& key) {
    Process& process = processes_.at(key);
    process.pid = next_pid_++;
    process.lives = true;
    ++live_;
    ++live_of_[key.pm_id];
    process.has_strays = chance_.one_in(8);
    process.ignores_signals = chance_.one_in(15);
    process.is_unkillable = chance_.one_in(400);
    note(key.pm_id, fmt::format("born, pid {}", process.pid));
    process.pinged_at = now_;
    deliver_(key, core::Spawned{process.pid});
    if (process.interval > Duration{0}) ping(key, process);
    if (process.takes_connections && !chance_.one_in(20))
        plan({.key = key, .kind = Happening::Kind::Ready}, chance_.time(Duration{6'000}));
    // A quarter lives until it is stopped.
    if (chance_.one_in(4)) return;
    core::Exited exit;
    if (chance_.one_in(3))
        exit.signal = chance_.one_in(2) ? SIGSEGV : SIGKILL;
    else
        exit.code = static_cast<int>(chance_.below(4));
    plan({.key = key, .kind = Happening::Kind::RootEnds, .exit = exit},
         chance_.time(chance_.one_in(3) ? Duration{1'500} : Duration{3'600'000}));
}

// A process with a watchdog says that it is well twice in each interval, until it hangs.
void World::ping(const AppKey& key, Process& process) {
    process.pinged_at = now_;
    deliver_(key, core::Pinged{});
    if (chance_.one_in(50)) {
        process.interval = Duration{1'000} + chance_.time(Duration{600'000});
        // A daemon that dies before it has recorded this goes on with what it knew.
        process.least_interval = std::min(process.least_interval, process.interval);
        note(key.pm_id, fmt::format("sets its watchdog to {}", process.interval.count()));
        deliver_(key, core::WatchdogSet{process.interval});
    }
    if (chance_.one_in(50)) {
        process.is_tripped = true;
        deliver_(key, core::Tripped{});
    }
    if (chance_.one_in(50)) deliver_(key, core::TimeAsked{chance_.time(Duration{60'000})});
    process.is_hung = chance_.one_in(20);
    plan({.key = key, .kind = Happening::Kind::Ping}, process.interval / 2);
}

void World::end_root(const AppKey& key, Process& process, const core::Exited& exit) {
    note(key.pm_id, fmt::format("ends, signal {}", exit.signal));
    process.lives = false;
    process.exit = exit;
    --live_;
    if (process.is_given_up) {
        processes_.erase(key);
        return;
    }
    --live_of_[key.pm_id];
    const bool is_stopping = process.is_stopping;
    const bool has_strays = process.has_strays;
    deliver_(key, exit);
    if (is_stopping && !has_strays) plan({.key = key, .kind = Happening::Kind::TreeEnds}, Duration{1});
}

void World::end_tree(const AppKey& key, Process& process) {
    if (process.lives) {
        core::Exited exit;
        exit.signal = SIGKILL;
        process.has_strays = false;
        return end_root(key, process, exit);  // plans the tree's end
    }
    process.has_strays = false;
    if (!process.is_stopping) return;
    process.is_stopping = false;
    deliver_(key, core::TreeGone{});
}

void World::signal_tree(const AppKey& key, int signo) {
    live_or_die();
    note(key.pm_id, fmt::format("signal {} to {}", signo, key.incarnation));
    const auto it = processes_.find(key);
    if (it == processes_.end()) fail(key, "signalled, but released before");
    Process& process = it->second;
    process.is_stopping = true;
    if (signo == 0 && process.lives) return;  // only looked at
    const bool is_gone = !process.lives && !process.has_strays;
    if (is_gone) return plan({.key = key, .kind = Happening::Kind::TreeEnds}, Duration{1});
    if (signo == SIGKILL) {
        process.is_killed = true;
        const Duration reaction = process.is_unkillable ? chance_.time(Duration{600'000}) : Duration{2};
        return plan({.key = key, .kind = Happening::Kind::TreeEnds}, reaction);
    }
    if (process.ignores_signals) return;
    core::Exited exit;
    exit.code = 0;
    const Duration reaction = chance_.time(Duration{3'000});
    if (process.lives) plan({.key = key, .kind = Happening::Kind::RootEnds, .exit = exit}, reaction);
    if (process.has_strays && !chance_.one_in(5))
        plan({.key = key, .kind = Happening::Kind::TreeEnds}, reaction + chance_.time(Duration{1'000}));
}

Result<void> World::signal_root(const AppKey& key, int signo) {
    live_or_die();
    note(key.pm_id, fmt::format("signal {} to the root of {}", signo, key.incarnation));
    const auto it = processes_.find(key);
    if (it == processes_.end()) fail(key, "aborted, but released before");
    Process& process = it->second;
    if (signo != SIGABRT) fail(key, "its root gets another signal than SIGABRT");
    if (process.interval <= Duration{0}) fail(key, "aborted, but it has no watchdog");
    if (!process.is_tripped && now_ - process.pinged_at < process.least_interval)
        fail(key, fmt::format("aborted {} ms after it was well", (now_ - process.pinged_at).count()));
    process.is_tripped = true;  // the next daemon does it again, whatever the process says meanwhile
    if (!process.lives || process.ignores_signals) return {};
    core::Exited exit;
    exit.signal = SIGABRT;
    plan({.key = key, .kind = Happening::Kind::RootEnds, .exit = exit}, chance_.time(Duration{3'000}));
    return {};
}

void World::sweep(const AppKey& key) {
    const auto it = processes_.find(key);
    if (it == processes_.end())
        return;  // the daemon before had done it, and died before it could record that
    if (it->second.lives) fail(key, "swept while its root lives");
    it->second.has_strays = false;
}

void World::release(const AppKey& key, const std::string&) {
    note(key.pm_id, fmt::format("release {}", key.incarnation));
    const auto it = processes_.find(key);
    if (it == processes_.end()) return;  // of a start that failed
    if (it->second.lives) {
        if (!it->second.is_killed) fail(key, "released while it lives");
        it->second.is_given_up = true;
        --live_of_[key.pm_id];
        return;
    }
    if (it->second.has_strays && !it->second.is_killed) fail(key, "released while descendants live");
    live_or_die();
    processes_.erase(it);
}

Result<void> World::open_pool(const core::PoolSpec&) {
    if (chance_.one_in(200)) return Error{ErrorCode::Exists, "address in use"};
    return {};
}

void World::drain(const AppKey& key) {
    if (!chance_.one_in(10))
        plan({.key = key, .kind = Happening::Kind::Drained, .for_daemon = true},
             chance_.time(Duration{20'000}));
}

// Most processes are well, some are for a while not, or for ever.
void World::answer_probe(const AppKey& key, Process& process, core::ProbeKind kind) {
    if (process.probes.erase(kind) == 0) return;  // nobody asks any more
    using Verdict = core::ProbeResult::Verdict;
    const bool is_well = process.lives && !process.is_hung && !chance_.one_in(4);
    const Verdict verdict = is_well             ? Verdict::Passed
                            : chance_.one_in(6) ? Verdict::Unknown
                                                : Verdict::Failed;
    deliver_probe_(key, kind, {verdict, is_well ? "" : "connection refused"});
}

void World::probe(const AppKey& key, core::ProbeKind kind, const core::ProbeSpec& spec,
                  const core::LaunchSpec*) {
    live_or_die();
    const auto it = processes_.find(key);
    if (it == processes_.end() || it->second.pid == 0) fail(key, "probed, but not started or released");
    if (!it->second.probes.insert(kind).second) fail(key, "probed while another probe of this kind is open");
    note(key.pm_id, fmt::format("{} probe", core::to_text(kind)));
    plan({.key = key, .kind = Happening::Kind::Probed, .probe = kind, .for_daemon = true},
         chance_.time(spec.timeout));
}

void World::stop_probes(const AppKey& key) {
    live_or_die();
    const auto it = processes_.find(key);
    if (it != processes_.end()) it->second.probes.clear();
}

void World::set_serving(const AppKey& key, bool) {
    if (!processes_.contains(key)) fail(key, "kept from connections, or given them, but not there");
}

void World::persist(const std::string& key, const std::optional<std::string>& value) {
    live_or_die();
    if (value)
        state_[key] = *value;
    else
        state_.erase(key);
}

void World::lose_daemon() {
    wake_.reset();
    calls_left_ = 0;
    forbidden_.clear();  // what it was asked for and had not recorded is lost with it
    std::vector<Happening> rest;
    for (; !agenda_.empty(); agenda_.pop())
        if (Happening one = agenda_.top(); !one.for_daemon) rest.push_back(one);
    for (Happening& one : rest) agenda_.push(std::move(one));
    for (auto& [key, process] : processes_) {
        process.is_stopping = process.is_claimed = false;
        process.probes.clear();
    }
}

void World::end_unclaimed() {
    for (auto it = processes_.begin(); it != processes_.end();) {
        const auto& [key, process] = *it++;
        if (process.is_claimed || process.is_given_up) continue;
        note(key.pm_id, fmt::format("{} is unclaimed", key.incarnation));
        if (process.lives) {
            signal_tree(key, SIGKILL);
            release(key, "");
        } else {
            processes_.erase(key);
        }
    }
}

core::Adopted World::adopt(const AppKey& key, const core::LaunchSpec&) {
    const auto it = processes_.find(key);
    if (it == processes_.end()) return {};
    Process& process = it->second;
    process.is_claimed = true;
    if (process.lives) {
        note(key.pm_id, "adopted");
        if (process.is_ready) plan({.key = key, .kind = Happening::Kind::Ready}, Duration{1});
        return {core::Adopted::Kind::Alive, process.pid};
    }
    if (!process.exit) {
        // Asked for by the daemon before, carried out at once by the keeper.
        born(key);
        if (process.lives) return {core::Adopted::Kind::Alive, process.pid};
    }
    deliver_(key, *process.exit);
    return {core::Adopted::Kind::Ended, process.pid};
}

std::string World::unreleased() const {
    std::string lines;
    for (const auto& [key, process] : processes_)
        lines += fmt::format("\n  slot {}, incarnation {}, pid {}{}{}", key.pm_id, key.incarnation,
                             process.pid, process.lives ? ", lives" : "", process.exit ? ", has ended" : "");
    return lines;
}

bool World::is_known(const AppKey& key) const {
    return processes_.contains(key);
}

}  // namespace kpm::sim

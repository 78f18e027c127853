#include "tests/sim/simulation.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace kpm::sim {

using namespace core;

namespace {

// Between two requests about one app: hardly a life goes undisturbed, or most do.
constexpr std::array kLongestQuiet{Duration{60'000}, Duration{3'600'000}, Duration{36'000'000}};
constexpr Duration kPatience{900'000};  // longer than any process may resist SIGKILL

bool needs_deadline(State state) {
    return state == State::Starting || state == State::Draining || state == State::Stopping ||
           state == State::Killing || state == State::Backoff;
}

}  // namespace

Simulation::Simulation(const Options& options)
    : options_(options),
      chance_(options.seed),
      world_(
          chance_,
          [this](const AppKey& key, Event event) {
              ++summary_.events;
              touched_.insert(key.pm_id);
              supervisor_->post(key, std::move(event));
          },
          [this](const AppKey& key, ProbeKind kind, ProbeResult result) {
              ++summary_.events;
              touched_.insert(key.pm_id);
              supervisor_->post(
                  [this, key, kind, result = std::move(result)] { supervisor_->probed(key, kind, result); });
          }) {
    world_.trace(options.traced);
    quiet_ = kLongestQuiet[chance_.below(kLongestQuiet.size())];
    make_supervisor();
}

void Simulation::make_supervisor() {
    supervisor_ = std::make_unique<Supervisor>(
        world_, Settings{.home = "/home/kpm", .notify_socket = "/home/kpm/notify"});
}

NewApp Simulation::new_app() {
    NewApp app;
    app.config.name = fmt::format("app-{}", chance_.below(static_cast<std::uint64_t>(options_.apps)));
    app.config.script = "/srv/app";
    app.config.cwd = "/srv";
    app.config.autorestart = !chance_.one_in(8);
    app.config.max_restarts = static_cast<int>(chance_.below(20));
    if (chance_.one_in(3)) app.config.restart_delay = chance_.time(Duration{5'000});
    if (chance_.one_in(4)) app.config.exp_backoff_restart_delay = Duration{100};
    if (chance_.one_in(4)) app.config.stop_exit_codes = {0, 2};
    if (chance_.one_in(4)) app.config.kill_timeout = chance_.time(Duration{10'000});
    if (chance_.one_in(6)) app.config.watchdog = Duration{1'000} + chance_.time(Duration{600'000});
    // Not many: looks are frequent, and would leave little else in a history.
    for (auto* probe :
         {&app.config.health.startup, &app.config.health.readiness, &app.config.health.liveness})
        if (chance_.one_in(12))
            *probe = ecosystem::Probe{.kind = ecosystem::Probe::Kind::Tcp,
                                      .text = chance_.one_in(20) ? "$NONE" : "80",
                                      .interval = Duration{1'000} + chance_.time(Duration{600'000}),
                                      .timeout = Duration{1} + chance_.time(Duration{5'000}),
                                      .initial_delay = chance_.time(Duration{60'000}),
                                      .failure_threshold = 1 + static_cast<int>(chance_.below(4))};
    if (chance_.one_in(3)) {
        app.config.exec_mode = ecosystem::ExecMode::Cluster;
        app.config.kpm_channel = true;
        app.config.listen = {"3000"};
    } else {
        app.config.exec_mode = ecosystem::ExecMode::Fork;
    }
    app.unique_id = "u";
    app.start = !chance_.one_in(20);
    return app;
}

Done Simulation::expect(const char* what, int pm_id) {
    ++summary_.requests;
    const std::uint64_t number = next_request_++;
    open_[number] = fmt::format("{} of slot {}", what, pm_id);
    return [this, number](const Result<void>&) {
        const auto it = open_.find(number);
        if (it == open_.end()) throw Violation(fmt::format("request {} was answered twice", number));
        open_.erase(it);
    };
}

int Simulation::random_app() {
    const auto& slots = supervisor_->slots();
    const auto it = slots.lower_bound(static_cast<int>(chance_.below(slots.rbegin()->first + 1u)));
    return it == slots.end() ? slots.begin()->first : it->first;
}

void Simulation::request() {
    const auto count = static_cast<int>(supervisor_->slots().size());
    if (count == 0 || (count < options_.apps && chance_.one_in(8))) {
        const int pm_id = supervisor_->add(new_app(), expect("start", -1));
        restarts_[pm_id] = 0;
        touched_.insert(pm_id);
        return;
    }
    const int pm_id = random_app();
    touched_.insert(pm_id);
    const auto begin = [&](const char* what, bool forbids_spawn) {
        world_.note(pm_id, what);
        world_.forbid_spawn(pm_id, forbids_spawn);
        return expect(what, pm_id);
    };
    const bool is_doomed = supervisor_->find(pm_id)->doomed;
    switch (chance_.below(12)) {
        case 0:
        case 1:
        case 2:
            return supervisor_->start(pm_id, begin("start", is_doomed));
        case 3:
        case 4:
        case 5:
            return supervisor_->stop(pm_id, begin("stop", true));
        case 6:
        case 7:
            return supervisor_->restart(pm_id, begin("restart", is_doomed));
        case 8:
        case 9:
            return supervisor_->reload(pm_id, begin("reload", is_doomed));
        case 10:
            deleted_.insert(pm_id);
            return supervisor_->remove(pm_id, begin("delete", true));
        default:
            restarts_[pm_id] = 0;
            if (!supervisor_->reset(pm_id)) throw Violation("reset of an app that is there failed");
    }
}

// One turn of the daemon's loop.
void Simulation::turn() {
    try {
        supervisor_->drain();
    } catch (const DaemonDied&) {
        replace_daemon();
    }
    for (const int pm_id : std::exchange(touched_, {})) check(pm_id);
}

void Simulation::replace_daemon() {
    ++summary_.daemons;
    open_.clear();  // their clients have got an EOF
    world_.lose_daemon();
    make_supervisor();
    supervisor_->restore(world_.state());
    world_.end_unclaimed();
    for (const auto& [pm_id, slot] : supervisor_->slots()) touched_.insert(pm_id);
    supervisor_->drain();
}

void Simulation::check(int pm_id) {
    const Slot* slot = supervisor_->find(pm_id);
    if (!slot) {
        if (!deleted_.contains(pm_id)) throw Violation(fmt::format("slot {} was lost", pm_id));
        restarts_.erase(pm_id);
        world_.forbid_spawn(pm_id, false);  // the number may be another slot's one day
        return;
    }
    const int restarts = slot->current.life.data().restart_time;
    if (restarts < restarts_[pm_id])
        throw Violation(fmt::format("slot {}: its counter of restarts went from {} to {}", pm_id,
                                    restarts_[pm_id], restarts));
    restarts_[pm_id] = restarts;
    check_instance(pm_id, slot->current);
    if (slot->incoming) check_instance(pm_id, *slot->incoming);
    if (slot->outgoing) check_instance(pm_id, *slot->outgoing);
}

void Simulation::check_instance(int pm_id, const Instance& instance) {
    const State state = instance.life.state();
    const auto fail = [&](const char* text) {
        throw Violation(fmt::format("slot {}, incarnation {}, {}: {}", pm_id, instance.incarnation,
                                    public_name(state), text));
    };
    if (has_process(state) && !world_.is_known({pm_id, instance.incarnation}))
        fail("its process does not exist");
    const bool may_stay = state == State::Starting && instance.life.policy().stays_launching;
    if (needs_deadline(state) && !may_stay && !instance.life.deadline()) fail("it waits without a deadline");
    const LifecycleData& life = instance.life.data();
    if (state == State::Online && life.watchdog > Duration{0} &&
        (!life.deadline ||
         *life.deadline > world_.now() + std::max(life.watchdog, instance.life.policy().kill_timeout)))
        fail("its watchdog does not run");
    if (state == State::Online && life.watchdog <= Duration{0} && life.deadline)
        fail("it is watched without a watchdog");
    const bool is_up = state == State::Starting || state == State::Online;
    if (instance.health && state != State::Spawning && !is_up) fail("it is looked at, but does not run");
    if (instance.health && instance.health->check.deadline() &&
        (!world_.wake() || *world_.wake() > *instance.health->check.deadline()))
        fail("nobody will wake the daemon for its probe");
    if (instance.life.deadline() && (!world_.wake() || *world_.wake() > *instance.life.deadline()))
        fail("nobody will wake the daemon for its deadline");
}

void Simulation::step() {
    TimePoint next = next_request_at_;
    if (const auto event = world_.next_event()) next = std::min(next, *event);
    if (const auto wake = world_.wake()) next = std::min(next, *wake);
    world_.advance_to(next);
    if (chance_.one_in(2'000)) world_.doom_daemon(1 + chance_.below(40));
    if (chance_.one_in(1'000))
        world_.step_wall_clock(Duration{static_cast<std::int64_t>(chance_.below(7'200'000)) - 3'600'000});
    world_.deliver_due();
    if (world_.now() >= next_request_at_) {
        supervisor_->post([this] { request(); });
        next_request_at_ = world_.now() + chance_.time(quiet_) / options_.apps;
    }
    turn();
}

Summary Simulation::run() {
    while (summary_.events < options_.events) step();
    finish();
    summary_.spawns = world_.spawns();
    summary_.virtual_time = std::chrono::duration_cast<std::chrono::hours>(world_.now().time_since_epoch());
    return summary_;
}

// No more requests: every stop must end, whatever the processes do.
void Simulation::finish() {
    const TimePoint limit = world_.now() + kPatience;
    world_.doom_daemon(0);
    next_request_at_ = limit;
    bool is_asked = false;
    supervisor_->post([&] {
        for (const auto& [pm_id, slot] : supervisor_->slots()) world_.forbid_spawn(pm_id, true);
        supervisor_->stop_all(expect("stop of all", -1));
        is_asked = true;
    });
    while (world_.now() < limit) {
        TimePoint next = limit;
        if (const auto event = world_.next_event()) next = std::min(next, *event);
        if (const auto wake = world_.wake()) next = std::min(next, *wake);
        world_.advance_to(next);
        world_.deliver_due();
        turn();
    }
    if (!is_asked) throw Violation("the daemon did not take the last request");
    if (!open_.empty())
        throw Violation(fmt::format("{} requests were never answered, the first: {}", open_.size(),
                                    open_.begin()->second));
    if (world_.live_processes() != 0)
        throw Violation(fmt::format("{} processes outlive the stop of all", world_.live_processes()));
    if (const std::string left = world_.unreleased(); !left.empty())
        throw Violation("processes were never released:" + left);
    for (const auto& [pm_id, slot] : supervisor_->slots())
        if (has_process(slot.current.life.state()) || slot.current.life.state() == State::Backoff)
            throw Violation(fmt::format("slot {} has not come to rest", pm_id));
}

}  // namespace kpm::sim

// The inbox: events and deadlines in, lifecycle decisions out, and what those need done.

#include <algorithm>
#include <csignal>

#include <fmt/format.h>

#include "daemon/core/launch.h"
#include "daemon/core/rows.h"
#include "daemon/core/supervisor.h"
#include "ecosystem/parse_app.h"
#include "ipc/base/signal_name.h"

namespace kpm::core {
namespace {

std::string end_of_ready(const Instance& instance) {
    const LifecycleData& life = instance.life.data();
    if (!life.failure.empty()) return fmt::format("the new process was ready, and then {}", life.failure);
    return life.exit_code
               ? fmt::format("the new process was ready and then exited with code {}", *life.exit_code)
               : fmt::format("the new process was ready and then was ended by signal {}", life.exit_signal);
}

// Why a new process that was ready may not take the slot; "" = it may.
std::string unfitness(const Instance& instance) {
    if (instance.life.state() != State::Online) {
        const bool is_alive = instance.life.data().pid != 0 && instance.life.data().failure.empty();
        if (!is_alive || !instance.asked || instance.asked->cause.detail.empty())
            return end_of_ready(instance);
        return fmt::format("the new process was ready and then {}", instance.asked->cause.detail);
    }
    if (instance.has_left) return "the new process was ready and then left its channel";
    if (!instance.health) return "";
    const HealthCheck& check = instance.health->check;
    if (!check.rules().gates() || check.is_ready()) return "";
    const std::string cause = check.waits_for();
    return fmt::format("the new process was ready, and then {}", cause.empty() ? "was not any more" : cause);
}

bool has_spawn(const Actions& actions) {
    return std::ranges::any_of(actions, [](const Action& one) { return std::holds_alternative<Spawn>(one); });
}

}  // namespace

std::string log_label(const Slot& slot) {
    return fmt::format("App [{}:{}]", slot.config->name, slot.pm_id);
}

void Supervisor::drain() {
    do {
        while (!inbox_.empty()) {
            auto item = std::move(inbox_.front());
            inbox_.pop_front();
            if (const auto* arrival = std::get_if<Arrival>(&item)) {
                handle(*arrival);
                continue;
            }
            if (!ends_.empty()) keep_ends();  // the task may ask for them
            std::get<Task>(item)();
            client_.reset();
        }
        handle_time();
        for (const int pm_id : std::exchange(doomed_, {})) erase(pm_id);
    } while (!inbox_.empty());
    if (!ends_.empty()) keep_ends();
    for (const int pm_id : std::exchange(dirty_, {}))
        if (Slot* slot = find_mutable(pm_id)) save(*slot, false);
    record_told();
    tell_if_all_ended();
    std::optional<TimePoint> wake;
    if (!deadlines_.empty()) wake = deadlines_.begin()->first;
    if (!cron_looks_.empty()) wake = std::min(wake.value_or(TimePoint::max()), cron_looks_.begin()->first);
    if (const auto next = unrecorded_.next()) wake = std::min(wake.value_or(TimePoint::max()), *next);
    if (const auto next = gpu_breaker_.next_probe()) wake = std::min(wake.value_or(TimePoint::max()), *next);
    host_.wake_at(wake);
}

Instance* Supervisor::find_instance(Slot& slot, std::uint64_t incarnation) {
    if (slot.current.incarnation == incarnation) return &slot.current;
    if (slot.incoming && slot.incoming->incarnation == incarnation) return slot.incoming.get();
    if (slot.outgoing && slot.outgoing->incarnation == incarnation) return slot.outgoing.get();
    return nullptr;
}

void Supervisor::handle(const Arrival& arrival) {
    const bool is_answer =
        std::holds_alternative<Spawned>(arrival.event) || std::holds_alternative<SpawnFailed>(arrival.event);
    if (is_answer && asked_.erase(arrival.key.incarnation) > 0) ask_next();
    Slot* slot = find_mutable(arrival.key.pm_id);
    if (!slot) return;
    // The one place where answers of earlier lives are dropped.
    if (Instance* instance = find_instance(*slot, arrival.key.incarnation))
        apply(*slot, *instance, arrival.event);
}

void Supervisor::handle_time() {
    const TimePoint now = host_.now();
    probe_gpus();
    while (!cron_looks_.empty() && cron_looks_.begin()->first <= now)
        look_at_cron(slots_.at(cron_looks_.begin()->second));
    while (!deadlines_.empty() && deadlines_.begin()->first <= now) {
        const auto [time, pm_id] = *deadlines_.begin();
        deadlines_.erase(deadlines_.begin());
        deadline_of_.erase(pm_id);
        if (pm_id == kMemoryCheck) {
            check_memory();
            continue;
        }
        Slot* slot = find_mutable(pm_id);
        if (!slot) continue;
        const auto due = [&](const Instance* instance) {
            return instance && instance->life.deadline() && *instance->life.deadline() <= now;
        };
        if (due(slot->incoming.get())) apply(*slot, *slot->incoming, TimeUp{});
        if (due(slot->outgoing.get())) apply(*slot, *slot->outgoing, TimeUp{});
        if (due(&slot->current)) apply(*slot, slot->current, TimeUp{});
        if (slot->promotion && *slot->promotion <= now) end_trial(*slot);
        for (Instance* instance : {slot->incoming.get(), slot->outgoing.get(), &slot->current})
            if (instance && instance->health &&
                instance->health->check.deadline().value_or(now + Duration{1}) <= now)
                drive_health(*slot, *instance, HealthCheck::TimeUp{});
        schedule(*slot);
    }
}

void Supervisor::apply(Slot& slot, Instance& instance, const Event& event) {
    if (hold_word(slot, instance, event)) return;
    if (slot.gpu && &instance == &slot.current)
        if (const auto* ended = std::get_if<Exited>(&event); ended && ended->hold == Duration{0})
            if (const Duration hold = note_gpu_end(slot, instance, *ended); hold > Duration{0})
                return apply(slot, instance, Exited{ended->code, ended->signal, hold});
    note_process_end(slot, instance, event);
    if (const auto* unhealthy = std::get_if<Unhealthy>(&event))
        note_cause(instance, {.kind = EndCause::Kind::Probe, .detail = unhealthy->reason});
    const State before = instance.life.state();
    if (std::holds_alternative<Drained>(event)) instance.has_left = true;
    const Actions actions = instance.life.handle(event, host_.now());
    // A ping moves a deadline that the next daemon sets anew, and comes too often to be recorded.
    if (!std::holds_alternative<Pinged>(event)) dirty_.insert(slot.pm_id);
    if (const auto* exited = std::get_if<Exited>(&event)) {
        forget_live(slot, instance);
        if (&instance == &slot.current && slot.outgoing) tell_lost_successor(slot);
        // PM2's log has code 0 for a death by signal.
        host_.log(exited->code ? fmt::format("{} exited with code [{}]", log_label(slot), *exited->code)
                               : fmt::format("{} exited with code [0] via signal [{}]", log_label(slot),
                                             signal_name(exited->signal)));
    }
    if (&instance == &slot.current) note_end(slot, before, event);
    if (std::holds_alternative<TreeGone>(event)) release(slot, instance, has_spawn(actions));
    if (const auto* failed = std::get_if<SpawnFailed>(&event)) {
        host_.log(fmt::format("{} could not be started: {}", log_label(slot), failed->reason));
        release(slot, instance);
    }
    follow_life(slot, instance, event);
    perform(slot, instance, actions);
    schedule(slot);
    track_pool(slot);
}

void Supervisor::perform(Slot& slot, Instance& instance, const Actions& actions) {
    for (const Action& action : actions) {
        if (std::holds_alternative<Spawn>(action)) {
            launch(slot, instance);
        } else if (const auto* signal = std::get_if<SignalTree>(&action)) {
            stop_tree(slot, instance, signal->signo);
        } else if (const auto* abortion = std::get_if<Abort>(&action)) {
            abort_root(slot, instance, abortion->silence);
        } else if (std::holds_alternative<Sweep>(action)) {
            host_.sweep(slot.key(instance));
            release(slot, instance, has_spawn(actions));
        } else if (const auto* announcement = std::get_if<Announce>(&action)) {
            announce(slot, announcement->notice);
        } else if (const auto* settled = std::get_if<Settled>(&action)) {
            settle(slot, instance, settled->outcome);  // last: the instance may have changed its place by it
        }
    }
}

void Supervisor::release(const Slot& slot, Instance& instance, bool starts_again) {
    if (std::exchange(instance.is_held, false))
        host_.release(slot.key(instance), starts_again ? slot.config.paths().pid_file : std::string{});
}

void Supervisor::launch(Slot& slot, Instance& instance) {
    slot.stop_waiters.answer({});  // it is stopped, even if another client wants it back
    forget_told(slot, instance);
    release(slot, instance, true);  // what SIGKILL did not end in time, and nobody waits for
    instance.asked.reset();
    instance.has_left = false;
    instance.incarnation = next_incarnation_++;
    instance.launched = host_.wall_now();
    if (!slot.created_at) slot.created_at = instance.launched;  // it was given up before
    const AppKey key = slot.key(instance);
    // What was saved is kept whatever is wrong with it. A schedule that was made had a right pattern.
    std::string wrong = slot.cron ? ecosystem::unread_value(*slot.config) : fault(*slot.config);
    const auto placed = wrong.empty() ? place_on_gpu(slot) : Error{ErrorCode::Invalid, std::move(wrong)};
    // Recorded before it is asked for: a daemon that is killed in between finds the child, not a second copy.
    save(slot, false);
    if (!placed) return post(key, SpawnFailed{.reason = placed.error().message, .is_final = true});
    launches_.push_back(key);
    ask_next();
}

// Each launch that the host has not answered holds descriptors and memory: a few at a time are as fast.
void Supervisor::ask_next() {
    while (!launches_.empty() && asked_.size() < kMostAsked) {
        const AppKey key = launches_.front();
        launches_.pop_front();
        Slot* slot = find_mutable(key.pm_id);
        if (Instance* instance = slot ? find_instance(*slot, key.incarnation) : nullptr)
            ask_for(*slot, *instance);
    }
}

void Supervisor::ask_for(Slot& slot, Instance& instance) {
    const AppKey key = slot.key(instance);
    if (const auto opened = use_pool(slot); !opened)
        return post(key, SpawnFailed{opened.error().message, false});
    const LaunchSpec spec = launch_spec(slot, instance, settings_);
    if (const auto ready = host_.prepare_logs(spec); !ready)
        return post(key, SpawnFailed{ready.error().message, false});
    claim_files(slot);  // they are there now, with their real names
    instance.is_held = true;
    asked_.insert(key.incarnation);
    prepare_health(slot, instance, spec);
    host_.spawn(key, spec);
    // What the start does not need is done while the process comes up.
    host_.log(fmt::format("{} starting in -{} mode-", log_label(slot),
                          slot.config->exec_mode == ecosystem::ExecMode::Cluster ? "cluster" : "fork"));
    slot.version = host_.package_version(slot.config->script);
    instance.oom_before = look_at_oom_kills().total;
    if (instance.health && instance.health->check.rules().gates()) host_.set_serving(key, false);
}

// An app that asked for it is told by a message, and gets the signal only when it has no channel any more.
void Supervisor::stop_tree(const Slot& slot, const Instance& instance, int signo) {
    if (!instance.is_held) return;  // an earlier daemon has seen it end, and died before it wrote that down
    const AppKey key = slot.key(instance);
    const bool wants_message = slot.config->shutdown_with_message || settings_.stops_by_message;
    const bool is_told =
        wants_message && signo != SIGKILL && signo != 0 && host_.send_message(key, "shutdown");
    host_.signal_tree(key, is_told ? 0 : signo);
}

void Supervisor::abort_root(const Slot& slot, Instance& instance, Duration silence) {
    std::string reason = silence > Duration{0}
                             ? fmt::format("did not send WATCHDOG=1 for {} ms", silence.count())
                             : "sent WATCHDOG=trigger";
    host_.log(fmt::format("{} {}", log_label(slot), reason));
    note_cause(instance, {.kind = EndCause::Kind::Watchdog, .detail = std::move(reason)});
    (void)host_.signal_root(slot.key(instance), SIGABRT);  // fails only when it has just ended
}

void Supervisor::announce(Slot& slot, Notice notice) {
    const auto name = [&]() -> std::string_view {
        switch (notice) {
            case Notice::Online:
                return "online";
            case Notice::Exit:
                return "exit";
            case Notice::Overlimit:
                return "restart overlimit";
        }
        return "";
    }();
    if (notice == Notice::Online) host_.log(fmt::format("{} online", log_label(slot)));
    if (notice == Notice::Overlimit) {
        slot.created_at.reset();
        host_.log(fmt::format("{} had too many unstable restarts ({}). Stopped.", log_label(slot),
                              slot.current.life.data().restart_time + 1));
    }
    // For PM2's clients a process is stopped between its end and the next start.
    const State state = slot.current.life.state();
    const bool keeps_status = state == State::Errored || state == State::Stopping || state == State::Killing;
    publish_event(slot, name, false,
                  notice == Notice::Exit && !keeps_status ? public_name(State::Stopped) : "");
}

void Supervisor::publish_event(const Slot& slot, std::string_view event, bool manually,
                               std::string_view status) {
    if (!host_.has_followers()) return;
    Json process = pm2_env(slot);
    process.erase("env");
    if (!status.empty()) process["status"] = status;
    host_.publish("process:event", {{"event", event},
                                    {"manually", manually},
                                    {"process", std::move(process)},
                                    {"at", host_.wall_now().since_epoch}});
}

Error Supervisor::outcome_error(const Slot& slot, const Instance& instance, Outcome outcome) const {
    const std::string& name = slot.config->name;
    const LifecycleData& life = instance.life.data();
    switch (outcome) {
        case Outcome::NotReady: {
            const std::string cause = instance.health ? instance.health->check.waits_for() : "";
            return {ErrorCode::Unavailable, fmt::format("cannot start '{}': not ready within {} ms{}{}", name,
                                                        instance.life.policy().listen_timeout.count(),
                                                        cause.empty() ? "" : ": ", cause)};
        }
        case Outcome::SpawnFailed:
            return {ErrorCode::Invalid, fmt::format("cannot start '{}': {}", name, life.failure)};
        case Outcome::Exited:
            if (!life.failure.empty())
                return {ErrorCode::Unavailable, fmt::format("cannot start '{}': {}", name, life.failure)};
            if (life.exit_code)
                return {ErrorCode::Unavailable,
                        fmt::format("cannot start '{}': it exited with code {} before it was up", name,
                                    *life.exit_code)};
            return {ErrorCode::Unavailable,
                    fmt::format("cannot start '{}': signal {} ended it before it was up", name,
                                life.exit_signal)};
        case Outcome::Stopped:
            return {ErrorCode::Unavailable, fmt::format("cannot start '{}': it was stopped meanwhile", name)};
        case Outcome::Unkillable:
            return {ErrorCode::Io,
                    fmt::format("cannot stop '{}': process {} is still alive after SIGKILL", name, life.pid)};
        case Outcome::Online:
            return {ErrorCode::Io, fmt::format("cannot start '{}'", name)};
    }
    return {};
}

void Supervisor::settle(Slot& slot, Instance& instance, Outcome outcome) {
    if (outcome == Outcome::Unkillable && &instance != &slot.current) {
        host_.log(fmt::format("{}: process {} is still alive after SIGKILL, it is given up", log_label(slot),
                              instance.life.data().pid));
        release(slot, instance);
    }
    if (&instance == slot.incoming.get()) {
        if (outcome == Outcome::Online) return try_successor(slot);
        fail_reload(slot, slot.promotion && outcome == Outcome::Exited
                              ? end_of_ready(instance)
                              : outcome_error(slot, instance, outcome).message);
        return;
    }
    if (&instance == slot.outgoing.get()) {
        slot.outgoing.reset();
        slot.reload_waiters.answer({});
        check_rest(slot);
        return;
    }
    settle_current(slot, outcome);
}

void Supervisor::settle_current(Slot& slot, Outcome outcome) {
    if (outcome == Outcome::Online)
        slot.start_waiters.answer({});
    else
        slot.start_waiters.answer(outcome_error(slot, slot.current, outcome));
    if (outcome == Outcome::Unkillable) {
        if (slot.gpu) note_gpu_loss(slot);
        slot.stop_waiters.answer(outcome_error(slot, slot.current, outcome));
        slot.doomed = false;
    }
    check_rest(slot);
}

// The reload's new process is ready. What is broken in it shows with its first requests, and the old process
// cannot be had back once it has been told to finish: for a while both serve.
void Supervisor::try_successor(Slot& slot) {
    slot.promotion = host_.now() + slot.config->min_ready_time;
    if (slot.config->min_ready_time <= Duration{0}) end_trial(slot);
}

void Supervisor::end_trial(Slot& slot) {
    const std::string reason = unfitness(*slot.incoming);
    if (reason.empty()) return promote(slot);
    fail_reload(slot, reason);
}

// The new process takes the slot, the old one finishes what it has.
void Supervisor::promote(Slot& slot) {
    slot.promotion.reset();
    slot.outgoing = std::make_unique<Instance>(std::move(slot.current));
    slot.current = std::move(*slot.incoming);
    slot.incoming.reset();
    take_over_told(slot);
    const auto cause = std::exchange(slot.reload_cause, nullptr);
    note_cause(*slot.outgoing, cause ? std::move(*cause) : EndCause{.kind = EndCause::Kind::Reload});
    if (std::exchange(slot.before, nullptr)) save(slot, true);
    slot.current.life.set_policy(shared(lifecycle_policy(*slot.config, settings_)));
    slot.current.life.set_restart_time(slot.outgoing->life.data().restart_time + 1);
    host_.drain(slot.key(*slot.outgoing));
    apply(slot, *slot.outgoing, Drain{});
}

void Supervisor::fail_reload(Slot& slot, const std::string& reason) {
    if (!slot.incoming) return;
    slot.promotion.reset();
    slot.reload_waiters.answer(
        Error{ErrorCode::Unavailable,
              fmt::format("cannot reload '{}': {}; the old process goes on", slot.config->name, reason)});
    take_back_config(slot);
    slot.reload_cause.reset();
    note_cause(*slot.incoming, {.kind = EndCause::Kind::FailedReload, .detail = reason});
    if (has_process(slot.incoming->life.state())) {
        apply(slot, *slot.incoming, Stop{});  // comes back here, as Stopped, once it is gone
        return;
    }
    drop_incoming(slot);
    check_rest(slot);
}

// It died while the old process was finishing, which cannot be taken back.
void Supervisor::tell_lost_successor(Slot& slot) {
    slot.reload_waiters.answer(
        Error{ErrorCode::Unavailable,
              fmt::format("cannot reload '{}': {}", slot.config->name, end_of_ready(slot.current))});
}

void Supervisor::check_rest(Slot& slot) {
    if (slot.incoming || slot.outgoing || has_process(slot.current.life.state())) return;
    if (slot.current.life.state() == State::Backoff) return;
    slot.stop_waiters.answer({});
    if (slot.doomed) doomed_.push_back(slot.pm_id);
}

void Supervisor::schedule(const Slot& slot) {
    std::optional<TimePoint> earliest = slot.current.life.deadline();
    const auto consider = [&](std::optional<TimePoint> time) {
        if (time && (!earliest || *time < *earliest)) earliest = time;
    };
    for (const Instance* other : {slot.incoming.get(), slot.outgoing.get()})
        if (other) consider(other->life.deadline());
    for (const Instance* one :
         std::initializer_list<const Instance*>{slot.incoming.get(), slot.outgoing.get(), &slot.current})
        if (one && one->health) consider(one->health->check.deadline());
    consider(slot.promotion);
    const auto it = deadline_of_.find(slot.pm_id);
    if (it != deadline_of_.end()) {
        if (earliest == it->second) return;
        deadlines_.erase({it->second, slot.pm_id});
        deadline_of_.erase(it);
    }
    if (!earliest) return;
    deadlines_.insert({*earliest, slot.pm_id});
    deadline_of_[slot.pm_id] = *earliest;
}

}  // namespace kpm::core

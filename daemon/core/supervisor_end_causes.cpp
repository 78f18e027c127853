// Who or what has a process end: noted when it is asked for, told with the end (end_history.h). What of it
// takes time (its text, the look at the OOM killer's counter) is done after the next process was asked for.

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <csignal>

#include "daemon/core/snapshot.h"
#include "daemon/core/supervisor.h"
#include "ipc/base/signal_name.h"

namespace kpm::core {
namespace {

using Cause = EndCause::Kind;

constexpr Duration kSameShortage{10'000};

// By convention they ask for an end, and a process that handles them exits with a code of its own.
constexpr std::array kPolite{SIGHUP, SIGINT, SIGQUIT, SIGTERM};

bool is_word(std::string_view detail, int signo) {
    return signo != 0 && detail == signal_name(signo);
}

bool is_polite(std::string_view detail) {
    return std::ranges::any_of(kPolite, [&](int signo) { return is_word(detail, signo); });
}

// A signal that a client had kpm send may have had another effect, or none.
bool has_worked(const AskedEnd& asked, const Exited& exited, Duration kill_timeout, TimePoint now) {
    if (asked.cause.kind != Cause::Signal || is_word(asked.cause.detail, exited.signal)) return true;
    return is_polite(asked.cause.detail) && exited.code && now - asked.at <= kill_timeout;
}

}  // namespace

EndCause Supervisor::by_client(EndCause::Kind kind) const {
    return {.kind = kind, .detail = {}, .client = client_};
}

// The first one counts: what comes later ends nothing that was not ending already.
void Supervisor::note_cause(Instance& instance, EndCause cause) {
    if (!has_process(instance.life.state())) return;
    if (instance.asked && instance.asked->cause.kind != Cause::Signal) return;
    instance.asked = std::make_unique<AskedEnd>(std::move(cause), host_.now());
}

Result<void> Supervisor::send_signal(int pm_id, int signo) {
    Slot* slot = find_mutable(pm_id);
    if (!slot) return Error{ErrorCode::NotFound, fmt::format("{} id unknown", pm_id)};
    auto sent = host_.signal_root(slot->key(), signo);
    if (!sent) return sent;
    EndCause cause = by_client(Cause::Signal);
    cause.detail = signal_name(signo);
    note_cause(slot->current, std::move(cause));
    return {};
}

void Supervisor::channel_lost(const AppKey& key, const std::string& reason) {
    Slot* slot = find_mutable(key.pm_id);
    Instance* instance = slot ? find_instance(*slot, key.incarnation) : nullptr;
    if (!instance) return;
    note_cause(*instance, {.kind = Cause::Channel, .detail = reason});
    dirty_.insert(key.pm_id);
}

// Before the lifecycle forgets the process.
void Supervisor::note_process_end(const Slot& slot, Instance& instance, const Event& event) {
    const LifecycleData& life = instance.life.data();
    const auto* failed = std::get_if<SpawnFailed>(&event);
    const auto* exited = std::get_if<Exited>(&event);
    if (failed && life.state == State::Spawning) {
        instance.asked.reset();
        ends_.push_back({slot.pm_id, ProcessEnd{.at = host_.wall_now(),
                                                .failure = failed->reason,
                                                .cause = {.kind = Cause::NotStarted}}});
    }
    if (!exited || (life.pid == 0 && !has_process(life.state))) return;
    ProcessEnd end{.at = host_.wall_now(),
                   .uptime = host_.now() - life.launched_at,
                   .pid = life.pid,
                   .code = exited->code,
                   .signal = exited->signal,
                   .is_killed = life.state == State::Killing && exited->signal == SIGKILL,
                   .failure = {},
                   .cause = {}};
    const auto asked = std::exchange(instance.asked, nullptr);
    if (asked && has_worked(*asked, *exited, instance.life.policy().kill_timeout, host_.now()))
        end.cause = std::move(asked->cause);
    ends_.push_back({slot.pm_id, std::move(end), instance.oom_before});
}

// Its victims of one shortage may be told of one after the other; those of another time were somebody else's.
OomKills Supervisor::look_at_oom_kills() {
    OomKills kills = host_.oom_kills();
    const TimePoint now = host_.now();
    if (now - oom_growth_ > kSameShortage) oom_known_ = oom_total_;
    if (kills.total > oom_total_) oom_growth_ = now;
    oom_total_ = kills.total;
    return kills;
}

// The kernel counts and does not say whom: hence "probably". But none that it had counted before the process
// began.
void Supervisor::look_for_oom_kill(Slot& slot, ProcessEnd& end, std::uint64_t before) {
    const OomKills kills = look_at_oom_kills();
    oom_known_ = std::max(oom_known_, before);
    if (kills.total <= oom_known_) return;
    ++oom_known_;
    end.cause = {.kind = Cause::OutOfMemory, .detail = fmt::format("its count of {} has grown", kills.where)};
    host_.log(fmt::format("{} was probably ended by the kernel's OOM killer: {}", log_label(slot),
                          end.cause.detail));
    if (slot.current.life.data().exit_signal != SIGKILL || !slot.current.life.data().failure.empty()) return;
    slot.current.life.set_failure("signal SIGKILL, probably by the kernel's OOM killer");
    dirty_.insert(slot.pm_id);
}

void Supervisor::keep_ends() {
    for (auto& [pm_id, end, oom_before] : std::exchange(ends_, {})) {
        Slot* slot = find_mutable(pm_id);
        if (!slot) continue;
        if (end.cause.kind == Cause::Own && end.signal == SIGKILL) look_for_oom_kill(*slot, end, oom_before);
        slot->ends.add(end);
        host_.persist(ends_state_key(pm_id), slot->ends.record());
    }
}

}  // namespace kpm::core

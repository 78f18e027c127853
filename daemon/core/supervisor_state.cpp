// The state that survives the daemon: written while the supervisor works, taken over by the next one.

#include <charconv>
#include <csignal>

#include <fmt/format.h>

#include "daemon/core/record.h"
#include "daemon/core/snapshot.h"
#include "daemon/core/supervisor.h"

namespace kpm::core {
namespace {

constexpr const char* kCountersKey = "counters";

// "app/12" -> 12
std::optional<int> id_of(std::string_view key) {
    if (!key.starts_with("app/")) return std::nullopt;
    int id = 0;
    const auto [end, error] = std::from_chars(key.data() + 4, key.data() + key.size(), id);
    if (error != std::errc{} || end != key.data() + key.size() || id < 0) return std::nullopt;
    return id;
}

}  // namespace

void Supervisor::save(Slot& slot, bool with_config) {
    RecordWriter counters;
    counters.put("next_id", next_id_);
    counters.put("next_incarnation", static_cast<std::int64_t>(next_incarnation_));
    if (std::string record = counters.take(); record != saved_counters_) {
        host_.persist(kCountersKey, record);
        saved_counters_ = std::move(record);
    }
    if (std::exchange(slot.has_unsaved_config, false) || with_config)
        host_.persist(app_state_key(slot.pm_id), app_state(slot));
    host_.persist(run_state_key(slot.pm_id), run_state(slot));
}

void Supervisor::forget_state(int pm_id) {
    host_.persist(app_state_key(pm_id), std::nullopt);
    host_.persist(run_state_key(pm_id), std::nullopt);
    host_.persist(told_state_key(pm_id), std::nullopt);
    host_.persist(incoming_told_state_key(pm_id), std::nullopt);
    host_.persist(ends_state_key(pm_id), std::nullopt);
}

void Supervisor::restore(const std::map<std::string, std::string>& state) {
    if (const auto it = state.find(kCountersKey); it != state.end()) {
        const RecordReader counters(it->second);
        next_id_ = static_cast<int>(counters.number_or("next_id", 0));
        next_incarnation_ = static_cast<std::uint64_t>(counters.number_or("next_incarnation", 1));
    }
    for (const auto& [key, app] : state) {
        const auto pm_id = id_of(key);
        if (!pm_id) continue;
        const auto run = state.find(run_state_key(*pm_id));
        auto slot = restore_slot(*pm_id, app, run == state.end() ? std::string{} : run->second, settings_,
                                 &newest_config_);
        if (!slot) {
            host_.log(slot.error().message);
            continue;
        }
        if (const auto record = state.find(told_state_key(*pm_id)); record != state.end()) {
            Told told = restore_told(record->second);
            told.status_text = std::move(slot->tell().status_text);
            *slot->told = std::move(told);
        }
        if (const auto record = state.find(incoming_told_state_key(*pm_id));
            record != state.end() && slot->incoming)
            slot->incoming_told = std::make_unique<Told>(restore_told(record->second));
        if (const auto record = state.find(ends_state_key(*pm_id)); record != state.end())
            slot->ends = EndHistory(record->second);
        newest_config_ = slot->config;
        slot->current.life.set_policy(shared(slot->current.life.policy()));
        next_id_ = std::max(next_id_, *pm_id + 1);
        next_incarnation_ = std::max(next_incarnation_, slot->current.incarnation + 1);
        names_.add(slot->config->name, *pm_id, slot->instance_index);
        if (slot->gpu) gpu_slots_.insert(*pm_id);
        track_memory(slots_.insert_or_assign(*pm_id, std::move(*slot)).first->second);
    }
    for (auto& [pm_id, slot] : slots_) {
        const auto run = state.find(run_state_key(pm_id));
        if (slot.current.incarnation != 0)
            set_cron(slot, run == state.end() ? std::nullopt : restore_cron(run->second));
        claim_files(slot);
        track_watch(slot);
        adopt(slot, slot.current);
        if (slot.outgoing) adopt(slot, *slot.outgoing);
        if (slot.incoming) adopt(slot, *slot.incoming);
        if (slot.incoming && slot.incoming->life.state() == State::Online) try_successor(slot);
        // The client that asked for the reload or the delete is gone; what it asked for goes on.
        check_rest(slot);
        schedule(slot);
    }
    is_ending_ = state.contains(kEndingKey);
    if (is_ending_)
        post([this] {
            host_.log("the daemon before this one was ending: going on with that");
            end([this](const Result<void>&) { host_.shut_down(0); });
        });
}

// It was given up because it is still alive after SIGKILL. A stop or the next launch comes back to it.
void Supervisor::adopt_survivor(Slot& slot, Instance& instance, const AppKey& key) {
    if (host_.adopt(key, spec_of_running(slot, instance)).kind == Adopted::Kind::Unknown) {
        post(key, Exited{std::nullopt, SIGKILL});
        return;
    }
    instance.is_held = true;
    host_.signal_tree(key, SIGKILL);  // tells when it has ended
}

void Supervisor::adopt(Slot& slot, Instance& instance) {
    const State state = instance.life.state();
    if (state == State::Backoff || has_process(state))
        if (const auto opened = use_pool(slot); !opened) host_.log(opened.error().message);
    const AppKey key = slot.key(instance);
    if (!has_process(state)) {
        if (instance.life.data().pid != 0) adopt_survivor(slot, instance, key);
        return;
    }
    const LaunchSpec spec = spec_of_running(slot, instance);
    const Adopted adopted = host_.adopt(key, spec);
    const bool stopping = state == State::Stopping || state == State::Killing;
    if (adopted.kind == Adopted::Kind::Unknown) {
        // The earlier daemon died between recording this launch and asking for it, or lost it altogether.
        if (state == State::Spawning && instance.life.data().goal == LifecycleData::Goal::Stopped)
            return post(key, SpawnFailed{.reason = "it was stopped before it was started", .is_final = true});
        if (state == State::Spawning) return launch(slot, instance);
        post(key, Exited{std::nullopt, 0});
        if (stopping) post(key, TreeGone{});
        return;
    }
    instance.is_held = true;
    resume_health(slot, instance, spec);
    if (state == State::Spawning) post(key, Spawned{adopted.pid});
    if (state == State::Online) post(key, Pinged{});  // nobody listened: the watch begins anew
    // With a reason it is ended by its probes, which is done as any stop.
    const LifecycleData& life = instance.life.data();
    const bool aborting =
        state == State::Stopping && life.goal == LifecycleData::Goal::Running && life.failure.empty();
    if (aborting) (void)host_.signal_root(key, SIGABRT);
    if (stopping)
        host_.signal_tree(key, state == State::Killing ? SIGKILL
                               : aborting              ? 0
                                                       : instance.life.policy().stop_signal);
    if (state == State::Draining) host_.drain(key);
}

}  // namespace kpm::core

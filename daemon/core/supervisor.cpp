#include "daemon/core/supervisor.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "daemon/core/launch.h"
#include "ecosystem/log_paths.h"

namespace kpm::core {
namespace {

Error unknown_id(int pm_id) {
    return {ErrorCode::NotFound, fmt::format("{} id unknown", pm_id)};
}

// increment_var: a variable that is one higher in each instance, from its configured value on.
void count_up(ecosystem::AppConfig& config, int index) {
    if (config.increment_var.empty()) return;
    const std::string* configured = ecosystem::find_variable(config.env, config.increment_var);
    int first = 0;
    if (configured) std::from_chars(configured->data(), configured->data() + configured->size(), first);
    ecosystem::set_variable(config.env, config.increment_var, std::to_string(first + index));
}

Error being_deleted(const Slot& slot) {
    return {ErrorCode::Unavailable, fmt::format("cannot start '{}': it is being deleted", slot.config.name)};
}

}  // namespace

const Slot* Supervisor::find(int pm_id) const {
    const auto it = slots_.find(pm_id);
    return it == slots_.end() ? nullptr : &it->second;
}

Slot* Supervisor::find_mutable(int pm_id) {
    const auto it = slots_.find(pm_id);
    return it == slots_.end() ? nullptr : &it->second;
}

std::vector<int> Supervisor::ids_of(const std::string& name) const {
    const auto it = by_name_.find(name);
    if (it == by_name_.end()) return {};
    return {it->second.begin(), it->second.end()};
}

bool Supervisor::index_taken(const std::string& name, int index) const {
    return std::ranges::any_of(ids_of(name), [&](int id) { return slots_.at(id).instance_index == index; });
}

// The lowest number that no other instance of this name has: PM2 fills the holes that deletes leave.
int Supervisor::free_index(const std::string& name) const {
    int index = 0;
    while (index_taken(name, index)) ++index;
    return index;
}

int Supervisor::add(NewApp app, Done done) {
    const int pm_id = next_id_++;
    const bool keeps_index = app.instance_index && !index_taken(app.config.name, *app.instance_index);
    const int index = keeps_index ? *app.instance_index : free_index(app.config.name);
    Slot& slot = slots_[pm_id];
    slot.pm_id = pm_id;
    slot.instance_index = index;
    slot.unique_id = std::move(app.unique_id);
    slot.created_at = app.created_at ? app.created_at : host_.wall_now();
    slot.config = std::move(app.config);
    ecosystem::set_instance_paths(slot.config, static_cast<unsigned>(pm_id));
    count_up(slot.config, index);
    slot.current.life = Lifecycle(lifecycle_policy(slot.config, settings_));
    by_name_[slot.config.name].insert(pm_id);
    track_memory(slot);
    if (app.start) set_cron(slot);
    save(slot, true);
    if (app.start)
        start(pm_id, std::move(done));
    else
        done({});
    return pm_id;
}

Result<int> Supervisor::duplicate(int pm_id, Done done) {
    const Slot* original = find(pm_id);
    if (!original) return unknown_id(pm_id);
    ecosystem::AppConfig config = original->config;
    count_up(config, -original->instance_index);  // back to the value that it counts from
    return add({.config = std::move(config), .unique_id = original->unique_id}, std::move(done));
}

void Supervisor::start(int pm_id, Done done) {
    Slot* slot = find_mutable(pm_id);
    if (!slot) return done(unknown_id(pm_id));
    if (slot->doomed) return done(being_deleted(*slot));
    slot->start_waiters.push_back(std::move(done));
    set_wanted(*slot, true);
    apply(*slot, slot->current, Start{});
}

void Supervisor::stop(int pm_id, Done done) {
    Slot* slot = find_mutable(pm_id);
    if (!slot) return done(Error{ErrorCode::NotFound, fmt::format("{} : id unknown", pm_id)});
    slot->stop_waiters.push_back(std::move(done));
    set_wanted(*slot, false);
    if (slot->incoming) fail_reload(*slot, "it was stopped meanwhile");
    if (slot->outgoing) apply(*slot, *slot->outgoing, Stop{});
    apply(*slot, slot->current, Stop{});
}

void Supervisor::restart(int pm_id, Done done) {
    Slot* slot = find_mutable(pm_id);
    if (!slot) return done(unknown_id(pm_id));
    if (slot->doomed) return done(being_deleted(*slot));
    if (slot->incoming) fail_reload(*slot, "it was restarted meanwhile");
    slot->created_at = host_.wall_now();
    slot->start_waiters.push_back(std::move(done));
    set_wanted(*slot, true);
    apply(*slot, slot->current, Restart{});
}

void Supervisor::reload(int pm_id, Done done) {
    Slot* slot = find_mutable(pm_id);
    if (!slot) return done(unknown_id(pm_id));
    if (slot->doomed) return done(being_deleted(*slot));
    if (slot->incoming || slot->outgoing)
        return done(Error{ErrorCode::Exists,
                          fmt::format("Reload already in progress for process id {}, retry later", pm_id)});
    if (!can_hand_over(slot->config) || slot->current.life.state() != State::Online)
        return restart(pm_id, std::move(done));
    slot->created_at = host_.wall_now();
    slot->reload_waiters.push_back(std::move(done));
    slot->incoming = std::make_unique<Instance>();
    slot->incoming->life = Lifecycle(incoming_policy(slot->config, settings_));
    apply(*slot, *slot->incoming, Start{});
}

void Supervisor::remove(int pm_id, Done done) {
    Slot* slot = find_mutable(pm_id);
    if (!slot) return done(Error{ErrorCode::NotFound, fmt::format("{} : id unknown", pm_id)});
    slot->doomed = true;
    stop(pm_id, std::move(done));
}

void Supervisor::stop_all(Done done) {
    // One counter for all answers: the last one to come answers the caller.
    auto open = std::make_shared<std::size_t>(slots_.size() + 1);
    const Done one = [open, done = std::move(done)](const Result<void>&) {
        if (--*open == 0) done({});
    };
    for (auto& [pm_id, slot] : slots_) stop(pm_id, one);
    one({});
}

Result<void> Supervisor::reset(int pm_id) {
    Slot* slot = find_mutable(pm_id);
    if (!slot) return unknown_id(pm_id);
    slot->created_at = host_.wall_now();
    slot->current.life.forget_crashes();
    slot->current.life.set_restart_time(0);
    dirty_.insert(pm_id);
    return {};
}

Result<void> Supervisor::reconfigure(int pm_id, ecosystem::AppConfig config) {
    Slot* slot = find_mutable(pm_id);
    if (!slot) return unknown_id(pm_id);
    if (const auto checked = check(config); !checked) return checked;
    const std::string name_before = slot->config.name;
    if (config.name != slot->config.name) {
        auto& ids = by_name_[slot->config.name];
        ids.erase(pm_id);
        if (ids.empty()) by_name_.erase(slot->config.name);
        by_name_[config.name].insert(pm_id);
    }
    slot->config = std::move(config);
    slot->current.life.set_policy(lifecycle_policy(slot->config, settings_));
    track_memory(*slot);
    set_cron(*slot);
    if (name_before != slot->config.name) track_watch(name_before);
    track_watch(slot->config.name);
    save(*slot, true);
    return {};
}

void Supervisor::erase(int pm_id) {
    Slot* slot = find_mutable(pm_id);
    if (!slot) return;
    release(*slot, slot->current);  // one that survived SIGKILL
    auto& ids = by_name_[slot->config.name];
    ids.erase(pm_id);
    if (ids.empty()) by_name_.erase(slot->config.name);
    if (const auto it = deadline_of_.find(pm_id); it != deadline_of_.end()) {
        deadlines_.erase({it->second, pm_id});
        deadline_of_.erase(it);
    }
    dirty_.erase(pm_id);
    limited_.erase(pm_id);
    drop_cron(*slot);
    forget_state(pm_id);
    const std::string name = slot->config.name;
    slots_.erase(pm_id);
    track_watch(name);
    if (slots_.empty()) next_id_ = 0;  // PM2 counts from 0 again once nothing is managed
}

}  // namespace kpm::core

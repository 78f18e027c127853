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

Error daemon_is_ending(const std::string& name) {
    return {ErrorCode::Unavailable, fmt::format("cannot start '{}': the daemon is ending", name)};
}

}  // namespace

Supervisor::Supervisor(Host& host, Settings settings)
    : host_(host),
      settings_(std::move(settings)),
      oom_total_(host.oom_kills().total),
      oom_known_(oom_total_) {
    if (settings_.home.empty()) return;
    own_files_->add_folder(settings_.home);
    if (std::string real = host_.real_path(settings_.home); !real.empty())
        own_files_->add_folder(std::move(real));
}

const Slot* Supervisor::find(int pm_id) const {
    const auto it = slots_.find(pm_id);
    return it == slots_.end() ? nullptr : &it->second;
}

Slot* Supervisor::find_mutable(int pm_id) {
    const auto it = slots_.find(pm_id);
    return it == slots_.end() ? nullptr : &it->second;
}

std::vector<int> Supervisor::ids_of(const std::string& name) const {
    return names_.ids(name);
}

// Why no process of the slot may be started.
std::optional<Error> Supervisor::refusal(const Slot& slot) const {
    if (is_ending_) return daemon_is_ending(slot.config->name);
    if (!slot.doomed) return std::nullopt;
    return Error{ErrorCode::Unavailable,
                 fmt::format("cannot start '{}': it is being deleted", slot.config->name)};
}

int Supervisor::add(NewApp app, Done done) {
    if (is_ending_) {
        done(daemon_is_ending(app.config.name));
        return -1;
    }
    const int pm_id = next_id_++;
    const std::string& name = app.config.name;
    const bool keeps_index = app.instance_index && !names_.has_index(name, *app.instance_index);
    const int index = keeps_index ? *app.instance_index : names_.free_index(name);
    Slot& slot = slots_[pm_id];
    slot.pm_id = pm_id;
    slot.instance_index = index;
    slot.unique_id = std::move(app.unique_id);
    slot.created_at = app.created_at ? app.created_at : host_.wall_now();
    ecosystem::set_instance_paths(app.config, static_cast<unsigned>(pm_id));
    if (!app.is_restored) count_up(app.config, index);
    set_config(slot, std::move(app.config));
    slot.current.life = Lifecycle(shared(lifecycle_policy(*slot.config, settings_)));
    names_.add(slot.config->name, pm_id, index);
    track_memory(slot);
    if (app.start) set_cron(slot);
    slot.has_unsaved_config = true;
    if (app.start)
        start(pm_id, std::move(done));
    else
        done({});
    // The launch has saved it.
    if (Slot* added = find_mutable(pm_id); added && added->has_unsaved_config) save(*added, true);
    return pm_id;
}

// The instances of an app come one after the other, each like the one before it.
bool Supervisor::set_config(Slot& slot, ecosystem::AppConfig config) {
    SlotConfig next(std::move(config), slot.pm_id, {&slot.config, &newest_config_});
    if (next.is_same(slot.config)) return false;
    newest_config_ = slot.config = std::move(next);
    claim_files(slot);
    return true;
}

Lifecycle::SharedPolicy Supervisor::shared(LifecyclePolicy policy) {
    if (!newest_policy_ || *newest_policy_ != policy)
        newest_policy_ = std::make_shared<const LifecyclePolicy>(std::move(policy));
    return newest_policy_;
}

std::optional<Error> Supervisor::excess(const std::string& name, std::size_t more) const {
    const std::size_t present = names_.ids(name).size();
    if (more <= ecosystem::kMostInstances && present + more <= ecosystem::kMostInstances) return std::nullopt;
    return Error{ErrorCode::Invalid,
                 fmt::format("cannot start {} of '{}': an app has at most {} instances, there are {}", more,
                             name, ecosystem::kMostInstances, present)};
}

Result<int> Supervisor::duplicate(int pm_id, Done done) {
    const Slot* original = find(pm_id);
    if (!original) return unknown_id(pm_id);
    if (auto refused = excess(original->config->name, 1)) return *std::move(refused);
    ecosystem::AppConfig config = original->config.whole();
    count_up(config, -original->instance_index);  // back to the value that it counts from
    return add({.config = std::move(config), .unique_id = original->unique_id}, std::move(done));
}

void Supervisor::start(int pm_id, Done done) {
    Slot* slot = find_mutable(pm_id);
    if (!slot) return done(unknown_id(pm_id));
    if (auto refused = refusal(*slot)) return done(std::move(*refused));
    slot->start_waiters.add(std::move(done));
    set_wanted(*slot, true);
    apply(*slot, slot->current, Start{});
}

// Others of the app serve on meanwhile; for the last one a stop is a stop.
bool Supervisor::can_drain(const Slot& slot) const {
    const bool is_worker = is_node_cluster(*slot.config) || ecosystem::takes_channel(*slot.config);
    if (!is_worker || slot.current.life.state() != State::Online) return false;
    const std::vector<int>& ids = names_.ids(slot.config->name);
    return std::any_of(ids.begin(), ids.end(), [&](int id) {
        const Slot* other = find(id);
        return id != slot.pm_id && other && other->current.life.state() == State::Online &&
               !other->current.has_left;
    });
}

void Supervisor::stop(int pm_id, Done done) {
    stop(pm_id, by_client(EndCause::Kind::Stop), Drain{.is_brief = true, .relaunch = false}, std::move(done));
}

void Supervisor::stop(int pm_id, EndCause cause, Drain drain, Done done) {
    Slot* slot = find_mutable(pm_id);
    if (!slot || slot->incoming || slot->outgoing || !can_drain(*slot))
        return stop_at_once(pm_id, std::move(cause), std::move(done));
    slot->stop_waiters.add(std::move(done));
    set_wanted(*slot, false);
    turn_away(*slot);
    note_cause(slot->current, std::move(cause));
    host_.drain(slot->key());
    apply(*slot, slot->current, drain);
}

void Supervisor::stop_at_once(int pm_id, EndCause cause, Done done) {
    Slot* slot = find_mutable(pm_id);
    if (!slot) return done(Error{ErrorCode::NotFound, fmt::format("{} : id unknown", pm_id)});
    slot->stop_waiters.add(std::move(done));
    set_wanted(*slot, false);
    turn_away(*slot);
    if (slot->incoming) fail_reload(*slot, "it was stopped meanwhile");
    if (slot->outgoing) apply(*slot, *slot->outgoing, Stop{});
    note_cause(slot->current, std::move(cause));
    apply(*slot, slot->current, Stop{});
}

void Supervisor::restart(int pm_id, Done done) {
    restart(pm_id, by_client(EndCause::Kind::Restart), std::move(done));
}

void Supervisor::restart(int pm_id, EndCause cause, Done done) {
    Slot* slot = find_mutable(pm_id);
    if (!slot) return done(unknown_id(pm_id));
    if (auto refused = refusal(*slot)) return done(std::move(*refused));
    if (slot->incoming) fail_reload(*slot, "it was restarted meanwhile");
    slot->created_at = host_.wall_now();
    slot->start_waiters.add(std::move(done));
    set_wanted(*slot, true);
    note_cause(slot->current, std::move(cause));
    if (!can_drain(*slot)) return apply(*slot, slot->current, Restart{});
    host_.drain(slot->key());
    apply(*slot, slot->current, Drain{.is_brief = true, .relaunch = true});
}

std::optional<Error> Supervisor::reload_refusal(const Slot& slot) const {
    if (!slot.incoming && !slot.outgoing) return refusal(slot);
    return Error{ErrorCode::Exists,
                 fmt::format("Reload already in progress for process id {}, retry later", slot.pm_id)};
}

void Supervisor::reload(int pm_id, ecosystem::AppConfig config, Done done) {
    Slot* slot = find_mutable(pm_id);
    if (!slot) return done(unknown_id(pm_id));
    if (auto refused = reload_refusal(*slot)) return done(std::move(*refused));
    slot->before = std::make_unique<SlotConfig>(slot->config);
    if (auto changed = change_config(*slot, std::move(config)); !changed) {
        slot->before.reset();
        return done(std::move(changed));
    }
    reload(pm_id, std::move(done));
    if (slot->incoming || !slot->before) return;
    slot->before.reset();  // it is a restart: the old process goes in any case
    save(*slot, true);
}

// A slot whose reload failed is as it was.
void Supervisor::take_back_config(Slot& slot) {
    const auto before = std::move(slot.before);
    if (!before) return;
    if (const auto changed = change_config(slot, before->whole()); !changed)
        host_.log(changed.error().message);
}

void Supervisor::reload(int pm_id, Done done) {
    reload(pm_id, by_client(EndCause::Kind::Reload), std::move(done));
}

void Supervisor::reload(int pm_id, EndCause cause, Done done) {
    Slot* slot = find_mutable(pm_id);
    if (!slot) return done(unknown_id(pm_id));
    if (auto refused = reload_refusal(*slot)) return done(std::move(*refused));
    if (!can_hand_over(*slot->config) || !keeps_pool(*slot) || slot->current.life.state() != State::Online)
        return restart(pm_id, std::move(cause), std::move(done));
    slot->created_at = host_.wall_now();
    slot->reload_waiters.add(std::move(done));
    slot->reload_cause = std::make_unique<EndCause>(std::move(cause));
    slot->incoming = std::make_unique<Instance>();
    slot->incoming->life = Lifecycle(incoming_policy(*slot->config, settings_));
    apply(*slot, *slot->incoming, Start{});
}

void Supervisor::remove(int pm_id, Done done) {
    remove(pm_id, Drain{.is_brief = true, .relaunch = false}, std::move(done));
}

void Supervisor::retire(int pm_id, Done done) {
    remove(pm_id, Drain{}, std::move(done));
}

void Supervisor::remove(int pm_id, Drain drain, Done done) {
    Slot* slot = find_mutable(pm_id);
    if (!slot) return done(Error{ErrorCode::NotFound, fmt::format("{} : id unknown", pm_id)});
    slot->doomed = true;
    stop(pm_id, by_client(EndCause::Kind::Delete), drain, std::move(done));
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
    auto changed = change_config(*slot, std::move(config));
    // A reload that fails from now on goes back to this one.
    if (changed && std::exchange(slot->before, nullptr)) save(*slot, true);
    return changed;
}

Result<void> Supervisor::change_config(Slot& slot, ecosystem::AppConfig config) {
    for (const auto& [text, what] : {std::pair{&config.name, "name"}, {&config.script, "script"}})
        if (text->empty())
            return Error{ErrorCode::Invalid,
                         fmt::format("cannot change '{}': it would have no {}", slot.config->name, what)};
    if (const auto checked = check(config); !checked) return checked;
    if (slot.told && config.interpreter != slot.config->interpreter) {
        slot.told->node_version.clear();
        unrecorded_.ask(slot.pm_id, host_.now());
    }
    const std::string name = slot.config->name;
    if (config.name != name) {
        names_.remove(name, slot.pm_id, slot.instance_index);
        names_.add(config.name, slot.pm_id, slot.instance_index);
        drop_watch(slot.pm_id);
    }
    const bool is_changed = set_config(slot, std::move(config));
    slot.current.life.set_policy(shared(lifecycle_policy(*slot.config, settings_)));
    track_memory(slot);
    set_cron(slot);
    track_watch(slot);
    save(slot, is_changed);
    return {};
}

void Supervisor::erase(int pm_id) {
    Slot* slot = find_mutable(pm_id);
    if (!slot) return;
    release(*slot, slot->current);  // one that survived SIGKILL
    names_.remove(slot->config->name, pm_id, slot->instance_index);
    drop_watch(pm_id);
    if (const auto it = deadline_of_.find(pm_id); it != deadline_of_.end()) {
        deadlines_.erase({it->second, pm_id});
        deadline_of_.erase(it);
    }
    leave_pool(pm_id);
    dirty_.erase(pm_id);
    unrecorded_.forget(pm_id);
    row_texts_.forget(pm_id);
    limited_.erase(pm_id);
    gpu_slots_.erase(pm_id);
    drop_cron(*slot);
    own_files_->forget(pm_id);
    forget_state(pm_id);
    slots_.erase(pm_id);
    if (slots_.empty()) next_id_ = 0;  // PM2 counts from 0 again once nothing is managed
}

}  // namespace kpm::core

// What restarts an app although it runs well: too much memory, cron_restart, a change of watched files.

#include <fmt/format.h>

#include <algorithm>

#include "daemon/core/rows.h"
#include "daemon/core/supervisor.h"
#include "daemon/core/watch_filter.h"
#include "ecosystem/parse_app.h"
#include "ecosystem/watch_options.h"

namespace kpm::core {
namespace {

// The wall clock may be set; a tick is late by no more than this after that.
constexpr Duration kLongestSleep{60'000};

// A clock that is put right by little: a tick that it skips is made up for, one that comes again is not.
// Beyond that what was due means nothing any more: a machine without a clock of its own has started in 1970.
constexpr Duration kLeastSetBack{5 * 60'000}, kMostMissed{3 * 60 * 60'000};
// How long the change from one daemon to the next may take.
constexpr Duration kLongestChange{5 * 60'000};

Duration wall_ahead(const Host& host) {
    return Duration{host.wall_now().since_epoch} - host.now().time_since_epoch();
}

bool has_cron(const ecosystem::AppConfig& config) {
    return !config.cron_restart.empty() && config.cron_restart != "0";
}

WatchSpec watch_spec(const ecosystem::AppConfig& config) {
    WatchSpec spec;
    spec.cwd = config.cwd;
    const std::vector<std::string> entries = ecosystem::texts(config.watch);
    for (const std::string& entry : entries) {
        std::string root = watch_root(config.cwd, entry);
        if (!root.empty() && std::ranges::find(spec.roots, root) == spec.roots.end())
            spec.roots.push_back(std::move(root));
    }
    if (std::ranges::any_of(entries, is_watch_pattern)) spec.targets = entries;
    if (entries.empty()) spec.roots.push_back(config.cwd);
    spec.ignore = config.ignore_watch.value_or(std::vector<std::string>{});
    spec.has_default_ignore = !config.ignore_watch;
    spec.delay = config.watch_delay;
    ecosystem::WatchOptions options = ecosystem::watch_options(config);
    spec.follow_symlinks = options.follow_symlinks;
    spec.depth = options.depth;
    if (options.ignored) {
        spec.ignore = *std::move(options.ignored);
        spec.has_default_ignore = false;
    }
    return spec;
}

void ignore(const Result<void>&) {}

}  // namespace

// What is wrong with the configuration, "" = nothing.
std::string Supervisor::fault(const ecosystem::AppConfig& config) {
    if (std::string unread = ecosystem::unread_value(config); !unread.empty()) return unread;
    if (!has_cron(config)) return "";
    if (const auto schedule = CronSchedule::parse(config.cron_restart); !schedule)
        return "Cron pattern error: " + schedule.error().message;
    if (const auto zone = host_.time_zone(config.timezone); !zone) return zone.error().message;
    return "";
}

Result<void> Supervisor::check(const ecosystem::AppConfig& config) {
    const std::string reason = fault(config);
    if (reason.empty()) return {};
    return Error{ErrorCode::Invalid, fmt::format("cannot start '{}': {}", config.name, reason)};
}

void Supervisor::set_wanted(Slot& slot, bool wanted) {
    slot.is_wanted = wanted;
    if (slot.gpu) slot.gpu->refused.clear();  // whoever asks for it wants to see it tried
    if (wanted && !slot.cron) set_cron(slot);
    track_watch(slot);
}

// --- memory ---

void Supervisor::track_memory(const Slot& slot) {
    const bool is_on_gpu = slot.gpu && slot.gpu->placement.kind == GpuPlacement::Kind::Gpu;
    if (slot.config->max_memory_restart.count == 0 && !is_on_gpu) {
        limited_.erase(slot.pm_id);
        return;
    }
    limited_.insert(slot.pm_id);
    if (deadline_of_.contains(kMemoryCheck)) return;
    const TimePoint when = host_.now() + settings_.memory_interval;
    deadlines_.insert({when, kMemoryCheck});
    deadline_of_[kMemoryCheck] = when;
}

void Supervisor::check_memory() {
    for (const int pm_id : std::set(limited_)) {
        const Slot& slot = slots_.at(pm_id);
        if (slot.current.life.state() != State::Online || slot.incoming || slot.outgoing) continue;
        if (look_at_gpu(slot)) continue;
        const std::uint64_t limit = slot.config->max_memory_restart.count;
        if (limit == 0 || measured_instead(slot)) continue;  // as PM2: the figures are another process's
        const std::uint64_t used = host_.usage(slot.current.life.data().pid).memory;
        if (used > limit) {
            std::string excess =
                fmt::format("{} bytes of memory, more than its max_memory_restart of {}", used, limit);
            host_.log(fmt::format("{} is restarted because it uses {}", log_label(slot), excess));
            reload(pm_id, EndCause{.kind = EndCause::Kind::Memory, .detail = std::move(excess)}, ignore);
        }
    }
    // The next check, while any app has a limit.
    if (!limited_.empty()) track_memory(slots_.at(*limited_.begin()));
}

// --- cron ---

// As in PM2 a stopped app keeps its schedule, and the next tick starts it. `due_before`: what an earlier
// daemon would have done next. It may have come while there was none.
void Supervisor::set_cron(Slot& slot, std::optional<EpochTime> due_before) {
    drop_cron(slot);
    if (!has_cron(*slot.config)) return;
    auto zone = host_.time_zone(slot.config->timezone);
    if (!zone) return host_.log(zone.error().message);
    auto schedule = CronSchedule::parse(slot.config->cron_restart, zone->to_local(host_.wall_now()));
    if (!schedule) return host_.log(schedule.error().message);
    slot.cron = std::make_unique<CronJob>(
        CronJob{.schedule = std::move(*schedule), .zone = std::move(*zone), .next = host_.wall_now()});
    const Duration late{due_before ? slot.cron->next.since_epoch - due_before->since_epoch : -1};
    if (late < Duration{0} || late > kLongestChange) return schedule_cron(slot);
    slot.cron->next = *due_before;
    slot.cron->look = host_.now();
    slot.cron->wall_ahead = wall_ahead(host_);
    cron_looks_.insert({slot.cron->look, slot.pm_id});
}

void Supervisor::drop_cron(Slot& slot) {
    if (slot.cron) cron_looks_.erase({slot.cron->look, slot.pm_id});
    slot.cron.reset();
}

// The next time after the one that was due, also when the clock says that it is not there yet.
void Supervisor::schedule_cron(Slot& slot) {
    dirty_.insert(slot.pm_id);
    const EpochTime from{std::max(host_.wall_now().since_epoch, slot.cron->next.since_epoch)};
    const auto next = slot.cron->schedule.next_after(from, slot.cron->zone);
    if (!next) return slot.cron.reset();  // its year has passed
    slot.cron->next = *next;
    slot.cron->wall_ahead = wall_ahead(host_);
    const Duration wait{next->since_epoch - host_.wall_now().since_epoch};
    slot.cron->look = host_.now() + std::min(wait, kLongestSleep);
    cron_looks_.insert({slot.cron->look, slot.pm_id});
}

void Supervisor::look_at_cron(Slot& slot) {
    cron_looks_.erase({slot.cron->look, slot.pm_id});
    const Duration now_ahead = wall_ahead(host_);
    const Duration set_by = now_ahead - std::exchange(slot.cron->wall_ahead, now_ahead);
    if (set_by > kMostMissed || set_by < -kLeastSetBack) {
        slot.cron->next = host_.wall_now();
        return schedule_cron(slot);
    }
    const Duration wait{slot.cron->next.since_epoch - host_.wall_now().since_epoch};
    if (wait > Duration{0}) {
        slot.cron->look = host_.now() + std::min(wait, kLongestSleep);
        cron_looks_.insert({slot.cron->look, slot.pm_id});
        return;
    }
    schedule_cron(slot);
    if (refusal(slot)) return;
    host_.log(
        fmt::format("{} is restarted by its cron_restart {}", log_label(slot), slot.config->cron_restart));
    restart(slot.pm_id, EndCause{.kind = EndCause::Kind::Cron, .detail = slot.config->cron_restart}, ignore);
}

// --- files ---

// One set of watches serves all instances of an app, but for those with other files to watch (another app of
// that name). A stopped app is not watched: a change must not start it.
void Supervisor::track_watch(const Slot& slot) {
    if (!slot.is_wanted || slot.doomed || !ecosystem::is_on(slot.config->watch))
        return drop_watch(slot.pm_id);
    WatchSpec wanted = watch_spec(*slot.config);
    wanted.own_files = own_files_;
    const WatchKey key = watch_for(slot, wanted);
    if (const auto before = watch_of_.find(slot.pm_id); before != watch_of_.end() && before->second != key)
        drop_watch(slot.pm_id);
    Watched& watched = watched_[key];
    const bool is_known = !watched.users.empty() && watched.spec == wanted;
    watched.users.insert(slot.pm_id);
    watch_of_[slot.pm_id] = key;
    if (!is_known) {
        const auto watching = host_.watch(key, wanted);
        if (!watching) host_.log(fmt::format("App [{}]: {}", key.name, watching.error().message));
        watched.spec = std::move(wanted);
        watched.trouble = watching ? std::string() : watching.error().message;
    }
    slots_.at(slot.pm_id).watch_trouble = watched.trouble;
}

// Where the slot's files are watched, or are to be.
WatchKey Supervisor::watch_for(const Slot& slot, const WatchSpec& wanted) const {
    WatchKey free{.name = slot.config->name};
    const auto first = watched_.lower_bound(free);
    for (auto it = first; it != watched_.end() && it->first.name == free.name; ++it) {
        if (it->second.spec == wanted) return it->first;
        if (it->first.number == free.number) ++free.number;
    }
    const auto own = watch_of_.find(slot.pm_id);
    const bool is_alone = own != watch_of_.end() && watched_.at(own->second).users.size() == 1;
    return is_alone && own->second.name == free.name ? own->second : free;
}

void Supervisor::drop_watch(int pm_id) {
    const auto own = watch_of_.find(pm_id);
    if (own == watch_of_.end()) return;
    const WatchKey key = own->second;
    watch_of_.erase(own);
    slots_.at(pm_id).watch_trouble.clear();
    const auto watched = watched_.find(key);
    watched->second.users.erase(pm_id);
    if (!watched->second.users.empty()) return;
    watched_.erase(watched);
    host_.unwatch(key);
}

void Supervisor::watch_told(const WatchKey& key, const std::string& trouble) {
    const auto watched = watched_.find(key);
    if (watched == watched_.end()) return;  // it was on its way
    std::string& known = watched->second.trouble;
    known = trouble.empty() || known.empty() ? trouble : fmt::format("{}; {}", known, trouble);
    for (const int pm_id : watched->second.users) slots_.at(pm_id).watch_trouble = known;
}

// Also of an app that is not watched itself. The names are as configured, and as the kernel tells them of a
// folder that is reached on another way.
void Supervisor::claim_files(const Slot& slot) {
    std::vector<std::string> claimed;
    const auto claim = [&](const std::string& path) {
        if (!path.starts_with('/') || own_files_->is_in_folder(path)) return;
        claimed.push_back(resolve_path("/", path));
        if (std::string real = host_.real_path(path); !real.empty()) claimed.push_back(std::move(real));
    };
    const SlotConfig::Paths& paths = slot.config.paths();
    for (const std::string* path : {&paths.out_file, &paths.error_file, &paths.pid_file}) claim(*path);
    if (const auto* combined = std::get_if<std::string>(&slot.config->log_file)) claim(*combined);
    own_files_->set(slot.pm_id, std::move(claimed));
}

std::vector<std::string> Supervisor::warnings(const Slot& slot) const {
    if (slot.watch_trouble.empty()) return {};
    return {fmt::format("{}: {}", slot.config->name, slot.watch_trouble)};
}

void Supervisor::note_log_trouble(int pm_id, const LogTrouble& trouble) {
    Slot* const slot = find_mutable(pm_id);
    if (!slot) return;
    if (!slot->log_losses) slot->log_losses = std::make_unique<LogLosses>();
    slot->log_losses->note(trouble);
}

void Supervisor::files_changed(const WatchKey& key, const std::string& path) {
    const auto watched = watched_.find(key);
    if (watched == watched_.end()) return;
    for (const int pm_id : std::set<int>(watched->second.users)) {
        const Slot& slot = slots_.at(pm_id);
        host_.log(fmt::format("Change detected on path {} for app {} - restarting", path, slot.config->name));
        restart(pm_id, EndCause{.kind = EndCause::Kind::Watch, .detail = path}, ignore);
    }
}

}  // namespace kpm::core

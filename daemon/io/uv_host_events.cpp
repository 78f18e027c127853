// The UvHost's other half: events of the data plane and the log loop, and the take-over of an earlier
// daemon's processes.

#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <utility>

#include "daemon/io/uv_host.h"

namespace kpm::io {
namespace {

constexpr std::chrono::milliseconds kLeftoverPatience{1600};  // PM2's kill_timeout

template <class... Handlers>
struct Overloaded : Handlers... {
    using Handlers::operator()...;
};
template <class... Handlers>
Overloaded(Handlers...) -> Overloaded<Handlers...>;

}  // namespace

void UvHost::on_plane_event(const PlaneEvent& event) {
    std::visit(
        Overloaded{
            [&](const WorkerReady& ready) { callbacks_.post(key_of(ready.worker), core::Ready{}); },
            [&](const WorkerDrained& drained) { callbacks_.post(key_of(drained.worker), core::Drained{}); },
            [&](const WorkerGone& gone) { on_worker_gone(gone); },
            [&](const NodeSaid& said) { on_node_said(said); },
            [&](const AcceptTrouble& trouble) { log(trouble.reason); },
        },
        event);
}

Result<void> UvHost::watch(const core::WatchKey& key, const core::WatchSpec& spec) {
    watchers_.erase(key);
    core::WatchFilter filter({.cwd = spec.cwd,
                              .ignore = spec.ignore,
                              .own_files = spec.own_files,
                              .has_default = spec.has_default_ignore,
                              .targets = spec.targets});
    // Without what it is to ignore, the app could be restarted for ever.
    if (const auto& trouble = filter.trouble()) {
        unwatch(key);
        return *trouble;
    }
    if (!inotify_) {
        auto opened = Inotify::open(loop_);
        if (!opened) return opened.error();
        inotify_ = std::move(*opened);
    }
    WatchRequest request{.roots = spec.roots,
                         .filter = std::move(filter),
                         .delay = spec.delay,
                         .follow_symlinks = spec.follow_symlinks,
                         .depth = spec.depth};
    auto watcher = Watcher::open(
        loop_, *inotify_, std::move(request),
        {.on_change = [this, key](const std::string& path) { callbacks_.files_changed(key, path); },
         .on_trouble =
             [this, key](const Error& error) {
                 log(fmt::format("App [{}]: {}", key.name, error.message));
                 callbacks_.watch_told(key, error.message);
             },
         .on_complete = [this, key] { callbacks_.watch_told(key, ""); }});
    if (!watcher) {
        unwatch(key);
        return watcher.error();
    }
    const auto& known = watchers_[key] = std::move(*watcher);
    std::vector<Error> errors = known->refused();
    if (auto trouble = known->take_trouble()) errors.push_back(*std::move(trouble));
    if (errors.empty()) return {};
    std::string all;
    for (const Error& error : errors) all += (all.empty() ? "" : "; ") + error.message;
    return Error{errors.front().code, std::move(all)};
}

void UvHost::unwatch(const core::WatchKey& key) {
    watchers_.erase(key);
    if (watchers_.empty()) inotify_.reset();
}

void UvHost::on_log_event(const LogEvent& event) {
    std::visit(
        Overloaded{
            [&](const LogChunk& chunk) {
                if (!has_followers()) return;
                const bool is_out = chunk.stream == core::LogStream::Out;
                const auto at =
                    std::chrono::duration_cast<std::chrono::milliseconds>(chunk.at.time_since_epoch());
                Json payload{{"process",
                              {{"pm_id", chunk.source.pm_id},
                               {"name", chunk.source.name},
                               {"rev", nullptr},
                               {"namespace", chunk.source.name_space}}},
                             {"at", at.count()},
                             {"data", chunk.text}};
                if (chunk.dropped > 0) payload["dropped"] = chunk.dropped;
                publish(is_out ? "log:out" : "log:err", payload);
            },
            [&](const LogWriteFailed& failed) {
                callbacks_.log_trouble(failed.source.pm_id,
                                       {failed.source.incarnation, failed.path, failed.reason, 0, false});
                log(fmt::format("App [{}:{}]: {}; lines are dropped", failed.source.name, failed.source.pm_id,
                                failed.reason));
            },
            [&](const LogWriteLost& lost) {
                callbacks_.log_trouble(lost.source.pm_id,
                                       {lost.source.incarnation, lost.path, "", lost.dropped, lost.is_end});
            },
            [&](const LogReadFailed& failed) {
                log(fmt::format("App [{}:{}]: {}", failed.source.name, failed.source.pm_id, failed.reason));
            },
            [&](const LogWriteRecovered& recovered) {
                callbacks_.log_trouble(recovered.source.pm_id, {recovered.source.incarnation, recovered.path,
                                                                "", recovered.dropped, true});
                log(fmt::format("App [{}:{}]: '{}' can be written again, {} bytes were dropped",
                                recovered.source.name, recovered.source.pm_id, recovered.path,
                                recovered.dropped));
            },
            [&](const LogsEnded& ended) {
                if (Child* child = find(ended.source.incarnation)) child->has_logs = false;
                forget_if_finished(ended.source.incarnation);
            },
        },
        event);
}

Result<void> UvHost::open_notify_socket() {
    UniqueFd socket = inherited_notify_socket(heritage_.inventory.kept);
    if (!socket) {
        // Only root can run apps as other users.
        auto opened =
            io::open_notify_socket(home_, ::geteuid() == 0 ? NotifyAddress::Abstract : NotifyAddress::File);
        if (!opened) return opened.error();
        if (const auto kept = keeper_->store(kNotifyOwner, 0, opened->get()); !kept) return kept.error();
        socket = std::move(*opened);
    }
    auto receiver =
        NotifyReceiver::open(loop_, std::move(socket),
                             {.on_notification =
                                  [this](const core::AppKey& key, core::Notification notification) {
                                      callbacks_.notification(key, std::move(notification));
                                  },
                              .on_notice = [this](const std::string& line) { log(line); }});
    if (!receiver) return receiver.error();
    notify_ = std::move(*receiver);
    return {};
}

core::Adopted UvHost::adopt(const core::AppKey& key, const core::LaunchSpec& spec) {
    auto inherited = heritage_.processes.extract(key.incarnation);
    if (!inherited) return {};
    auto& [alive, exit, kept] = inherited.mapped();
    if (!alive && !exit) {
        heritage_.processes.insert(std::move(inherited));  // descriptors of one that was never started
        return {};
    }
    core::Adopted adopted;
    Child child;
    child.key = key;
    if (exit) {
        adopted = {core::Adopted::Kind::Ended, exit->pid};
    } else {
        adopted = {core::Adopted::Kind::Alive, alive->pid};
        child.root = ProcessIdentity::of(alive->pid, alive->pidfd.get());
    }
    child.pid = adopted.pid;

    ChildEnds ends;
    for (KeptFd& one : kept) {
        if (one.slot == static_cast<std::int64_t>(KeptSlot::Out)) ends.out = std::move(one.fd);
        if (one.slot == static_cast<std::int64_t>(KeptSlot::Err)) ends.err = std::move(one.fd);
        if (one.slot == static_cast<std::int64_t>(KeptSlot::Channel)) ends.channel = std::move(one.fd);
    }
    if (exit) ends.channel.reset();  // nobody is at its other end
    Child& known = children_[key.incarnation] = std::move(child);
    connect(known, spec, std::move(ends), true);
    if (notify_) notify_->add(key, adopted.pid);
    if (exit) heritage_.ends.push_back(*exit);
    return adopted;
}

void UvHost::end_unclaimed() {
    // Only now: what these said last waits in NOTIFY_SOCKET among what others said, and all are known by now.
    for (const KeeperExit& exit : std::exchange(heritage_.ends, {})) on_exited(exit);
    nodes_->forget_unclaimed();
    for (auto& [token, inherited] : heritage_.processes) {
        if (inherited.child && !inherited.exit) {
            const KeeperChild& child = *inherited.child;
            log(fmt::format("process {} of an unknown app is ended", child.pid));
            auto& sweep = sweeps_.emplace_front();
            sweep = std::make_unique<TreeStop>(loop_, scanner_, mark_of(token),
                                               [this, place = sweeps_.begin()] { sweeps_.erase(place); });
            sweep->begin(child.pid, read_start(child.pid, child.pidfd.get()), SIGKILL);
        }
        if (!inherited.exit)
            keeper_->drop(token);
        else if (!read_on(token, inherited))
            keeper_->collected(token);
    }
    if (heritage_.inventory.start_count == 1) end_leftovers();
    heritage_ = {};
}

// What a stop has spared (treekill: false) would die of SIGPIPE: whoever still writes is read, to nowhere.
bool UvHost::read_on(std::uint64_t token, Inherited& inherited) {
    UniqueFd out, err;
    for (KeptFd& one : inherited.kept) {
        if (one.slot == static_cast<std::int64_t>(KeptSlot::Out)) out = std::move(one.fd);
        if (one.slot == static_cast<std::int64_t>(KeptSlot::Err)) err = std::move(one.fd);
    }
    if (!out && !err) return false;
    constexpr int kNobodys = -1;  // pm_id
    Child& child = children_[token];
    child.key = {kNobodys, token};
    child.is_ended = child.is_released = child.has_logs = true;
    logs_.add_process({kNobodys, token, "", ""}, std::move(out), std::move(err), {.disabled = true});
    return true;
}

// They would be there twice after a resurrect. Found by the mark, which says whose home it was.
void UvHost::end_leftovers() {
    const std::string home = "@" + home_.root().string();
    // Not when one of them has started this daemon.
    if (const auto own = read_variable(::getpid(), kMark); own && own->ends_with(home)) return;
    for (const auto& [pid, entry] : scan_processes()) {
        const auto mark = read_variable(pid, kMark);
        if (pid == ::getpid() || pid == ::getppid() || !mark || !mark->ends_with(home)) continue;
        log(fmt::format("process {} of a daemon that was killed is ended", pid));
        auto& leftover = leftovers_.emplace_front();
        leftover = std::make_unique<TreeStop>(
            loop_, scanner_, "", [this, place = leftovers_.begin()] { leftovers_.erase(place); });
        leftover->begin(pid, entry.start_ticks, SIGTERM);
    }
    if (!leftovers_.empty()) leftovers_kill_.start(kLeftoverPatience);
}

}  // namespace kpm::io

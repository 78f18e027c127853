#include "daemon/io/notify_receiver.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "daemon/core/proc_stat.h"

namespace kpm::io {
namespace {

constexpr int kDatagramsPerTurn = 64;  // other events of the loop get their turn in between
constexpr int kMostPending = 1024;     // more than a socket holds, unless somebody goes on sending
constexpr int kMaxAncestors = 32;      // of a sender, looked at
constexpr std::size_t kMaxUnclaimed = 256;
constexpr std::chrono::minutes kBetweenNotices{1};

// The dead that are not reaped count: their pid is still theirs.
std::optional<core::ProcStat> read_stat(pid_t pid) {
    const UniqueFd file(::open(fmt::format("/proc/{}/stat", pid).c_str(), O_RDONLY | O_CLOEXEC));
    if (!file) return std::nullopt;
    char text[2048];
    const ssize_t size = ::read(file.get(), text, sizeof text);
    if (size <= 0) return std::nullopt;
    const auto stat = core::parse_proc_stat({text, static_cast<std::size_t>(size)});
    return stat ? std::optional(*stat) : std::nullopt;
}

}  // namespace

Result<std::unique_ptr<NotifyReceiver>> NotifyReceiver::open(Loop& loop, UniqueFd socket,
                                                             Callbacks callbacks) {
    std::unique_ptr<NotifyReceiver> receiver(new NotifyReceiver(std::move(socket), std::move(callbacks)));
    auto poll = PollFd::open(loop, receiver->socket_.get(), UV_READABLE,
                             [self = receiver.get()](int) { self->read(kDatagramsPerTurn); });
    if (!poll) return poll.error();
    receiver->poll_.emplace(std::move(*poll));
    return receiver;
}

void NotifyReceiver::expect(const core::AppKey& key) {
    expected_.insert(key.incarnation);
}

void NotifyReceiver::add(const core::AppKey& key, pid_t root) {
    apps_.insert_or_assign(root, key);
    std::deque<Unclaimed> rest;
    for (Unclaimed& one : std::exchange(unclaimed_, {})) {
        if (std::ranges::find(one.lineage, root) != one.lineage.end())
            callbacks_.on_notification(key, std::move(one.notification));
        else
            rest.push_back(std::move(one));
    }
    unclaimed_ = std::move(rest);
    if (expected_.erase(key.incarnation) > 0) give_up_unclaimed();
}

void NotifyReceiver::remove(const core::AppKey& key, pid_t root) {
    if (const auto app = apps_.find(root); app != apps_.end() && app->second == key) apps_.erase(app);
    if (expected_.erase(key.incarnation) > 0) give_up_unclaimed();
}

void NotifyReceiver::read_pending() {
    read(kMostPending);
}

void NotifyReceiver::read(int most) {
    for (int i = 0; i < most; ++i) {
        auto datagram = receive_notification(socket_.get());
        if (!datagram) return;
        take(std::move(*datagram));
    }
}

void NotifyReceiver::take(NotifyDatagram datagram) {
    auto notification = core::parse_notification(datagram.text);
    if (!notification) return drop(datagram, notification.error().message);
    Lineage lineage;
    if (const auto key = find_sender(datagram.pid, lineage))
        return callbacks_.on_notification(*key, std::move(*notification));
    unclaimed_.push_back({std::move(datagram), std::move(lineage), std::move(*notification)});
    if (unclaimed_.size() > kMaxUnclaimed) unclaimed_.pop_front();
    if (expected_.empty()) give_up_unclaimed();
}

std::optional<core::AppKey> NotifyReceiver::find_sender(pid_t sender, Lineage& lineage) const {
    pid_t pid = sender;
    for (int step = 0; step < kMaxAncestors && pid > 1; ++step) {
        lineage.push_back(pid);
        if (const auto app = apps_.find(pid); app != apps_.end()) return app->second;
        const auto stat = read_stat(pid);
        if (!stat) return std::nullopt;
        lineage.push_back(stat->session);
        if (const auto app = apps_.find(stat->session); app != apps_.end()) return app->second;
        pid = stat->parent_pid;
    }
    return std::nullopt;
}

void NotifyReceiver::give_up_unclaimed() {
    if (!expected_.empty()) return;
    for (const Unclaimed& one : std::exchange(unclaimed_, {})) drop(one.from, "it belongs to no app");
}

void NotifyReceiver::drop(const NotifyDatagram& datagram, std::string_view reason) {
    const auto now = std::chrono::steady_clock::now();
    if (noticed_at_ && now - *noticed_at_ < kBetweenNotices) return;
    noticed_at_ = now;
    callbacks_.on_notice(fmt::format("a notification of process {} (uid {}) is dropped: {}", datagram.pid,
                                     datagram.uid, reason));
}

}  // namespace kpm::io

#include "daemon/io/process_tree.h"

#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <set>

namespace kpm::io {
namespace {

// Only when descriptors have run out, see TreeStop::adopt.
constexpr std::chrono::milliseconds kPause{100};

// glibc has wrappers since 2.36 only.
int open_pidfd(pid_t pid) {
    return static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
}
int send_signal(int pidfd, int signo) {
    return static_cast<int>(::syscall(SYS_pidfd_send_signal, pidfd, signo, nullptr, 0));
}

bool has_ended(int pidfd) {
    pollfd state{pidfd, POLLIN, 0};
    return ::poll(&state, 1, 0) != 0;
}

using Children = std::unordered_multimap<pid_t, pid_t>;

Children by_parent(const ProcessSnapshot& snapshot) {
    Children children;
    for (const auto& [pid, entry] : snapshot) children.emplace(entry.parent, pid);
    return children;
}

int depth_of(pid_t pid, const ProcessSnapshot& snapshot, const std::set<pid_t>& members) {
    int depth = 0;
    // A snapshot that is not atomic could show a circle: bounded by the number of members.
    for (std::size_t step = 0; step < members.size(); ++step, ++depth) {
        pid = snapshot.at(pid).parent;
        if (!members.contains(pid)) break;
    }
    return depth;
}

}  // namespace

TreeStop::TreeStop(Loop& loop, ProcessScanner& scanner, std::function<void()> done)
    : loop_(loop),
      scanner_(scanner),
      done_(std::move(done)),
      again_(loop, [this] { scanner_.request(*this); }) {}

TreeStop::~TreeStop() {
    scanner_.cancel(*this);
}

void TreeStop::begin(pid_t root, int root_pidfd, int signo) {
    std::optional<std::uint64_t> start;
    if (const auto entry = read_process(root); entry && root_pidfd >= 0 && !has_ended(root_pidfd))
        start = entry->start_ticks;
    sessions_[root] = start;
    signal(signo);
}

void TreeStop::signal(int signo) {
    signo_ = signo;
    scanner_.request(*this);
}

void TreeStop::scanned(const ProcessSnapshot& snapshot) {
    missed_one_ = false;
    forget_foreign_sessions(snapshot);
    for (const pid_t pid : find_members(snapshot)) {
        adopt(pid, snapshot.at(pid));
        const auto member = members_.find(pid);
        if (member == members_.end() || member->second.signalled == signo_) continue;
        // A failure is an end that the pidfd tells of, or a process of another user: that one stays until it
        // ends.
        (void)send_signal(member->second.pidfd.get(), signo_);
        member->second.signalled = signo_;
    }
    if (missed_one_) return again_.start(kPause);
    if (members_.empty() && done_) std::exchange(done_, nullptr)();
}

// A pid is free for others once the last member of the session that it names is gone.
void TreeStop::forget_foreign_sessions(const ProcessSnapshot& snapshot) {
    std::erase_if(sessions_, [&](const auto& session) {
        const auto leader = snapshot.find(session.first);
        return leader != snapshot.end() && session.second != leader->second.start_ticks;
    });
}

std::vector<pid_t> TreeStop::find_members(const ProcessSnapshot& snapshot) {
    std::set<pid_t> found;
    std::vector<pid_t> open;
    const auto add = [&](pid_t pid) {
        if (pid != ::getpid() && found.insert(pid).second) open.push_back(pid);
    };
    const Children children = by_parent(snapshot);
    std::unordered_multimap<pid_t, pid_t> by_session;
    for (const auto& [pid, entry] : snapshot) by_session.emplace(entry.session, pid);
    const auto add_all = [&](const auto& group, pid_t key) {
        const auto [first, last] = group.equal_range(key);
        for (auto it = first; it != last; ++it) add(it->second);
    };

    for (const auto& [session, start] : sessions_) add_all(by_session, session);
    for (const auto& [pid, member] : members_)
        if (const auto it = snapshot.find(pid);
            it != snapshot.end() && it->second.start_ticks == member.start_ticks)
            add(pid);
    while (!open.empty()) {
        const pid_t pid = open.back();
        open.pop_back();
        add_all(children, pid);
        const ProcessEntry& entry = snapshot.at(pid);
        if (entry.session != pid || sessions_.contains(pid)) continue;
        sessions_[pid] = entry.start_ticks;
        add_all(by_session, pid);
    }

    std::vector<pid_t> ordered(found.begin(), found.end());
    std::ranges::stable_sort(ordered, std::greater<>{},
                             [&](pid_t pid) { return depth_of(pid, snapshot, found); });
    return ordered;
}

void TreeStop::adopt(pid_t pid, const ProcessEntry& entry) {
    if (const auto known = members_.find(pid); known != members_.end()) {
        if (known->second.start_ticks == entry.start_ticks) return;
        members_.erase(known);  // its end is on its way; the pid is another member's already
    }
    UniqueFd pidfd(open_pidfd(pid));
    const int error_number = errno;
    const auto now = read_process(pid);
    if (!now || now->start_ticks != entry.start_ticks) return;
    if (!pidfd) {
        // No descriptor to hold it by: signalled as soon after the check as can be, and looked for again.
        if (error_number == ESRCH) return;
        missed_one_ = true;
        ::kill(pid, signo_);
        return;
    }
    const int fd = pidfd.get();
    auto poll = PollFd::open(loop_, fd, UV_READABLE, [this, pid](int) { member_ended(pid); });
    if (!poll) {
        missed_one_ = true;
        (void)send_signal(fd, signo_);
        return;
    }
    members_.emplace(pid, Member{entry.start_ticks, std::move(pidfd), std::move(*poll), 0});
}

void TreeStop::member_ended(pid_t pid) {
    members_.erase(pid);
    if (members_.empty()) scanner_.request(*this);
}

}  // namespace kpm::io

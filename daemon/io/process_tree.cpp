#include "daemon/io/process_tree.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <utility>
#include <vector>

#include "daemon/io/pidfd.h"

namespace kpm::io {
namespace {

// Only when descriptors have run out, see TreeStop::adopt.
constexpr std::chrono::milliseconds kPause{100};

// `parents` are those of the members alone.
int depth_of(pid_t pid, const std::unordered_map<pid_t, pid_t>& parents) {
    int depth = 0;
    // A look that is not atomic could show a circle: bounded by the number of members.
    for (auto it = parents.find(pid); it != parents.end() && depth < static_cast<int>(parents.size());
         ++depth)
        it = parents.find(it->second);
    return depth;
}

}  // namespace

TreeStop::TreeStop(Loop& loop, ProcessScanner& scanner, std::string mark, std::function<void()> done)
    : loop_(loop), scanner_(scanner), mark_(std::move(mark)), done_(std::move(done)), again_(loop, [this] {
          scanner_.request(*this);
      }) {}

TreeStop::~TreeStop() {
    scanner_.cancel(*this);
}

void TreeStop::begin(pid_t root, std::optional<std::uint64_t> root_start, int signo) {
    root_ = root;
    sessions_[root] = root_start;
    signal(signo);
}

void TreeStop::signal(int signo) {
    signo_ = signo;
    is_last_look_ = false;
    scanner_.request(*this);
}

// It may be gone already: the next look finds it, or not.
void TreeStop::watch_root() {
    if (!std::exchange(is_root_told_, false)) return;
    const auto root = members_.find(root_);
    if (root == members_.end()) return;
    root_signalled_ = root->second.signalled;
    member_ended(root_);
}

void TreeStop::scanned(ProcessLook& look) {
    missed_one_ = false;
    forget_foreign_sessions(look);
    const std::vector<pid_t> found = find_members(look);
    for (const pid_t pid : found) {
        adopt(pid, *look.find(pid));
        const auto member = members_.find(pid);
        if (member != members_.end() && member->second.signalled != signo_) signal(pid, member->second);
    }
    if (missed_one_) return again_.start(kPause);
    if (!members_.empty()) return;
    // A child whose parent ended during the look may have become an orphan after the orphans were read.
    if (!std::exchange(is_last_look_, true) || !found.empty()) return scanner_.request(*this);
    if (done_) std::exchange(done_, nullptr)();
}

// A pid is free for others once the last member of the session that it names is gone.
void TreeStop::forget_foreign_sessions(ProcessLook& look) {
    std::erase_if(sessions_, [&](const auto& session) {
        const auto leader = look.find(session.first);
        return leader && session.second != leader->start_ticks;
    });
}

std::vector<pid_t> TreeStop::find_members(ProcessLook& look) {
    std::unordered_map<pid_t, pid_t> parents;
    std::vector<pid_t> found, open, orphans;
    const auto add = [&](pid_t pid) {
        if (pid == ::getpid() || parents.contains(pid)) return;
        const auto entry = look.find(pid);
        if (!entry) return;
        parents.emplace(pid, entry->parent);
        found.push_back(pid);
        open.push_back(pid);
        if (entry->session == pid) sessions_.try_emplace(pid, entry->start_ticks);
    };
    const auto walk = [&] {
        while (!open.empty()) {
            const pid_t pid = open.back();
            open.pop_back();
            for (const pid_t child : look.children_of(pid)) add(child);
        }
    };

    std::vector<pid_t> leaders;
    for (const auto& [session, start] : sessions_)
        if (start) leaders.push_back(session);
    for (const pid_t pid : leaders) add(pid);
    for (const auto& [pid, member] : members_)
        if (const auto entry = look.find(pid); entry && entry->start_ticks == member.start_ticks) add(pid);
    // The orphans after the walk: who loses its parent meanwhile is one by then.
    for (std::size_t searched = 0;;) {
        walk();
        if (searched == sessions_.size()) break;
        searched = sessions_.size();
        for (const auto& [session, start] : sessions_)
            std::ranges::copy(look.orphans_of(session), std::back_inserter(orphans));
        if (!mark_.empty()) std::ranges::copy(look.marked_orphans(mark_), std::back_inserter(orphans));
        for (const pid_t pid : std::exchange(orphans, {})) add(pid);
    }

    std::ranges::stable_sort(found, std::greater<>{}, [&](pid_t pid) { return depth_of(pid, parents); });
    return found;
}

void TreeStop::adopt(pid_t pid, const ProcessEntry& entry) {
    if (const auto known = members_.find(pid); known != members_.end()) {
        if (known->second.start_ticks == entry.start_ticks) return;
        members_.erase(known);  // its end is on its way; the pid is another member's already
    }
    if (is_root_told_ && pid == root_ && sessions_[root_] == entry.start_ticks) {
        members_.emplace(pid, Member{entry.start_ticks, {}, {}, 0});
        return;
    }
    UniqueFd pidfd = open_pidfd(pid);
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
    const int signalled = pid == root_ ? std::exchange(root_signalled_, 0) : 0;
    members_.emplace(pid, Member{entry.start_ticks, std::move(pidfd), std::move(*poll), signalled});
}

void TreeStop::signal(pid_t pid, Member& member) {
    UniqueFd opened;
    if (!member.pidfd) {
        opened = open_pidfd(pid);
        const bool has_run_out = !opened && errno != ESRCH;  // of descriptors
        missed_one_ = missed_one_ || has_run_out;
        const auto now = read_process(pid);
        if (!now || now->start_ticks != member.start_ticks) return;
        if (has_run_out) ::kill(pid, signo_);
        if (!opened) return;
    }
    // A failure is an end that is told of, or a process of another user: that one stays until it ends.
    (void)send_signal(opened ? opened.get() : member.pidfd.get(), signo_);
    member.signalled = signo_;
}

void TreeStop::member_ended(pid_t pid) {
    members_.erase(pid);
    if (!members_.empty()) return;
    is_last_look_ = true;
    scanner_.request(*this);
}

}  // namespace kpm::io

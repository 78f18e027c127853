#include "daemon/io/process_scan.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <memory>

#include "daemon/core/proc_stat.h"
#include "daemon/io/pidfd.h"
#include "ipc/base/text.h"
#include "ipc/base/unique_fd.h"

namespace kpm::io {

std::optional<ProcessEntry> read_process(pid_t pid) {
    const UniqueFd file(::open(fmt::format("/proc/{}/stat", pid).c_str(), O_RDONLY | O_CLOEXEC));
    if (!file) return std::nullopt;
    char buffer[2048];
    const ssize_t size = ::read(file.get(), buffer, sizeof buffer);
    if (size <= 0) return std::nullopt;
    const auto stat = core::parse_proc_stat({buffer, static_cast<std::size_t>(size)});
    if (!stat || stat->state == 'Z' || stat->state == 'X') return std::nullopt;
    return ProcessEntry{stat->parent_pid, stat->session, stat->start_ticks, stat->threads};
}

std::optional<std::uint64_t> read_start(pid_t pid, int pidfd) {
    const auto entry = read_process(pid);
    // Asked after the reading: a process that lives now lived then, under this pid.
    if (!entry || (pidfd >= 0 && has_ended(pidfd))) return std::nullopt;
    return entry->start_ticks;
}

ProcessSnapshot scan_processes() {
    ProcessSnapshot snapshot;
    const std::unique_ptr<DIR, int (*)(DIR*)> directory(::opendir("/proc"), &::closedir);
    while (const dirent* entry = directory ? ::readdir(directory.get()) : nullptr) {
        const std::string_view name(entry->d_name);
        pid_t pid = 0;
        if (!is_number(name) ||
            std::from_chars(name.data(), name.data() + name.size(), pid).ec != std::errc{})
            continue;
        if (const auto process = read_process(pid)) snapshot.emplace(pid, *process);
    }
    return snapshot;
}

namespace {

std::string children_path(pid_t pid, pid_t thread) {
    return fmt::format("/proc/{}/task/{}/children", pid, thread);
}

std::vector<pid_t> parse_children(std::string_view text) {
    std::vector<pid_t> children;
    for (const std::string_view word : split(text, ' ')) {
        pid_t child = 0;
        if (std::from_chars(word.data(), word.data() + word.size(), child).ec == std::errc{})
            children.push_back(child);
    }
    return children;
}

std::vector<pid_t> read_list(int file) {
    std::string text;
    char part[16384];
    for (ssize_t size; (size = ::pread(file, part, sizeof part, static_cast<off_t>(text.size()))) > 0;)
        text.append(part, static_cast<std::size_t>(size));
    return parse_children(text);
}

UniqueFd open_list(pid_t pid, pid_t thread) {
    return UniqueFd(::open(children_path(pid, thread).c_str(), O_RDONLY | O_CLOEXEC));
}

std::vector<pid_t> adopted_by(const Adopter& adopter, int open_list) {
    return open_list >= 0 ? read_list(open_list)
                          : read_thread_children(adopter.pid, adopter.pid).value_or(std::vector<pid_t>{});
}

// CONFIG_PROC_CHILDREN does not change while the machine runs.
bool kernel_lists_children() {
    static const bool answer = ::access(children_path(::getpid(), ::getpid()).c_str(), R_OK) == 0;
    return answer;
}

}  // namespace

std::optional<std::vector<pid_t>> read_thread_children(pid_t pid, pid_t thread) {
    const UniqueFd file = open_list(pid, thread);
    if (!file) return std::nullopt;
    return read_list(file.get());
}

std::optional<std::vector<pid_t>> read_children(pid_t pid) {
    if (!kernel_lists_children()) return std::nullopt;
    const std::unique_ptr<DIR, int (*)(DIR*)> directory(::opendir(fmt::format("/proc/{}/task", pid).c_str()),
                                                        &::closedir);
    std::vector<pid_t> children;
    while (const dirent* entry = directory ? ::readdir(directory.get()) : nullptr) {
        const std::string_view name(entry->d_name);
        pid_t thread = 0;
        if (std::from_chars(name.data(), name.data() + name.size(), thread).ec != std::errc{}) continue;
        if (const auto found = read_thread_children(pid, thread))
            children.insert(children.end(), found->begin(), found->end());
    }
    return children;
}

bool group_has_members(pid_t group) {
    return ::kill(-group, 0) == 0 || errno == EPERM;
}

std::optional<std::string> read_variable(pid_t pid, std::string_view name) {
    const UniqueFd file(::open(fmt::format("/proc/{}/environ", pid).c_str(), O_RDONLY | O_CLOEXEC));
    if (!file) return std::nullopt;
    std::string text;
    char part[16384];
    for (ssize_t size; (size = ::read(file.get(), part, sizeof part)) > 0;)
        text.append(part, static_cast<std::size_t>(size));
    for (const std::string_view entry : split(text, '\0'))
        if (entry.size() > name.size() && entry.starts_with(name) && entry[name.size()] == '=')
            return std::string(entry.substr(name.size() + 1));
    return std::nullopt;
}

ProcessLook::ProcessLook(const Adopter& adopter, int adopter_children)
    : adopter_(adopter), adopter_children_(adopter_children), lists_children_(kernel_lists_children()) {
    if (!lists_children_) read_all();
}

void ProcessLook::read_all() {
    known_ = scan_processes();
    for (const auto& [pid, entry] : known_) children_.emplace(entry.parent, pid);
}

std::optional<ProcessEntry> ProcessLook::find(pid_t pid) {
    if (const auto it = known_.find(pid); it != known_.end()) return it->second;
    if (!lists_children_) return std::nullopt;
    const auto entry = read_process(pid);
    if (entry) known_.emplace(pid, *entry);
    return entry;
}

std::vector<pid_t> ProcessLook::children_of(pid_t pid) {
    if (lists_children_) {
        // Most processes have one thread: the folder of the threads is not read for them. One that is begun
        // after this look has read `threads` is as one that is begun after the folder was read.
        const auto known = known_.find(pid);
        if (known != known_.end() && known->second.threads == 1)
            if (auto children = read_thread_children(pid, pid)) return std::move(*children);
        return read_children(pid).value_or(std::vector<pid_t>{});
    }
    std::vector<pid_t> found;
    const auto [first, last] = children_.equal_range(pid);
    for (auto it = first; it != last; ++it) found.push_back(it->second);
    return found;
}

std::vector<pid_t> ProcessLook::orphans_of(pid_t session) {
    if (!orphans_) read_orphans();
    std::vector<pid_t> found;
    const auto [first, last] = orphans_->equal_range(session);
    for (auto it = first; it != last; ++it) found.push_back(it->second);
    return found;
}

std::vector<pid_t> ProcessLook::marked_orphans(const std::string& mark) {
    if (!orphans_) read_orphans();
    std::vector<pid_t> found;
    const auto [first, last] = marked_.equal_range(mark);
    for (auto it = first; it != last; ++it) found.push_back(it->second);
    return found;
}

void ProcessLook::read_orphans() {
    orphans_.emplace();
    const std::vector<pid_t> adopted =
        lists_children_ ? adopted_by(adopter_, adopter_children_) : children_of(adopter_.pid);
    for (const pid_t pid : adopted) {
        if (pid == ::getpid()) continue;  // the adopter has started us, too
        if (const pid_t session = ::getsid(pid); session > 0) orphans_->emplace(session, pid);
        if (auto mark = read_variable(pid, adopter_.mark)) marked_.emplace(std::move(*mark), pid);
    }
}

namespace {

// Most looks are at one tree; the pause after one would be most of what a stop takes.
constexpr std::chrono::milliseconds kCheap{2};

}  // namespace

ProcessScanner::ProcessScanner(Loop& loop, Adopter adopter)
    : adopter_(std::move(adopter)),
      adopter_children_(open_list(adopter_.pid, adopter_.pid)),
      timer_(loop, [this] { scan(); }) {}

void ProcessScanner::request(ScanListener& listener) {
    waiting_.insert(&listener);
    if (timer_.is_active()) return;
    using std::chrono::milliseconds;
    const auto wait = std::chrono::ceil<milliseconds>(earliest_ - std::chrono::steady_clock::now());
    timer_.start(std::max(wait, milliseconds(0)));
}

void ProcessScanner::cancel(ScanListener& listener) {
    waiting_.erase(&listener);
    served_.erase(&listener);
}

bool ProcessScanner::has_orphans() const {
    if (!kernel_lists_children()) return true;
    const std::vector<pid_t> adopted = adopted_by(adopter_, adopter_children_.get());
    return std::ranges::any_of(adopted, [](pid_t pid) { return pid != ::getpid(); });
}

void ProcessScanner::scan() {
    const auto begun = std::chrono::steady_clock::now();
    served_.swap(waiting_);
    ProcessLook look(adopter_, adopter_children_.get());
    while (!served_.empty()) {
        ScanListener* const listener = *served_.begin();
        served_.erase(served_.begin());
        listener->scanned(look);
    }
    const auto end = std::chrono::steady_clock::now();
    if (end - begun > kCheap) earliest_ = end + 3 * (end - begun);
}

}  // namespace kpm::io

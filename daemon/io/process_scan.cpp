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
    return ProcessEntry{stat->parent_pid, stat->session, stat->start_ticks};
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

bool group_has_members(pid_t group) {
    return ::kill(-group, 0) == 0 || errno == EPERM;
}

ProcessScanner::ProcessScanner(Loop& loop) : timer_(loop, [this] { scan(); }) {}

void ProcessScanner::request(ScanListener& listener) {
    if (std::ranges::find(waiting_, &listener) == waiting_.end()) waiting_.push_back(&listener);
    if (!timer_.is_active()) timer_.start(std::chrono::milliseconds(0));
}

void ProcessScanner::cancel(ScanListener& listener) {
    std::erase(waiting_, &listener);
    std::erase(served_, &listener);
}

void ProcessScanner::scan() {
    served_.swap(waiting_);
    const ProcessSnapshot snapshot = scan_processes();
    while (!served_.empty()) {
        ScanListener* const listener = served_.front();
        served_.pop_front();
        listener->scanned(snapshot);
    }
}

}  // namespace kpm::io

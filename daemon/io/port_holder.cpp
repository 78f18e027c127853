#include "daemon/io/port_holder.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <set>
#include <string_view>

#include "daemon/io/small_file.h"
#include "ipc/base/text.h"

namespace kpm::io {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kListening = "0A";  // TCP_LISTEN, as /proc/net/tcp prints it

// "  0: 00000000:0BB8 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000  0 12345 …": the inode is
// the tenth word.
void collect_inodes(const char* table, std::uint16_t port, std::set<std::string>& inodes) {
    const std::string text = read_small_file(table);
    const std::string wanted = fmt::format(":{:04X}", port);
    for (const std::string_view line : split(text, '\n')) {
        std::vector<std::string_view> words;
        for (const std::string_view word : split(line, ' '))
            if (!word.empty()) words.push_back(word);
        if (words.size() >= 10 && words[1].ends_with(wanted) && words[3] == kListening && words[9] != "0")
            inodes.insert(fmt::format("socket:[{}]", words[9]));
    }
}

bool has_open(const fs::path& fd_folder, const std::set<std::string>& sockets) {
    std::error_code ignored;
    for (fs::directory_iterator entry(fd_folder, ignored), end; !ignored && entry != end;
         entry.increment(ignored)) {
        std::error_code unreadable;
        if (sockets.contains(fs::read_symlink(entry->path(), unreadable).string())) return true;
    }
    return false;
}

}  // namespace

std::optional<PortHolder> find_port_holder(std::uint16_t port) {
    std::set<std::string> sockets;
    collect_inodes("/proc/net/tcp", port, sockets);
    collect_inodes("/proc/net/tcp6", port, sockets);
    if (sockets.empty()) return std::nullopt;

    std::error_code failure;
    for (fs::directory_iterator entry("/proc", failure), end; !failure && entry != end;
         entry.increment(failure)) {
        const std::string name = entry->path().filename();
        if (!is_number(name) || !has_open(entry->path() / "fd", sockets)) continue;
        PortHolder holder;
        std::from_chars(name.data(), name.data() + name.size(), holder.pid);
        holder.command = trim(read_small_file(entry->path() / "comm"));
        return holder;
    }
    return std::nullopt;
}

std::optional<PortHolder> PortHolders::find(std::uint16_t port, Clock::time_point now) {
    while (!seen_.empty() && now - seen_.front().at >= kMoment) seen_.pop_front();
    const auto known = std::ranges::find(seen_, port, &Seen::port);
    if (known != seen_.end()) return known->holder;
    if (seen_.size() >= kMostLooks) return std::nullopt;
    seen_.push_back({port, now, look_(port)});
    return seen_.back().holder;
}

}  // namespace kpm::io

#include "daemon/io/oom_kills.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <charconv>
#include <optional>
#include <utility>

#include "daemon/core/cpu_quota.h"
#include "daemon/io/small_file.h"
#include "ipc/base/text.h"

namespace kpm::io {
namespace {

constexpr std::string_view kName = "oom_kill ";

constexpr std::size_t kLongest = std::size_t{32} << 10;  // /proc/vmstat has 5 KiB

// Of a line "oom_kill 3".
std::optional<std::uint64_t> count_in(int file) {
    char text[kLongest];
    const ssize_t size = ::pread(file, text, sizeof text, 0);
    if (size <= 0) return std::nullopt;
    for (std::string_view line : split({text, static_cast<std::size_t>(size)}, '\n')) {
        if (!line.starts_with(kName)) continue;
        line.remove_prefix(kName.size());
        std::uint64_t count = 0;
        const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), count);
        if (error == std::errc{} && end == line.data() + line.size()) return count;
    }
    return std::nullopt;
}

}  // namespace

OomKillCounter::OomKillCounter(const std::string& proc, const std::string& mount) {
    const auto use = [this](const std::string& path, std::string where) {
        UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
        if (!file || !count_in(file.get())) return false;
        file_ = std::move(file);
        where_ = std::move(where);
        return true;
    };
    if (const auto group = core::control_group(read_small_file(proc + "/self/cgroup"), "memory")) {
        const std::string root = group->is_unified ? mount : mount + "/memory";
        const std::string name = group->is_unified ? "/memory.events" : "/memory.oom_control";
        // Without a cgroup namespace the path is the host's, and what a container has mounted begins at the
        // group.
        for (const std::string& path : {group->path == "/" ? "" : group->path, std::string()})
            if (use(root + path + name, fmt::format("control group '{}'", group->path))) return;
    }
    use(proc + "/vmstat", "the machine");
}

core::OomKills OomKillCounter::read() const {
    if (!file_) return {};
    return {count_in(file_.get()).value_or(0), where_};
}

}  // namespace kpm::io

#include "daemon/io/oom_kills.h"

#include <fmt/format.h>

#include <charconv>
#include <optional>

#include "daemon/core/cpu_quota.h"
#include "daemon/io/small_file.h"
#include "ipc/base/text.h"

namespace kpm::io {
namespace {

constexpr std::string_view kName = "oom_kill ";

// Of a line "oom_kill 3".
std::optional<std::uint64_t> count_in(const std::string& file) {
    const std::string text = read_small_file(file);
    for (std::string_view line : split(text, '\n')) {
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
    if (const auto group = core::control_group(read_small_file(proc + "/self/cgroup"), "memory")) {
        const std::string root = group->is_unified ? mount : mount + "/memory";
        const std::string name = group->is_unified ? "/memory.events" : "/memory.oom_control";
        // Without a cgroup namespace the path is the host's, and what a container has mounted begins at the
        // group.
        for (const std::string& path : {group->path == "/" ? "" : group->path, std::string()}) {
            if (!count_in(root + path + name)) continue;
            file_ = root + path + name;
            where_ = fmt::format("control group '{}'", group->path);
            return;
        }
    }
    if (!count_in(proc + "/vmstat")) return;
    file_ = proc + "/vmstat";
    where_ = "the machine";
}

core::OomKills OomKillCounter::read() const {
    if (file_.empty()) return {};
    return {count_in(file_).value_or(0), where_};
}

}  // namespace kpm::io

#include "daemon/core/cpu_quota.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>

#include "ipc/base/text.h"

namespace kpm::core {
namespace {

std::optional<std::int64_t> number(std::string_view text) {
    text = trim(text);
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

std::optional<double> ratio(std::optional<std::int64_t> quota, std::optional<std::int64_t> period) {
    if (!quota || !period || *quota <= 0 || *period <= 0) return std::nullopt;
    return static_cast<double>(*quota) / static_cast<double>(*period);
}

}  // namespace

std::optional<ControlGroup> control_group(std::string_view proc_cgroup, std::string_view controller) {
    std::optional<ControlGroup> unified;
    for (const std::string_view line : split(proc_cgroup, '\n')) {  // 4:cpu,cpuacct:/path
        const std::size_t first = line.find(':');
        if (first == std::string_view::npos) continue;
        const std::size_t second = line.find(':', first + 1);
        if (second == std::string_view::npos) continue;
        const std::string_view controllers = line.substr(first + 1, second - first - 1);
        const std::string path(line.substr(second + 1));
        if (controllers.empty()) unified = ControlGroup{true, path};
        for (const std::string_view one : split(controllers, ','))
            if (one == controller) return ControlGroup{false, path};
    }
    return unified;
}

std::optional<double> quota_of_cpu_max(std::string_view text) {
    text = trim(text);
    const std::size_t blank = text.find(' ');
    if (blank == std::string_view::npos) return std::nullopt;
    return ratio(number(text.substr(0, blank)), number(text.substr(blank + 1)));
}

std::optional<double> quota_of_cfs(std::string_view quota_us, std::string_view period_us) {
    return ratio(number(quota_us), number(period_us));
}

unsigned cpus_within(unsigned cpus, std::optional<double> quota) {
    if (quota && *quota < cpus) cpus = static_cast<unsigned>(std::ceil(*quota));
    return std::max(1u, cpus);
}

}  // namespace kpm::core

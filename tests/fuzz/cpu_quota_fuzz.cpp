// /proc/PID/cgroup and the files of a CPU limit.

#include <cstdint>
#include <string_view>

#include "daemon/core/cpu_quota.h"
#include "tests/fuzz/require.h"

using namespace kpm;
using namespace kpm::core;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    if (const auto group = control_group(text, "cpu"))
        fuzz::require(group->path.size() < text.size(), "a path is part of its line");
    const std::size_t half = size / 2;
    for (const auto quota : {quota_of_cpu_max(text), quota_of_cfs(text.substr(0, half), text.substr(half))}) {
        if (quota) fuzz::require(*quota > 0, "a quota is positive");
        const unsigned cpus = cpus_within(8, quota);
        fuzz::require(cpus >= 1 && cpus <= 8, "between one and all");
    }
    return 0;
}

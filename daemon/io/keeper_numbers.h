#pragma once
// The numbers under which the keeper knows processes and holds descriptors: who of kpmd may use which. They
// are in the state that outlives kpmd: never move a range onto one of an older version.

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>

namespace kpm::io {

struct KeeperNumbers {
    std::uint64_t first = 0;
    std::uint64_t last = 0;

    // Where one begins to count whose numbers are not kept: unlike those of an earlier daemon, whose
    // processes may still end.
    std::uint64_t by_time() const {
        const auto now = std::chrono::system_clock::now().time_since_epoch().count();
        return first + static_cast<std::uint64_t>(now) % (last - first);
    }
};

namespace keeper_numbers {
inline constexpr std::uint64_t kPart = std::uint64_t{1} << 60;  // there are sixteen

inline constexpr KeeperNumbers kIncarnations{1, kPart - 1};  // counted by the core
inline constexpr KeeperNumbers kNodeApps{kPart, 2 * kPart - 1};
inline constexpr KeeperNumbers kNotify{2 * kPart, 2 * kPart};
inline constexpr KeeperNumbers kPools{4 * kPart, 6 * kPart - 1};
inline constexpr KeeperNumbers kVersionProbes{6 * kPart, 8 * kPart - 1};
inline constexpr KeeperNumbers kProbeCommands{8 * kPart, 12 * kPart - 1};
inline constexpr KeeperNumbers kGpuMonitor{12 * kPart, 14 * kPart - 1};
inline constexpr KeeperNumbers kGpuProbes{14 * kPart, 15 * kPart + (kPart - 1)};

inline constexpr std::array kAll{kIncarnations,  kNodeApps,      kNotify,     kPools,
                                 kVersionProbes, kProbeCommands, kGpuMonitor, kGpuProbes};
static_assert(std::ranges::adjacent_find(kAll, [](const KeeperNumbers& one, const KeeperNumbers& next) {
                  return one.last < one.first || next.last < next.first || one.last >= next.first;
              }) == kAll.end());
}  // namespace keeper_numbers

}  // namespace kpm::io

#pragma once
// A spawn request as it came from kpmd (a SpawnSpec), checked byte for byte before anything uses it.

#include <cstddef>
#include <span>

#include "daemon/keeper/launch.h"

namespace kpm::keeper {

// The plan that it fills points into the bytes, or into the memfd, which is mapped for as long as this lives.
class SpecReader {
public:
    SpecReader() = default;
    SpecReader(const SpecReader&) = delete;
    SpecReader& operator=(const SpecReader&) = delete;
    ~SpecReader();

    // 0, or why the spec is refused (EINVAL, E2BIG, ENOMEM …). `file_limit` is the soft RLIMIT_NOFILE of
    // children whose spec names none; `fd_count` is how many descriptors came along.
    int read(std::span<const std::byte> bytes, std::uint32_t fd_count, const rlimit& file_limit,
             LaunchPlan& plan);
    int read(int memfd, std::uint32_t fd_count, const rlimit& file_limit, LaunchPlan& plan);

private:
    int read_strings(const char* text, const SpawnSpec& spec, LaunchPlan& plan);

    void* map_ = nullptr;
    std::size_t map_size_ = 0;
    char** pointers_ = nullptr;
    SpawnLimit limits_[kMaxSpecLimits + 1];
};

}  // namespace kpm::keeper

#pragma once
// A spawn request as it came from kpmd (SpawnSpec in a sealed memfd), checked byte for byte before anything
// uses it.

#include <cstddef>

#include "daemon/keeper/launch.h"

namespace kpm::keeper {

// Maps the memfd for as long as it lives; the plan that it fills points into it.
class SpecReader {
public:
    SpecReader() = default;
    SpecReader(const SpecReader&) = delete;
    SpecReader& operator=(const SpecReader&) = delete;
    ~SpecReader();

    // 0, or why the spec is refused (EINVAL, E2BIG, ENOMEM …). `file_limit` is the soft RLIMIT_NOFILE of
    // children whose spec names none; `fd_count` is how many descriptors came along.
    int read(int memfd, std::uint32_t fd_count, const rlimit& file_limit, LaunchPlan& plan);

private:
    int read_strings(const char* text, const SpawnSpec& spec, LaunchPlan& plan);

    void* map_ = nullptr;
    std::size_t map_size_ = 0;
    char** pointers_ = nullptr;
    SpawnLimit limits_[kMaxSpecLimits + 1];
};

}  // namespace kpm::keeper

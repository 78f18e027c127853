#pragma once
// How kromosynth's evaluation finds its render servers: each writes "host:port" into a file whose name both
// know.

#include <cstdint>
#include <string>

#include "ipc/base/result.h"

namespace kpm::render {

// `file`, and under PM2 or kpm the instance's number from 1 on (pm_id + 1) behind it.
std::string host_info_path(const std::string& file);

// Replaces the file. Errors: as the system has them.
Result<void> write_host_info(const std::string& path, std::uint16_t port);

}  // namespace kpm::render

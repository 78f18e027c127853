#pragma once
// A document by HTTP or HTTPS (libcurl), as a blocking call with limits.

#include <chrono>
#include <cstddef>
#include <string>

#include "ipc/base/result.h"
#include "render-worker/cppn/cppn_program.h"

namespace kpm::render {

struct FetchLimits {
    std::size_t max_bytes = 32u << 20;
    std::chrono::milliseconds timeout{30000};  // for all of it, redirects included
};

// The body of the answer with status 200. Follows up to five redirects, which may lead to http and https
// only. Errors: Invalid (another scheme, no URL, more than max_bytes), NotFound (404), Unavailable (another
// status, no answer in time, cancelled). Called on any thread.
Result<std::string> fetch_url(const std::string& url, const FetchLimits& limits, const CancelFlag& cancelled);

}  // namespace kpm::render

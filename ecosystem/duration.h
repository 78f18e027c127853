#pragma once
// Durations with PM2's units: "10s", "2m", "1h"; a bare number is milliseconds. kpm also takes "500ms" and
// "1d". Pure.

#include <chrono>
#include <string>
#include <string_view>

#include "ipc/base/result.h"

namespace kpm::ecosystem {

using Duration = std::chrono::milliseconds;

// The error names the text and the allowed forms. Negative and longer than a century: refused.
Result<Duration> parse_duration(std::string_view text);
// The largest unit that divides the duration: {90000} -> "90s", {1600} -> "1600ms".
std::string to_text(Duration duration);

}  // namespace kpm::ecosystem

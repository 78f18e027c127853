#pragma once
// Sizes in bytes with PM2's units: "150M", "1G", "100K" (1024 based), a bare number is bytes. kpm also takes
// "1.5G" and a trailing "B" ("100MB"), which PM2 refuses. Pure.

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "ipc/base/result.h"

namespace kpm::ecosystem {

struct Bytes {
    std::uint64_t count = 0;

    auto operator<=>(const Bytes&) const = default;
};

// The error names the text and the allowed forms.
Result<Bytes> parse_byte_size(std::string_view text);
// The largest unit that divides the size: {1048576} -> "1M", {1000} -> "1000".
std::string to_text(Bytes size);

}  // namespace kpm::ecosystem

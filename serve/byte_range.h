#pragma once
// The Range header (RFC 9110, 14): which part of a file is wanted. Pure.

#include <cstdint>
#include <string_view>

namespace kpm::serve {

struct ByteRange {
    enum class Kind {
        Whole,  // no range, several ranges or none that is understood: the file as it is
        Part,
        Unsatisfiable,  // begins behind the file's end
    };
    Kind kind = Kind::Whole;
    std::uint64_t offset = 0;
    std::uint64_t length = 0;

    bool operator==(const ByteRange&) const = default;
};

// Of a file of `size` bytes; for Whole, offset and length are those of the file.
ByteRange parse_range(std::string_view header, std::uint64_t size);

}  // namespace kpm::serve

#pragma once
// UTF-8, checked by hand: nlohmann/json throws when it prints a text that is not valid UTF-8. Pure.

#include <cstdint>
#include <string>
#include <string_view>

namespace kpm::ecosystem {

// Position of the first byte that is not part of a valid sequence (RFC 3629); text.size() when there is none.
std::size_t find_invalid_utf8(std::string_view text);
// Appends a code point; what is none (a lone surrogate) becomes U+FFFD.
void append_utf8(std::string& text, std::uint32_t code_point);

}  // namespace kpm::ecosystem

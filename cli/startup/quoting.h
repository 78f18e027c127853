#pragma once
// Text as a value in somebody else's syntax. Pure.

#include <string>
#include <string_view>

namespace kpm::cli {

// One word for a POSIX shell: 'it'\''s', or as it is when nothing in it is special.
std::string shell_word(std::string_view text);
// One word of a systemd unit, % and quotes escaped.
std::string unit_word(std::string_view text);
std::string xml_text(std::string_view text);

}  // namespace kpm::cli

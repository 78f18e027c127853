#pragma once
// Text of others (names, log lines, metrics) made fit for a grid of cells: what could steer the terminal is
// left out. Pure.

#include <string>
#include <string_view>

namespace kpm::cli::monit {

// Without escape sequences, control characters, invisible and direction-changing ones; a tab becomes four
// blanks, what is no UTF-8 U+FFFD. The result is valid UTF-8 in which each character has a width.
std::string clean_text(std::string_view text);

}  // namespace kpm::cli::monit

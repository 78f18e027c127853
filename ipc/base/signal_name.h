#pragma once
// Signals by their names. Pure.

#include <optional>
#include <string>
#include <string_view>

namespace kpm {

// "SIGTERM"; the number of one without a name.
std::string signal_name(int number);

// "SIGTERM" and "TERM".
std::optional<int> signal_number(std::string_view name);

}  // namespace kpm

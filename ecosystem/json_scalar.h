#pragma once
// Single values of a configuration, as JavaScript, JSON and command lines write them. Pure.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "ipc/base/json.h"

namespace kpm::ecosystem {

// Whole numbers, also as text ("3") and in floating form (3.0), as JavaScript writes them.
std::optional<std::int64_t> whole_number(const Json& value);
std::optional<int> small_number(const Json& value);  // one that fits

// A scalar as the text that a command line or an environment takes; no text with a NUL, which would end it
// early.
std::optional<std::string> scalar_text(const Json& value);

// "expected a number, found \"many\"".
std::string expected(std::string_view what, const Json& found);

// "maxRestarts" -> "max_restarts".
std::string snake_case(std::string_view name);
// "max_restarts" -> "maxRestarts".
std::string camel_case(std::string_view name);

}  // namespace kpm::ecosystem

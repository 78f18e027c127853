#pragma once
// The value of one table row in an AppConfig, to and from JSON: one reading and one writing per type of slot.
// Shared by the loops over the table; not for use outside this folder.

#include <optional>
#include <string>
#include <string_view>

#include "ecosystem/schema.h"
#include "ecosystem/value_problem.h"

namespace kpm::ecosystem {

// Reads `value` into the row's member; `key` is the key as found (an env_NAME row needs it). Returns what is
// wrong: "expected a number, found \"many\"".
std::optional<ValueProblem> read_value(const Field& field, std::string_view key, const Json& value,
                                       AppConfig& config);

// null: no value. An env_ row gives an object of its blocks by name; a stored-only row what `extra` holds.
Json write_value(const Field& field, const AppConfig& config);

void reset_value(const Field& field, AppConfig& config);
bool has_default(const Field& field, const AppConfig& config);

}  // namespace kpm::ecosystem

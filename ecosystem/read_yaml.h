#pragma once
// One YAML document -> JSON, with the plain scalars of YAML's core schema (null, booleans, numbers) and merge
// keys
// (<<). Pure; errors carry file:line:column. Bounded like read_json.h, also against aliases that multiply. A
// second document and a second key of one name are errors, as for PM2.

#include <string_view>

#include "ecosystem/read_json.h"

namespace kpm::ecosystem {

Result<JsonDocument> read_yaml(std::string_view text, std::string_view file);

}  // namespace kpm::ecosystem

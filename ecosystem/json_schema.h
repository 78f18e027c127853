#pragma once
// The table of schema.h as a JSON Schema (draft 2020-12), for editors and other checkers of ecosystem files.
// Pure.

#include <string>

#include "ipc/base/json.h"

namespace kpm::ecosystem {

// Accepts what kpm reads without a word. An attribute that is none, of which kpm warns (an error with
// `strict`), is not valid.
Json config_schema();

// What docs/ecosystem.schema.json holds. A unit test compares the two; KPM_REGENERATE=1 makes it write the
// file.
std::string config_schema_text();

}  // namespace kpm::ecosystem

#pragma once
// JSON that stands as text inside JSON (genomes wrap it several times).
// Nesting is bounded, so that no later walk over the value can run out of stack.

#include <string_view>

#include "ipc/base/result.h"
#include "render-worker/genome/json_fwd.h"

namespace kpm::render {

// `place` names the text in the error. Errors: Invalid (not JSON, or nested deeper than 64).
Result<Json> parse_json_text(std::string_view text, std::string_view place);

bool nested_too_deeply(const Json& value);

}  // namespace kpm::render

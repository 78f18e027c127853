#pragma once
// JSON that stands as text inside JSON (genomes wrap it several times).
// Nesting is bounded, so that no later walk over the value can run out of stack, and the number of values:
// brackets become twenty times their size in memory.

#include <cstddef>
#include <string_view>

#include "ipc/base/result.h"
#include "render-worker/genome/json_fwd.h"

namespace kpm::render {

inline constexpr std::size_t kMaxJsonDepth = 64;
inline constexpr std::size_t kMaxJsonParts = 4u << 20;  // see JsonLimits

// `place` names the text in the error. Errors: Invalid (not JSON, nested too deeply, too many values).
Result<Json> parse_json_text(std::string_view text, std::string_view place);

bool nested_too_deeply(const Json& value);

}  // namespace kpm::render

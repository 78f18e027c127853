#pragma once
// JSON as people write it: comments, trailing commas, unquoted keys, single quotes, hex numbers, a leading +
// or point (the data part of JSON5, https://spec.json5.org). Data only, never code. Pure; errors carry
// file:line:column, the source line and a caret.

#include <string>
#include <string_view>

#include "ecosystem/source_lines.h"
#include "ecosystem/text_file.h"
#include "ipc/base/json.h"
#include "ipc/base/result.h"

namespace kpm::ecosystem {

inline constexpr unsigned kMaxConfigDepth = 64;
inline constexpr std::size_t kMaxConfigMembers = 10'000;  // of one object or list: looking keys up is linear

struct JsonDocument {
    Json value;
    SourceLines source;
};

// `file` is only used in messages.
Result<JsonDocument> read_json(std::string_view text, std::string_view file);

}  // namespace kpm::ecosystem

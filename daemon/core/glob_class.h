#pragma once
// The characters between the brackets of a glob. Pure; for parse_glob only.

#include <optional>
#include <string>

#include "daemon/core/glob_syntax.h"

namespace kpm::core {

// Nothing: a range from a higher to a lower character.
std::optional<GlobNode> character_class(std::u32string text);

}  // namespace kpm::core

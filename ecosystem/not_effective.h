#pragma once
// Attributes that are read, checked and kept, but that the daemon does not act on yet: said at each start, so
// that nobody relies on them. A row goes when its part is built. Pure.

#include <string>
#include <vector>

#include "ecosystem/app_config.h"

namespace kpm::ecosystem {

// One sentence per attribute of a resolved app that is set and has no effect.
std::vector<std::string> not_effective(const AppConfig& config);

}  // namespace kpm::ecosystem

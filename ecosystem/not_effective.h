#pragma once
// Attributes that do not fit an app, or that kpm does nothing with: said at each start, so that nobody relies
// on them. Pure.

#include <string>
#include <vector>

#include "ecosystem/app_config.h"

namespace kpm::ecosystem {

// One sentence per attribute of a resolved app that is set and has no effect.
std::vector<std::string> not_effective(const AppConfig& config);

}  // namespace kpm::ecosystem

#pragma once
// The checks of doctor. They look and change nothing: no daemon is started, no damaged dump is put aside.

#include <string>
#include <vector>

#include "cli/doctor/check.h"
#include "ecosystem/environment.h"
#include "ipc/home.h"

namespace kpm::cli {

std::vector<Check> examine(const ipc::Home& home, const ecosystem::Environment& env);

}  // namespace kpm::cli

#pragma once
// Where the programs of an installation are: beside this one, or in ../libexec/kpm.

#include <filesystem>
#include <string_view>

#include "ipc/base/result.h"

namespace kpm::cli {

// This program's own file.
Result<std::filesystem::path> own_program();
// NotFound, with the places that were looked at.
Result<std::filesystem::path> find_own_program(std::string_view name);

}  // namespace kpm::cli

#pragma once
// A file as text, whole.

#include <string>

#include "ipc/base/result.h"

namespace kpm::render {

// Errors: of the file system.
Result<std::string> read_file(const std::string& path);

}  // namespace kpm::render

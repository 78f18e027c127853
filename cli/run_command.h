#pragma once
// Another program, run to its end with this one's standard streams.

#include <string>
#include <vector>

#include "ipc/base/result.h"

namespace kpm::cli {

// The exit code, 128 + the signal's number when one ended it. argv[0] is looked up in PATH.
Result<int> run_command(const std::vector<std::string>& words);
// The same, with what it writes to its standard output.
Result<int> capture_command(const std::vector<std::string>& words, std::string& output);

}  // namespace kpm::cli

#pragma once
// The CLI from argv to exit code: reads the command line, opens the session, runs the command.

#include <span>
#include <string>

namespace kpm::cli {

int run_program(std::span<const std::string> words);

// The current directory, with symbolic links as the user sees them.
std::string working_directory();

}  // namespace kpm::cli

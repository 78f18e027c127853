#pragma once
// The CLI from argv to exit code: reads the command line, opens the session, runs the command.

#include <span>
#include <string>

namespace kpm::cli {

int run_program(std::span<const std::string> words);

}  // namespace kpm::cli

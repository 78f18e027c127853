#pragma once
// The CLI from argv to exit code: reads the command line, opens the session, runs the command.

#include <cstddef>
#include <span>
#include <string>

namespace kpm::cli {

// So many of the words are for kpm; what follows is another program's (Command::ends_line).
std::size_t own_words(std::span<const std::string> words);

int run_program(std::span<const std::string> words);

// The current directory, with symbolic links as the user sees them.
std::string working_directory();

}  // namespace kpm::cli

#pragma once
// Runs a program on a pseudo terminal of a given size, to its end, and keeps what it wrote there.

#include <map>
#include <string>
#include <vector>

#include "tests/support/command.h"

namespace kpm::test {

// As run_command, but `out` is what the terminal got, stderr included. 0 columns: a terminal that does not
// know its size.
CommandResult run_on_terminal(const std::vector<std::string>& argv,
                              const std::map<std::string, std::string>& env, const std::string& cwd,
                              unsigned short columns, unsigned short lines = 24);

}  // namespace kpm::test

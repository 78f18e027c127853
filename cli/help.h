#pragma once
// The help texts: of the program, from the tables of commands and options; of one command. Pure.

#include <string>

#include "cli/command.h"

namespace kpm::cli {

std::string usage_text();
std::string help_text();
std::string help_text(const Command& command);

}  // namespace kpm::cli

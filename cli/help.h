#pragma once
// The help texts: of the program, from the tables of commands and options; of one command. Pure.

#include <string>

#include "cli/command.h"

namespace kpm::cli {

std::string usage_text();
std::string help_text();
std::string help_text(const Command& command);
// "list|ls|l|ps|status [options]": how it is called.
std::string command_title(const Command& command);
// One table of options under a heading.
std::string options_text(std::string_view head, std::span<const OptionSpec> options);

}  // namespace kpm::cli

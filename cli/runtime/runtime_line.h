#pragma once
// The command line of kpm-runtime (pm2-runtime, pm2-docker): [start] <script|file> [options] [-- arguments].
// Read by the rules and the table of all other commands (cli/options.h); only what is peculiar to a container
// is added. Pure.

#include <chrono>
#include <span>
#include <string>
#include <string_view>

#include "cli/options.h"

namespace kpm::cli {

struct RuntimeLine {
    CommandLine line;             // `words`: scripts and files; the command's word is gone
    std::string console = "raw";  // what KPM_CONSOLE tells the daemon: raw, formatted, json, format
    std::chrono::milliseconds delay{0};
    std::chrono::milliseconds grace{9000};  // from the order to stop to the end of all
    bool auto_exit = true;
};

// Errors are for the user: an unknown option, a value that is none.
Result<RuntimeLine> read_runtime_line(std::span<const std::string> words);

// What it has beside the options of all commands.
std::span<const OptionSpec> runtime_options();
std::string runtime_help_text();
std::string runtime_usage_text();

// Is a program of this name kpm-runtime? `argv0` may be a path.
bool is_runtime_name(std::string_view argv0);

}  // namespace kpm::cli

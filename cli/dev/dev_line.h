#pragma once
// The command line of kpm-dev (pm2-dev): [start] <script|file> [options] [-- arguments of the app]. Read by
// the rules and the table of all other commands (cli/options.h). Pure.

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cli/options.h"

namespace kpm::cli {

struct DevLine {
    CommandLine line;  // as `kpm start` wants it: watched, and started again a second after an end
    bool raw = false;
    bool timestamp = false;
    std::vector<std::string> ignored;      // by the watch
    std::optional<std::string> post_exec;  // for a shell, after each restart
    bool silent_exec = false;
    bool auto_exit = false;
    bool test_mode = false;  // comes back after the start; the apps go on
};

// Errors are for the user: an unknown option, a value that is none.
Result<DevLine> read_dev_line(std::span<const std::string> words);

// What it has beside the options of all commands.
std::span<const OptionSpec> dev_options();
std::string dev_help_text();
std::string dev_usage_text();

// Is a program of this name kpm-dev? `argv0` may be a path.
bool is_dev_name(std::string_view argv0);

}  // namespace kpm::cli

#pragma once
// The command line, read by PM2's rules. Options of apps come from the table of ecosystem/schema.h; what is
// listed here is only what concerns the CLI itself. Pure.
//
// The rules (they are PM2's parser's, and scripts rely on them; CLI11 has no mode for them):
// - options may stand anywhere; --opt=value is split at the first '='; -abc is -a -b -c;
// - an option that needs a value takes the next word even if it starts with '-' (-i -1);
// - an option with an optional value takes the next word unless it starts with '-';
// - global options are recognised first; the command is the first word that does not follow an unknown word
//   with '-'. Then all is read once more, with the command's own options as well: what follows a switch of
//   its own is a word in its place;
// - everything after the first "--" belongs to the app, verbatim.

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ecosystem/schema.h"
#include "ipc/base/json.h"
#include "ipc/base/result.h"

namespace kpm::cli {

enum class Takes { Nothing, OptionalValue, Value };

struct OptionSpec {
    std::string_view key;    // what the code asks for: "lines"
    std::string_view flags;  // "-n,--lines"
    Takes takes = Takes::Nothing;
    std::string_view value_name = "";
    std::string_view help = "";
    const ecosystem::Field* field = nullptr;  // the app attribute that it sets, if any
};

// "unknown option `--wtach', did you mean --watch?": with the nearest of the command's own and the global
// ones.
Error unknown_option(std::string_view given, std::span<const OptionSpec> own);

// Valid for every command: the CLI's own and those of all app attributes that have a flag.
std::span<const OptionSpec> global_options();

struct GivenOption {
    const OptionSpec* spec = nullptr;
    std::string value;        // "" when none was given
    bool is_implied = false;  // nobody has typed it
};

struct CommandLine {
    std::string command;                // "" when there is none
    std::vector<std::string> words;     // after the command
    std::vector<std::string> app_args;  // after "--"
    bool has_app_args = false;
    std::vector<std::string> verbatim;  // what follows the words of a command that ends there, unread
    std::vector<GivenOption> options;
    std::vector<std::string> typed;    // all of it but `verbatim`, as it came
    std::vector<std::string> unknown;  // after the first pass: what may be the command's own options

    bool has(std::string_view key) const;
    std::optional<std::string> value(std::string_view key) const;  // of the last one
};

// The first pass. Errors have PM2's texts: option `-n --name <name>' argument missing.
Result<CommandLine> read_global_options(std::span<const std::string> words);
// The second pass, over what was typed: options and words of the line are read anew. Error: unknown option
// `--x'. `env_is_switch`: `--env` takes no name (Command::env_is_switch).
Result<void> read_own_options(CommandLine& line, std::span<const OptionSpec> own, bool env_is_switch = false);

// The app attributes that the options and the words after "--" set, under canonical keys, as parse_app wants
// them.
Json declared_attributes(const CommandLine& line);

// "-n --lines <n>", as it stands in help and errors.
std::string option_title(const OptionSpec& spec);

}  // namespace kpm::cli

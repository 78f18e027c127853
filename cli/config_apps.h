#pragma once
// The apps of a configuration file, or of one on standard input ("-"), as the command line wants them: those
// of --only, with the options that apply to a file laid over.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/command.h"
#include "ecosystem/environment.h"
#include "ecosystem/parse_app.h"
#include "ecosystem/read_js.h"

namespace kpm::cli {

// Does the word name a file, or standard input?
bool is_config_word(std::string_view word);

// What was given beside a file, and is for scripts alone: "--name and what follows -- have no effect on
// 'eco.json': they are for scripts"; "" when there is nothing of the kind. `command`: its name.
std::string without_effect(const CommandLine& line, std::string_view command, std::string_view word);

// What a configuration in JavaScript is evaluated with: in PM2 it is part of the program, and may read the
// command line.
ecosystem::JsInput script_input(const Context& context);

struct ConfiguredApps {
    std::vector<ecosystem::ParsedApp> apps;
    std::vector<ecosystem::ParsedApp> others;  // that --only leaves out: the apps may depend on them
    ecosystem::Environment deploy_env;         // `deploy.NAME.env`, with --env NAME
};

// Prints warnings, and the error when there is nothing to give. What the file does to its environment goes to
// the context's: resolve_context() comes after this.
std::optional<ConfiguredApps> apps_of(Context& context, const std::string& word);

}  // namespace kpm::cli

#pragma once
// What is executed for a resolved app. Pure.

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ecosystem/app_config.h"

namespace kpm::ecosystem {

enum class Runtime { Node, Bun, Deno, Other };

// By the base name of the interpreter: "/usr/bin/node", "node@20", "ts-node" are Node.
Runtime runtime_of(std::string_view interpreter);

// argv: [interpreter, interpreter_args…, node_options…, script, args…]; [script, args…] for the interpreter
// "none". `node_options` are the words of the daemon's PM2_NODE_OPTIONS. No container script as in PM2:
// argv[1] of a Node app is the app.
std::vector<std::string> command_line(const AppConfig& config,
                                      std::span<const std::string> node_options = {});

}  // namespace kpm::ecosystem

#pragma once
// What a user is told beside the outcome of a start, in PM2's words where it has some.

#include "cli/command.h"
#include "ecosystem/app_config.h"

namespace kpm::cli {

// Makes the folders of an app's log and pid files that are missing, and says so.
void make_folders(const Context& context, const ecosystem::AppConfig& config);

// Warnings in what kpm's daemon answers to a start, restart or reload (ipc/answer_keys.h), each once.
void say_warnings(const Context& context, const Json& answer);

}  // namespace kpm::cli

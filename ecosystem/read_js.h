#pragma once
// A JavaScript ecosystem file (.config.js, .cjs, .mjs) -> JSON. kpm has no JavaScript engine: the first of
// node, bun and deno in PATH evaluates the file in a child with a deadline and prints what it exports
// (`module.exports`, the default export, else all named exports). A promise is awaited; a function is not
// called, as in PM2, but refused. What the file prints is passed over, up to kMaxConfigSize. What it does to
// process.env is told: in PM2 that is the environment of the apps (require('dotenv').config()).

#include <chrono>
#include <string>
#include <vector>

#include "ecosystem/environment.h"
#include "ipc/base/json.h"
#include "ipc/base/result.h"

namespace kpm::ecosystem {

// What the file finds when it is evaluated.
struct JsInput {
    Environment env;                     // process.env
    std::vector<std::string> arguments;  // process.argv behind the engine's own path; the first kMaxArguments
};
inline constexpr std::size_t kMaxArguments = 1000;

struct JsModule {
    Json exported;
    Environment env;  // as given, with what the file has set and deleted in process.env
};

// Unavailable: none of the three is installed (the error names the formats that need none), or the file did
// not end by the deadline. Invalid: what the engine said, with file and line where it told them.
Result<JsModule> read_js(const std::string& path, const JsInput& input,
                         std::chrono::milliseconds deadline = std::chrono::seconds{10});

}  // namespace kpm::ecosystem

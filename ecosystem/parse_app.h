#pragma once
// JSON -> AppConfig over the table of schema.h, in both forms. Errors and warnings name the place, what was
// found and what is allowed: "ecosystem.json:12: apps[0].max_restarts: expected a number, found \"many\"".
// Literal 0, false and
// "" count as given (PM2 ignores them on attributes with an alias). Pure.

#include <string>
#include <string_view>
#include <vector>

#include "ecosystem/app_config.h"
#include "ecosystem/source_lines.h"
#include "ipc/base/result.h"

namespace kpm::ecosystem {

struct ParsedApp {
    AppConfig config;
    std::vector<std::string> given;     // canonical keys that were present, in order
    std::vector<std::string> warnings;  // full sentences of the same form as errors
};

struct ParseOptions {
    std::string path;                     // "apps[0]", or "" for a lone object
    const SourceLines* source = nullptr;  // adds file:line to messages
    bool strict = false;                  // an unknown key is an error; also by `strict: true` in the app
    AppConfig base = {};                  // values of what is not given
};

Result<ParsedApp> parse_app(const Json& app, const ParseOptions& options = {});

// The wire form (prepare, dump.pm2). Unknown keys go to `extra`: nothing a client sends is lost. What PM2's
// daemon bears of an attribute is no error here, though it is one in a file.
Result<AppConfig> parse_wire(const Json& pm2_env);
// The same of what was saved, when nobody is there to mend it: a value that cannot be read stays in `extra`
// as it is, under its name, in the place of the attribute. A name, a script and variables there must be.
Result<AppConfig> parse_saved(const Json& pm2_env);
// What parse_saved() could not read, "" = nothing. Such an app must not run: it would be another one.
std::string unread_value(const AppConfig& config);
// PM2's `current_conf` of a restart: given keys overwrite, the text "null" resets a key to its default.
Result<AppConfig> merge_wire(AppConfig config, const Json& current_conf);

// "-a 'b c'" -> {"-a","b c"} by PM2's rule: quotes around a whole word are removed, inside a word they stay.
std::vector<std::string> split_words(std::string_view text);

}  // namespace kpm::ecosystem

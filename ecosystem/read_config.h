#pragma once
// An ecosystem file -> declared apps. Shapes: {apps:[…]}, {apps:{…}}, {pm2:…}, a bare array, a single object;
// beside the first ones or alone {static:[…]}.
// The format follows from the file name: .json/.json5, .yml/.yaml, .config.js/.cjs/.mjs (see read_js.h).

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ecosystem/parse_app.h"
#include "ecosystem/read_js.h"

namespace kpm::ecosystem {

struct EcosystemFile {
    std::vector<ParsedApp> apps;   // their warnings are moved to `warnings`
    Json deploy = Json::object();  // the `deploy` section as written
    std::vector<std::string> warnings;
    std::optional<Environment> env;  // of a file in JavaScript: what it has made of that which it was given
};

// Whether a command line word means a configuration file: by the end of its name (PM2 looks anywhere in the
// word, and then fails on app.json.js).
bool is_config_file(std::string_view word);

// Error: NotFound when there is no such file, else the place and reason. `input`: of the evaluation of a file
// in JavaScript.
Result<EcosystemFile> read_config(const std::string& path, const JsInput& input = {});
// The same from a text in JSON (standard input).
Result<EcosystemFile> read_config_text(std::string_view text, std::string_view file);

}  // namespace kpm::ecosystem

#pragma once
// Declared -> resolved AppConfig, as PM2's CLI does before `prepare`: script path, interpreter, mode and
// number of instances, log and pid paths, environment. Looks at files (does the script exist …), and starts
// only node --version (TypeScript). Differs from PM2 on purpose: an executable file that begins with #! is
// run as such (PM2 hands unknown text files to Node), and `filter_env: true` drops the whole shell
// environment but PATH and HOME, as documented.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ecosystem/app_config.h"
#include "ipc/base/result.h"

namespace kpm::ecosystem {

// All that resolving depends on beside the files themselves.
struct ResolveContext {
    std::string cwd;   // of the shell; also the base for apps of a file, wherever that lies
    Environment env;   // of the shell
    std::string home;  // $KPM_HOME
    std::string user;
    std::string env_name;               // --env NAME, or ""
    Environment deploy_env;             // `deploy.NAME.env` of the file
    bool from_file = false;             // the app comes from an ecosystem file
    Json module_conf = Json::object();  // settings by the name of an app: variables of apps of a file
    std::string serve_program;  // what the script "serve" of a file stands for; "" = for a file of that name
};

struct ResolvedApp {
    AppConfig config;
    Environment declared;  // the variables of config.env that come from the file, not from the shell
    std::vector<std::string> warnings;  // PM2's texts, e.g. an --env name that the app does not declare
};

// Errors contain the tokens that PM2's users match on: "Script not found: /abs/x.js" (NotFound), "Interpreter
// x is NOT AVAILABLE in PATH." (Unavailable), "No script path - aborting" (Invalid).
Result<ResolvedApp> resolve(const AppConfig& declared, const ResolveContext& context);

// The name that was given, or PM2's of the script: "dir/app.min.js" -> "app.min", "./dir/" -> "dir"; a
// leading dot is no extension.
std::string name_of(const AppConfig& declared);

// What the app itself declares: env_file < env < deploy.NAME.env < env_NAME (PM2's order), and PORT. The
// files are read; config.cwd is absolute.
Result<Environment> declared_environment(const AppConfig& config, const ResolveContext& context);

// A shell that runs inside a managed app has variables that describe that app; without them. Of any other
// shell: all.
Environment without_outer_app(Environment shell);

// Shell environment (filtered) < what is declared, plus PWD, PM2_HOME and PM2_USAGE.
Environment app_environment(const AppConfig& config, const ResolveContext& context,
                            const Environment& declared);

// The settings of an app's name in module_conf.json (kpm set name:key value) as its variables: each by its
// key, and all of them as JSON in a variable of the name, "{}" when there are none.
Environment settings_variables(const Json& module_conf, const std::string& name);

// Absolute and without "." and ".."; "~" is the HOME of the shell.
std::string absolute_path(std::string_view path, const std::string& base, const Environment& env);

// The executable that `word` names by way of PATH, absolute.
std::optional<std::string> find_in_path(std::string_view word, const Environment& env);

}  // namespace kpm::ecosystem

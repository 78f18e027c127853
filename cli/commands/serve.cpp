// serve: an app that serves the files of a folder. The work is kpm-serve's, which reads the same variables as
// PM2's server.
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstdlib>
#include <string>
#include <thread>

#include "cli/actions.h"
#include "cli/commands/groups.h"
#include "cli/log_tail.h"
#include "cli/own_programs.h"

namespace kpm::cli {
namespace {

using ecosystem::Environment;
using ecosystem::set_variable;

constexpr const char* kDefaultPort = "8080";
constexpr int kLogAttempts = 20;
constexpr std::chrono::milliseconds kLogDelay{25};

// The variable outweighs the word, and that the option: PM2's order.
std::string setting(const Context& context, const char* variable, std::string_view word,
                    std::string_view option, std::string_view otherwise) {
    if (const char* value = std::getenv(variable); value != nullptr && *value != '\0') return value;
    if (!word.empty()) return std::string(word);
    return context.line.value(option).value_or(std::string(otherwise));
}

bool is_port(const std::string& text) {
    unsigned short port = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), port);
    return !text.empty() && read.ec == std::errc() && read.ptr == text.data() + text.size();
}

Result<void> check_folder(const std::string& path) {
    struct stat info {};
    const int failure = stat(path.c_str(), &info) != 0 ? errno : S_ISDIR(info.st_mode) ? 0 : ENOTDIR;
    if (failure != 0) return os_error("serve", path, failure);
    return {};
}

Result<Environment> server_variables(const Context& context, const std::string& path,
                                     const std::string& port) {
    Environment env;
    set_variable(env, "PM2_SERVE_PATH", path);
    set_variable(env, "PM2_SERVE_PORT", port);
    set_variable(env, "PM2_SERVE_SPA", context.line.has("spa") ? "true" : "false");
    set_variable(env, "PM2_SERVE_FTP", context.line.has("ftp") ? "true" : "false");
    const auto user = context.line.value("basic-auth-username");
    const auto password = context.line.value("basic-auth-password");
    if (user.has_value() != password.has_value()) {
        return Error{
            ErrorCode::Invalid,
            fmt::format("cannot protect '{}': --basic-auth-username and --basic-auth-password belong "
                        "together",
                        path)};
    }
    set_variable(env, "PM2_SERVE_BASIC_AUTH", user ? "true" : "false");
    if (user) {
        set_variable(env, "PM2_SERVE_BASIC_AUTH_USERNAME", *user);
        set_variable(env, "PM2_SERVE_BASIC_AUTH_PASSWORD", *password);
    }
    return env;
}

std::vector<Json> servers_named(std::span<const ProcessRow> rows, const ecosystem::AppConfig& config,
                                bool& all_down) {
    std::vector<Json> ids;
    all_down = true;
    for (const ProcessRow& row : rows) {
        if (row.name != config.name || row.script != config.script) continue;
        ids.push_back(row.id);
        all_down &= row.status == "stopped" || row.status == "stopping" || row.status == "errored";
    }
    return ids;
}

// The server's own words: its last line on stderr, which the daemon may be about to write.
void say_why(Context& context, const std::string& name) {
    const auto list = context.session->list();
    if (!list) return;
    const auto row = std::ranges::find(list->rows, name, &ProcessRow::name);
    if (row == list->rows.end()) return;
    for (int attempt = 0; attempt < kLogAttempts; ++attempt) {
        const auto lines = last_lines(row->error_log, 1);
        if (lines && !lines->empty()) return context.console.error_line(printable(lines->back()));
        std::this_thread::sleep_for(kLogDelay);
    }
}

bool start_server(Context& context, const ecosystem::AppConfig& declared) {
    const auto resolved = ecosystem::resolve(declared, resolve_context(context, false));
    const auto list = context.session->list();
    if (!resolved || !list) {
        context.console.error(resolved ? list.error().message : resolved.error().message);
        return false;
    }
    const ecosystem::AppConfig& config = resolved->config;
    bool all_down = false;
    ActionRequest request{Action::Restart, config.name, servers_named(list->rows, config, all_down)};
    if (!request.ids.empty() && !config.force) {
        if (!all_down) {
            context.console.error("Script already launched, add -f option to force re-execution");
            return false;
        }
        for (const auto& [name, value] : declared.env) request.env[name] = value;
        return act(context, request, list->rows);
    }
    context.console.info(fmt::format("Starting {} in fork_mode (1 instance)", config.script));
    if (const auto started = start_app(context, config); !started) {
        context.console.error(started.error().message);
        say_why(context, config.name);
        return false;
    }
    context.console.info("Done.");
    return true;
}

}  // namespace

int run_serve(Context& context) {
    const auto program = find_own_program("kpm-serve");
    if (!program) return context.fail(program.error());
    auto options = parse_options(context);
    if (!options) return kFailed;
    const std::string port = setting(context, "PM2_SERVE_PORT", context.word(1), "port", kDefaultPort);
    const std::string path =
        ecosystem::absolute_path(setting(context, "PM2_SERVE_PATH", context.word(0), "", "."), context.cwd,
                                 ecosystem::environment_from(environ));
    if (!is_port(port))
        return context.fail(fmt::format("cannot listen on '{}': not a port, they are 0 to 65535", port));
    if (const auto usable = check_folder(path); !usable) return context.fail(usable.error());
    const auto env = server_variables(context, path, port);
    if (!env) return context.fail(env.error());

    ecosystem::AppConfig& app = options->config;
    app.script = program->string();
    app.interpreter = "none";
    app.exec_mode = ecosystem::ExecMode::Fork;
    app.wait_ready = true;  // it says when it listens: a port that is taken is no success
    if (app.name.empty()) app.name = "static-page-server-" + port;
    merge_environment(app.env, *env);
    if (!start_server(context, app)) return kFailed;
    context.console.info(fmt::format("Serving {} on port {}", printable(path), port));
    return print_list(context);
}

}  // namespace kpm::cli

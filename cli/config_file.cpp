#include "cli/config_file.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>

#include "ecosystem/read_config.h"
#include "ecosystem/schema.h"

namespace kpm::cli {
namespace {

using ecosystem::ParsedApp;

constexpr std::string_view kStandardInput = "-";
constexpr std::size_t kMaxInput = std::size_t{4} << 20;

// The options that PM2 applies to the apps of a file; the others concern single scripts.
constexpr std::string_view kFileOptions[] = {"watch", "namespace", "uid", "gid", "cwd"};

// Attributes that a restart by file leaves as they are, as in PM2: they are fixed when the app is added.
constexpr std::string_view kFixedAtStart[] = {"out_file", "error_file", "log_file", "pid_file", "exec_mode",
                                              "env",      "env_",       "name",     "username"};

Result<std::string> read_standard_input() {
    std::string text;
    char buffer[65536];
    while (text.size() <= kMaxInput) {
        const ssize_t size = read(STDIN_FILENO, buffer, sizeof buffer);
        if (size < 0 && errno == EINTR) continue;
        if (size < 0) return os_error("read", "standard input", errno);
        if (size == 0) return text;
        text.append(buffer, static_cast<std::size_t>(size));
    }
    return Error{ErrorCode::Invalid, "cannot read 'standard input': longer than 4 MiB"};
}

Result<ecosystem::EcosystemFile> read_file(Context& context, const std::string& word) {
    if (word == kStandardInput) {
        auto text = read_standard_input();
        if (!text) return text.error();
        return ecosystem::read_config_text(*text, "stdin");
    }
    return ecosystem::read_config((std::filesystem::path(context.cwd) / word).lexically_normal().string());
}

// Readers name line and column ("x.json:3:7: …") or fail as a whole; a wrong value has its line and its path.
bool is_syntax_error(const Error& error) {
    static constexpr std::string_view kDigits = "0123456789";
    const std::string_view text = error.message;
    if (text.starts_with("cannot ")) return true;
    for (std::size_t at = text.find(':'); at != std::string_view::npos; at = text.find(':', at + 1)) {
        const std::size_t line_end = text.find_first_not_of(kDigits, at + 1);
        if (line_end == std::string_view::npos || line_end == at + 1 || text[line_end] != ':') continue;
        const std::size_t column_end = text.find_first_not_of(kDigits, line_end + 1);
        return column_end != std::string_view::npos && column_end > line_end + 1 && text[column_end] == ':';
    }
    return false;
}

void say_unreadable(Context& context, const std::string& word, const Error& error) {
    if (error.code == ErrorCode::NotFound) {
        context.console.error(fmt::format("File {} not found", word));
        return;
    }
    if (is_syntax_error(error)) {
        context.console.error(fmt::format("File {} malformated", word));
        context.console.error_line(error.message);
    } else {
        context.console.error(error.message);
    }
}

std::vector<std::string> only_names(const Context& context) {
    std::vector<std::string> names;
    std::string name;
    for (const char c : context.line.value("only").value_or("") + ",") {
        if (c != ',' && c != ' ') {
            name += c;
        } else if (!name.empty()) {
            names.push_back(std::move(name));
            name.clear();
        }
    }
    return names;
}

std::string app_name(const ecosystem::AppConfig& config) {
    return config.name.empty() ? std::filesystem::path(config.script).stem().string() : config.name;
}

// Lays the options of the command line over an app of the file.
bool apply_options(Context& context, ParsedApp& app) {
    Json options = Json::object();
    const Json all = declared_attributes(context.line);
    for (const auto& [key, value] : all.items()) {
        if (std::ranges::find(kFileOptions, key) == std::end(kFileOptions)) continue;
        if (key == "namespace" && std::ranges::find(app.given, key) != app.given.end()) continue;
        options[key] = value;
    }
    if (options.empty()) return true;
    ecosystem::ParseOptions parsing;
    parsing.base = app.config;
    auto parsed = ecosystem::parse_app(options, parsing);
    if (!parsed) {
        context.console.error(parsed.error().message);
        return false;
    }
    app.config = std::move(parsed->config);
    for (std::string& key : parsed->given) {
        if (std::ranges::find(app.given, key) == app.given.end()) app.given.push_back(std::move(key));
    }
    return true;
}

std::optional<std::vector<ParsedApp>> apps_of(Context& context, const std::string& word) {
    auto file = read_file(context, word);
    if (!file) {
        say_unreadable(context, word, file.error());
        return std::nullopt;
    }
    for (const std::string& warning : file->warnings) context.console.warn_on_stderr(warning);
    const auto names = only_names(context);
    std::vector<ParsedApp> apps;
    for (ParsedApp& app : file->apps) {
        if (!names.empty() && std::ranges::find(names, app_name(app.config)) == names.end()) continue;
        if (!apply_options(context, app)) return std::nullopt;
        if (!app.config.cron_restart.empty() && app.config.cron_restart != "0") {
            context.console.info(fmt::format("cron restart at {}", app.config.cron_restart));
        }
        apps.push_back(std::move(app));
    }
    return apps;
}

// The variables that a restart by file sets: the app's own block if it has one, else the shell's.
Json variables_of(const Context& context, const ParsedApp& app, const ecosystem::AppConfig& resolved) {
    ecosystem::Environment variables = app.config.env;
    if (variables.empty()) variables = resolved.env;
    const std::string env_name = context.line.value("env").value_or("");
    for (const auto& block : app.config.env_blocks) {
        if (block.name == env_name) ecosystem::merge_environment(variables, block.variables);
    }
    Json object = Json::object();
    for (const auto& variable : variables) object[variable.name] = variable.value;
    return object;
}

Json restart_env(const Context& context, const ParsedApp& app, const ecosystem::AppConfig& resolved) {
    std::vector<std::string> given;
    for (const std::string& key : app.given) {
        if (std::ranges::find(kFixedAtStart, key) == std::end(kFixedAtStart)) given.push_back(key);
    }
    // Another script may want another interpreter.
    if (std::ranges::find(given, "script") != given.end())
        given.insert(given.end(), {"interpreter", "interpreter_args"});
    Json env = variables_of(context, app, resolved);
    env["current_conf"] = current_conf(resolved, given);
    return env;
}

std::vector<Json> ids_named(const std::string& name, std::span<const ProcessRow> rows) {
    std::vector<Json> ids;
    for (const ProcessRow& row : rows) {
        if (row.name == name) ids.push_back(row.id);
    }
    return ids;
}

std::optional<ecosystem::AppConfig> resolve_or_say(Context& context, const ecosystem::AppConfig& config,
                                                   const ecosystem::ResolveContext& resolving) {
    auto resolved = ecosystem::resolve(config, resolving);
    if (!resolved) {
        context.console.error("Error: " + resolved.error().message);
        return std::nullopt;
    }
    for (const std::string& warning : resolved->warnings) context.console.warn(warning);
    return std::move(resolved->config);
}

bool start_missing(Context& context, const std::vector<const ParsedApp*>& missing,
                   const ecosystem::ResolveContext& resolving) {
    std::string names;
    for (const ParsedApp* app : missing) names += (names.empty() ? "" : ", ") + app_name(app->config);
    context.console.warn(fmt::format("Applications {} not running, starting...", names));
    bool good = true;
    for (const ParsedApp* app : missing) {
        const auto resolved = resolve_or_say(context, app->config, resolving);
        if (!resolved) {
            good = false;
            continue;
        }
        if (resolved->wait_ready) {
            context.console.warn(fmt::format(
                "App {} has option 'wait_ready' set, waiting for app to be ready...", resolved->name));
        }
        if (const auto started = start_app(*context.session, *resolved); !started) {
            context.console.error(started.error().message);
            good = false;
            continue;
        }
        const unsigned cpus = static_cast<unsigned>(std::max(1L, sysconf(_SC_NPROCESSORS_ONLN)));
        context.console.info(fmt::format("App [{}] launched ({} instances)", printable(resolved->name),
                                         ecosystem::instance_count(*resolved, cpus)));
    }
    return good;
}

int start_apps(Context& context, const std::vector<ParsedApp>& apps, Action action) {
    const auto list = context.session->list();
    if (!list) return context.fail(list.error());
    const auto resolving = resolve_context(context, true);
    std::vector<const ParsedApp*> missing;
    bool good = true;
    for (const ParsedApp& app : apps) {
        std::string name = app_name(app.config);
        if (app.config.append_env_to_name && !resolving.env_name.empty()) name += "-" + resolving.env_name;
        auto ids = ids_named(name, list->rows);
        if (ids.empty()) {
            missing.push_back(&app);
            continue;
        }
        const auto resolved = resolve_or_say(context, app.config, resolving);
        if (!resolved) {
            good = false;
            continue;
        }
        good &=
            act(context, {action, name, std::move(ids), restart_env(context, app, *resolved)}, list->rows);
    }
    if (!missing.empty()) good &= start_missing(context, missing, resolving);
    return good ? kDone : kFailed;
}

int end_apps(Context& context, const std::vector<ParsedApp>& apps, Action action) {
    const auto list = context.session->list();
    if (!list) return context.fail(list.error());
    for (const ParsedApp& app : apps) {
        ActionRequest request{action, app_name(app.config), ids_named(app_name(app.config), list->rows)};
        request.announced = false;
        if (!act(context, request, list->rows)) return kFailed;
    }
    return kDone;
}

}  // namespace

bool is_config_word(std::string_view word) {
    return word == kStandardInput || ecosystem::is_config_file(word);
}

int act_on_file(Context& context, const std::string& word, FileAction action) {
    const auto apps = apps_of(context, word);
    if (!apps) return kFailed;
    switch (action) {
        case FileAction::Start:
            return start_apps(context, *apps, Action::Restart);
        case FileAction::Reload:
            return start_apps(context, *apps, Action::Reload);
        case FileAction::Stop:
            return end_apps(context, *apps, Action::Stop);
        case FileAction::Delete:
            return end_apps(context, *apps, Action::Delete);
    }
    return kFailed;
}

}  // namespace kpm::cli

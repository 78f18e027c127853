#include "cli/config_apps.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>

#include "cli/actions.h"
#include "cli/own_programs.h"
#include "ecosystem/read_config.h"

namespace kpm::cli {
namespace {

using ecosystem::ParsedApp;

constexpr std::string_view kStandardInput = "-";
constexpr std::size_t kMaxInput = std::size_t{4} << 20;

// The options that PM2 applies to the apps of a file; the others concern single scripts.
constexpr std::string_view kFileOptions[] = {"watch", "ignore_watch", "namespace", "uid", "gid", "cwd"};
constexpr std::string_view kEndings = "ext";

// --force is also for who wants to reload in spite of another reload.
bool is_file_option(std::string_view key, std::string_view command) {
    return std::ranges::find(kFileOptions, key) != std::end(kFileOptions) ||
           (key == "force" && command == "reload");
}

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
    return ecosystem::read_config((std::filesystem::path(context.cwd) / word).lexically_normal().string(),
                                  script_input(context));
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
    if (error.code != ErrorCode::Unavailable && is_syntax_error(error)) {
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

// `deploy.NAME.env`.
Result<ecosystem::Environment> deploy_environment(const Json& deploy, const std::string& name) {
    if (name.empty() || !deploy.contains(name) || !deploy[name].is_object() || !deploy[name].contains("env"))
        return ecosystem::Environment{};
    auto parsed = ecosystem::parse_app(Json{{"env", deploy[name]["env"]}}, {.path = "deploy." + name});
    if (!parsed) return parsed.error();
    return std::move(parsed->config.env);
}

// Lays the options of the command line over an app of the file.
bool apply_options(Context& context, ParsedApp& app) {
    Json options = Json::object();
    const Json all = declared_attributes(context.line);
    for (const auto& [key, value] : all.items()) {
        if (std::ranges::find(kFileOptions, key) == std::end(kFileOptions)) continue;
        const bool is_default = key == "namespace" || key == "ignore_watch";
        if (is_default && std::ranges::find(app.given, key) != app.given.end()) continue;
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

}  // namespace

std::string without_effect(const CommandLine& line, std::string_view command, std::string_view word) {
    std::vector<std::string> names;
    for (const GivenOption& given : line.options) {
        const bool counts = given.spec->field == nullptr ? given.spec->key != kEndings
                                                         : is_file_option(given.spec->field->key, command);
        if (counts || given.is_implied) continue;
        std::string flag(given.spec->flags.substr(given.spec->flags.rfind(',') + 1));
        if (std::ranges::find(names, flag) == names.end()) names.push_back(std::move(flag));
    }
    if (line.has_app_args) names.emplace_back("what follows --");
    if (names.empty()) return "";
    const std::string last = std::move(names.back());
    names.pop_back();
    const bool are_several = !names.empty();
    return fmt::format("{}{}{} {} no effect on '{}': {} for scripts", fmt::join(names, ", "),
                       names.empty() ? "" : " and ", last, are_several ? "have" : "has", printable(word),
                       are_several ? "they are" : "it is");
}

ecosystem::JsInput script_input(const Context& context) {
    const auto own = own_program();
    ecosystem::JsInput input{shell_environment(context), {own ? own->string() : "kpm"}};
    input.arguments.insert(input.arguments.end(), context.line.typed.begin(), context.line.typed.end());
    input.arguments.insert(input.arguments.end(), context.line.verbatim.begin(), context.line.verbatim.end());
    return input;
}

std::optional<ConfiguredApps> apps_of(Context& context, const std::string& word) {
    auto file = read_file(context, word);
    if (!file) {
        say_unreadable(context, word, file.error());
        return std::nullopt;
    }
    if (file->env) context.env = std::move(file->env);
    for (const std::string& warning : file->warnings) context.console.warn_on_stderr(warning);
    if (const std::string text = without_effect(context.line, context.command.name, word); !text.empty())
        context.console.warn_on_stderr(text);
    const auto names = only_names(context);
    ConfiguredApps result;
    auto deploy_env = deploy_environment(file->deploy, context.line.value("env").value_or(""));
    if (!deploy_env) {
        context.console.error(deploy_env.error().message);
        return std::nullopt;
    }
    result.deploy_env = std::move(*deploy_env);
    for (const std::string& name : names) {
        const auto has_name = [&](const ParsedApp& app) { return ecosystem::name_of(app.config) == name; };
        if (std::ranges::none_of(file->apps, has_name))
            context.console.warn_on_stderr(
                fmt::format("{} has no app named '{}'", printable(word), printable(name)));
    }
    for (ParsedApp& app : file->apps) {
        const bool is_asked_for =
            names.empty() || std::ranges::find(names, ecosystem::name_of(app.config)) != names.end();
        if (!apply_options(context, app)) return std::nullopt;
        if (is_asked_for) say_cron(context, app.config.cron_restart);
        (is_asked_for ? result.apps : result.others).push_back(std::move(app));
    }
    return result;
}

bool is_config_word(std::string_view word) {
    return word == kStandardInput || ecosystem::is_config_file(word);
}

}  // namespace kpm::cli

#include "ecosystem/resolve.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "ecosystem/command_line.h"
#include "ecosystem/interpreter.h"
#include "ecosystem/log_paths.h"
#include "ecosystem/not_effective.h"
#include "ipc/base/text.h"

namespace kpm::ecosystem {
namespace {

constexpr std::string_view kDefaultPath = "/usr/local/bin:/usr/bin:/bin";
constexpr std::string_view kServeScript = "serve";  // PM2's word for its server of static files
constexpr std::string_view kShortDate = "YYYY-MM-DDTHH:mm:ss";

bool exists(const std::string& path) {
    return ::access(path.c_str(), F_OK) == 0;
}

// Before the script: in a folder that is not there it would be the script that is missing.
Result<void> check_folder(const AppConfig& config) {
    struct stat info {};
    const bool exists = ::stat(config.cwd.c_str(), &info) == 0;
    const int failure = exists ? (S_ISDIR(info.st_mode) ? 0 : ENOTDIR) : errno;
    if (failure == 0) return {};
    return Error{ErrorCode::NotFound,
                 fmt::format("cannot start '{}': {}", config.name,
                             os_error("change to directory", config.cwd, failure).message)};
}

// A text with blanks is a command for the shell, unless there is such a file.
bool is_shell_command(const AppConfig& config, const ResolveContext& context) {
    return config.script.find(' ') != std::string::npos &&
           !exists(absolute_path(config.script, config.cwd, context.env));
}

Result<void> resolve_script(AppConfig& config, const ResolveContext& context) {
    if (context.from_file && config.script == kServeScript && !context.serve_program.empty()) {
        config.script = context.serve_program;
        config.interpreter = "none";
        return {};
    }
    if (is_shell_command(config, context)) {
        config.args.insert(config.args.begin(), {"-c", config.script});
        config.script = find_in_path("bash", context.env) ? "bash" : "sh";
        config.interpreter = "none";
    }
    const std::string path = absolute_path(config.script, config.cwd, context.env);
    if (exists(path)) {
        config.script = path;
        return {};
    }
    const auto command = find_in_path(config.script, context.env);
    if (!command) return Error{ErrorCode::NotFound, fmt::format("Script not found: {}", path)};
    config.script = *command;
    return {};
}

// PM2's rule, with its quirk that -2 and less mean fork mode; kpm's own ways of taking connections imply
// cluster.
ExecMode choose_mode(const AppConfig& config) {
    if (config.execute_command) return ExecMode::Fork;
    if (config.exec_mode) return *config.exec_mode;
    if (config.kpm_channel) return ExecMode::Cluster;
    if (!config.instances) return ExecMode::Fork;
    if (!config.listen.empty()) return ExecMode::Cluster;
    const Runtime runtime = runtime_of(config.interpreter);
    const bool clusters = runtime == Runtime::Node || runtime == Runtime::Bun;
    return clusters && *config.instances >= -1 ? ExecMode::Cluster : ExecMode::Fork;
}

bool may_be_node_cluster(const AppConfig& config) {
    if (config.execute_command || config.kpm_channel || !config.listen.empty()) return false;
    return config.exec_mode ? config.exec_mode == ExecMode::Cluster : config.instances.has_value();
}

void resolve_mode(AppConfig& config) {
    const bool cluster_asked = config.exec_mode == ExecMode::Cluster || config.kpm_channel;
    const bool count_asked = config.instances.value_or(0) != 0;
    config.exec_mode = choose_mode(config);
    if (!config.merge_logs && !cluster_asked && !count_asked) config.merge_logs = true;
    if (!config.instances) config.instances = 1;
}

// What makes PM2 map stack traces without being asked.
bool has_source_map(const AppConfig& config) {
    return runtime_of(config.interpreter) == Runtime::Node && !config.disable_source_map_support &&
           exists(config.script + ".map");
}

std::string log_path(const std::string& given, std::string_view suffix, const AppConfig& config,
                     const ResolveContext& context) {
    if (given.empty())
        return fmt::format("{}/logs/{}{}.log", context.home, file_name_of(config.name), suffix);
    if (is_no_log(given)) return given;
    return absolute_path(given, config.cwd, context.env);
}

void resolve_files(AppConfig& config, const ResolveContext& context) {
    config.out_file = log_path(config.out_file, "-out", config, context);
    config.error_file = log_path(config.error_file, "-error", config, context);
    if (const auto* path = std::get_if<std::string>(&config.log_file); path && path->empty())
        config.log_file = false;
    if (is_on(config.log_file)) {
        const auto* path = std::get_if<std::string>(&config.log_file);
        config.log_file = log_path(path ? *path : "", "", config, context);
    }
    config.pid_file = config.pid_file.empty()
                          ? fmt::format("{}/pids/{}.pid", context.home, file_name_of(config.name))
                          : absolute_path(config.pid_file, config.cwd, context.env);
    if (config.time && config.log_date_format.empty()) config.log_date_format = kShortDate;
}

}  // namespace

std::string name_of(const AppConfig& declared) {
    if (!declared.name.empty()) return declared.name;
    std::string_view path = declared.script;
    while (path.ends_with('/')) path.remove_suffix(1);  // a folder
    const std::string_view base = path.substr(path.find_last_of('/') + 1);
    const auto dot = base.rfind('.');
    return std::string(dot == 0 || dot == std::string_view::npos ? base : base.substr(0, dot));
}

std::string absolute_path(std::string_view path, const std::string& base, const Environment& env) {
    std::filesystem::path result(path);
    if (path == "~" || path.starts_with("~/"))
        if (const std::string* home = find_variable(env, "HOME"))
            result = *home + std::string(path.substr(1));
    std::string text = (std::filesystem::path(base) / result).lexically_normal().string();
    if (text.size() > 1 && text.back() == '/') text.pop_back();
    return text;
}

std::optional<std::string> find_in_path(std::string_view word, const Environment& env) {
    if (word.empty() || word.find('/') != std::string_view::npos) return std::nullopt;
    const std::string* path = find_variable(env, "PATH");
    for (const std::string_view folder : split(path ? std::string_view(*path) : kDefaultPath, ':')) {
        if (!folder.starts_with('/')) continue;
        std::string candidate = fmt::format("{}/{}", folder, word);
        std::error_code ignored;
        if (::access(candidate.c_str(), X_OK) == 0 && std::filesystem::is_regular_file(candidate, ignored))
            return candidate;
    }
    return std::nullopt;
}

Result<ResolvedApp> resolve(const AppConfig& declared, const ResolveContext& context) {
    ResolvedApp resolved;
    AppConfig& config = resolved.config = declared;
    if (config.script.empty()) return Error{ErrorCode::Invalid, "No script path - aborting"};
    config.name = name_of(config);
    if (config.append_env_to_name && !context.env_name.empty()) config.name += "-" + context.env_name;

    const bool cwd_given = !config.cwd.empty();
    config.cwd = cwd_given ? absolute_path(config.cwd, context.cwd, context.env) : context.cwd;
    if (cwd_given)
        if (auto usable = check_folder(config); !usable) return usable.error();
    if (auto found = resolve_script(config, context); !found) return found.error();
    if (is_relative_path(config.interpreter))
        config.interpreter = absolute_path(config.interpreter, config.cwd, context.env);
    auto interpreter = config.interpreter.empty()
                           ? choose_interpreter(config.script, context.env, may_be_node_cluster(config))
                           : check_interpreter(config.interpreter, context.env);
    if (!interpreter) return interpreter.error();
    const bool is_chosen = config.interpreter.empty();
    config.interpreter = *std::move(interpreter);
    if (is_chosen && config.interpreter == "node" && config.script.ends_with(".ts")) {
        const auto arguments = typescript_arguments_of_node(context.env);
        if (!arguments) return arguments.error();
        config.interpreter_args.insert(config.interpreter_args.begin(), arguments->begin(), arguments->end());
    }
    if (!config.source_map_support && has_source_map(config)) config.source_map_support = true;
    resolve_mode(config);
    resolve_files(config, context);
    for (std::string& path : config.env_file) path = absolute_path(path, config.cwd, context.env);
    config.username = context.user;

    bool env_declared = context.env_name.empty();
    for (const EnvBlock& block : config.env_blocks) env_declared |= block.name == context.env_name;
    if (!env_declared)
        resolved.warnings.push_back(
            fmt::format("Environment [{}] is not defined in process file", context.env_name));
    auto declared_variables = declared_environment(config, context);
    if (!declared_variables) return declared_variables.error();
    resolved.declared = *std::move(declared_variables);
    config.env = app_environment(config, context, resolved.declared);
    // PM2 gives an app of a file a variable of its name even when there are no settings.
    if (context.from_file || context.module_conf.contains(config.name))
        merge_environment(config.env, settings_variables(context.module_conf, config.name));
    for (std::string& sentence : not_effective(config)) resolved.warnings.push_back(std::move(sentence));
    return resolved;
}

}  // namespace kpm::ecosystem

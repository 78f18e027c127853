// `start`: what a word means follows PM2's order (configuration file, name, namespace, id, script).
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "cli/actions.h"
#include "cli/commands/groups.h"
#include "cli/config_apps.h"
#include "cli/config_file.h"
#include "cli/failed_launch.h"
#include "cli/follow.h"
#include "cli/notes.h"
#include "cli/start_run.h"
#include "cli/user_file.h"
#include "cli/watched_endings.h"
#include "ecosystem/dump_app.h"
#include "ipc/base/text.h"

namespace kpm::cli {
namespace {

constexpr const char* kDefaultFile = "ecosystem.config.js";

bool is_bare_word(const std::string& word) {
    return word.find('/') == std::string::npos && std::filesystem::path(word).extension().empty();
}

// Options given along are laid over what is stored.
Json options_env(Context& context, const ecosystem::ParsedApp& options) {
    Json env = updated_variables(context);
    env["current_conf"] = current_conf(context, options);
    return env;
}

void say_endings_ignored(const Context& context, const std::string& word) {
    if (context.line.has("ext"))
        context.console.warn_on_stderr(fmt::format("--ext has no effect on '{}': it is for scripts", word));
}

bool start_known(Context& context, const std::string& word, std::vector<Json> ids, const ProcessList& list,
                 const ecosystem::ParsedApp& options) {
    say_endings_ignored(context, word);
    StartRequest request{.env = options_env(context, options)};
    const auto items = start_set(ids, list.rows);
    // What they depend on is started along; without that it is PM2's restart.
    const bool is_good = std::ranges::all_of(items, &StartItem::is_asked_for)
                             ? act(context, {Action::Restart, word, std::move(ids), request.env}, list.rows)
                             : start_in_order(context, items, request);
    if (!is_good) return false;
    // What went wrong is said; the other words of the command line are tried all the same.
    if (context.launches.settle(context)) context.console.info("Process successfully started");
    return true;
}

// What the user asked for, made absolute. Not the resolved environment: the shell's secrets do not belong in
// a file.
bool write_configuration(Context& context, ecosystem::AppConfig config,
                         const ecosystem::AppConfig& resolved) {
    const std::string path = (std::filesystem::path(resolved.cwd) / (resolved.name + "-pm2.json")).string();
    context.console.info(fmt::format("Writing configuration to {}", path));
    config.name = resolved.name;
    config.cwd = resolved.cwd;
    const Json file{{"apps", Json::array({ecosystem::dump_app(config)})}};
    const auto written =
        write_user_file(path, file.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
    if (!written) context.console.error(written.error().message);
    return written.has_value();
}

// --ext
bool set_watched_endings(Context& context, ecosystem::AppConfig& config) {
    const auto endings = context.line.value("ext");
    if (!endings) return true;
    const auto ignored = ignored_but(*endings, context.cwd);
    if (!ignored) {
        context.console.error(ignored.error().message);
        return false;
    }
    if (!config.ignore_watch) config.ignore_watch.emplace();
    config.ignore_watch->insert(config.ignore_watch->end(), ignored->begin(), ignored->end());
    return true;
}

bool start_script(Context& context, const std::string& word, const ProcessList& list,
                  const ecosystem::ParsedApp& options) {
    ecosystem::AppConfig declared = options.config;
    declared.script = word;
    if (!set_watched_endings(context, declared)) return false;
    const auto resolved = ecosystem::resolve(declared, resolve_context(context, false));
    if (!resolved) {
        context.console.error(resolved.error().message);
        return false;
    }
    const ecosystem::AppConfig& config = resolved->config;
    say_cron(context, config.cron_restart);
    for (const std::string& warning : resolved->warnings) context.console.warn(warning);
    if (context.line.has("write") && !write_configuration(context, declared, config)) return false;
    std::vector<Json> same;
    bool last_is_down = false;  // of several instances the last one decides, as in PM2
    for (const ProcessRow& row : list.rows) {
        if (row.name != config.name || row.script != config.script) continue;
        same.push_back(row.id);
        last_is_down = is_down(row);
    }
    if (!same.empty() && !config.force) {
        if (last_is_down) return start_known(context, config.name, std::move(same), list, options);
        context.console.error("Script already launched, add -f option to force re-execution");
        return false;
    }
    make_folders(context, config);
    const int count = options.config.instances.value_or(1);
    const bool cluster = config.exec_mode == ecosystem::ExecMode::Cluster;
    context.console.info(fmt::format("Starting {} in {} ({} instance{})", printable(config.script),
                                     cluster ? "cluster_mode" : "fork_mode", count, count > 1 ? "s" : ""));
    const std::int64_t begin = now_ms();
    const auto started = start_app(context, config);
    if (!started) {
        say_failed_launch(context, {.error = started.error(), .app = config.name, .since = begin});
        return false;
    }
    say_warnings(context, *started);
    if (context.launches.settle(context)) context.console.info("Done.");
    return true;
}

bool start_word(Context& context, const std::string& word) {
    if (is_config_word(word)) return act_on_file(context, word, FileAction::Start) == kDone;
    const auto options = parse_options(context);
    if (!options) return false;
    const auto list = context.session->first_list();
    if (!list) {
        context.console.error(list.error().message);
        return false;
    }
    if (word == "all" || is_number(word)) {
        auto ids = select_or_say(context, word, list->rows);
        return ids && start_known(context, word, std::move(*ids), *list, *options);
    }
    if (is_bare_word(word)) {
        auto ids = ids_by_name(word, list->rows, context.cwd);
        if (ids.empty()) ids = ids_by_namespace(word, list->rows);
        if (!ids.empty()) return start_known(context, word, std::move(ids), *list, *options);
    }
    return start_script(context, word, *list, *options);
}

}  // namespace

int run_start(Context& context) {
    if (context.line.words.empty()) {
        const auto path = std::filesystem::path(context.cwd) / kDefaultFile;
        std::error_code ignored;
        if (!std::filesystem::exists(path, ignored))
            return context.fail(fmt::format("File {} not found", kDefaultFile));
        context.line.words.push_back(kDefaultFile);
    }
    for (const std::string& word : context.line.words) {
        if (!start_word(context, word)) return kFailed;
    }
    if (!context.launches.settle(context) || context.launches.has_failed()) return kFailed;
    const int listed = print_list(context);
    return listed == kDone && context.line.has("attach") ? follow_reached(context) : listed;
}

}  // namespace kpm::cli

// Commands that change what runs: restart, reload, stop, delete, scale, reset, sendSignal and the startOr…
// family.
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <fstream>

#include "cli/actions.h"
#include "cli/commands/groups.h"
#include "cli/config_apps.h"
#include "cli/config_file.h"
#include "cli/follow.h"
#include "cli/module_conf.h"
#include "ipc/base/text.h"
#include "ipc/protocol.h"

namespace kpm::cli {
namespace {

namespace method = ipc::method;

// ms after which the lock of another reload counts no more.
std::int64_t reload_lock_timeout() {
    constexpr std::int64_t kDefault = 30000;
    const char* variable = std::getenv("PM2_RELOAD_LOCK_TIMEOUT");
    const std::string_view text = variable == nullptr ? "" : variable;
    std::int64_t age = 0;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), age);
    return problem == std::errc() && end == text.data() + text.size() && age > 0 ? age : kDefault;
}

Json restart_env(Context& context, const std::string& word, ecosystem::ParsedApp options) {
    Json env = updated_variables(context);
    if (const auto conf = ModuleConf::read(context.home); conf && word != "all")
        env.update(module_variables(*conf, word));
    // `restart x --watch` toggles; toggling needs the stored value and is asked for by toggle_watch().
    std::erase(options.given, "watch");
    env["current_conf"] = current_conf(context, std::move(options));
    return env;
}

// `restart x --watch` turns watching on where it is off, and off where it is on.
void toggle_watch(Context& context, const std::vector<Json>& ids) {
    ipc::Client& client = context.session->client();
    for (const Json& id : ids) {
        client.send(method::kToggleWatch, Json::array({method::kRestartProcessId, {{"id", id}}}));
    }
}

// stop and delete need no environment, restart and reload do.
bool act_on_word(Context& context, const std::string& word, Action action) {
    const auto list = context.session->first_list();
    if (!list) {
        context.console.error(list.error().message);
        return false;
    }
    ActionRequest request{action, word, {}};
    if (action == Action::Restart || action == Action::Reload) {
        if (context.line.has("env")) {
            context.console.error("Using --env [env] without passing the ecosystem.config.js does not work");
            return false;
        }
        const auto options = parse_options(context);
        if (!options) return false;
        request.env = restart_env(context, word, *options);
        if (!context.line.has("update-env")) {
            context.console.line(context.console.paint()("Use --update-env to update environment variables",
                                                         {Style::Bold, Style::Blue}));
        }
        say_cron(context, options->config.cron_restart);
    }
    auto ids = select_or_say(context, word, list->rows);
    if (!ids) return false;
    request.ids = std::move(*ids);
    if (action == Action::Restart && context.line.has("watch")) toggle_watch(context, request.ids);
    if (!act(context, request, list->rows)) return false;
    if (action != Action::Stop) return true;
    for (const Json& id : request.ids) {
        const ProcessRow* row = find_row(list->rows, id);
        if (row == nullptr || row->cron.empty() || row->cron == "0") continue;
        context.console.warn(
            fmt::format("App {} stopped but CRON RESTART is still UP {}", printable(row->name), row->cron));
    }
    return true;
}

int act_on_words(Context& context, Action action, FileAction file_action) {
    for (const std::string& word : context.line.words) {
        const bool good = is_config_word(word) ? act_on_file(context, word, file_action) == kDone
                                               : act_on_word(context, word, action);
        if (!good) return kFailed;
    }
    return kDone;
}

int with_list(Context& context, int result) {
    const bool is_up = context.launches.settle(context);
    return result == kDone && is_up ? print_list(context) : kFailed;
}

// PM2's guard against two reloads at a time: a file with the time of the one that runs, emptied at its end.
class ReloadLock {
public:
    ReloadLock(const ipc::Home& home, std::int64_t timeout)
        : path_(home.root() / "reload.lock"), timeout_(timeout) {}
    ~ReloadLock() {
        if (taken_) std::ofstream(path_, std::ios::trunc);
    }
    ReloadLock(const ReloadLock&) = delete;
    ReloadLock& operator=(const ReloadLock&) = delete;

    // The age in ms of a lock that another reload holds.
    std::optional<std::int64_t> take(bool by_force) {
        std::int64_t since = 0;
        std::ifstream(path_.c_str()) >> since;
        const std::int64_t age = now_ms() - since;
        if (!by_force && since > 0 && age < timeout_) return age;
        std::ofstream(path_, std::ios::trunc) << now_ms();
        taken_ = true;
        return std::nullopt;
    }

private:
    std::filesystem::path path_;
    std::int64_t timeout_;  // ms
    bool taken_ = false;
};

int reload(Context& context, FileAction file_action) {
    const std::int64_t timeout = reload_lock_timeout();
    ReloadLock lock(context.home, timeout);
    if (const auto age = lock.take(context.line.has("force"))) {
        return context.fail(
            fmt::format("Reload already in progress, please try again in {} seconds or use --force",
                        (timeout - *age + 999) / 1000));
    }
    return act_on_words(context, Action::Reload, file_action);
}

bool scale_up(Context& context, const Json& model, std::int64_t more) {
    for (std::int64_t done = 0; done < more; ++done) {
        context.console.info("Scaling up application");
        const auto ticket = context.session->client().send(method::kDuplicateProcessId, Json::array({model}));
        const auto answer =
            wait_showing(context, ticket, fmt::format("starting instances: {} of {} done", done, more));
        if (!answer) {
            context.console.error(answer.error().message);
            return false;
        }
        if (context.session->is_kpm()) context.launches.add(*answer);
    }
    return true;
}

bool scale_down(Context& context, const ProcessList& list, const std::vector<Json>& ids, std::int64_t fewer) {
    for (std::int64_t i = 0; i < fewer; ++i) {
        const Json& oldest = ids[static_cast<std::size_t>(i)];
        if (!act(context, {Action::ScaleDown, id_text(oldest), {oldest}}, list.rows)) return false;
    }
    return true;
}

}  // namespace

int run_restart(Context& context) {
    const int result = with_list(context, act_on_words(context, Action::Restart, FileAction::Start));
    return result == kDone && context.line.has("attach") ? follow_reached(context) : result;
}

int run_reload(Context& context) {
    context.line.words.resize(1);
    const int result = reload(context, FileAction::Reload);
    return context.launches.settle(context) ? result : kFailed;
}

int run_stop(Context& context) {
    return with_list(context, act_on_words(context, Action::Stop, FileAction::Stop));
}

int run_delete(Context& context) {
    return with_list(context, act_on_words(context, Action::Delete, FileAction::Delete));
}

int run_start_or_restart(Context& context) {
    return with_list(context, act_on_file(context, context.line.words.front(), FileAction::Start));
}

int run_start_or_reload(Context& context) {
    return with_list(context, act_on_file(context, context.line.words.front(), FileAction::Reload));
}

int run_scale(Context& context) {
    const std::string name(context.word(0));
    std::string_view wanted = context.word(1);
    const bool relative = wanted.starts_with('+');
    if (relative) wanted.remove_prefix(1);
    std::int64_t number = 0;
    const auto [end, problem] = std::from_chars(wanted.data(), wanted.data() + wanted.size(), number);
    if (problem != std::errc() || end != wanted.data() + wanted.size()) {
        return context.fail(fmt::format("cannot scale '{}': expected a number or +number, found '{}'", name,
                                        context.word(1)));
    }
    const auto list = context.session->list();
    if (!list) return context.fail(list.error());
    std::vector<Json> ids;
    for (const ProcessRow& row : list->rows) {
        if (row.name == name) ids.push_back(row.id);
    }
    if (ids.empty()) return context.fail(fmt::format("Application {} not found", name));
    std::ranges::sort(
        ids, [](const Json& a, const Json& b) { return a.get<std::int64_t>() < b.get<std::int64_t>(); });
    const auto present = static_cast<std::int64_t>(ids.size());
    const std::int64_t change = relative ? number : number - present;
    if (change == 0) return context.fail("Nothing to do");
    if (change > ecosystem::kMostInstances - present) {
        return context.fail(
            fmt::format("cannot scale '{}' to '{}': an app has at most {} instances, there are {}", name,
                        context.word(1), ecosystem::kMostInstances, present));
    }
    const bool good = change > 0 ? scale_up(context, ids.front(), change)
                                 : scale_down(context, *list, ids, std::min(-change, present));
    return with_list(context, good ? kDone : kFailed);
}

int run_reset(Context& context) {
    const std::string word(context.word());
    const auto list = context.session->list();
    if (!list) return context.fail(list.error());
    std::vector<Json> ids;
    if (word == "all") {
        for (const ProcessRow& row : list->rows) ids.push_back(row.id);
    } else {
        ids = ids_by_name(word, list->rows, context.cwd);
        if (ids.empty() && is_number(word)) ids.push_back(word);
        if (ids.empty()) {
            context.console.error_line("Unknown process name");
            return kFailed;
        }
    }
    for (const Json& id : ids) {
        const auto answer = context.session->call(method::kResetMetaProcessId, Json::array({id}));
        if (!answer) context.console.error_line(answer.error().message);
        context.console.info(fmt::format("Resetting meta for process id {}", id_text(id)));
    }
    return print_list(context);
}

int run_send_signal(Context& context) {
    const std::string signal(context.word(0));
    const std::string target(context.word(1));
    const bool by_id = is_number(target);
    const char* kind = by_id ? "id" : "name";
    context.console.info(fmt::format("Sending signal to process {} {}", kind, target));
    const auto answer =
        by_id ? context.session->call(method::kSendSignalToProcessId,
                                      Json::array({{{"process_id", target}, {"signal", signal}}}))
              : context.session->call(method::kSendSignalToProcessName,
                                      Json::array({{{"process_name", target}, {"signal", signal}}}));
    if (!answer) {
        context.console.error_line(answer.error().message);
        return kFailed;
    }
    context.console.line(fmt::format("successfully sent signal {} to process {} {}", signal, kind, target));
    return print_list(context);
}

}  // namespace kpm::cli

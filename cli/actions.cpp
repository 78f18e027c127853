#include "cli/actions.h"

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <deque>

#include "cli/failed_launch.h"
#include "cli/list_view.h"
#include "cli/module_conf.h"
#include "cli/notes.h"
#include "cli/ordered_places.h"
#include "cli/own_programs.h"
#include "cli/progress.h"
#include "cli/restart_by_file.h"
#include "ecosystem/dump_app.h"
#include "ipc/base/user.h"
#include "ipc/protocol.h"

namespace kpm::cli {
namespace {

namespace method = ipc::method;

constexpr int kParallelDeletes = 10;
constexpr int kParallelActions = 2;

struct ActionWords {
    const char* rpc;      // shown in the progress line, PM2's method
    const char* waiting;  // kpm's method that answers after the outcome, or PM2's
    const char* event;    // name of the event that PM2's CLI lets the daemon publish
};

ActionWords words_of(Action action) {
    switch (action) {
        case Action::Stop:
            return {method::kStopProcessId, method::kStopProcessId, "stop"};
        case Action::Restart:
            return {method::kRestartProcessId, method::kRestart, "restart"};
        case Action::Reload:
            return {method::kReloadProcessId, method::kReload, "reload"};
        case Action::Delete:
        case Action::ScaleDown:
            return {method::kDeleteProcessId, method::kDeleteProcessId, "delete"};
    }
    return {};
}

bool has_env(Action action) {
    return action == Action::Restart || action == Action::Reload;
}

std::size_t parallel_of(const Context& context, const ActionRequest& request) {
    if (request.action == Action::Delete) return kParallelDeletes;
    if (request.ids.size() <= 2) return 1;
    int wanted = kParallelActions;
    const char* variable = std::getenv("PM2_CONCURRENT_ACTIONS");
    const std::string text = context.line.value("parallel").value_or(variable == nullptr ? "" : variable);
    std::from_chars(text.data(), text.data() + text.size(), wanted);
    return static_cast<std::size_t>(std::max(1, wanted));
}

std::string name_of(const Json& id, const Json& answer, std::span<const ProcessRow> rows) {
    if (const auto env = answer.find("pm2_env"); answer.is_object() && env != answer.end()) {
        if (std::string name = text_of(*env, "name"); !name.empty()) return name;
    }
    if (std::string name = text_of(answer, "name"); answer.is_object() && !name.empty()) return name;
    const ProcessRow* row = find_row(rows, id);
    return row == nullptr ? id_text(id) : row->name;
}

struct Sent {
    std::size_t place;  // among the ids
    ipc::Client::Ticket ticket;
};

std::vector<WorkedApp> processes_of(const std::vector<Json>& ids, std::span<const ProcessRow> rows) {
    const RowsById by_id(rows);
    std::vector<WorkedApp> processes;
    for (const Json& id : ids) {
        const ProcessRow* row = by_id.find(id);
        if (row == nullptr)
            processes.push_back({id_text(id), {}});
        else
            processes.push_back({row->name, needs_in(row->env())});
    }
    return processes;
}

std::string waiting_for(const ActionRequest& request, std::size_t asked, std::size_t open, const Json& id,
                        std::span<const ProcessRow> rows) {
    const std::size_t done = asked - open - 1;
    return fmt::format("{}: {} of {} done, waiting for {}", words_of(request.action).event, done,
                       request.ids.size(), name_of(id, Json(), rows));
}

// Of an answer to a start: a process object, or a list of them.
void note_ids(const Json& answer, std::set<std::string>& ids) {
    if (answer.is_array()) {
        for (const Json& one : answer) note_ids(one, ids);
    } else if (answer.is_object()) {
        const auto env = answer.find("pm2_env");
        if (const auto id = env == answer.end() ? std::nullopt : integer_of(*env, "pm_id"))
            ids.insert(std::to_string(*id));
    }
}

std::string user_name() {
    const auto user = find_user(geteuid());
    return user ? user->name : std::to_string(geteuid());
}

}  // namespace

ipc::Client::Ticket send_action(ipc::Client& client, bool is_kpm, Action action, const Json& id,
                                const Json& env) {
    const ActionWords words = words_of(action);
    // PM2's daemon would keep on watching the files of what is stopped; kpm's knows better, and keeps the
    // wish.
    if (!has_env(action) && !is_kpm) client.send(method::kStopWatch, Json::array({words.rpc, id}));
    Json arguments = Json::array({has_env(action) ? Json{{"id", id}, {"env", env}} : id});
    if (action == Action::ScaleDown && is_kpm) arguments.push_back({{ipc::kDrainOption, true}});
    return client.send(is_kpm ? words.waiting : words.rpc, std::move(arguments));
}

ipc::Client::Ticket send_notice(ipc::Client& client, Action action, const Json& id) {
    return client.send(
        method::kNotifyByProcessId,
        Json::array({{{"id", id}, {"action_name", words_of(action).event}, {"manually", true}}}));
}

bool act(Context& context, const ActionRequest& request, std::span<const ProcessRow> rows) {
    Session& session = *context.session;
    const ActionWords words = words_of(request.action);
    if (request.announced) {
        context.console.info(fmt::format("Applying action {} on app [{}](ids: {})", words.rpc,
                                         printable(request.target), ids_text(request.ids)));
    }
    session.prepare_to_show();
    const std::size_t parallel = parallel_of(context, request);
    OrderedPlaces places(
        context, processes_of(request.ids, rows),
        has_env(request.action) ? OrderedWork::Order::DependenciesFirst : OrderedWork::Order::DependentsFirst,
        words.event);
    std::deque<Sent> sent;
    std::size_t asked = 0;
    std::optional<Error> failure;
    std::size_t failed = 0;  // its place
    const std::int64_t begin = now_ms();
    for (;;) {
        while (!failure && sent.size() < parallel) {
            const auto next = places.next();
            if (!next) break;
            sent.push_back({*next, send_action(session.client(), session.is_kpm(), request.action,
                                               request.ids[*next], request.env)});
            ++asked;
        }
        if (sent.empty()) {
            if (failure || !places.wait()) break;
            continue;
        }
        const Sent first = sent.front();
        sent.pop_front();
        const Json& id = request.ids[first.place];
        const auto answer =
            wait_showing(context, first.ticket, waiting_for(request, asked, sent.size(), id, rows));
        if (auto problem = failure_in(answer)) {
            if (request.may_be_missing && problem->code == ErrorCode::NotFound) {
                places.done(first.place);
            } else if (!failure) {
                failure = std::move(problem);
                failed = first.place;
            }
            continue;
        }
        say_warnings(context, *answer);
        context.reached.insert(id_text(id));
        if (has_env(request.action) && session.is_kpm()) context.launches.add(*answer);
        context.console.info(fmt::format("[{}]({}) ✓", printable(name_of(id, *answer, rows)), id_text(id)));
        send_notice(session.client(), request.action, id);
        places.done(first.place);
    }
    const auto flushed = session.client().flush();
    if (failure && has_env(request.action) && session.is_kpm()) {
        const ProcessRow* row = find_row(rows, request.ids[failed]);
        say_failed_launch(context, {.error = *failure,
                                    .id = row == nullptr ? -1 : row->id,
                                    .since = begin,
                                    .is_replacement = request.action == Action::Reload});
    } else if (failure || !flushed) {
        context.console.error(failure ? failure->message : flushed.error().message);
    }
    return !failure && flushed && places.is_good();
}

int print_list(Context& context) {
    const auto [system_data, data] = context.session->to_show();
    if (!data) return context.fail(data.error());
    auto rows = read_rows(*data);
    if (context.line.has("mini-list")) {
        context.console.text(mini_list_text(rows, now_ms()));
        return kDone;
    }
    const ListLook look{context.console.terminal(), context.line.value("sort").value_or("name"), now_ms()};
    context.console.text(list_text(std::move(rows), system_data ? *system_data : Json::object(), look));
    return kDone;
}

std::optional<std::vector<Json>> select_or_say(Context& context, std::string_view word,
                                               std::span<const ProcessRow> rows) {
    auto selection = select(word, rows, {context.cwd});
    if (!selection) {
        context.console.error(selection.error().message);
        return std::nullopt;
    }
    switch (selection->match) {
        case Match::Found:
            return std::move(selection->ids);
        case Match::Nothing:
            context.console.warn_on_stderr("No process found");
            break;
        case Match::Unknown:
            context.console.error(fmt::format("Process or Namespace {} not found", word));
            break;
    }
    return std::nullopt;
}

int print_json(Context& context, const Json& facts) {
    context.console.output(facts.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n");
    return kDone;
}

void say_cron(const Context& context, const std::string& pattern) {
    if (pattern == "0")
        context.console.info("disabling cron restart");
    else if (!pattern.empty())
        context.console.info(fmt::format("cron restart at {}", pattern));
}

ecosystem::Environment shell_environment(const Context& context) {
    return context.env ? *context.env : ecosystem::environment_from(environ);
}

ecosystem::ResolveContext resolve_context(const Context& context, bool from_file) {
    const auto serve = find_own_program("kpm-serve");
    const auto conf = ModuleConf::read(context.home);
    if (!conf) context.console.warn_on_stderr(conf.error().message);
    return {.cwd = context.cwd,
            .env = shell_environment(context),
            .home = context.home.root().string(),
            .user = user_name(),
            .env_name = context.line.value("env").value_or(""),
            .from_file = from_file,
            .module_conf = conf ? conf->root() : Json::object(),
            .serve_program = serve ? serve->string() : std::string()};
}

Json updated_variables(const Context& context) {
    Json variables = Json::object();
    if (!context.line.has("update-env")) return variables;
    for (const auto& [name, value] : ecosystem::without_outer_app(shell_environment(context)))
        variables[name] = value;
    return variables;
}

Json current_conf(Context& context, ecosystem::ParsedApp options) {
    std::vector<std::string> fixed;
    const std::vector<std::string> given = changeable(options.given, fixed);
    if (!fixed.empty())
        context.console.warn(
            fmt::format("{} cannot change until the app is deleted", fmt::join(fixed, ", ")));
    if (!options.config.cwd.empty())
        options.config.cwd =
            ecosystem::absolute_path(options.config.cwd, context.cwd, shell_environment(context));
    Json conf = ecosystem::dump_wire(options.config, given);
    return conf.is_object() ? conf : Json::object();
}

std::optional<ecosystem::ParsedApp> parse_options(Context& context) {
    auto parsed = ecosystem::parse_app(declared_attributes(context.line));
    if (!parsed) {
        context.console.error(parsed.error().message);
        return std::nullopt;
    }
    for (const std::string& warning : parsed->warnings) context.console.warn_on_stderr(warning);
    return std::move(*parsed);
}

std::optional<Error> failure_in(const Result<Json>& answer) {
    if (!answer) return answer.error();
    const auto apps = answer->is_object() ? answer->find("apps") : answer->end();
    if (!answer->is_object() || apps == answer->end() || !apps->is_array()) return std::nullopt;
    for (const Json& app : *apps) {
        if (const std::string reason = text_of(app, "error"); !reason.empty())
            return Error{ErrorCode::Io, reason};
    }
    return std::nullopt;
}

ipc::Client::Ticket ask_to_start(Session& session, const ecosystem::AppConfig& resolved) {
    return session.client().send(session.is_kpm() ? method::kStart : method::kPrepare,
                                 Json::array({ecosystem::dump_wire(resolved)}));
}

Result<Json> wait_showing(Context& context, ipc::Client::Ticket ticket, std::string_view what) {
    ipc::Client& client = context.session->client();
    Progress progress(context.console);
    for (;;) {
        auto answer = client.try_wait(ticket);
        if (!answer) return answer.error();
        if (*answer) return std::move(**answer);
        progress.show(what);
        pollfd watched{client.fd(), static_cast<short>(client.has_unsent() ? POLLIN | POLLOUT : POLLIN), 0};
        poll(&watched, 1, static_cast<int>(Progress::kRefresh.count()));
    }
}

Result<Json> started_app(Context& context, Result<Json> answer) {
    if (auto failure = failure_in(answer)) return *failure;
    note_ids(*answer, context.reached);
    if (context.session->is_kpm()) context.launches.add(*answer);
    return answer;
}

Result<Json> start_app(Context& context, const ecosystem::AppConfig& resolved) {
    const auto ticket = ask_to_start(*context.session, resolved);
    return started_app(context, wait_showing(context, ticket, fmt::format("starting {}", resolved.name)));
}

}  // namespace kpm::cli

#pragma once
// What the commands that change processes share: fetching and printing the list, acting on ids one after
// another with PM2's progress lines, starting an app.

#include <optional>
#include <string>
#include <vector>

#include "cli/command.h"
#include "cli/target.h"
#include "ecosystem/app_config.h"
#include "ecosystem/parse_app.h"
#include "ecosystem/resolve.h"

namespace kpm::cli {

enum class Action {
    Stop,
    Restart,
    Reload,
    Delete,
    ScaleDown  // as Delete, but the instance may take its time to finish what it has
};

struct ActionRequest {
    Action action = Action::Stop;
    std::string target;  // as the user named it
    std::vector<Json> ids;
    Json env = Json::object();  // of restart and reload: variables and `current_conf`
    bool announced = true;      // says "Applying action …" first
    // Somebody else may have deleted it meanwhile: that is as good as done.
    bool may_be_missing = false;
};

// In the order of depends_on: stop and delete before what an app depends on, restart and reload after it.
// Prints one line per process that is done. False: one failed, the error is printed, the rest was left alone.
bool act(Context& context, const ActionRequest& request, std::span<const ProcessRow> rows);

// Prints the process list, which most commands end with; kFailed when the daemon does not answer.
int print_list(Context& context);

// The ids of a word by the rules of target.h. nullopt: there are none, and that was said.
std::optional<std::vector<Json>> select_or_say(Context& context, std::string_view word,
                                               std::span<const ProcessRow> rows);

// The answer of a command with --json, one line.
int print_json(Context& context, const Json& facts);

// PM2's notice of a schedule, or of its end by "0".
void say_cron(const Context& context, const std::string& pattern);

// What apps get of the shell, and of the configuration files in JavaScript that were read.
ecosystem::Environment shell_environment(const Context& context);

ecosystem::ResolveContext resolve_context(const Context& context, bool from_file);

// Those variables for what is restarted, with --update-env; else none.
Json updated_variables(const Context& context);

// Options given with a restart of something that runs, under the wire's keys: its `current_conf`. Warns of
// those that such an app does not take over.
Json current_conf(Context& context, ecosystem::ParsedApp options);

// The options of the command line as an app. Prints the error.
std::optional<ecosystem::ParsedApp> parse_options(Context& context);

// Sends one action and does not wait; failure_in() reads the answer. `env` is as in ActionRequest.
ipc::Client::Ticket send_action(ipc::Client& client, bool is_kpm, Action action, const Json& id,
                                const Json& env);
// Has the daemon publish that a user did this, as PM2's CLI does after it.
ipc::Client::Ticket send_notice(ipc::Client& client, Action action, const Json& id);

// The first failure among the apps of an answer of kpm.start, kpm.restart or kpm.reload, and plain errors.
std::optional<Error> failure_in(const Result<Json>& answer);

// An answer of the session's daemon; what is waited for is shown while it takes long.
Result<Json> wait_showing(Context& context, ipc::Client::Ticket ticket, std::string_view what);

// The request to start a resolved app, which goes with the client's next flush or wait. With kpm's daemon the
// answer comes when the app is executed, or ready where it tells that, or has failed;
// context.launches.settle() waits for the rest of its start.
ipc::Client::Ticket ask_to_start(Session& session, const ecosystem::AppConfig& resolved);
// What its answer means.
Result<Json> started_app(Context& context, Result<Json> answer);
// Sends it and waits.
Result<Json> start_app(Context& context, const ecosystem::AppConfig& resolved);

}  // namespace kpm::cli

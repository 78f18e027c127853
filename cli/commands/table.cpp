// All commands. A new one is a function in a file of this folder, a line in groups.h and a row here.
#include <algorithm>

#include "cli/commands/groups.h"
#include "ipc/base/text.h"

namespace kpm::cli {
namespace {

constexpr OptionSpec kLogOptions[] = {
    {"lines", "--lines", Takes::Value, "n", "lines of each file to begin with, 15 if not given, 0 for none"},
    {"nostream", "--nostream", Takes::Nothing, "", "print those lines and end"},
    {"raw", "--raw", Takes::Nothing, "", "lines as they are, errors on stderr"},
    {"err", "--err", Takes::Nothing, "", "error output only"},
    {"out", "--out", Takes::Nothing, "", "standard output only"},
    {"timestamp", "--timestamp", Takes::OptionalValue, "format", "put the time before live lines"},
    {"json", "--json", Takes::Nothing, "", "live lines and events as JSON"},
    {"format", "--format", Takes::Nothing, "", "live lines as key=value fields"},
    {"highlight", "--highlight", Takes::OptionalValue, "word", "mark a word"},
};

constexpr OptionSpec kServeOptions[] = {
    {"port", "--port", Takes::Value, "port", "port to listen on, 8080 if not given"},
    {"spa", "--spa", Takes::Nothing, "", "answer what is not there with index.html"},
    {"ftp", "--ftp", Takes::Nothing, "", "show what is in folders without an index.html"},
    {"basic-auth-username", "--basic-auth-username", Takes::Value, "name", "only for this user"},
    {"basic-auth-password", "--basic-auth-password", Takes::Value, "password", "and this password"},
    {"monitor", "--monitor", Takes::OptionalValue, "frontend-app", "accepted for PM2's scripts"},
};

constexpr OptionSpec kInstallOptions[] = {
    {"tarball", "--tarball", Takes::Nothing, "", "it is an archive"},
    {"v1", "--v1", Takes::Nothing, "", "accepted for PM2's scripts"},
    {"safe", "--safe", Takes::OptionalValue, "time", "accepted for PM2's scripts"},
};

constexpr OptionSpec kJsonOption[] = {{"json", "--json", Takes::Nothing, "", "the facts as JSON"}};

// Of commands that print it anyway, or something else that programs read.
constexpr OptionSpec kNoJsonOption[] = {{"json", "--json", Takes::Nothing, "", "accepted, of no effect"}};

constexpr OptionSpec kDeployOptions[] = {
    {"json", "--json", Takes::Nothing, "", "list, current and previous: the facts as JSON"}};

constexpr const char* kPlatforms =
    "systemd upstart systemv openrc launchd rcd rcd-openbsd smf ubuntu centos arch oracle amazon macos "
    "darwin freebsd openbsd solaris";

constexpr const char* kTargets = "<id|name|namespace|all|json|stdin...>";

const Command kCommands[] = {
    {.name = "start",
     .args = "[name|namespace|file|ecosystem|id...]",
     .help = "start an app, or what is stopped",
     .run = run_start,
     .question = Question::BriefList},
    {.name = "restart",
     .args = kTargets,
     .help = "stop and start again",
     .run = run_restart,
     .question = Question::BriefList},
    {.name = "reload",
     .args = "<id|name|namespace|all>",
     .help = "restart without a moment in which nobody serves (cluster)",
     .run = run_reload,
     .question = Question::BriefList},
    {.name = "stop",
     .args = kTargets,
     .help = "stop, and keep in the list",
     .run = run_stop,
     .question = Question::BriefList},
    {.name = "delete",
     .aliases = "del",
     .args = "<name|id|namespace|script|all|json|stdin...>",
     .help = "stop and remove from the list",
     .run = run_delete,
     .question = Question::BriefList},
    {"scale", "", "<app_name> <number>", "have this many instances, or +n more", run_scale},
    {"startOrRestart", "", "<json>", "restart the apps of a file that run, start the others",
     run_start_or_restart},
    {"startOrReload", "startOrGracefulReload", "<json>",
     "reload the apps of a file that run, start the others", run_start_or_reload},
    {"reset", "", "<name|id|all>", "set the counters of restarts to 0", run_reset},
    {"serve", "expose", "[path] [port]", "serve the files of a folder over HTTP", run_serve, kServeOptions},
    {"sendSignal", "", "<signal> <pm2_id|name>", "send a signal", run_send_signal},
    {"send", "", "<pm_id> <line>", "write a line to the standard input of a process", run_send},
    {.name = "attach",
     .args = "<pm_id> [separator]",
     .help = "the terminal's lines to a process, its output to the terminal",
     .run = run_attach,
     .ends = Command::Ends::No},
    {"trigger", "", "<id|proc_name|namespace|all> <action_name> [params]",
     "call an action that an app has told of, and print what it returns", run_trigger, kJsonOption},
    {.name = "list",
     .aliases = "ls l ps status",
     .help = "list the processes (--watch: again and again)",
     .run = run_list,
     .options = kJsonOption,
     .ends = Command::Ends::UnlessWatching},
    {.name = "jlist",
     .help = "the list as JSON",
     .run = run_jlist,
     .options = kNoJsonOption,
     .machine_output = true,
     .question = Question::List},
    {"prettylist", "", "", "the list as a JavaScript literal", run_prettylist, kNoJsonOption,
     NeedsDaemon::Yes, true, true},
    {.name = "describe",
     .aliases = "desc info show",
     .args = "<name|id>",
     .help = "all about a process (--env: with all its variables and their values)",
     .run = run_describe,
     .options = kJsonOption,
     .env_is_switch = true},
    {.name = "gpu",
     .help = "the machine's GPUs, their health and the workers that are placed on them",
     .run = run_gpu,
     .options = kJsonOption,
     .refuses_words = true},
    {"why", "", "<id|name|namespace|all>",
     "how the last processes ended, who asked for it, and what they said", run_why, kJsonOption},
    {"env", "", "<id>", "the environment of a process", run_env, kJsonOption},
    {"pid", "", "[app_name]", "process ids, one a line", run_pid, kJsonOption, NeedsDaemon::Yes, true},
    {"id", "", "<name>", "ids of an app", run_id, kJsonOption, NeedsDaemon::Yes, true},
    {.name = "logs",
     .aliases = "log",
     .args = "[id|name|namespace]",
     .help = "the last lines of the logs and what follows",
     .run = run_logs,
     .options = kLogOptions,
     .ends = Command::Ends::No},
    {"monit",
     "dashboard dash imonit",
     "",
     "processes and logs on a full screen, live; ? shows the keys",
     run_monit,
     {},
     NeedsDaemon::No},  // it starts one itself, once it knows that there is a terminal
    {"flush", "", "[id|name|namespace|all]", "empty the log files", run_flush},
    {"reloadLogs", "", "", "open the log files anew (after an external rotation)", run_reload_logs},
    {"save", "dump", "", "save the list, for resurrect", run_save, {}, NeedsDaemon::Yes, false, true},
    {"resurrect", "", "", "start what was saved", run_resurrect, {}, NeedsDaemon::Yes, false, true},
    {"cleardump", "", "", "save an empty list", run_cleardump, {}, NeedsDaemon::IfRunning, false, true},
    {"kill", "", "", "stop all apps and the daemon", run_kill, {}, NeedsDaemon::IfRunning, false, true},
    {"ping", "", "", "ask the daemon for a sign of life; starts it", run_ping, kJsonOption},
    {.name = "ecosystem",
     .aliases = "init",
     .args = "[mode]",
     .help = "write an ecosystem.config.js (mode: simple)",
     .run = run_ecosystem,
     .daemon = NeedsDaemon::No,
     .choices = "simple"},
    {.name = "examples", .help = "commands to begin with", .run = run_examples, .daemon = NeedsDaemon::No},
    {.name = "update",
     .aliases = "updatePM2",
     .help = "put this version's daemon in the place of the one that runs; the apps go on",
     .run = run_update,
     .daemon = NeedsDaemon::IfRunning},
    {.name = "report",
     .help = "the facts for a bug report",
     .run = run_report,
     .options = kJsonOption,
     .daemon = NeedsDaemon::IfRunning},
    {.name = "healthcheck",
     .args = "[id|name|namespace|all...]",
     .help = "exit code 0 when all are online, and ready if they say so: for HEALTHCHECK and probes",
     .run = run_healthcheck,
     .options = kJsonOption,
     .daemon = NeedsDaemon::IfRunning},
    {.name = "doctor",
     .help = "check what kpm depends on, with advice",
     .run = run_doctor,
     .options = kJsonOption,
     .daemon = NeedsDaemon::No},
    {.name = "set",
     .args = "[key] [value]",
     .help = "set a value of module_conf.json, module:key; without a key, edit it",
     .run = run_set,
     .daemon = NeedsDaemon::IfRunning},
    {.name = "multiset",
     .args = "<value>",
     .help = "set several: \"key value key value\"",
     .run = run_multiset,
     .daemon = NeedsDaemon::IfRunning},
    {.name = "get",
     .args = "[key]",
     .help = "show a value, a module's values or all",
     .run = run_get,
     .options = kJsonOption,
     .daemon = NeedsDaemon::No},
    {.name = "conf",
     .aliases = "config",
     .args = "[key] [value]",
     .help = "get, or set when there is a value",
     .run = run_conf,
     .options = kJsonOption,
     .daemon = NeedsDaemon::IfRunning},
    {.name = "unset",
     .args = "<key>",
     .help = "remove a value, a module or all",
     .run = run_unset,
     .daemon = NeedsDaemon::No},
    {.name = "deploy",
     .args = "[file|environment] [command]",
     .help = "bring the repository onto hosts over ssh (kpm deploy help)",
     .run = run_deploy,
     .options = kDeployOptions,
     .daemon = NeedsDaemon::No,
     .ends_line = deploy_ends_line},
    {.name = "install",
     .aliases = "module:install module:update",
     .args = "[package|tarball|.]",
     .help = "install a package of npm as a module, or a newer one, and start it",
     .run = run_install,
     .options = kInstallOptions},
    {.name = "uninstall",
     .aliases = "module:uninstall",
     .args = "<module>",
     .help = "stop a module and remove it",
     .run = run_uninstall},
    {.name = "package",
     .aliases = "module:package",
     .args = "[folder]",
     .help = "pack a module into a .tar.gz",
     .run = run_package,
     .daemon = NeedsDaemon::No},
    {.name = "startup",
     .args = "[platform]",
     .help = "start the daemon and what was saved with the machine",
     .run = run_startup,
     .daemon = NeedsDaemon::No,
     .choices = kPlatforms},
    {.name = "unstartup",
     .args = "[platform]",
     .help = "take that back",
     .run = run_unstartup,
     .daemon = NeedsDaemon::No,
     .choices = kPlatforms},
    {.name = "completion",
     .args = "[shell|install|uninstall] [shell]",
     .help = "print, install or remove the script for the tab key of bash, zsh or fish",
     .run = run_completion,
     .daemon = NeedsDaemon::No,
     .machine_output = true,
     .choices = "bash zsh fish install uninstall"},
};

}  // namespace

std::span<const Command> commands() {
    return kCommands;
}

const Command* find_command(std::string_view name) {
    for (const Command& command : kCommands) {
        const auto aliases = split(command.aliases, ' ');
        if (command.name == name || std::ranges::find(aliases, name) != aliases.end())
            return name.empty() ? nullptr : &command;
    }
    return nullptr;
}

}  // namespace kpm::cli

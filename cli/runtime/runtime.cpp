#include "cli/runtime/runtime.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>
#include <utility>
#include <vector>

#include "cli/command.h"
#include "cli/program.h"
#include "cli/runtime/container_apps.h"
#include "cli/runtime/container_environment.h"
#include "cli/runtime/direct_run.h"
#include "cli/runtime/first_process.h"
#include "cli/runtime/runtime_line.h"
#include "cli/variable.h"

namespace kpm::cli {
namespace {

// Only for what a Context must have.
constexpr Command kRuntime{"runtime", "", "", "", nullptr};

// KPM_GRACE, for who sets variables and not the command; before the words, so that --grace wins.
std::vector<std::string> with_grace_variable(std::span<const std::string> words) {
    std::vector<std::string> all;
    if (const char* grace = std::getenv("KPM_GRACE"); grace != nullptr && *grace != '\0')
        all = {"--grace", grace};
    all.insert(all.end(), words.begin(), words.end());
    return all;
}

int start_apps(Context& context) {
    const auto apps = container_apps(context);
    if (!apps) return kFailed;
    auto session = Session::open(context.home, context.console, Session::IfAbsent::Fail);
    if (!session) return context.fail(session.error());
    context.session = &*session;
    return start_container_apps(context, *apps);
}

int run_directly(Context& context) {
    const auto apps = container_apps(context);
    if (!apps) return kFailed;
    if (apps->size() > 1)
        return context.fail(fmt::format(
            "USE_PM2=false runs one app, and there are {}: choose one with --only", apps->size()));
    return become(context, apps->front());
}

}  // namespace

int run_runtime(std::span<const std::string> words) {
    share_container_variables();
    auto read = read_runtime_line(with_grace_variable(words));
    if (read) read->line.typed.assign(words.begin(), words.end());
    const bool is_silent = (read && read->line.has("silent")) || is_set("PM2_SILENT");
    Console console(detect_terminal(STDERR_FILENO, read && read->line.has("no-color")), is_silent);
    if (!read) {
        console.error_line(fmt::format("\n  error: {}\n", read.error().message));
        return kFailed;
    }
    if (read->line.has("version") || read->line.has("help")) {
        console.output(read->line.has("version") ? KPM_VERSION "\n" : runtime_help_text());
        return kDone;
    }
    if (read->line.words.empty()) {
        console.text(runtime_usage_text());
        return kFailed;
    }
    console.keep_stdout_clean();
    const auto home = ipc::find_home();
    if (!home) {
        console.error(home.error().message);
        return kFailed;
    }
    Context context{kRuntime, read->line, console, *home, working_directory()};
    if (!wants_supervisor()) return run_directly(context);
    if (const auto made = ipc::ensure_home(*home); !made) return context.fail(made.error());
    FirstProcess process(*home, console,
                         {.delay = read->delay,
                          .grace = read->grace,
                          .auto_exit = read->auto_exit,
                          .console = read->console,
                          .start = [&context] { return start_apps(context); }});
    return process.run();
}

}  // namespace kpm::cli

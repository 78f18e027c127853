#include "cli/dev/dev.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>

#include "cli/command.h"
#include "cli/dev/dev_line.h"
#include "cli/dev/dev_run.h"
#include "cli/program.h"

namespace kpm::cli {
namespace {

// Only for what a Context must have.
constexpr Command kDev{"dev", "", "", "", nullptr};

// A home of its own beside the user's: what is written must not stop what is served.
Result<ipc::Home> find_dev_home() {
    auto home = ipc::find_home();
    if (!home) return home;
    setenv("KPM_HOME", (home->root().string() + "-dev").c_str(), 1);
    return ipc::find_home();
}

}  // namespace

int run_dev(std::span<const std::string> words) {
    auto wanted = read_dev_line(words);
    Console console(detect_terminal(STDOUT_FILENO, wanted && wanted->line.has("no-color")), false);
    if (!wanted) {
        console.error_line(fmt::format("\n  error: {}\n", wanted.error().message));
        return kFailed;
    }
    if (wanted->line.has("version") || wanted->line.has("help")) {
        console.output(wanted->line.has("version") ? KPM_VERSION "\n" : dev_help_text());
        return kDone;
    }
    if (wanted->line.words.empty()) {
        console.text(dev_usage_text());
        return kFailed;
    }
    setenv("PM2_DISCRETE_MODE", "true", 1);  // nobody wants to read of the daemon
    const auto home = find_dev_home();
    if (!home) {
        console.error(home.error().message);
        return kFailed;
    }
    Context context{kDev, wanted->line, console, *home, working_directory()};
    if (const auto made = ipc::ensure_home(*home); !made) return context.fail(made.error());
    auto session = Session::open(*home, console, Session::IfAbsent::Launch);
    if (!session) return context.fail(session.error());
    context.session = &*session;
    return DevRun(context, *wanted).run();
}

}  // namespace kpm::cli

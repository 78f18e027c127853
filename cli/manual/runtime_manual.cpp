#include "cli/manual/manuals.h"
#include "cli/manual/option_entries.h"
#include "cli/runtime/runtime_line.h"

namespace kpm::cli {

Manual runtime_manual() {
    using Paragraph = Manual::Paragraph;
    using Entry = Manual::Entry;
    Manual::Section container{"OPTIONS", {}};
    for (Entry& entry : entries_of(runtime_options())) container.blocks.push_back(std::move(entry));
    return {
        .name = "kpm-runtime",
        .summary = "run apps in the foreground, as the first process of a container",
        .synopsis = {"kpm-runtime [options] <script|configuration file> [-- arguments of the app]"},
        .sections =
            {{"DESCRIPTION",
              {Paragraph{
                   "Is `kpm` under another name: it starts the daemon and the apps, hands on what they print "
                   "and the signals that it gets, reaps whatever loses its parent, and ends when the last "
                   "app "
                   "has ended, with that app's exit code. `kpm list`, `kpm logs` and the like work beside "
                   "it."},
               Paragraph{"A word `start` before the script is skipped. Besides the options below, all of "
                         "`kpm start` may be given: see kpm(1)."}}},
             std::move(container),
             {"EXIT STATUS",
              {Paragraph{
                   "That of the last app that ends and is not started again, 128 + n after signal n; and:"},
               Entry{"0", "SIGTERM, SIGINT or SIGQUIT came, and all ended within --grace"},
               Entry{"137", "they came, and the rest was killed after --grace"},
               Entry{"1",
                     "a script or configuration that is missing or broken, a wrong option, a daemon that "
                     "cannot start"}}},
             {"SIGNALS",
              {Entry{"SIGTERM, SIGINT, SIGQUIT", "all apps are stopped at the same time"},
               Entry{"SIGHUP, SIGUSR1, SIGWINCH", "are handed on to every app"},
               Entry{"SIGUSR2", "log files are opened anew"}}},
             {"ENVIRONMENT",
              {Entry{"KPM_GRACE", "as --grace"},
               Entry{"USE_PM2, KPM_MANAGED", "false: the process becomes the one app, without a supervisor"},
               Entry{"PM2_INSTANCES, KPM_INSTANCES", "as -i, for an app that does not say itself how many"},
               Entry{"PORT, KPM_PORT", "for the app"}}}},
        .see_also = {{"kpm", 1}}};
}

}  // namespace kpm::cli

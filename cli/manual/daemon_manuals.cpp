// What nobody starts by hand, for whoever finds it in a list of processes.
#include "cli/manual/manuals.h"

namespace kpm::cli {

Manual daemon_manual() {
    using Paragraph = Manual::Paragraph;
    using Entry = Manual::Entry;
    return {.name = "kpmd",
            .number = 8,
            .summary = "daemon of the process manager kpm",
            .synopsis = {"kpmd --home <directory>", "kpmd --version"},
            .sections =
                {{"DESCRIPTION",
                  {Paragraph{"Decides everything about the apps of one home: their lives, their logs, and "
                             "which worker gets a connection. Is started by `kpm-keeper`, never by hand, and "
                             "started again by it when it ends; apps, their connections and their output "
                             "outlive it. Answers `kpm` on the sockets in its home."},
                   Paragraph{"`kpm update` puts the installed version in the place of the one that runs."}}},
                 {"OPTIONS",
                  {Entry{"--home <directory>", "the folder with its sockets, logs and saved apps"},
                   Entry{"--help", "how it is called"}, Entry{"--version", "print the version"}}},
                 {"SIGNALS", {Entry{"SIGUSR2", "log files are opened anew"}}}},
            .see_also = {{"kpm", 1}, {"kpm-keeper", 8}}};
}

Manual keeper_manual() {
    using Paragraph = Manual::Paragraph;
    using Entry = Manual::Entry;
    return {
        .name = "kpm-keeper",
        .number = 8,
        .summary = "parent of kpm's daemon and of all its apps",
        .synopsis = {"kpm-keeper --home <directory> --daemon <path of kpmd> [--foreground]"},
        .sections =
            {{"DESCRIPTION",
              {Paragraph{
                   "Starts what `kpmd` asks for and reaps it, keeps the listening sockets, the ends of the "
                   "apps' "
                   "pipes and the daemon's state, and starts the daemon again when it ends. Decides nothing. "
                   "Is started by `kpm`, or by a service manager, with --foreground: it says on "
                   "NOTIFY_SOCKET "
                   "when the daemon answers."},
               Paragraph{
                   "When it ends, the apps of its home have lost their supervisor: `kpm kill` is the way to "
                   "stop all."}}},
             {"OPTIONS",
              {Entry{"--home <directory>", "the daemon's home; one keeper at a time"},
               Entry{"--daemon <path>", "the program to start as the daemon"},
               Entry{"--foreground", "stay the process that was started; without it, go to the background"}}},
             {"EXIT STATUS",
              {Entry{"0", "all was stopped"},
               Entry{"1", "the home is in use, or something else went wrong at the start"},
               Entry{"2", "wrong options"}}}},
        .see_also = {{"kpm", 1}, {"kpmd", 8}, {"systemd.service", 5}}};
}

}  // namespace kpm::cli

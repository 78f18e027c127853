#include "cli/command.h"
#include "cli/help.h"
#include "cli/manual/manuals.h"
#include "cli/manual/option_entries.h"

namespace kpm::cli {
namespace {

Manual::Section commands_section() {
    Manual::Section section{"COMMANDS", {}};
    for (const Command& command : commands())
        section.blocks.push_back(
            Manual::Entry{command_title(command), std::string(command.help), entries_of(command.options)});
    return section;
}

}  // namespace

Manual kpm_manual() {
    using Paragraph = Manual::Paragraph;
    using Entry = Manual::Entry;
    return {
        .name = "kpm",
        .summary = "process manager with PM2's commands, options and files",
        .synopsis = {"kpm [options] <command> [arguments] [-- arguments of the app]"},
        .sections =
            {{"DESCRIPTION",
              {Paragraph{
                   "Starts apps and keeps them running: programs in any language, alone or as a cluster of "
                   "workers over which connections are balanced. Apps are children of a daemon, which the "
                   "first command starts; `kpm kill` ends both."},
               Paragraph{
                   "Options may stand anywhere before `--`; what follows it belongs to the app. Many "
                   "commands take several targets: an id, a name, a namespace, a pattern such as /^web/, or "
                   "`all`."}}},
             commands_section(),
             own_options_section("OPTIONS"),
             app_options_section("OPTIONS OF APPS"),
             {"EXIT STATUS",
              {Entry{"0", "done"},
               Entry{"1",
                     "an unknown target, command or option; a file, script or interpreter that is missing; "
                     "an app "
                     "that did not come up or not get ready; no daemon to talk to"}}},
             {"ENVIRONMENT",
              {Entry{"KPM_HOME", "the folder in which all files of kpm lie; each has a daemon of its own"},
               Entry{"PM2_HOME", "the same, where KPM_HOME is not set"},
               Entry{"PM2_SILENT", "not empty: as --silent"},
               Entry{"FORCE_COLOR", "colours although the output is no terminal; 0: none"},
               Entry{"NO_COLOR", "no colours"}}},
             {"FILES",
              {Paragraph{"In the home: $KPM_HOME, else $PM2_HOME, else ~/.kpm."},
               Entry{"dump.pm2", "the apps that `kpm save` saved and `kpm resurrect` starts"},
               Entry{"logs", "what apps print, where they do not name files of their own"},
               Entry{"module_conf.json", "the values of `kpm set`"}, Entry{"modules", "installed modules"},
               Entry{"pids", "process ids of apps"}, Entry{"pm2.log", "what the daemon has to say"},
               Entry{"rpc.sock, pub.sock", "the daemon's sockets, which speak PM2's protocol"},
               Paragraph{"Beside the folder of `kpm`:"},
               Entry{"../share/doc/kpm", "the pages that this one names as docs/"}}},
             {"EXAMPLES",
              {Paragraph{"Two workers of a server that share its port, with their logs:"},
               Manual::Example{"kpm start server.js -i 2 --name web\nkpm logs web"},
               Paragraph{
                   "The apps of a file; and again, after a change of it, without a moment in which nobody "
                   "serves:"},
               Manual::Example{"kpm start ecosystem.json\nkpm reload ecosystem.json"},
               Paragraph{"What runs now comes back with the machine:"},
               Manual::Example{"kpm save\nkpm startup"}}}},
        .see_also = {
            {"kpm-dev", 1}, {"kpm-runtime", 1}, {"render-worker", 1}, {"kpm-keeper", 8}, {"kpmd", 8}}};
}

}  // namespace kpm::cli

#include "cli/dev/dev_line.h"
#include "cli/manual/manuals.h"
#include "cli/manual/option_entries.h"

namespace kpm::cli {

Manual dev_manual() {
    using Paragraph = Manual::Paragraph;
    using Entry = Manual::Entry;
    Manual::Section development{"OPTIONS", {}};
    for (Entry& entry : entries_of(dev_options())) development.blocks.push_back(std::move(entry));
    return {
        .name = "kpm-dev",
        .summary = "run apps in the foreground while they are written",
        .synopsis = {"kpm-dev [options] <script|configuration file> [-- arguments of the app]"},
        .sections =
            {{"DESCRIPTION",
              {Paragraph{
                   "Is `kpm` under another name: it starts the apps with --watch, so that a changed file "
                   "starts them again, a second after an end as well, and shows what they print until "
                   "Ctrl-C, which ends them."},
               Paragraph{
                   "Its daemon and its home are its own, the home of kpm with `-dev` behind its name: what "
                   "is served in production is not touched. The last kpm-dev of a home ends the daemon. "
                   "`KPM_HOME=~/.kpm-dev kpm list` and the like work beside it."},
               Paragraph{"A word `start` before the script is skipped. Besides the options below, all of "
                         "`kpm start` may be given: see kpm(1)."}}},
             std::move(development),
             {"EXIT STATUS",
              {Entry{"0", "it was ended by Ctrl-C or another signal"},
               Entry{"1",
                     "the apps could not be started, the daemon was ended by somebody else, or, with "
                     "--auto-exit, none runs any more"}}}},
        .see_also = {{"kpm", 1}}};
}

}  // namespace kpm::cli

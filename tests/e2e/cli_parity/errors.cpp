// Wrong command lines, and the options that are about the program.
#include "tests/e2e/cli_parity/groups.h"

namespace kpm::test {

ParityGroup errors() {
    return {"errors",
            {
                {"stay.sh", "exec sleep 100000\n"},
            },
            {
                {"ping"},
                {"no-such-command", {"usage"}},
                {"help", {"usage"}},
                {"", {"usage"}},
                {"-v", {"version"}},
                {"list -v", {"version"}},
                {"lst", {"usage", "suggestion"}},
                {"--no-such list"},
                {"describe a --no-such x"},
                {"start stay.sh --no-such"},
                {"logs --no-such"},
                {"stop --name"},
                {"--name"},
                {"jlist extra"},
                {"prettylist extra", {"help"}},
                {"save extra", {"help"}},
                {"kill extra", {"help"}},
                {"cleardump extra", {"help"}},
                {"resurrect extra", {"help"}},
                {"ping extra"},
                {"web", {"usage", "suggestion"}},
                {"list -abc", {"option-title"}},
                {"list --sort", {"option-title"}},
                {"restart a --parallel"},
                {"start stay.sh --name"},
                {"-s no-such-command"},
                {"list --no-color"},
                {"-- list", {"leading-dashes"}},
                {"start -- list"},
                {"kill -s"},
            }};
}

}  // namespace kpm::test

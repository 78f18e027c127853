// save, resurrect, cleardump, ecosystem and the end of the daemon.
#include "tests/e2e/cli_parity/groups.h"

namespace kpm::test {

ParityGroup persistence() {
    return {"persistence",
            {
                {"stay.sh", "exec sleep 100000\n"},
                {"app.js", "setInterval(() => {}, 1000);\n"},
            },
            {
                {"resurrect", {"no-dump"}},
                {"save", {"save-hint", "empty-save"}},
                {"start stay.sh -n a -- x y"},
                {"start stay.sh -n b -i 2 --namespace n"},
                {"stop a"},
                {"save", {"empty-save"}},
                {"dump"},
                {"save extra", {"help"}},
                {"delete b"},
                {"resurrect"},
                {"kill"},
                {"jlist"},
                {"resurrect", {"restored-pid"}},
                {"list"},
                {"delete all"},
                {"save", {"save-hint"}},
                {"save --force", {"backups"}},
                {"resurrect"},
                {"start stay.sh -n a"},
                {"save --force", {"backups"}},
                {"cleardump", {"backups"}},
                {"$ cat \"$HOME_OF_TEST/dump.pm2\" | tr -d ' \\n' | grep -qx '\\[\\]'"},
                {"delete all"},
                {"resurrect"},
                {"start stay.sh -n c"},
                {"save -f"},
                {"kill extra", {"help"}},
                {"kill"},
                {"resurrect"},
                {"ping"},
                {"delete all"},
                {"ecosystem"},
                {"$ rm -f ecosystem.config.js"},
                {"init simple"},
                {"$ rm -f ecosystem.config.js"},
                {"ecosystem no-such-mode"},
            }};
}

}  // namespace kpm::test

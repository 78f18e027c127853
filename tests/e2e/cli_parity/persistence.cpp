// save, resurrect, cleardump, ecosystem and the end of the daemon.
#include "tests/e2e/cli_parity/groups.h"

namespace kpm::test {

ParityGroup persistence() {
    return {"persistence",
            {
                {"stay.sh", "exec sleep 100000\n"},
                {"app.js", "setInterval(() => {}, 1000);\n"},
                {"dump.json", R"([{"name": "from-file", "pm_exec_path": "/no/such/script.sh"}])"},
            },
            {
                {"resurrect"},
                {"save"},
                {"start stay.sh -n a -- x y"},
                {"start stay.sh -n b -i 2 --namespace n"},
                {"stop a"},
                {"save"},
                {"dump"},
                {"save extra"},
                {"delete b"},
                {"resurrect"},
                {"resurrect extra"},
                {"kill"},
                {"jlist"},
                {"resurrect"},
                {"list"},
                {"delete all"},
                {"save"},
                {"save --force"},
                {"resurrect"},
                {"start stay.sh -n a"},
                {"save --force"},
                {"cleardump"},
                {"cleardump extra"},
                {"$ cat \"$HOME_OF_TEST/dump.pm2\" | tr -d ' \\n' | grep -qx '\\[\\]'"},
                {"delete all"},
                {"resurrect"},
                {"$ echo '{' > \"$HOME_OF_TEST/dump.pm2\"; rm -f \"$HOME_OF_TEST\"/dump.pm2.*"},
                {"resurrect"},
                {"$ rm -f \"$HOME_OF_TEST\"/dump*"},
                {"resurrect"},
                {"save"},
                {"$ rm -f \"$HOME_OF_TEST\"/dump*"},
                {"start stay.sh -n c"},
                {"save -f"},
                {"$ rm \"$HOME_OF_TEST/dump.pm2\""},
                {"save"},
                {"kill"},
                {"kill extra"},
                {"resurrect"},
                {"ping"},
                {"delete all"},
            }};
}

}  // namespace kpm::test

// Logs: what is printed of the files, and what is done to them.
#include "tests/e2e/cli_parity/groups.h"

namespace kpm::test {

ParityGroup logs() {
    return {"logs",
            {
                {"talk.sh",
                 "for i in 1 2 3 4 5 6; do echo out $i; done; for i in 1 2; do echo err $i >&2; done; exec "
                 "sleep 100000\n"},
                {"node.js", "console.log('out'); console.error('err'); setInterval(() => {}, 1000);\n"},
            },
            {
                {"logs --nostream"},
                {"start talk.sh -n talk"},
                {"start node.js -n node"},
                {"start talk.sh -n long-name-of-app --namespace ns"},
                {"$ until [ -s \"$HOME_OF_TEST/logs/long-name-of-app-error.log\" ] && [ -s "
                 "\"$HOME_OF_TEST/logs/node-error.log\" ]; do sleep 0.05; done"},
                {"$ for n in talk-out talk-error node-out node-error long-name-of-app-out "
                 "long-name-of-app-error; do touch \"$HOME_OF_TEST/logs/$n.log\"; sleep 0.02; done"},
                {"logs --nostream"},
                {"logs talk --nostream"},
                {"logs ns --nostream", {"namespace-tail"}},
                {"logs /ta/ --nostream"},
                {"logs no-such --nostream"},
                {"logs 99 --nostream"},
                {"logs talk --nostream --lines 2"},
                {"logs talk --nostream --lines -3"},
                {"logs talk --nostream --lines abc"},
                {"logs talk --nostream --err"},
                {"logs talk --nostream --out"},
                {"logs talk --nostream --out --err", {"both-streams"}},
                {"logs talk --nostream --raw"},
                {"logs talk --nostream --json", {"structured-tail"}},
                {"logs talk --nostream --format", {"structured-tail"}},
                {"logs talk --nostream --timestamp YYYY"},
                {"logs talk --nostream --highlight out"},
                {"log talk --nostream"},
                {"logs talk node --nostream"},
                {"logs --nostream --lines 1"},
                {"logs all --nostream --lines 1 --out"},
                {"logs talk --no-such --nostream"},
                {"logs --lines", {}},
                {"reloadLogs"},
                {"flush talk"},
                {"logs talk --nostream"},
                {"flush no-such"},
                {"flush"},
                {"logs talk --nostream --lines 1"},
                {"flush extra words"},
                {"delete talk"},
                {"logs talk --nostream"},
                {"delete all"},
                {"flush"},
            }};
}

}  // namespace kpm::test

// Logs: what is printed of the files, and what is done to them.
#include "tests/e2e/cli_parity/groups.h"

namespace kpm::test {

ParityGroup logs() {
    return {"logs",
            {
                {"talk.sh", "for i in 1 2 3 4 5 6; do echo out $i; done; for i in 1 2; do echo err $i >&2; done; exec sleep 100000\n"},
                {"node.js", "console.log('out'); console.error('err'); setInterval(() => {}, 1000);\n"},
            },
            {
                {"logs --nostream"},
                {"start talk.sh -n talk"},
                {"start node.js -n node"},
                {"start talk.sh -n long-name-of-app --namespace ns"},
                {"$ sleep 0.5"},
                {"logs --nostream"},
                {"logs talk --nostream"},
                {"logs 0 --nostream"},
                {"logs ns --nostream"},
                {"logs /ta/ --nostream"},
                {"logs no-such --nostream"},
                {"logs 99 --nostream"},
                {"logs talk --nostream --lines 2"},
                {"logs talk --nostream --lines=0"},
                {"logs talk --nostream --lines -3"},
                {"logs talk --nostream --lines abc"},
                {"logs talk --nostream --err"},
                {"logs talk --nostream --out"},
                {"logs talk --nostream --out --err"},
                {"logs talk --nostream --raw"},
                {"logs talk --nostream --raw --err"},
                {"logs talk --nostream --json"},
                {"logs talk --nostream --format"},
                {"logs talk --nostream --timestamp"},
                {"logs talk --nostream --timestamp YYYY"},
                {"logs talk --nostream --highlight out"},
                {"logs talk --nostream --highlight"},
                {"log talk --nostream"},
                {"logs talk node --nostream"},
                {"logs --nostream --lines 1"},
                {"logs all --nostream --lines 1 --out"},
                {"logs talk --no-such --nostream"},
                {"logs --lines"},
                {"reloadLogs"},
                {"flush talk"},
                {"logs talk --nostream"},
                {"flush no-such"},
                {"flush 1"},
                {"flush"},
                {"logs --nostream --lines 1"},
                {"flush extra words"},
                {"delete talk"},
                {"logs talk --nostream"},
                {"delete all"},
                {"flush"},
            }};
}

}  // namespace kpm::test

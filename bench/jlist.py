"""Wall time of short commands. Both daemons run side by side, the commands alternate."""

from common import APPS, Row, alternately

ROUNDS = 15


def measure(bench, rounds):
    kpm, pm2 = bench.sides

    def timed(*command):
        return alternately(bench.sides, rounds, lambda side: side.milliseconds(*command))

    with kpm.running(), pm2.running():
        rows = [Row("ping", "ms", timed("ping")), Row("jlist, no app", "ms", timed("jlist"))]
        for side in bench.sides:
            side.call("start", side.write_sleepers())
            side.expect_online(APPS)
        rows.append(Row(f"jlist, {APPS} apps", "ms", timed("jlist")))
    return rows

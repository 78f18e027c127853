"""Wall time of `start ecosystem.json` with 100 apps, each time on a fresh daemon that already runs; and how many times
that is what 100 bare fork+execs take."""

import subprocess

from common import APPS, Row, alternately

ROUNDS = 5


def start_time(side):
    with side.running():
        elapsed = side.milliseconds("start", side.write_sleepers())
        side.expect_online(APPS)
        return elapsed


def measure(bench, rounds):
    def sample(side):
        bare = subprocess.run([bench.tool("bare_spawn"), "start", str(APPS), "/bin/sleep", "100000"],
                              stdout=subprocess.PIPE, text=True, check=True).stdout
        return start_time(side), float(bare)

    samples = alternately(bench.sides, rounds, sample)
    return [Row(f"start {APPS} apps", "ms", {side: [wall for wall, _ in pairs] for side, pairs in samples.items()}),
            Row("  times bare fork+exec", "x", {side: [wall / bare for wall, bare in pairs]
                                                for side, pairs in samples.items()})]

"""Wall time of `start ecosystem.json` with 100 apps, each time on a fresh daemon that already runs."""

from common import APPS, Row, alternately

ROUNDS = 5


def start_time(side):
    with side.running():
        elapsed = side.milliseconds("start", side.write_sleepers())
        side.expect_online(APPS)
        return elapsed


def measure(bench, rounds):
    return [Row(f"start {APPS} apps", "ms", alternately(bench.sides, rounds, start_time))]

"""Start of 100 apps by `start ecosystem.json`, each time on a fresh daemon that already runs: wall time of the command,
and the time from its beginning until the last of the programs runs (exec_stamp writes down when); and how many times
that is what a parent takes that forks and execs 100 of the same, until the last of them runs."""

import subprocess
import time

from common import APPS, BenchError, Row, alternately

ROUNDS = 5


def start_time(side):
    with side.running():
        elapsed = side.milliseconds("start", side.write_sleepers())
        side.expect_online(APPS)
        return elapsed


def time_to_last_exec(bench, side):
    with side.running():
        stamps = side.home.parent / "stamps"
        file = side.write_apps([{"name": f"app-{i}", "script": bench.tool("exec_stamp"), "args": str(stamps),
                                 "interpreter": "none"} for i in range(APPS)])
        begin = time.monotonic_ns()
        side.call("start", file)
        side.expect_online(APPS)
        times = [int(line.split()[1]) for line in stamps.read_text().splitlines()]
        if len(times) != APPS:
            raise BenchError(f"{side.name}: {len(times)} programs ran, expected {APPS}")
        return (max(times) - begin) / 1e6


def measure(bench, rounds):
    def bare(*program):
        return float(subprocess.run([bench.tool("bare_spawn"), "start", str(APPS), *program],
                                    stdout=subprocess.PIPE, text=True, check=True).stdout)

    def sample(side):
        sleeps = bare("/bin/sleep", "100000")
        wall = start_time(side)
        stamps = bare(bench.tool("exec_stamp"), "/dev/null")
        return wall, sleeps, time_to_last_exec(bench, side), stamps

    samples = alternately(bench.sides, rounds, sample)

    def row(name, unit, value):
        return Row(name, unit, {side: [value(*figures) for figures in rows] for side, rows in samples.items()})

    return [row(f"start {APPS} apps", "ms", lambda wall, sleeps, last, stamps: wall),
            row("  times bare fork+exec", "x", lambda wall, sleeps, last, stamps: wall / sleeps),
            row("  to the last exec", "ms", lambda wall, sleeps, last, stamps: last),
            row("  that, times bare", "x", lambda wall, sleeps, last, stamps: last / stamps)]

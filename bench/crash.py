"""Time from an app's death by SIGKILL to the first instruction of its successor (exec_stamp writes down when); and how
many times that is what a parent takes that does nothing but wait, fork and exec, after a child that has lived as long:
a processor that has had a second's rest takes half as long again."""

import os
import signal
import subprocess
import tempfile
import time

from common import BenchError, Row, alternately, wait_for

ROUNDS = 15
LONGEST = 10  # seconds to wait for a successor
# Longer than min_uptime (1 s on both sides): a crash before it would count as an early one.
UPTIME = 1.3


def last_stamp(path):
    """(number of lines, pid, seconds) of the newest start."""
    lines = path.read_text().splitlines() if path.exists() else []
    if not lines:
        return 0, 0, 0.0
    pid, nanoseconds = lines[-1].split()
    return len(lines), int(pid), int(nanoseconds) / 1e9


def bare(bench):
    with tempfile.TemporaryDirectory(prefix="bench-bare-") as folder:
        done = subprocess.run([bench.tool("bare_spawn"), "crash", bench.tool("exec_stamp"), folder + "/stamps",
                               str(UPTIME)], stdout=subprocess.PIPE, text=True, check=True)
        return float(done.stdout)


def measure(bench, rounds):
    kpm, pm2 = bench.sides

    def stamps(side):
        return side.home.parent / "stamps"

    def crash(side):
        count, pid, since = last_stamp(stamps(side))
        time.sleep(max(0.0, since + UPTIME - time.monotonic()))
        killed = time.monotonic()
        os.kill(pid, signal.SIGKILL)
        if not wait_for(lambda: last_stamp(stamps(side))[0] > count, LONGEST):
            raise BenchError(f"{side.name} did not start the app again within {LONGEST} s")
        return (last_stamp(stamps(side))[2] - killed) * 1000

    with kpm.running(), pm2.running():
        for side in bench.sides:
            side.call("start", side.write_apps([{"name": "app", "script": bench.tool("exec_stamp"),
                                                 "args": str(stamps(side)), "interpreter": "none"}]))
            if not wait_for(lambda: last_stamp(stamps(side))[0] == 1, LONGEST):
                raise BenchError(f"{side.name} did not start the app")
        samples = alternately(bench.sides, rounds, lambda side: (crash(side), bare(bench)))
    return [Row("crash to exec of the successor", "ms", {side: [t for t, _ in pairs] for side, pairs in samples.items()}),
            Row("  times bare fork+exec", "x", {side: [t / alone for t, alone in pairs]
                                                for side, pairs in samples.items()})]

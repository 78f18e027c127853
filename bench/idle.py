"""What the daemon does while nothing happens: CPU and wake-ups (voluntary context switches) with 1,000 apps."""

import pathlib
import time

from common import Row
from scale import cpu_microseconds

ROUNDS = 1
APPS = 1000
SETTLE = 5  # seconds
WATCHED = 20  # seconds


def switches(side):
    total = 0
    for pid in side.daemon_pids().values():
        for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
            lines = (task / "status").read_text().splitlines()
            total += next(int(line.split()[1]) for line in lines if line.startswith("voluntary_ctxt_switches"))
    return total


def measure(bench, rounds):
    kpm = bench.sides[0]
    wakeups, cpu = [], []
    for _ in range(rounds):
        with kpm.running():
            kpm.call("start", kpm.write_apps([{"name": "app", "script": "/bin/sleep", "args": "100000",
                                               "interpreter": "none", "exec_mode": "fork", "instances": APPS}]))
            kpm.expect_online(APPS)
            time.sleep(SETTLE)
            before = switches(kpm), cpu_microseconds(kpm)
            time.sleep(WATCHED)
            wakeups.append((switches(kpm) - before[0]) / WATCHED)
            cpu.append((cpu_microseconds(kpm) - before[1]) / WATCHED)
    return [Row(f"idle with {APPS} apps: wake-ups a second", "1/s", {"kpm": wakeups}),
            Row(f"idle with {APPS} apps: CPU in a second", "us", {"kpm": cpu})]

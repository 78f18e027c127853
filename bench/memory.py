"""Memory of the daemon (PSS), without apps and with 100. One daemon at a time; its command line client has ended."""

import pathlib
import time

from common import APPS, Row, alternately

ROUNDS = 3
SETTLE = 2  # seconds between the last command and the reading


def pss(side):
    time.sleep(SETTLE)
    parts = {}
    for name, pid in side.daemon_pids().items():
        lines = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        parts[name] = next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024
    return parts


def readings(side):
    with side.running():
        empty = pss(side)
        side.call("start", side.write_sleepers())
        side.expect_online(APPS)
        return empty, pss(side)


def measure(bench, rounds):
    samples = alternately(bench.sides, rounds, readings)
    rows = []
    for index, when in enumerate(("no app", f"{APPS} apps")):
        totals = {name: [sum(reading[index].values()) for reading in values] for name, values in samples.items()}
        rows.append(Row(f"daemon PSS, {when}", "MiB", totals))
        for part in ("kpmd", "kpm-keeper"):
            rows.append(Row(f"  of it {part}", "MiB", {"kpm": [reading[index][part] for reading in samples["kpm"]]}))
    return rows

"""What one app costs the daemon (CPU of kpmd and kpm-keeper) when there are 10, 100, 1,000 and 10,000 of them: a flat
line; and the memory of the daemon (PSS) with so many."""

import pathlib
import resource

from common import BenchError, Row
from memory import pss

ROUNDS = 1
SIZES = (10, 100, 1000, 10000)
# Descriptors that kpmd holds for an app without logs: its message channel. Others take three.
DESCRIPTORS = 1
REPEATS = {10: 20, 100: 3, 1000: 1, 10000: 1}  # so that each figure is an average over some hundred events
# A start writes a pid file. What that costs on a disk's file system depends on what was removed there just before (ext4
# passes over the inodes of ten thousand files, one by one), so the home is in memory.
MEMORY = pathlib.Path("/dev/shm")
NOTE = "per-app CPU is kpm's alone (the same run of pm2 takes many minutes), its home in memory"


def cpu_microseconds(side):
    """Of all threads of the daemon's processes."""
    total = 0
    for pid in side.daemon_pids().values():
        for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
            total += int((task / "schedstat").read_text().split()[0])
    return total / 1000


def cost(side, size, *command):
    before = cpu_microseconds(side)
    for _ in range(REPEATS[size]):
        side.call(*command)
    return (cpu_microseconds(side) - before) / size / REPEATS[size]


def start_and_delete(side, size, file):
    start = delete = 0.0
    for _ in range(REPEATS[size]):
        before = cpu_microseconds(side)
        side.call("start", file)
        started = cpu_microseconds(side)
        side.call("delete", "all")
        start += started - before
        delete += cpu_microseconds(side) - started
    return start / size / REPEATS[size], delete / size / REPEATS[size]


def measure(bench, rounds):
    kpm = bench.sides[0]
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    sizes = [size for size in SIZES if size * DESCRIPTORS < soft]
    if len(sizes) < 2:
        raise BenchError(f"cannot measure more than {sizes} apps with {soft} descriptors")
    rows = []
    for size in sizes:
        figures = {"start": [], "restart": [], "stop": [], "delete": []}
        memory = []
        for _ in range(rounds):
            with kpm.running(MEMORY if MEMORY.is_dir() else None):
                file = kpm.write_apps([{"name": "app", "script": "/bin/sleep", "args": "100000", "interpreter": "none",
                                        "exec_mode": "fork", "instances": size, "disable_logs": True}])
                started, deleted = start_and_delete(kpm, size, file)
                figures["start"].append(started)
                figures["delete"].append(deleted)
                kpm.call("start", file)
                kpm.expect_online(size)
                memory.append(sum(pss(kpm).values()))
                figures["restart"].append(cost(kpm, size, "restart", "app"))
                kpm.expect_online(size)
                before = cpu_microseconds(kpm)
                kpm.call("stop", "app")
                figures["stop"].append((cpu_microseconds(kpm) - before) / size)
        rows += [Row(f"CPU per app, {what}, {size} apps", "us", {"kpm": values}) for what, values in figures.items()]
        rows.append(Row(f"daemon PSS, {size} apps without logs", "MiB", {"kpm": memory}))
    return rows

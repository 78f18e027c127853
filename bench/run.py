#!/usr/bin/env -S python3 -B
"""Measures kpm beside the real pm2 and prints both, with their ratio. See docs/bench.md."""

import argparse
import importlib
import json
import os
import pathlib
import platform
import shutil
import signal
import subprocess
import sys
import time

from common import Bench, BenchError, Side

ROOT = pathlib.Path(__file__).resolve().parent.parent
MEASUREMENTS = ["memory", "jlist", "commands", "start", "crash", "scale", "idle", "connections", "balance", "render", "mixed"]
PROGRAMS = ["kpm", "kpmd", "kpm-keeper", "render-worker", "connect_load", "exec_stamp", "bare_spawn", "command_time"]


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", action="append", choices=MEASUREMENTS, help="one measurement; may be repeated")
    parser.add_argument("--rounds", type=int, help="rounds of every measurement; each has its own default")
    parser.add_argument("--bin", type=pathlib.Path, default=ROOT / "build/release/bin", help="kpm's programs")
    parser.add_argument("--pm2", type=pathlib.Path, default=ROOT / "build/pm2/node_modules/.bin/pm2", help="pm2's CLI")
    parser.add_argument("--nginx", default=shutil.which("nginx"), help="nginx, to compare with where there is one")
    parser.add_argument("--output", type=pathlib.Path, default=ROOT / "build/bench/results.json", help="all samples")
    return parser.parse_args()


def make_bench(args):
    directory = args.bin.resolve()
    for program in [directory / name for name in PROGRAMS] + [args.pm2]:
        if not os.access(program, os.X_OK):
            raise BenchError(f"cannot run '{program}': not there; `make bench` builds and installs what is needed")
    if not shutil.which("node"):
        raise BenchError("cannot find node")
    return Bench(directory, [Side("kpm", str(directory / "kpm"), "KPM_HOME"),
                             Side("pm2", str(args.pm2.absolute()), "PM2_HOME")], args.nginx)


def processor():
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()


def machine():
    def version(*command):
        return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout.strip()

    return {"date": time.strftime("%Y-%m-%d"), "processor": processor(), "cores": len(os.sched_getaffinity(0)),
            "kernel": platform.release(), "node": version("node", "--version"),
            "load": round(os.getloadavg()[0], 2)}


def pm2_version(args):
    package = args.pm2.resolve().parent.parent / "package.json"
    return json.loads(package.read_text())["version"]


def number(value):
    if value is None:
        return "-"
    return f"{value:.0f}" if value >= 1000 or value == 0 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def spread(row, side):
    values = row.samples.get(side)
    return f"{number(min(values))}..{number(max(values))}" if values else ""


def ratio(row):
    kpm, pm2 = row.median("kpm"), row.median("pm2")
    return f"{kpm / pm2:.3f}" if row.better and kpm is not None and pm2 else "-"


HEADER = ("measurement", "unit", "kpm", "pm2", "kpm/pm2", "better", "rounds", "kpm range", "pm2 range")
LINE = "{:<50} {:<4} {:>8} {:>8} {:>8}  {:<6} {:>6}  {:<15} {:<15}"


def print_row(row):
    line = LINE.format(row.name, row.unit, number(row.median("kpm")), number(row.median("pm2")), ratio(row),
                       row.better, len(row.samples["kpm"]), spread(row, "kpm"), spread(row, "pm2"))
    print(line.rstrip(), flush=True)


def as_json(row):
    return {"name": row.name.strip(), "unit": row.unit, "better": row.better, "samples": row.samples,
            "median": {side: row.median(side) for side in row.samples}}


def main():
    args = arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the daemons are ended
    bench = make_bench(args)
    about = machine() | {"pm2": pm2_version(args)}
    print(", ".join(f"{key} {value}" for key, value in about.items()))
    if about["load"] > about["cores"] / 2:
        print(f"warning: load {about['load']} on {about['cores']} cores: too busy a machine to rely on the figures")
    print(LINE.format(*HEADER).rstrip())
    rows, notes = [], []
    for name in args.only or MEASUREMENTS:
        module = importlib.import_module(name)
        measured = module.measure(bench, args.rounds or module.ROUNDS)
        for row in measured:
            print_row(row)
        rows += measured
        notes += [module.NOTE] if hasattr(module, "NOTE") else []
    for note in notes:
        print("note: " + note)
    args.output.parent.mkdir(parents=True, exist_ok=True)
    args.output.write_text(json.dumps({"machine": about, "notes": notes, "rows": [as_json(row) for row in rows]},
                                      indent=1) + "\n")


if __name__ == "__main__":
    try:
        main()
    except BenchError as error:
        first = f" (after: {error.__context__})" if error.__context__ else ""
        sys.exit(f"error: {error}{first}")

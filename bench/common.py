"""What the measurements share: the two sides, alternation, and the figures that come out."""

import contextlib
import json
import os
import pathlib
import shutil
import signal
import socket
import statistics
import subprocess
import tempfile
import time
from dataclasses import dataclass

APPS = 100
COMMAND_TIMEOUT = 600
# A variable in the environment of all that a side starts: tells which processes must be gone at the end.
MARK = "KPM_BENCH_HOME"


class BenchError(Exception):
    pass


@dataclass
class Row:
    """One line of the table. `samples` maps a side's name to its values, where another pair is compared under the names
    of the two sides; `better` is lower, higher or empty."""

    name: str
    unit: str
    samples: dict
    better: str = "lower"

    def median(self, side):
        values = self.samples.get(side)
        return statistics.median(values) if values else None


class Side:
    """One process manager, kpm or pm2, in a home of its own. Its daemon lives as long as `running()`; `inside` is the
    folder of the home."""

    def __init__(self, name, program, home_variable):
        self.name = name
        self.program = program
        self.home_variable = home_variable
        self.home = None

    def environment(self):
        # A small environment, the same on both sides: each app's entry in the daemon holds a copy.
        kept = {name: os.environ[name] for name in ("PATH", "LANG", "TMPDIR") if name in os.environ}
        root = str(self.home.parent)
        return kept | {"HOME": root, self.home_variable: str(self.home), MARK: root, "PM2_DISCRETE_MODE": "1"}

    @contextlib.contextmanager
    def running(self, inside=None):
        root = pathlib.Path(tempfile.mkdtemp(prefix=f"bench-{self.name}-", dir=inside))
        self.home = root / "home"
        try:
            self.call("ping")
            yield self
        finally:
            self.end(root)

    def end(self, root):
        try:
            self.call("kill")
        finally:
            wait_for(lambda: not processes_of(root), 10)
            left = processes_of(root)
            for pid in left:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            shutil.rmtree(root, ignore_errors=True)
        if left:
            names = ", ".join(f"{name} ({pid})" for pid, name in left.items())
            raise BenchError(f"{self.name} left processes behind after kill: {names}")

    def call(self, *arguments):
        """Runs a command and returns its standard output."""
        return self.run(arguments, subprocess.PIPE)[0]

    def milliseconds(self, *arguments):
        """Wall time of a command; its output is thrown away."""
        return self.run(arguments, subprocess.DEVNULL)[1]

    def run(self, arguments, output):
        command = f"{self.name} {arguments[0]}"
        begin = time.perf_counter()
        try:
            done = subprocess.run([self.program, *map(str, arguments)], env=self.environment(), cwd=self.home.parent,
                                  stdin=subprocess.DEVNULL, stdout=output, stderr=output, text=True,
                                  timeout=COMMAND_TIMEOUT)
        except subprocess.TimeoutExpired:
            raise BenchError(f"{command} did not end within {COMMAND_TIMEOUT} s") from None
        elapsed = (time.perf_counter() - begin) * 1000
        if done.returncode != 0:
            reason = (done.stderr or done.stdout or "").strip()
            raise BenchError(f"{command} ended with {done.returncode}" + (f": {reason}" if reason else ""))
        return done.stdout, elapsed

    def write_apps(self, apps):
        path = self.home.parent / "ecosystem.json"
        path.write_text(json.dumps({"apps": apps}))
        return path

    def write_sleepers(self):
        return self.write_apps([{"name": f"app-{i}", "script": "/bin/sleep", "args": "100000", "interpreter": "none"}
                                for i in range(APPS)])

    def expect_online(self, count):
        rows = json.loads(self.call("jlist"))
        online = sum(row["pm2_env"]["status"] == "online" and row["pid"] > 0 for row in rows)
        if online != count or len(rows) != count:
            raise BenchError(f"{self.name}: {online} of {len(rows)} apps are online, expected {count}")

    def daemon_pids(self):
        """The daemon's processes by name; kpmd's parent is the keeper."""
        daemon = int((self.home / "pm2.pid").read_text())
        if self.name != "kpm":
            return {"pm2": daemon}
        return {"kpmd": daemon, "kpm-keeper": int(status_field(daemon, "PPid"))}


@dataclass
class Bench:
    """Where the programs are, and the two sides."""

    bin: pathlib.Path
    sides: list
    nginx: str | None = None

    def tool(self, name):
        return str(self.bin / name)


def alternately(sides, rounds, sample):
    """Calls sample(side) for each side in turn, `rounds` times; returns the values by side."""
    samples = {side.name: [] for side in sides}
    for _ in range(rounds):
        for side in sides:
            samples[side.name].append(sample(side))
    return samples


def wait_for(condition, seconds):
    """Waits until condition() is true; False when that took longer than `seconds`."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True


def free_port():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


def status_field(pid, name):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(name + ":"):
            return line.split()[1]
    raise BenchError(f"cannot find {name} of process {pid}")


def processes_of(root):
    """Processes, by pid, that carry this side's mark in their environment."""
    mark = f"{MARK}={root}".encode()
    found = {}
    for entry in pathlib.Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        with contextlib.suppress(OSError):
            if mark in (entry / "environ").read_bytes().split(b"\0"):
                found[int(entry.name)] = (entry / "comm").read_text().strip()
    return found

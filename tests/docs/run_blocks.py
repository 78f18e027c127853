#!/usr/bin/env python3
"""Runs the command blocks of Markdown pages, as a reader would who types them in from the top to the end.

run_blocks.py PAGE…: each page has a home and a working directory of its own, with the programs of KPM_BIN_DIR in PATH
and, behind them, KPM_PM2's.
Every command must end with 0, and print what the page shows (output_shape.py). Prints how many blocks ran and why others
did not; exit code 1 when one failed. The port 3000 of the pages is a free one here, /home/ann the test's own folder.
"""

import collections
import contextlib
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

from markdown_blocks import PageError, Step, blocks, steps
from output_shape import fits

PORT = "3000"
HOME = "/home/ann"
LIMIT = 60      # seconds for one command
PATIENCE = 10   # seconds in which a command that only looks may be repeated until it shows what the page shows
LOOKS = re.compile(r"^(kpm (list|ls|logs|describe|why|jlist|pid|env)|curl|cat)\b")


class Failure(Exception):
    pass


def free_port():
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        return str(server.getsockname()[1])


class Desk:
    """A user's shell: what a block leaves in variables and directory, the next one finds."""

    def __init__(self, programs):
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="kpm-docs-"))
        self.home = self.root / "home"
        self.work = self.home / "shop"
        self.work.mkdir(parents=True)
        self.port = free_port()
        self.env = {name: value for name, value in os.environ.items() if not name.startswith(("KPM_", "PM2_"))}
        self.env |= {"HOME": str(self.home), "PATH": f"{programs}:{os.environ['PATH']}", "TERM": "dumb"}
        # Looked for as long as there are processes.
        self.env["KPM_DOCS_ROOT"] = str(self.root)
        (self.root / "state").write_text(f"cd '{self.work}'\n")

    def own(self, text):
        return re.sub(rf"\b{PORT}\b", self.port, text)

    def run(self, command):
        """-> (exit code, what was printed)."""
        state = self.root / "state"
        script = (f". '{state}'\nset -e\ntrap '_code=$?; {{ export -p; printf \"cd %q\\n\" \"$PWD\"; }} >\"{state}\"; "
                  f"exit $_code' EXIT\n{self.own(command)}\n")
        try:
            done = subprocess.run(["bash", "-c", script], env=self.env, cwd=self.work, timeout=LIMIT,
                                  stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        except subprocess.TimeoutExpired as late:
            return "after a minute", (late.stdout or b"").decode(errors="replace")
        return done.returncode, done.stdout.decode(errors="replace").replace(str(self.home), HOME)

    def processes(self):
        mark = f"KPM_DOCS_ROOT={self.root}".encode()
        for entry in pathlib.Path("/proc").iterdir():
            if entry.name.isdigit() and int(entry.name) != os.getpid():
                try:
                    if mark in (entry / "environ").read_bytes().split(b"\0"):
                        yield int(entry.name)
                except OSError:
                    pass

    def close(self):
        """-> what was wrong with the daemon or is left of the page, in words; empty: nothing."""
        self.run("kpm kill")
        late = time.monotonic() + PATIENCE
        while list(self.processes()) and time.monotonic() < late:
            time.sleep(0.05)
        left = list(self.processes())
        for pid in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        log = self.home / ".kpm" / "pm2.log"
        said = log.read_text(errors="replace") if log.exists() else ""
        shutil.rmtree(self.root, ignore_errors=True)
        if "Sanitizer" in said or "runtime error" in said:
            return f"the daemon's log:\n{said}"
        return f"{len(left)} processes are left after `kpm kill`" if left else ""


def run_step(desk, step):
    until = time.monotonic() + PATIENCE
    while True:
        status, printed = desk.run(step.command)
        is_shown = step.output is None or fits(step.output, printed)
        if status == 0 and is_shown:
            return
        if not LOOKS.match(step.command) or time.monotonic() > until:
            break
        time.sleep(0.2)
    wanted = "" if is_shown else "the page shows:\n" + "\n".join(step.output) + "\n"
    raise Failure(f"{step.line}: $ {step.command.strip()}\nended with {status} and printed:\n{printed}{wanted}")


def run_page(page, programs):
    """-> (number of blocks that ran, Counter of the reasons of the others)."""
    ran, left_out = 0, collections.Counter()
    found = blocks(pathlib.Path(page).read_text())
    desk = Desk(programs)
    try:
        for block in found:
            if block.first and not block.reason:
                run_step(desk, Step(block.line, block.first, None))
            if block.reason:
                left_out[block.reason] += 1
            elif block.file:
                path = desk.work / block.file
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(desk.own(block.text))
            elif block.language in ("sh", "console"):
                for step in steps(block):
                    run_step(desk, step)
                ran += 1
    finally:
        wrong = desk.close()
    if wrong:
        raise Failure(wrong)
    return ran, left_out


def main():
    # PM2 itself is for the page that tells how to leave it.
    programs = f"{os.environ['KPM_BIN_DIR']}:{os.path.dirname(os.environ['KPM_PM2'])}"
    failed = False
    for page in sys.argv[1:]:
        try:
            ran, left_out = run_page(page, programs)
        except (PageError, Failure) as error:
            print(f"error: {page}:{error}", file=sys.stderr)
            failed = True
            continue
        reasons = ", ".join(f"{count} {reason}" for reason, count in sorted(left_out.items()))
        print(f"{page}: {ran} blocks ran, {sum(left_out.values())} did not" + (f": {reasons}" if reasons else ""))
        failed |= ran == 0
    return 1 if failed or len(sys.argv) < 2 else 0


if __name__ == "__main__":
    sys.exit(main())

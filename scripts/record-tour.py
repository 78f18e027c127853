#!/usr/bin/env python3
"""Records docs/tour.svg: a real kpm in a real terminal (tmux), in a home of its own.

record-tour.py [--bin DIR] [--out FILE]: DIR has the built programs (build/release/bin), FILE is docs/tour.svg. Needs
tmux, node, curl, and port 3000 free.
"""

import argparse
import os
import pathlib
import shlex
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time

from terminal_svg import animated

COLUMNS, ROWS = 92, 24  # monit needs 80 by 24
LONGEST_REST = 2.5   # seconds: a longer time without a change is cut
LAST_REST = 4        # the last frame stands so long before it begins anew
APP = """\
const http = require('http');
http.createServer((request, response) => response.end('hello from ' + process.pid + '\\n'))
    .listen(3000);
"""
# (what is typed, seconds to look at what came of it); C-l is the key that clears the screen, q the one that ends monit.
TOUR = [
    ("kpm start app.js -i 2 --name web", 2.5),
    ("for i in 1 2 3 4; do curl localhost:3000; done", 2),
    ("C-l", 0.5),
    ("kpm reload web    # one by one, no request is lost", 2),
    ("sed -i s/createServer/createSever/ app.js    # a version that does not work", 0.5),
    ("kpm reload web", 2.5),
    ("curl localhost:3000    # the old one goes on", 1.5),
    ("C-l", 0.5),
    ("kpm monit", 4),
    ("q", 0.5),
    ("C-l", 0.5),
    ("kill -9 $(cat ~/.kpm/pm2.pid)    # the daemon dies, the apps do not", 1),
    ("curl localhost:3000", 1),
    ("kpm list", 1),
]


class Terminal:
    """bash in tmux, on a server of its own."""

    def __init__(self, root, programs):
        self.root, self.socket = root, str(root / "tmux")
        self.done = root / "prompts"  # a line for each prompt that was shown
        self.done.touch()
        (root / "rc").write_text(f"PS1='\\[\\e[32m\\]shop\\[\\e[0m\\] $ '\nPROMPT_COMMAND='echo >>{self.done}'\n"
                                 "export PROMPT_DIRTRIM=1 HISTFILE=\n")
        env = {"HOME": str(root), "PATH": f"{programs}:{os.environ['PATH']}", "TERM": "xterm-256color",
               "LANG": "C.UTF-8", "PM2_DISCRETE_MODE": "1"}
        (root / "shop").mkdir()
        (root / "shop" / "app.js").write_text(APP)
        self.env = env
        self.tmux("-f", "/dev/null", "new-session", "-d", "-x", str(COLUMNS), "-y", str(ROWS), "-c", str(root / "shop"),
                  "bash", "--rcfile", str(root / "rc"), "-i")
        self.tmux("set", "-g", "status", "off")

    def tmux(self, *args):
        return subprocess.run(["tmux", "-S", self.socket, *args], env=self.env, check=True, capture_output=True,
                              text=True).stdout

    def screen(self):
        lines = self.tmux("capture-pane", "-e", "-p").split("\n")[:ROWS]
        x, y, shown = self.tmux("display-message", "-p", "#{cursor_x} #{cursor_y} #{cursor_flag}").split()
        return lines, (int(x), int(y)) if shown == "1" else None

    def prompts(self):
        return len(self.done.read_text())

    def close(self):
        subprocess.run([shutil.which("kpm", path=self.env["PATH"]), "kill"], env=self.env, capture_output=True)
        self.tmux("kill-server")


class Recorder(threading.Thread):
    """Looks at the terminal again and again and keeps what has changed."""

    def __init__(self, terminal):
        super().__init__(daemon=True)
        self.terminal, self.frames, self.ends = terminal, [], threading.Event()

    def run(self):
        begin = time.monotonic()
        while not self.ends.is_set():
            lines, cursor = self.terminal.screen()
            if not self.frames or (lines, cursor) != self.frames[-1][1:]:
                self.frames.append((time.monotonic() - begin, lines, cursor))
            time.sleep(0.05)

    def stop(self):
        """-> the frames, with long rests cut, and the end."""
        self.ends.set()
        self.join()
        cut, now, last = [], 0.0, self.frames[0][0]
        for at, lines, cursor in self.frames:
            now += min(at - last, LONGEST_REST)
            last = at
            cut.append((round(now, 2), lines, cursor))
        return cut + [(round(now + LAST_REST, 2), [], None)]


def type_in(terminal, text):
    for i in range(0, len(text), 3):
        keys = text[i:i + 3]
        # A semicolon at the end of an argument would end tmux's command.
        terminal.tmux("send-keys", "-l", "--", keys[:-1] + "\\;" if keys.endswith(";") else keys)
        time.sleep(0.12)


def record(terminal):
    while terminal.prompts() < 1:
        time.sleep(0.05)
    recorder = Recorder(terminal)
    recorder.start()
    for text, rest in TOUR:
        before = terminal.prompts()
        if text in ("q", "C-l"):
            terminal.tmux("send-keys", text)
        else:
            type_in(terminal, text)
            time.sleep(0.3)
            terminal.tmux("send-keys", "Enter")
        while text not in ("C-l", "kpm monit") and terminal.prompts() == before:
            time.sleep(0.05)
        time.sleep(rest)
    return recorder.stop()


def main():
    source = pathlib.Path(__file__).parents[1]
    parser = argparse.ArgumentParser()
    parser.add_argument("--bin", default=source / "build/release/bin", type=pathlib.Path)
    parser.add_argument("--out", default=source / "docs/tour.svg", type=pathlib.Path)
    options = parser.parse_args()
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("0.0.0.0", 3000))
        except OSError as error:
            sys.exit(f"error: cannot record the tour: port 3000: {error.strerror}")
    root = pathlib.Path(tempfile.gettempdir()) / "ann"  # it is to be read in the recording
    root.mkdir()
    try:
        terminal = Terminal(root, options.bin.resolve())
        try:
            frames = record(terminal)
        finally:
            terminal.close()
    finally:
        shutil.rmtree(root, ignore_errors=True)
    title = "kpm: start two workers, reload them, survive a broken version and the death of the daemon"
    options.out.write_text(animated(frames, COLUMNS, ROWS, title))
    print(f"{shlex.quote(str(options.out))}: {len(frames)} frames, {frames[-1][0]:.0f} s, "
          f"{options.out.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()

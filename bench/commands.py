"""Wall time of single commands, as a shell that waits for them sees it (command_time, C++): jlist with 100 apps beside
the least that any command could cost, and what start, restart and stop of one app cost beyond the app's own part."""

import subprocess

from common import APPS, BenchError, Row, alternately

ROUNDS = 15
APP = ["/bin/sleep", "100000"]


def tool_numbers(bench, side, *arguments):
    done = subprocess.run([bench.tool("command_time"), *map(str, arguments)], env=side.environment(),
                          cwd=side.home.parent, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0:
        raise BenchError(f"command_time {' '.join(map(str, arguments))} ended with {done.returncode}: {done.stderr}")
    return [float(word) for word in done.stdout.split()]


def times(bench, side, *command):
    return tool_numbers(bench, side, "run", 1, side.program, *command)[0]


def life_of_one(bench, side):
    """What start, restart and stop take, and how much of it a bare parent needs for the same."""
    start, stop = tool_numbers(bench, side, "life", 1, *APP)
    took = {"start": times(bench, side, "start", APP[0], "--name", "one", "--interpreter", "none", "--", *APP[1:]),
            "restart": times(bench, side, "restart", "one"),
            "stop": times(bench, side, "stop", "one")}
    side.call("delete", "one")
    own = {"start": start, "restart": start + stop, "stop": stop}
    return {name: took[name] - own[name] for name in took}


def jlist_rows(bench, rounds):
    kpm, pm2 = bench.sides
    pairs = alternately(bench.sides, rounds, lambda side: (
        tool_numbers(bench, kpm, "least", 1, kpm.home / "rpc.sock")[0], times(bench, side, "jlist")))
    return [Row(f"jlist, {APPS} apps", "ms", {side: [wall for _, wall in of] for side, of in pairs.items()}),
            Row("  times /bin/true + one answer", "x", {side: [wall / least for least, wall in of]
                                                        for side, of in pairs.items()})]


def measure(bench, rounds):
    kpm, pm2 = bench.sides
    with kpm.running(), pm2.running():
        lives = alternately(bench.sides, rounds, lambda side: life_of_one(bench, side))
        rows = [Row(f"{name} of one app beyond its own", "ms", {side: [life[name] for life in of]
                                                               for side, of in lives.items()})
                for name in ("start", "restart", "stop")]
        for side in bench.sides:
            side.call("start", side.write_sleepers())
            side.expect_online(APPS)
        return rows + jlist_rows(bench, rounds)

"""Real renders of mixed length through four workers of kpm: how long short sounds wait, and how evenly the work is
spread, with least_connections beside round_robin (both kpm's)."""

import json
import statistics
import threading
import time

from common import BenchError, Row, free_port
from connections import start
from render import ask, genome_text, request, worker_cpu
from web_socket import WebSocket

ROUNDS = 5
POLICIES = ("least_connections", "round_robin")
WORKERS = 4
GENOME = "m01_noosc"
SHORT, LONG = 0.25, 60  # seconds of audio: some ms of work, and about a second
JOBS = 400
JOBS_PER_SECOND = 40
LONG_EACH = 40  # every so many jobs; with that, half of what two cores can do
NOTE = "mixed: the pm2 column is kpm's own round_robin"


def times_of_short(port):
    """Of the short sounds, each by a client of its own that comes when its time has come, whoever waits; in ms."""
    messages = {seconds: request(genome_text(GENOME), seconds, 48000) for seconds in (SHORT, LONG)}
    times, failures = [], []

    def render(seconds):
        begin = time.monotonic()
        try:
            client = WebSocket(port)
            ask(client, messages[seconds])
            client.close()
        except (OSError, BenchError) as error:
            failures.append(error)
            return
        if seconds == SHORT:
            times.append((time.monotonic() - begin) * 1000)

    threads = []
    begin = time.monotonic()
    for job in range(JOBS):
        time.sleep(max(0, begin + job / JOBS_PER_SECOND - time.monotonic()))
        threads.append(threading.Thread(target=render, args=(LONG if job % LONG_EACH == 0 else SHORT,)))
        threads[-1].start()
    for thread in threads:
        thread.join()
    if failures:
        raise BenchError(f"{len(failures)} of {JOBS} renders failed: {failures[0]}")
    return times


def measure(bench, rounds):
    kpm = bench.sides[0]
    ports = {policy: free_port() for policy in POLICIES}
    waits, spreads = {policy: [] for policy in POLICIES}, {policy: [] for policy in POLICIES}
    with kpm.running():
        app = {"script": bench.tool("render-worker"), "exec_mode": "cluster", "kpm_channel": True,
               "instances": WORKERS, "listen_timeout": 10000, "env": {"RW_GPU": "off"}}
        systems = start(kpm, [(policy, port, app | {"name": policy, "balance": policy,
                                                    "listen": [f"127.0.0.1:{port}"]})
                              for policy, port in ports.items()])
        rows = json.loads(kpm.call("jlist"))
        pids = {policy: [row["pid"] for row in rows if row["name"] == policy] for policy in POLICIES}
        for _ in range(rounds):
            for policy, system in systems.items():
                before = [worker_cpu(pid) for pid in pids[policy]]
                times = times_of_short(system.port)
                work = [worker_cpu(pid) - was for pid, was in zip(pids[policy], before)]
                waits[policy].append(statistics.quantiles(times, n=100)[98])
                spreads[policy].append(max(work) / statistics.mean(work))
    return [Row("short renders beside long ones, 99th percentile", "ms",
                {"kpm": waits["least_connections"], "pm2": waits["round_robin"]}),
            Row("  CPU of the busiest worker, by the average", "x",
                {"kpm": spreads["least_connections"], "pm2": spreads["round_robin"]})]

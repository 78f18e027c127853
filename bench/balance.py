"""Who gets a connection: the largest share that one of four workers has, how many clients wait for a worker that is
blocked, and how long short jobs wait behind long ones (least_connections beside round_robin, both kpm's)."""

import collections
import pathlib
import socket
import statistics
import threading
import time

from common import Row, free_port
from connections import node_app, start

ROUNDS = 5
SHARERS = 4
HELD = 400  # connections
VISITORS = 60
PATIENCE = 0.35  # seconds; an answer after that has waited for the blocked worker
JOB_WORKER = pathlib.Path(__file__).resolve().parent / "job_worker.py"
# Half of what four workers can do: jobs that take 10 ms and, now and then, 1 s.
SHORT, LONG = 10, 1000  # ms
JOBS = 600
JOBS_PER_SECOND = 100
LONG_EACH = 100  # every so many jobs
NOTE = "balance: the pm2 column of 'short jobs' is kpm's own round_robin"


def visit(port, path):
    """A new connection that stays open, and its answer's body."""
    client = socket.create_connection(("127.0.0.1", port), timeout=20)
    client.sendall(f"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
    answer = b""
    while b"\r\n\r\n" not in answer or answer.endswith(b"\r\n\r\n"):
        part = client.recv(4096)
        if not part:
            break
        answer += part
    return client, answer.split(b"\r\n\r\n", 1)[-1]


def largest_share(system):
    clients, pids = [], collections.Counter()
    for _ in range(HELD):
        client, pid = visit(system.port, "/pid")
        clients.append(client)
        pids[pid] += 1
    for client in clients:
        client.close()
    return max(pids.values()) / HELD


def waiting(system):
    """Of VISITORS connections, one after the other, while one worker is blocked."""
    blocker = socket.create_connection(("127.0.0.1", system.port))
    blocker.sendall(b"GET /block HTTP/1.1\r\nHost: a\r\n\r\n")
    blocker.recv(4096)
    time.sleep(0.02)
    waits = []

    def ask():
        begin = time.monotonic()
        visit(system.port, "/health")[0].close()
        waits.append(time.monotonic() - begin)

    threads = []
    for _ in range(VISITORS):
        threads.append(threading.Thread(target=ask))
        threads[-1].start()
        time.sleep(0.01)
    for thread in threads:
        thread.join()
    while not blocker.recv(4096).endswith(b"0\r\n\r\n"):
        pass
    blocker.close()
    return sum(wait > PATIENCE for wait in waits)


def short_jobs(port):
    """99th percentile of the short jobs' times, in ms. Jobs come at their own pace, whoever waits."""
    times = []

    def ask(job):
        begin = time.monotonic()
        with socket.create_connection(("127.0.0.1", port), timeout=60) as client:
            client.sendall(f"GET /{job} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
            client.recv(4096)
        if job == SHORT:
            times.append((time.monotonic() - begin) * 1000)

    threads = []
    begin = time.monotonic()
    for i in range(JOBS):
        time.sleep(max(0, begin + i / JOBS_PER_SECOND - time.monotonic()))
        threads.append(threading.Thread(target=ask, args=(LONG if i % LONG_EACH == 0 else SHORT,)))
        threads[-1].start()
    for thread in threads:
        thread.join()
    return statistics.quantiles(times, n=100)[98]


def pairs(rows, rounds, text, unit, systems, sample, pm2):
    samples = {name: [] for name in systems}
    for _ in range(rounds):
        for name, system in systems.items():
            samples[name].append(sample(system))
    rows += [Row(f"{text}, {name}", unit, {"kpm": samples[name], "pm2": samples[pm2]})
             for name in systems if name != pm2]


def measure(bench, rounds):
    kpm, pm2 = bench.sides
    rows = []
    for text, unit, workers, sample in (("largest share of 4 workers", "", SHARERS, largest_share),
                                        ("clients of 60 behind a blocked worker", "", 2, waiting)):
        ports = [free_port() for _ in range(3)]
        with kpm.running(), pm2.running():
            systems = start(kpm, [("fd passing", ports[0], node_app(ports[0], workers, {"balance": "round_robin"})),
                                  ("hybrid", ports[1], node_app(ports[1], workers, {"balance": "hybrid"}))])
            systems |= start(pm2, [("pm2", ports[2], node_app(ports[2], workers, {}))])
            pairs(rows, rounds, text, unit, systems, sample, "pm2")
    with kpm.running():
        ports = {policy: free_port() for policy in ("least_connections", "round_robin")}
        kpm.call("start", kpm.write_apps([{"name": policy, "script": str(JOB_WORKER), "interpreter": "python3",
                                           "exec_mode": "cluster", "instances": SHARERS, "kpm_channel": True,
                                           "wait_ready": True, "balance": policy, "listen": [f"127.0.0.1:{port}"]}
                                          for policy, port in ports.items()]))
        pairs(rows, rounds, "short jobs, 99th percentile", "ms", ports, short_jobs, "round_robin")
    return rows

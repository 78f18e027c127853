"""Connections per second, one request each, through two workers of either side.

The workers are different programs: kpm cannot run Node's cluster mode, and pm2 cannot hand connections to
render-worker. So each kind of worker is also measured alone, without a manager.
"""

import json
import os
import pathlib
import subprocess
import urllib.request

from common import BenchError, Row, alternately, free_port, wait_for

ROUNDS = 5
WORKERS = 2
SECONDS = 2
CONNECTIONS = 64  # at a time
NODE_SERVER = pathlib.Path(__file__).resolve().parent / "health_server.js"
NOTE = "connections/s: the worker programs differ (kpm: render-worker, in C++; pm2: a Node http server)"


def answers(port):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=1) as reply:
            return reply.status == 200
    except OSError:
        return False


def load(bench, port):
    output = subprocess.run([bench.tool("connect_load"), str(port), str(SECONDS), str(CONNECTIONS)],
                            stdout=subprocess.PIPE, timeout=SECONDS + 30, check=True).stdout
    return json.loads(output)


def app(bench, side, port):
    if side.name == "pm2":
        return {"name": "health", "script": str(NODE_SERVER), "exec_mode": "cluster", "instances": WORKERS,
                "env": {"PORT": str(port)}}
    return {"name": "health", "script": bench.tool("render-worker"), "exec_mode": "cluster", "instances": WORKERS,
            "listen": [f"127.0.0.1:{port}"], "kpm_channel": True, "listen_timeout": 10000, "env": {"RW_GPU": "off"}}


def managed(bench, rounds):
    kpm, pm2 = bench.sides
    ports = {side.name: free_port() for side in bench.sides}
    with kpm.running(), pm2.running():
        for side in bench.sides:
            side.call("start", side.write_apps([app(bench, side, ports[side.name])]))
            side.expect_online(WORKERS)
            if not wait_for(lambda: answers(ports[side.name]), 10):
                raise BenchError(f"{side.name}: no answer from the workers")
        return alternately(bench.sides, rounds, lambda side: load(bench, ports[side.name]))


def alone(bench, rounds):
    """The same programs, one process each, listening for themselves."""
    ports = {side.name: free_port() for side in bench.sides}
    commands = {"kpm": [bench.tool("render-worker"), "--host", "127.0.0.1", "--gpu", "off"],
                "pm2": ["node", str(NODE_SERVER)]}
    servers = [subprocess.Popen(commands[name], env=os.environ | {"PORT": str(port)}, stdout=subprocess.DEVNULL,
                                stderr=subprocess.DEVNULL) for name, port in ports.items()]
    try:
        for name, port in ports.items():
            if not wait_for(lambda: answers(port), 10):
                raise BenchError(f"no answer from {commands[name][0]}")
        return alternately(bench.sides, rounds, lambda side: load(bench, ports[side.name]))
    finally:
        for server in servers:
            server.kill()
            server.wait()


def rows_of(what, results):
    def each(key):
        return {name: [result[key] for result in values] for name, values in results.items()}

    client = {name: [result["cpu_seconds"] / result["seconds"] for result in values]
              for name, values in results.items()}
    return [Row(f"connections/s, {what}", "1/s", each("per_second"), "higher"),
            Row("  99th percentile", "ms", each("p99_ms")),
            Row("  failed connections", "", each("failures")),
            Row("  client's share of a core", "", client, "")]


def measure(bench, rounds):
    return (rows_of(f"{WORKERS} workers", managed(bench, rounds)) +
            rows_of("1 worker alone", alone(bench, max(1, rounds // 2)))[:1])

"""Connections and requests per second through two workers, and what of them costs the daemon: one Node http server under
kpm (fd passing and hybrid), pm2 and Node's own cluster; and one C++ worker under kpm beside nginx with the same answer."""

import contextlib
import json
import os
import pathlib
import subprocess
import tempfile
import urllib.request

from common import BenchError, Row, free_port, wait_for
from scale import cpu_microseconds

ROUNDS = 5
WORKERS = 2
SECONDS = 2
CONNECTIONS = 64  # at a time
HERE = pathlib.Path(__file__).resolve().parent
NODE_SERVER = HERE / "health_server.js"
NODE_CLUSTER = HERE / "node_cluster.js"
NOTE = "connections: 'daemon CPU' is that of kpmd and kpm-keeper, of pm2's daemon, of Node's primary"
# What the C++ worker answers, but for the time in it.
NGINX = """
worker_processes %d; daemon off; pid %s/nginx.pid; error_log stderr crit;
events { worker_connections 1024; }
http {
    access_log off; keepalive_requests 100000000;
    client_body_temp_path %s; proxy_temp_path %s; fastcgi_temp_path %s; uwsgi_temp_path %s; scgi_temp_path %s;
    server {
        listen 127.0.0.1:%d backlog=4096;
        location / { default_type application/json; return 200 '{"status":"ok","timestamp":"2026-01-01T00:00:00.000Z"}'; }
    }
}
"""


def answers(port):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=1) as reply:
            return reply.status == 200
    except OSError:
        return False


def node_app(port, workers, more):
    return {"name": f"node-{port}", "script": str(NODE_SERVER), "exec_mode": "cluster", "instances": workers,
            "env": {"PORT": str(port)}} | more


class Managed:
    """An app of one of the two sides, whose daemon runs."""

    def __init__(self, side, port):
        self.side, self.port = side, port

    def cpu(self):
        return cpu_microseconds(self.side)


class Program:
    """A server that listens by itself."""

    def __init__(self, port, process):
        self.port, self.process = port, process

    def cpu(self):
        path = pathlib.Path(f"/proc/{self.process.pid}/task")
        return sum(int((task / "schedstat").read_text().split()[0]) for task in path.iterdir()) / 1000


@contextlib.contextmanager
def program(words, port):
    process = subprocess.Popen(words, env=os.environ | {"PORT": str(port), "WORKERS": str(WORKERS)},
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield Program(port, process)
    finally:
        process.terminate()
        process.wait()


@contextlib.contextmanager
def node_cluster():
    with program(["node", str(NODE_CLUSTER), str(NODE_SERVER)], free_port()) as server:
        yield server


@contextlib.contextmanager
def nginx(path):
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="bench-nginx-") as folder:
        config = pathlib.Path(folder) / "nginx.conf"
        config.write_text(NGINX % (WORKERS, *[folder] * 6, port))
        with program([path, "-p", folder, "-c", str(config)], port) as server:
            yield server


def start(side, apps):
    """-> the apps' systems, by name, once all answer."""
    side.call("start", side.write_apps([app for _, _, app in apps]))
    side.expect_online(sum(app["instances"] for _, _, app in apps))
    systems = {name: Managed(side, port) for name, port, _ in apps}
    for name, system in systems.items():
        if not wait_for(lambda: answers(system.port), 20):
            raise BenchError(f"{side.name}: no answer from {name}")
    return systems


def load(bench, system, keep):
    before = system.cpu()
    words = [bench.tool("connect_load"), str(system.port), str(SECONDS), str(CONNECTIONS), "/health"]
    output = subprocess.run(words + (["keep"] if keep else []), stdout=subprocess.PIPE, timeout=SECONDS + 30,
                            check=True).stdout
    result = json.loads(output)
    # The client's warm-up is in the CPU time, so that its requests have to be, too.
    return result | {"daemon_us": (system.cpu() - before) / max(1, result["all_requests"])}


def compare(rows, what, results, name, other, label):
    def each(system, key):
        return [result[key] for result in results[system]]

    def row(text, unit, key, better):
        return Row(text, unit, {"kpm": each(name, key), "pm2": each(other, key)}, better)

    rows += [row(f"{what}, {label}", "1/s", "per_second", "higher"), row("  99th percentile", "ms", "p99_ms", "lower"),
             row("  failed", "", "failures", "lower")]
    if "nginx" not in (name, other):
        rows.append(row("  daemon CPU per request", "us", "daemon_us", "lower"))


def measure(bench, rounds):
    kpm, pm2 = bench.sides
    ports = [free_port() for _ in range(4)]
    with contextlib.ExitStack() as stack:
        stack.enter_context(kpm.running())
        stack.enter_context(pm2.running())
        systems = start(kpm, [("passing", ports[0], node_app(ports[0], WORKERS, {"balance": "round_robin"})),
                              ("hybrid", ports[1], node_app(ports[1], WORKERS, {"balance": "hybrid"})),
                              ("worker", ports[2], {"name": "worker", "script": bench.tool("render-worker"),
                                                    "exec_mode": "cluster", "instances": WORKERS,
                                                    "listen": [f"127.0.0.1:{ports[2]}"], "kpm_channel": True,
                                                    "listen_timeout": 10000, "env": {"RW_GPU": "off"}})])
        systems |= start(pm2, [("pm2", ports[3], node_app(ports[3], WORKERS, {}))])
        systems["node"] = stack.enter_context(node_cluster())
        if bench.nginx:
            systems["nginx"] = stack.enter_context(nginx(bench.nginx))
        for name in ("node", "nginx"):
            if name in systems and not wait_for(lambda: answers(systems[name].port), 20):
                raise BenchError(f"no answer from {name}")
        rows = []
        for what, keep in (("connections/s", False), ("keep-alive requests/s", True)):
            results = {name: [] for name in systems}
            for _ in range(rounds):
                for name, system in systems.items():
                    results[name].append(load(bench, system, keep))
            compare(rows, what, results, "passing", "pm2", "fd passing")
            compare(rows, what, results, "hybrid", "pm2", "hybrid")
            compare(rows, what, results, "passing", "node", "fd passing : Node's cluster")
            compare(rows, what, results, "hybrid", "node", "hybrid : Node's cluster")
            if bench.nginx:
                compare(rows, what, results, "worker", "nginx", "C++ worker : nginx")
        return rows

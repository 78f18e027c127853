"""render-worker: CPU for a second of audio beside the recorded figures of the reference, renders per second of two
workers behind kpm beside one, and the memory of a worker, idle and over many genomes."""

import contextlib
import gzip
import json
import os
import pathlib
import random
import re
import subprocess
import threading
import time

from common import BenchError, Row, free_port, status_field
from connections import start
from web_socket import BINARY, WebSocket

ROUNDS = 5
GOLDEN = pathlib.Path(__file__).resolve().parent.parent / "tests/golden/kromosynth/genomes"
# The reference's CPU time in ms for a second of audio at 48 kHz, warm, on an EPYC: its network without GPU
# (useGPU false), its network in gpu.js' fallback on the CPU, its audio graph. Recorded once, not measured here.
REFERENCE = {"s02_wavetable": (333, 35, 50), "s03_additive": (193, 30, 10), "m01_noosc": (461, 41, 33),
             "m02_noosc": (523, 61, 120), "m04_std": (532, 77, 106), "l01_noosc": (1257, 123, 145),
             "x01_std80": (1796, 216, 205), "b01_bigcppn": (1478, 109, 91), "b02_bigcppn": (1096, 100, 60)}
SCALED = "x01_std80"  # the one with the most work for a byte: a client takes a processor's time from two workers, too
WORKERS = 2
CLIENTS = 4
WARM_UP = 0.5
SECONDS = 4
GENOMES = 1000
LONG = 60  # seconds of audio
QUIET = 1.5  # s, after which a worker has given back what it kept for the next job
NOTE = "render: the pm2 column of 'CPU for 1 s of audio' is the reference's, recorded on another day and machine; of " \
       "'renders/s' it is one worker; of 'on ports of their own' it is two workers " \
       "without kpm; of 'after 1000 genomes' it is the same worker after 100"


def genome_text(name):
    return gzip.decompress((GOLDEN / f"{name}.json.gz").read_bytes()).decode()


def request(genome, duration, sample_rate):
    return json.dumps({"type": "get_audio_data", "genomeString": genome, "duration": duration, "noteDelta": 0,
                       "velocity": 1, "useGPU": False, "sampleRate": sample_rate}).encode()


def ask(client, message):
    client.send(message)
    kind, reply = client.receive()
    if kind != BINARY or not reply:
        raise BenchError(f"render-worker: {reply.decode(errors='replace')}")


@contextlib.contextmanager
def worker_alone(bench):
    """-> pid, port"""
    process = subprocess.Popen([bench.tool("render-worker"), "--host", "127.0.0.1", "--port", "0", "--gpu", "off"],
                               stdout=subprocess.PIPE, text=True, env={"PATH": os.environ["PATH"]})
    try:
        port = re.search(r":(\d+)", process.stdout.readline())
        if not port:
            raise BenchError("render-worker: no ready line")
        yield process.pid, int(port[1])
    finally:
        process.terminate()
        process.wait()
        process.stdout.close()


def worker_cpu(pid):
    """CPU time of all its threads, in ms."""
    tasks = pathlib.Path(f"/proc/{pid}/task").iterdir()
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e6


def render_cpu(bench, rounds):
    """Of a warm worker, for a request from its arrival to the last byte of its reply."""
    rows, against_slow, against_fast = [], [], []
    with worker_alone(bench) as (pid, port):
        client = WebSocket(port)
        for name, (slow, fast, graph) in REFERENCE.items():
            message = request(genome_text(name), 1, 48000)
            ask(client, message)
            samples = []
            for _ in range(rounds):
                before = worker_cpu(pid)
                ask(client, message)
                samples.append(worker_cpu(pid) - before)
            row = Row(f"CPU for 1 s of audio, {name}", "ms", {"kpm": samples, "pm2": [slow + graph]})
            rows.append(row)
            against_slow.append((slow + graph) / row.median("kpm"))
            against_fast.append((fast + graph) / row.median("kpm"))
        client.close()
    rows.append(Row("  times less than the reference, useGPU false", "", {"kpm": against_slow}, "higher"))
    rows.append(Row("  times less than the reference, its CPU fallback", "", {"kpm": against_fast}, "higher"))
    return rows


def renders_per_second(*ports):
    """CLIENTS clients, each of which sends its next request when it has its sound. What waits at the end is not counted:
    there are as many such requests with one worker as with two."""
    message = request(genome_text(SCALED), 1, 48000)
    begin = time.monotonic() + WARM_UP
    end = begin + SECONDS
    counts = [0] * CLIENTS

    def work(index):
        client = WebSocket(ports[index % len(ports)])
        while time.monotonic() < end:
            ask(client, message)
            counts[index] += begin <= time.monotonic() < end
        client.close()

    threads = [threading.Thread(target=work, args=(index,)) for index in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if 0 in counts:
        raise BenchError("render-worker: a client got no sound")
    return sum(counts) / SECONDS


def behind_kpm(bench, rounds):
    kpm = bench.sides[0]
    ports = {WORKERS: free_port(), 1: free_port()}
    with kpm.running(), contextlib.ExitStack() as alone:
        app = {"script": bench.tool("render-worker"), "exec_mode": "cluster", "kpm_channel": True,
               "listen_timeout": 10000, "env": {"RW_GPU": "off"}}
        start(kpm, [(f"{count} workers", port, app | {"name": f"render-{count}", "instances": count,
                                                      "listen": [f"127.0.0.1:{port}"]})
                    for count, port in ports.items()])
        own_ports = [alone.enter_context(worker_alone(bench))[1] for _ in range(WORKERS)]
        together, one, apart = [], [], []
        for _ in range(rounds):
            together.append(renders_per_second(ports[WORKERS]))
            one.append(renders_per_second(ports[1]))
            apart.append(renders_per_second(*own_ports))
    return [Row(f"renders/s, {WORKERS} workers : 1", "1/s", {"kpm": together, "pm2": one}, "higher"),
            Row(f"  : {WORKERS} workers on ports of their own", "1/s", {"kpm": together, "pm2": apart}, "higher")]


def resident(pid):
    return int(status_field(pid, "VmRSS")) / 1024


def when_quiet(pid):
    time.sleep(QUIET)
    return resident(pid)


def variants(count):
    """Genomes that differ in their networks: other weights on every connection."""
    chance = random.Random(1)
    originals = [json.loads(genome_text(name)) for name in REFERENCE]
    for index in range(count):
        genome = originals[index % len(originals)]
        for connection in genome["genome"]["waveNetwork"]["offspring"]["connections"]:
            connection["weight"] = chance.uniform(-3, 3)
        yield genome


def memory(bench, rounds):
    idle, early, late, after_long = [], [], [], []
    for _ in range(rounds):
        with worker_alone(bench) as (pid, port):
            idle.append(resident(pid))
            client = WebSocket(port)
            for index, genome in enumerate(variants(GENOMES), 1):
                ask(client, request(genome, 0.25, 16000))
                if index == GENOMES // 10:
                    early.append(when_quiet(pid))
            late.append(when_quiet(pid))
            ask(client, request(genome_text("m01_noosc"), LONG, 48000))
            after_long.append(when_quiet(pid))
            client.close()
    return [Row("RSS of an idle worker", "MiB", {"kpm": idle}),
            Row(f"RSS of a worker after {GENOMES} genomes", "MiB", {"kpm": late, "pm2": early}),
            Row(f"RSS of a worker after {LONG} s of sound", "MiB", {"kpm": after_long})]


def measure(bench, rounds):
    rows = render_cpu(bench, rounds)
    return rows + behind_kpm(bench, rounds) + memory(bench, 1)

#!/usr/bin/env python3
"""A worker of the kpm channel that does one job after the other, as a GPU would: GET /MS takes so many milliseconds. Tells
how many are queued and running."""

import array
import contextlib
import os
import queue
import socket
import struct
import threading
import time

CONNECTION, DRAIN, HELLO, READY, ACCEPTED, DONE, LOAD, DRAINED, STATE = 1, 2, 3, 16, 17, 19, 20, 21, 22

channel = socket.socket(fileno=int(os.environ["KPM_CHANNEL_FD"]))
lock = threading.Lock()
jobs = queue.SimpleQueue()
load = 0


def say(kind, flags=0, value=0):
    channel.send(struct.pack("<HHIQ", kind, 1, flags, value))


def count(change):
    global load
    with lock:
        load += change
        say(LOAD, value=load)


def work():
    while True:
        connection = jobs.get()
        with contextlib.suppress(OSError, ValueError), connection:
            connection.setblocking(True)
            time.sleep(int(connection.recv(4096).split()[1][1:]) / 1000)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
        count(-1)
        say(DONE)


threading.Thread(target=work, daemon=True).start()
say(READY)
while True:
    packet, control, _, _ = channel.recvmsg(256, socket.CMSG_SPACE(4))
    if not packet:
        break
    kind = struct.unpack_from("<H", packet)[0]
    if kind == CONNECTION:
        count(1)
        say(ACCEPTED)
        jobs.put(socket.socket(fileno=array.array("i", control[0][2])[0]))
    elif kind == DRAIN:
        say(DRAINED)
    elif kind == HELLO:
        say(STATE, 1)

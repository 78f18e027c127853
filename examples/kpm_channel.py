#!/usr/bin/env python3
"""A cluster worker that speaks the kpm channel (docs/protocol.md): answers each connection with "hi".

  {"name": "hi", "script": "kpm_channel.py", "interpreter": "python3", "exec_mode": "cluster", "instances": 2,
   "kpm_channel": true, "wait_ready": true, "listen": ["127.0.0.1:8000"]}
"""
import array
import contextlib
import os
import socket
import struct

channel = socket.socket(fileno=int(os.environ["KPM_CHANNEL_FD"]))


def say(kind, flags=0, value=0):
    channel.send(struct.pack("<HHIQ", kind, 1, flags, value))


CONNECTION, DRAIN, HELLO, READY, ACCEPTED, DONE, DRAINED, STATE = 1, 2, 3, 16, 17, 19, 21, 22

say(READY)
while True:
    packet, control, _, _ = channel.recvmsg(256, socket.CMSG_SPACE(4))
    if not packet:
        break  # no longer managed
    kind = struct.unpack_from("<H", packet)[0]
    if kind == CONNECTION:
        say(ACCEPTED)
        # A client may leave at any time.
        with contextlib.suppress(OSError), socket.socket(fileno=array.array("i", control[0][2])[0]) as connection:
            connection.setblocking(True)
            connection.recv(65536)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\nhi\n")
        say(DONE)
    elif kind == DRAIN:
        say(DRAINED)  # nothing is in flight in a server this simple
    elif kind == HELLO:
        say(STATE, 1)  # a new kpmd: ready, no connection open

"""A small WebSocket client (RFC 6455): text messages out, whole messages in."""

import base64
import os
import socket
import struct

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10


class WebSocket:
    def __init__(self, port, timeout=60):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=timeout)
        self.input = self.socket.makefile("rb")
        key = base64.b64encode(os.urandom(16)).decode()
        self.socket.sendall(f"GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                            f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n".encode())
        if b" 101 " not in self.input.readline():
            raise ConnectionError("no upgrade to WebSocket")
        while self.input.readline().strip():
            pass

    def send(self, payload, opcode=TEXT):
        length = len(payload)
        head = bytes([0x80 | opcode])
        if length < 126:
            head += bytes([0x80 | length])
        elif length < 1 << 16:
            head += bytes([0x80 | 126]) + struct.pack(">H", length)
        else:
            head += bytes([0x80 | 127]) + struct.pack(">Q", length)
        # A mask of zeros is a mask, and leaves the payload as it is.
        self.socket.sendall(head + bytes(4) + payload)

    def receive(self):
        """The next message as (opcode, bytes); pings are answered."""
        message, kind = b"", 0
        while True:
            head = self.input.read(2)
            if len(head) < 2:
                raise ConnectionError("cut by the server")
            first, second = head
            length = second & 0x7F
            if length == 126:
                length, = struct.unpack(">H", self.input.read(2))
            elif length == 127:
                length, = struct.unpack(">Q", self.input.read(8))
            payload = self.input.read(length)
            opcode = first & 0x0F
            if opcode == PING:
                self.send(payload, PONG)
            elif opcode == CLOSE:
                raise ConnectionError("closed by the server")
            elif opcode != PONG:
                kind = opcode or kind
                message += payload
                if first & 0x80:
                    return kind, message

    def close(self):
        self.input.close()
        self.socket.close()

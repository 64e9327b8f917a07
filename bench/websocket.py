"""A WebSocket client as small as can be (RFC 6455): thousands of them fit into one process and cost the measured one nothing.

Frames are masked with a key of zeros, which the RFC's framing allows and which spares the work.
"""

from __future__ import annotations

import asyncio
import base64
import os
import struct
from collections.abc import Callable
from typing import cast


class Refused(ConnectionError):
    """The handshake was not answered by 101."""


class Socket(asyncio.Protocol):
    """One connection; `hear` is called with each text."""

    def __init__(self, request: bytes, hear: Callable[[Socket, bytes], None]) -> None:
        self._request = request
        self._hear = hear
        self._held = b""
        self._shaken = False
        self._transport: asyncio.Transport | None = None
        self.ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.closed = False

    @staticmethod
    async def connect(
        port: int, path: str, hear: Callable[[Socket, bytes], None], *, cookie: str = "", local: str = "127.0.0.1"
    ) -> Socket:
        """Connect to 127.0.0.1 from the address `local` and shake hands. Raises Refused, OSError."""
        host = f"127.0.0.1:{port}"
        lines = [
            f"GET {path} HTTP/1.1",
            f"Host: {host}",
            f"Origin: http://{host}",
            "Upgrade: websocket",
            "Connection: Upgrade",
            "Sec-WebSocket-Version: 13",
            f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}",
            *([f"Cookie: deskbridge={cookie}"] if cookie else []),
        ]
        request = ("\r\n".join(lines) + "\r\n\r\n").encode()
        loop = asyncio.get_running_loop()
        _, socket = await loop.create_connection(
            lambda: Socket(request, hear), "127.0.0.1", port, local_addr=(local, 0)
        )
        async with asyncio.timeout(60):
            await socket.ready
        return socket

    def send(self, text: bytes) -> None:
        """Send one text frame."""
        assert self._transport is not None
        size = len(text)
        head = struct.pack("!BB", 0x81, 0x80 | size) if size < 126 else struct.pack("!BBH", 0x81, 0xFE, size)
        self._transport.write(head + b"\0\0\0\0" + text)

    def close(self) -> None:
        """Drop the connection."""
        self.closed = True
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._transport.write(self._request)

    def connection_lost(self, error: Exception | None) -> None:
        self.closed = True
        if not self.ready.done():
            self.ready.set_exception(Refused("closed during the handshake"))

    def data_received(self, data: bytes) -> None:
        self._held += data
        if not self._shaken:
            head, end, rest = self._held.partition(b"\r\n\r\n")
            if not end:
                return
            if b" 101 " not in head.split(b"\r\n", 1)[0]:
                self.ready.set_exception(Refused(head.split(b"\r\n", 1)[0].decode()))
                return
            self._shaken, self._held = True, rest
            self.ready.set_result(None)
        self._frames()

    def _frames(self) -> None:
        held, at = self._held, 0
        while len(held) - at >= 2:
            size, start = held[at + 1] & 0x7F, at + 2
            if size == 126:
                size, start = int.from_bytes(held[start : start + 2], "big"), start + 2
            elif size == 127:
                size, start = int.from_bytes(held[start : start + 8], "big"), start + 8
            if len(held) < start + size:
                break
            if held[at] & 0x0F == 1:
                self._hear(self, held[start : start + size])
            at = start + size
        self._held = held[at:]

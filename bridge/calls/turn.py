"""TURN: passwords that a server accepts for a while, without being told of them, and a try whether it does.

The scheme is that of draft-uberti-behave-turn-rest-00, which coturn calls `use-auth-secret`: the name is a time in seconds and a
word of ours, the password is HMAC-SHA1 over it with the secret that both know. The try asks for a relayed address as a browser does
(RFC 8656, RFC 8489), over UDP, TCP or TLS, and gives it back.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import secrets
import ssl
import struct
import time
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Protocol, cast
from urllib.parse import parse_qs

GOOD_S = 3600  # a browser that begins later asks for another password
_COOKIE = 0x2112A442
_ALLOCATE, _REFRESH = 0x0003, 0x0004
_USERNAME, _INTEGRITY, _ERROR, _LIFETIME = 0x0006, 0x0008, 0x0009, 0x000D
_REALM, _NONCE, _TRANSPORT = 0x0014, 0x0015, 0x0019
_UDP = struct.pack("!I", 17 << 24)


class TurnRefused(Exception):
    """The server does not let us in; the text says why and holds no secret."""


def turn_password(secret: str, word: str, now: float | None = None) -> tuple[str, str]:
    """Return a name and a password that are good for `GOOD_S` seconds from `now` (s since the epoch)."""
    name = f"{int(time.time() if now is None else now) + GOOD_S}:{word}"
    return name, b64encode(hmac.digest(secret.encode(), name.encode(), "sha1")).decode("ascii")


async def try_turn(url: str, secret: str, within_s: float = 10.0) -> None:
    """Have an address relayed, and give it back. Raises TurnRefused, OSError, TimeoutError."""
    name, password = turn_password(secret, "check")
    async with asyncio.timeout(within_s), _wire(url) as wire:
        answer = await _ask(wire, _ALLOCATE, {_TRANSPORT: _UDP})
        realm, nonce = answer.get(_REALM, b""), answer.get(_NONCE, b"")
        if not realm or not nonce:
            raise TurnRefused("it asks for no password; set use-auth-secret")
        key = hashlib.md5(b":".join((name.encode(), realm, password.encode())), usedforsecurity=False).digest()
        who = {_USERNAME: name.encode(), _REALM: realm, _NONCE: nonce}
        answer = await _ask(wire, _ALLOCATE, {_TRANSPORT: _UDP, **who}, key)
        if _ERROR in answer:
            raise TurnRefused(_why(answer[_ERROR]))
        await _ask(wire, _REFRESH, {_LIFETIME: bytes(4), **who}, key)


def _why(error: bytes) -> str:
    code = error[2] * 100 + error[3] if len(error) > 3 else 0
    if code == 401:
        return "it refuses our password; is the secret the same as its static-auth-secret, and is its clock right?"
    return f"it refuses to relay (error {code})"


# ---- messages (RFC 8489) ------------------------------------------------------------


async def _ask(wire: _Wire, method: int, attributes: dict[int, bytes], key: bytes = b"") -> dict[int, bytes]:
    """Send a request and return the attributes of its answer."""
    transaction = secrets.token_bytes(12)
    body = b"".join(_attribute(kind, value) for kind, value in attributes.items())
    if key:
        head = _head(method, len(body) + 24, transaction)
        body += _attribute(_INTEGRITY, hmac.digest(key, head + body, "sha1"))
    return _attributes(await wire.ask(_head(method, len(body), transaction) + body, transaction))


def _head(method: int, size: int, transaction: bytes) -> bytes:
    return struct.pack("!HHI", method, size, _COOKIE) + transaction


def _attribute(kind: int, value: bytes) -> bytes:
    return struct.pack("!HH", kind, len(value)) + value + bytes(-len(value) % 4)


def _attributes(message: bytes) -> dict[int, bytes]:
    found: dict[int, bytes] = {}
    at = 20
    while at + 4 <= len(message):
        kind, size = struct.unpack_from("!HH", message, at)
        found.setdefault(kind, message[at + 4 : at + 4 + size])
        at += 4 + size + -size % 4
    return found


# ---- the way there ------------------------------------------------------------


class _Wire(Protocol):
    async def ask(self, message: bytes, transaction: bytes) -> bytes:
        """Send a message and return the answer to it."""


class _Datagrams(asyncio.DatagramProtocol):
    """UDP: a request that is not answered is sent again."""

    AGAIN_S = 0.5

    def __init__(self) -> None:
        self.transport: asyncio.DatagramTransport | None = None
        self._answers: asyncio.Queue[bytes | Exception] = asyncio.Queue()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.DatagramTransport", transport)  # Python 3.11 has no common class

    def datagram_received(self, data: bytes, addr: object) -> None:
        self._answers.put_nowait(data)

    def error_received(self, exc: Exception) -> None:
        self._answers.put_nowait(exc)

    async def ask(self, message: bytes, transaction: bytes) -> bytes:
        """Send a message until it is answered."""
        while True:
            if self.transport is not None:
                self.transport.sendto(message)
            try:
                async with asyncio.timeout(self.AGAIN_S):
                    while True:
                        answer = await self._answers.get()
                        if isinstance(answer, Exception):
                            raise answer
                        if answer[8:20] == transaction:
                            return answer
            except TimeoutError:
                continue


class _Stream:
    """TCP or TLS: messages follow each other, each with its length."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    async def ask(self, message: bytes, transaction: bytes) -> bytes:
        """Send a message and read until the answer to it."""
        self._writer.write(message)
        await self._writer.drain()
        while True:
            try:
                head = await self._reader.readexactly(20)
                body = await self._reader.readexactly(struct.unpack_from("!H", head, 2)[0])
            except asyncio.IncompleteReadError as error:
                raise TurnRefused("it ends the connection") from error
            if head[8:20] == transaction:
                return head + body


@asynccontextmanager
async def _wire(url: str) -> AsyncIterator[_Wire]:
    scheme, host, port, udp = turn_place(url)
    if udp:
        transport, datagrams = await asyncio.get_running_loop().create_datagram_endpoint(
            _Datagrams, remote_addr=(host, port)
        )
        try:
            yield datagrams
        finally:
            transport.close()
        return
    context = ssl.create_default_context() if scheme == "turns" else None
    reader, writer = await asyncio.open_connection(host, port, ssl=context)
    try:
        yield _Stream(reader, writer)
    finally:
        writer.close()


def turn_place(url: str) -> tuple[str, str, int, bool]:
    """Return the scheme, host and port of a TURN address (RFC 7065), and whether it is reached by UDP."""
    scheme, _, rest = url.partition(":")
    where, _, query = rest.partition("?")
    host, colon, port = where.rpartition(":")
    if not colon or where.endswith("]"):
        host, port = where, ""
    udp = scheme == "turn" and parse_qs(query).get("transport", ["udp"]) == ["udp"]
    return scheme, host.strip("[]"), int(port or (5349 if scheme == "turns" else 3478)), udp

"""Prosody relaying chat messages between two clients, and clients so plain that they do not slow it down (RFC 6120, 6121).

The modules are those of a small server: no archive, no push, no encryption on the loopback. So it does less than a ring.
"""

from __future__ import annotations

import asyncio
import base64
import os
import shutil
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from xml.sax.saxutils import escape

from bench.peers import Missing, ended

CONFIG = """
daemonize = false
run_as_root = {root}
pidfile = "{folder}/prosody.pid"
data_path = "{folder}/data"
log = {{ {{ levels = {{ min = "error" }}, to = "file", filename = "{folder}/prosody.log" }} }}
interfaces = {{ "127.0.0.1" }}
c2s_ports = {{ {port} }}
c2s_direct_tls_ports = {{ }}
s2s_ports = {{ }}
http_ports = {{ }}
https_ports = {{ }}
authentication = "internal_plain"
storage = "internal"
c2s_require_encryption = false
allow_unencrypted_plain_auth = true
network_backend = "epoll"
modules_enabled = {{ "roster", "saslauth", "disco", "presence", "message", "iq", "c2s", "offline", "ping" }}
modules_disabled = {{ "s2s", "tls" }}
limits = {{ }}
VirtualHost "localhost"
"""
END = b"</message>"


class Client:
    """One signed-in connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    @classmethod
    async def sign_in(cls, port: int, name: str) -> Client:
        """Connect, authenticate, bind, become available."""
        client = cls(*await asyncio.open_connection("127.0.0.1", port))
        names = "xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'"
        opening = f"<stream:stream to='localhost' {names} version='1.0'>"
        await client.ask(opening, b"</stream:features>")
        proof = base64.b64encode(f"\0{name}\0{name}".encode()).decode()
        await client.ask(
            f"<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>{proof}</auth>", b"<success"
        )
        await client.ask(opening, b"</stream:features>")
        bind = "<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>r</resource></bind></iq>"
        await client.ask(bind, b"</iq>")
        await client.ask("<presence/>", b"<presence")
        return client

    async def ask(self, text: str, until: bytes) -> None:
        """Write and read until a piece of the answer has come."""
        self.writer.write(text.encode())
        heard = b""
        async with asyncio.timeout(10):
            while until not in heard:
                heard += await self.reader.read(65536) or _gone()


def _gone() -> bytes:
    raise Missing("Prosody closed the connection")


class Pair:
    """Two clients: one says, the other hears."""

    def __init__(self, saying: Client, hearing: Client, text: str) -> None:
        self._saying = saying
        self._hearing = hearing
        self._body = escape(text)
        self._n = 0
        self._rest = b""

    async def rate(self, seconds: float, in_flight: int, *, warm_up: float = 0.5) -> float:
        """Return messages a second that arrive, `in_flight` on their way at a time."""
        self._say(in_flight)
        await self._until(time.perf_counter() + warm_up)
        began = time.perf_counter()
        heard = await self._until(began + seconds)
        rate = heard / (time.perf_counter() - began)
        left = in_flight
        while left > 0:
            left -= await self._hear()
        return rate

    def _say(self, count: int) -> None:
        ids = range(self._n, self._n + count)
        self._n += count
        to = "<message to='patron@localhost/r' type='chat' id='m"
        self._saying.writer.write("".join(f"{to}{n}'><body>{self._body}</body></message>" for n in ids).encode())

    async def _hear(self) -> int:
        async with asyncio.timeout(10):
            data = self._rest + (await self._hearing.reader.read(1 << 18) or _gone())
        self._rest = data[-len(END) + 1 :] if not data.endswith(END) else b""
        return data.count(END)

    async def _until(self, end: float) -> int:
        total = 0
        while time.perf_counter() < end:
            heard = await self._hear()
            self._say(heard)
            total += heard
        return total


@asynccontextmanager
async def prosody(folder: Path, text: str) -> AsyncIterator[Pair]:
    """Run a server and sign two clients in."""
    if shutil.which("prosody") is None:
        raise Missing("Prosody is not installed")
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    accounts = folder / "data" / "localhost" / "accounts"
    accounts.mkdir(parents=True)
    for name in ("ask", "patron"):
        (accounts / f"{name}.dat").write_text(f'return {{\n\t["password"] = "{name}";\n}};\n')
    config = folder / "prosody.cfg.lua"
    config.write_text(CONFIG.format(folder=folder, port=port, root="true" if os.geteuid() == 0 else "false"))
    process = await asyncio.create_subprocess_exec(
        "prosody", "--config", str(config), "-F", cwd=folder, env={**os.environ, "HOME": str(folder)},
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
        start_new_session=True,
    )  # fmt: skip
    clients: list[Client] = []
    try:
        await _listening(port, process)
        clients += [await Client.sign_in(port, name) for name in ("ask", "patron")]
        yield Pair(clients[0], clients[1], text)
    finally:
        for client in clients:
            client.writer.close()
        await ended(process)


async def _listening(port: int, process: asyncio.subprocess.Process) -> None:
    async with asyncio.timeout(15):
        while process.returncode is None:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.02)
                continue
            writer.close()
            return
    raise Missing("Prosody did not start")

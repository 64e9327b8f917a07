"""A private Kannel: bearerbox and smsbox, with the fake SMS centre that Kannel brings for tests in the place of a carrier.

The centre's wire is a line a text, so a test can be the telephones itself (`Airwaves`); Debian's `fakesmsc` is an independent one.
The centre knows no interface to listen on: it listens on all, and takes connections from this machine alone.
"""

from __future__ import annotations

import asyncio
import re
import shutil
import socket
import time
from collections.abc import Sequence
from contextlib import suppress
from urllib.parse import quote_from_bytes, unquote_to_bytes

from tests.peers.daemon import DEADLINE, Daemon, free_port

FAKESMSC = "/usr/lib/kannel/test/fakesmsc"
USER, PASSWORD, HOOK = "deskbridge", "kannel-4711-box", "hook-password-0815"
NUMBER = "+43660555100"
LINE = re.compile(rb"(\S+) (\S+) (text|data|ucs-2|udh) ")

CONFIG = """
group = core
admin-port = {admin}
admin-interface = 127.0.0.1
admin-password = {password}
smsbox-port = {box}
smsbox-interface = 127.0.0.1
box-deny-ip = "*.*.*.*"
box-allow-ip = "127.0.0.1"
store-type = spool
store-location = "{folder}/spool"
dlr-storage = spool
dlr-spool = "{folder}/reports"
log-file = "{folder}/bearerbox.log"
log-level = 1

group = smsc
smsc = fake
smsc-id = fake
port = {centre}
connect-allow-ip = 127.0.0.1

group = smsbox
bearerbox-host = 127.0.0.1
bearerbox-port = {box}
sendsms-port = {sendsms}
sendsms-interface = 127.0.0.1
log-file = "{folder}/smsbox.log"
log-level = 1
mo-recode = true
http-request-retry = 100000
http-queue-delay = 1

group = sendsms-user
username = {user}
password = {password}
user-deny-ip = "*.*.*.*"
user-allow-ip = "127.0.0.1"
concatenation = true
max-messages = 10

group = sms-service
keyword = default
post-url = "http://kannel:{hook}@127.0.0.1:{desk}/in?id=%I&from=%p&to=%P&coding=%c&charset=%C&time=%T"
catch-all = true
max-messages = 0
"""


class _Box(Daemon):
    """One of the two programs."""

    def __init__(self, kannel: Kannel, program: str, port: int) -> None:
        super().__init__(f"{program}-")
        self.program = f"/usr/sbin/{program}"
        self._config = kannel.config
        self._port = port

    def command(self) -> Sequence[str]:
        return [self.program, "-v", "4", str(self._config)]

    def ports(self) -> Sequence[int]:
        return []

    def start(self) -> None:
        """Start it; return when its port is open."""
        super().start()
        deadline = time.monotonic() + DEADLINE
        while not _open(self._port):
            if time.monotonic() > deadline:
                raise RuntimeError(f"{self.program} did not start: {self.logs()}")
            time.sleep(0.02)


class Kannel:
    """Both programs; texts to the library go to `http://127.0.0.1:<desk>/in`."""

    def __init__(self, desk: int) -> None:
        self.admin, self.box, self.centre, self.sendsms = (free_port() for _ in range(4))
        owner = _Folder()
        self.folder = owner.folder
        self.config = self.folder / "kannel.conf"
        for name in ("spool", "reports"):
            (self.folder / name).mkdir()
        self.config.write_text(
            CONFIG.format(
                folder=self.folder, admin=self.admin, box=self.box, centre=self.centre, sendsms=self.sendsms,
                user=USER, password=PASSWORD, hook=HOOK, desk=desk,
            )
        )  # fmt: skip
        owner.hand_over()
        self.bearerbox = _Box(self, "bearerbox", self.box)
        self.smsbox = _Box(self, "smsbox", self.sendsms)

    @staticmethod
    def missing() -> str:
        """Return why it cannot be started, "" when it can."""
        return "" if shutil.which("bearerbox", path="/usr/sbin") else "kannel is not installed (tests/install-peers)"

    def start(self) -> None:
        """Start both, or start them again with what they kept."""
        self.bearerbox.start()
        self.smsbox.start()

    def kill(self) -> None:
        """End both at once."""
        for one in (self.smsbox, self.bearerbox):
            one.stop(kill=True)

    def close(self) -> None:
        """End both, and forget what they kept."""
        self.kill()
        for folder in (self.folder, self.smsbox.folder, self.bearerbox.folder):
            shutil.rmtree(folder, ignore_errors=True)


class _Folder(Daemon):
    """A folder of the account that the programs run by."""

    program = "/usr/sbin/bearerbox"

    def __init__(self) -> None:
        super().__init__("kannel-")

    def hand_over(self) -> None:
        """Give the folder to that account."""
        import os

        if os.geteuid() == 0:
            for path in (self.folder, *self.folder.rglob("*")):
                os.chown(path, self.account.pw_uid, self.account.pw_gid)


class Airwaves:
    """All telephones: one connection to the fake centre. `heard` holds, by number, what each showed, long texts joined."""

    def __init__(self, centre: int) -> None:
        self._centre = centre
        self._reader: asyncio.Task[None] | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._parts: dict[tuple[str, int], dict[int, str]] = {}
        self.heard: dict[str, asyncio.Queue[str]] = {}

    async def open(self) -> None:
        """Connect."""
        reader, self._writer = await asyncio.open_connection("127.0.0.1", self._centre)
        self._reader = asyncio.create_task(self._read(reader))

    async def close(self) -> None:
        """Disconnect."""
        if self._reader is not None:
            self._reader.cancel()
            await asyncio.wait([self._reader])
        if self._writer is not None:
            self._writer.close()
            with suppress(OSError):
                await self._writer.wait_closed()

    async def text(self, sender: str, text: str, to: str = NUMBER) -> None:
        """Text the library."""
        assert self._writer is not None
        raw = text.encode()
        kind, body = (b"text", raw) if b"\n" not in raw and raw else (b"data", quote_from_bytes(raw, safe="").encode())
        self._writer.write(b" ".join([sender.encode(), to.encode(), kind, body]) + b"\n")
        await self._writer.drain()

    def phone(self, number: str) -> asyncio.Queue[str]:
        """Return what a telephone shows, in order."""
        return self.heard.setdefault(number, asyncio.Queue())

    async def _read(self, reader: asyncio.StreamReader) -> None:
        pending = b""
        while line := await reader.readline():
            if pending and LINE.match(line):
                self._show(pending)
                pending = b""
            pending += line
            if not await _more(reader):
                self._show(pending)
                pending = b""

    def _show(self, line: bytes) -> None:
        """Put a text on its telephone. A line break in a text is one on the wire too."""
        found = LINE.match(line)
        assert found is not None, line
        to, kind, rest = found[2].decode(), found[3], line[found.end() :].removesuffix(b"\n")
        if kind == b"udh":
            header, what, words = rest.split(b" ", 2)
            raw = unquote_to_bytes(header)
            self._join(to, raw[3], raw[4], raw[5], _decoded(words, what))
        else:
            self.phone(to).put_nowait(_decoded(rest, kind))

    def _join(self, to: str, reference: int, count: int, number: int, words: str) -> None:
        parts = self._parts.setdefault((to, reference), {})
        parts[number] = words
        if len(parts) == count:
            del self._parts[to, reference]
            self.phone(to).put_nowait("".join(parts[n] for n in sorted(parts)))


async def _more(reader: asyncio.StreamReader) -> bool:
    """Say whether the rest of a text is there already: the centre writes a text at once."""
    await asyncio.sleep(0.05)
    return bool(getattr(reader, "_buffer", b""))


def _decoded(raw: bytes, kind: bytes) -> str:
    if kind == b"text":
        return raw.decode()
    words = unquote_to_bytes(raw.replace(b"+", b" "))
    return words.decode("utf-16-be") if kind == b"ucs-2" else words.decode("utf-8", "replace")


def _open(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False

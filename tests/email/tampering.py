"""A wire to Dovecot that changes what the server says: a server with faults that no real one shows on demand."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable

FETCH = re.compile(rb"^(\S+) UID FETCH (\S+) \((.*)\)\r\n$", re.IGNORECASE)
Fault = Callable[[bytes, bytes], bytes | None]


class Tampering:
    """Passes IMAP on to `port`, in clear. `fault(tag, line)` sees each command line: None passes it on, b"" closes the connection,
    anything else is the answer."""

    def __init__(self, port: int) -> None:
        self._to = port
        self.fault: Fault = lambda tag, line: None
        self.port = 0
        self.connections = 0
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Tampering:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=1 << 20)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *error: object) -> None:
        assert self._server is not None
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.connections += 1
        there, back = await asyncio.open_connection("127.0.0.1", self._to)
        down = asyncio.create_task(self._down(there, writer))
        try:
            while line := await reader.readline():
                answer = self.fault(line.split(b" ", 1)[0], line)
                if answer == b"":
                    break
                (back if answer is None else writer).write(line if answer is None else answer)
                await (back if answer is None else writer).drain()
        except (OSError, ValueError):
            pass
        finally:
            down.cancel()
            await asyncio.gather(down, return_exceptions=True)
            for end in (writer, back):
                end.close()
            self._tasks.discard(task)

    async def _down(self, there: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while some := await there.read(1 << 16):
            writer.write(some)
            await writer.drain()
        writer.close()


def named(line: bytes) -> set[int]:
    """Return the UIDs whose bodies a command asks for."""
    match = FETCH.match(line)
    if match is None or b"BODY" not in match[3].upper():
        return set()
    return uids(match[2])


def listing(line: bytes) -> set[int]:
    """Return the UIDs whose sizes a command asks for."""
    match = FETCH.match(line)
    return uids(match[2]) if match is not None and b"RFC822.SIZE" in match[3].upper() else set()


def uids(written: bytes) -> set[int]:
    """Read a sequence set."""
    found: set[int] = set()
    for run in written.split(b","):
        first, _, last = run.partition(b":")
        found |= set(range(int(first), int(last or first) + 1))
    return found

"""A TCP wire that can be hurt: cut, frozen, deaf in one direction, slow, refusing; then well again.

    async with Proxy(host, port) as wire:      # clients connect to wire.port
        wire.freeze()

"up" is from the client of the proxy towards the server behind it; "down" is the way back.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence
from contextlib import suppress
from typing import Literal, Self

Way = Literal["up", "down"]
CHUNK = 1 << 16
LINGER_S = 1.0  # how long one end may be silent after the other has closed


class Proxy:
    """Forwards connections from 127.0.0.1:`port` to `host`:`target`, until it is told otherwise."""

    def __init__(self, host: str, target: int) -> None:
        self.host = host
        self.target = target
        self.port = 0
        self.accepted = 0  # connections that ever came, refused ones included
        self.refusing = False
        self._server: asyncio.Server | None = None
        self._pairs: set[_Pair] = set()
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._lost: set[Way] = set()
        self._delay = 0.0

    async def open(self) -> Self:
        """Listen; the port stays the same for the proxy's life."""
        sock = socket.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(("127.0.0.1", self.port))
        self._server = await asyncio.start_server(self._accept, sock=sock)
        self.port = sock.getsockname()[1]
        return self

    async def close(self) -> None:
        """Stop listening and break every connection."""
        if self._server is not None:
            self._server.close()
        await self._break()
        if self._server is not None:
            await self._server.wait_closed()

    async def __aenter__(self) -> Self:
        return await self.open()

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    @property
    def connections(self) -> int:
        """Connections that stand now."""
        return len(self._pairs)

    @property
    def frozen(self) -> bool:
        """Whether nothing gets through now."""
        return not self._flowing.is_set()

    async def cut(self) -> None:
        """Break every connection (with a reset) and refuse new ones until `heal`."""
        self.refusing = True
        await self._break()

    async def drop(self) -> None:
        """Break every connection once; new ones are welcome."""
        await self._break()

    def refuse(self) -> None:
        """Refuse new connections; those that stand are left alone."""
        self.refusing = True

    def freeze(self) -> None:
        """Let nothing through either way; connections stay open and new ones are accepted, silently."""
        self._flowing.clear()

    def lose(self, way: Way) -> None:
        """Swallow what goes one way from now on."""
        self._lost.add(way)

    def slow(self, seconds: float) -> None:
        """Delay each chunk by `seconds`; order is kept."""
        self._delay = seconds

    async def heal(self) -> None:
        """Be an ordinary wire again. Connections that swallowed bytes are broken: their streams can never be right again."""
        damaged = bool(self._lost)
        self.refusing = False
        self._lost.clear()
        self._delay = 0.0
        self._flowing.set()
        if damaged:
            await self._break()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted += 1
        if self.refusing:
            _reset(writer)
            return
        pair = _Pair(self, reader, writer)
        self._pairs.add(pair)
        try:
            await pair.run()
        finally:
            self._pairs.discard(pair)

    async def _break(self) -> None:
        ending = [pair.end() for pair in list(self._pairs)]
        if ending:
            await asyncio.wait(ending)

    async def let(self, way: Way) -> bool:
        """Wait while frozen and slow; return whether the chunk goes on."""
        if self._delay:
            await asyncio.sleep(self._delay)
        await self._flowing.wait()
        return way not in self._lost


class _Pair:
    """One connection through the proxy."""

    def __init__(self, proxy: Proxy, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._proxy = proxy
        self._reader = reader
        self._writer = writer
        self._task: asyncio.Task[None] | None = None
        self._carried = 0  # bytes, both ways

    async def run(self) -> None:
        """Carry bytes both ways until both ends have closed, in good order or not."""
        self._task = asyncio.current_task()
        writers = [self._writer]
        pumps: Sequence[asyncio.Task[bool]] = ()
        whole = False
        try:
            reader, writer = await asyncio.open_connection(self._proxy.host, self._proxy.target)
            writers.append(writer)
            pumps = (
                asyncio.create_task(self._pump("up", self._reader, writer)),
                asyncio.create_task(self._pump("down", reader, self._writer)),
            )
            first, _ = await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
            whole = all(pump.result() for pump in first) and await self._drained(pumps)
        except (OSError, asyncio.CancelledError):
            whole = False
        finally:
            for pump in pumps:
                pump.cancel()
            for each in writers:  # before anything is awaited: our caller may end us twice
                each.close() if whole else _reset(each)
            if pumps:
                await asyncio.wait(pumps)

    async def _drained(self, pumps: Sequence[asyncio.Task[bool]]) -> bool:
        """One end has closed: let the other say what it still has to say, until it is silent for a while."""
        while True:
            before = self._carried
            _, waiting = await asyncio.wait(pumps, timeout=LINGER_S)
            if not waiting:
                return all(pump.result() for pump in pumps)
            if self._carried == before and not self._proxy.frozen:
                return True

    def end(self) -> asyncio.Task[None]:
        """Break it."""
        assert self._task is not None
        self._task.cancel()
        return self._task

    async def _pump(self, way: Way, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Carry one way until its end; True when that came in good order."""
        try:
            while chunk := await reader.read(CHUNK):
                if await self._proxy.let(way):
                    writer.write(chunk)
                    await writer.drain()
                    self._carried += len(chunk)
            if await self._proxy.let(way):
                writer.write_eof()
        except OSError:
            return False
        return True


def _reset(writer: asyncio.StreamWriter) -> None:
    """Close at once, by a TCP reset."""
    sock = writer.get_extra_info("socket")
    if sock is not None:
        with suppress(OSError):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
    writer.transport.abort()

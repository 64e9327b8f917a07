"""A wire to Redis that loses exactly the replies one asks it to: the command arrives and is done, and nobody is told."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Self


class LosingWire:
    """Stands between a store and a server's Unix socket. The next `losses` replies to a command that holds `word` are
    swallowed and the connection is closed instead; `lost` counts them."""

    def __init__(self, server: Path, word: bytes) -> None:
        self.path = server.with_name(f"losing-{word.decode()}.sock")
        self.url = f"unix://{self.path}"
        self.losses = 0
        self.lost = 0
        self._server = server
        self._word = word
        self._listening: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._listening = await asyncio.start_unix_server(self._accept, self.path)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._listening is not None
        self._listening.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._listening.wait_closed()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._forward(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        up_reader, up_writer = await asyncio.open_unix_connection(self._server)
        doomed = asyncio.Event()
        back = asyncio.create_task(self._back(up_reader, writer, doomed))
        try:
            while data := await reader.read(1 << 16):
                if self.losses and self._word in data:
                    self.losses -= 1
                    doomed.set()
                up_writer.write(data)
        except ConnectionError:
            pass
        finally:
            back.cancel()
            writer.close()
            up_writer.close()

    async def _back(self, up: asyncio.StreamReader, down: asyncio.StreamWriter, doomed: asyncio.Event) -> None:
        while data := await up.read(1 << 16):
            if doomed.is_set():
                self.lost += 1
                break
            down.write(data)
        down.close()

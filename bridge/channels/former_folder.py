"""What an earlier version kept in a channel's own folder, moved into the store.

The rule: a file is read whole, its rows are made durable, then it is deleted. A process that dies in between begins again, and the
rows that are there already change nothing, for their times are the same. A file that cannot be read stays where it is and the
channel waits, since a lost opt-out would be worse than a late text.

Each host moves its own folder when it starts. For one key the row with the later time counts.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Collection, Sequence
from pathlib import Path

import structlog

from bridge.contract.adapter import Busy
from bridge.contract.memory import MemoryKind, MemoryRow

log = structlog.get_logger("bridge.channels.former_folder")

Write = Callable[[MemoryKind, Sequence[MemoryRow]], Awaitable[None]]


class FormerFolder:
    """The folder of one channel; `write` makes rows durable."""

    def __init__(self, channel: str, folder: Path | None, kinds: Collection[MemoryKind], write: Write) -> None:
        self._channel = channel
        self._left = [(kind, folder / kind.former) for kind in kinds if folder is not None and kind.former]
        self._write = write
        self._turn = asyncio.Lock()

    async def move(self) -> None:
        """Move what is there, once. Raises Busy: nothing was lost, and the next call goes on."""
        if not self._left:
            return
        async with self._turn:
            while self._left:
                kind, file = self._left[-1]
                try:
                    await self._move_one(kind, file)
                except OSError as error:
                    log.error(
                        "a former file cannot be moved", channel=self._channel, kind=kind.name, why=error.strerror
                    )
                    raise Busy(f"{kind.former} in the channel's folder cannot be read: {error.strerror}") from error
                self._left.pop()

    async def _move_one(self, kind: MemoryKind, file: Path) -> None:
        found = await asyncio.to_thread(_read, kind, file)
        if found is None:
            return
        await self._write(kind, found)
        await asyncio.to_thread(_delete, file)
        log.info("a former file is moved", channel=self._channel, kind=kind.name, rows=len(found))


def _read(kind: MemoryKind, file: Path) -> list[MemoryRow] | None:
    """Return the rows of a file, the newest where there are too many, and None where there is no file."""
    if not file.is_file() or kind.read is None:
        return None
    written = int(file.stat().st_mtime * 1000)
    return list(kind.read(file.read_bytes(), written))[-kind.most :]


def _delete(file: Path) -> None:
    file.unlink(missing_ok=True)
    folder = os.open(file.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)

"""Copies of files that live elsewhere, for the minutes in which somebody reads them.

Adapters and the web server read files from a path. A store that isn't a folder fetches a file to this machine first, checks it
against its digest on the way, and hands the copy's path out. A copy is deleted ten minutes after it was last asked for, so one of a
file that was erased meanwhile does not stay. Several processes may share the folder.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

import structlog

from bridge.files.store import DIGEST, clear_parts, create, part, written_at

log = structlog.get_logger("bridge.files.local_copies")

KEPT_S = 600.0
AT_ONCE = 4  # files that are fetched at the same time

Fetch = Callable[[], AsyncIterator[bytes]]


class LocalCopies:
    """The copies of one process, below `folder`."""

    def __init__(self, folder: Path, kept_s: float = KEPT_S) -> None:
        self.folder = folder
        self._kept_s = kept_s
        self._fetching: dict[str, asyncio.Task[Path | None]] = {}
        self._at_once = asyncio.Semaphore(AT_ONCE)
        self._timers: dict[str, asyncio.TimerHandle] = {}

    async def path(self, digest: str, fetch: Fetch) -> Path | None:
        """Return where a copy is; None when the bytes are gone or are not those of the digest. Raises what `fetch` raises.

        Many who ask for the same file at once cause one fetch.
        """
        place = self.folder / digest
        if await asyncio.to_thread(_touched, place):
            self._keep(digest)
            return place
        task = self._fetching.get(digest)
        if task is None:
            task = self._fetching[digest] = asyncio.create_task(self._fetched(digest, fetch), name="fetching a file")
            task.add_done_callback(lambda done: self._ended(digest, done))
        return await asyncio.shield(task)

    async def take(self, draft: Path, digest: str) -> None:
        """Keep a draft as a copy, since what was just taken in is soon asked for."""
        await asyncio.to_thread(os.replace, draft, self.folder / digest)
        self._keep(digest)

    async def drop(self, digest: str) -> None:
        """Delete a copy now."""
        timer = self._timers.pop(digest, None)
        if timer is not None:
            timer.cancel()
        await asyncio.to_thread((self.folder / digest).unlink, missing_ok=True)

    async def clear(self, before: float) -> None:
        """Delete drafts from before `before`, and copies that nobody asked for in ten minutes."""
        await asyncio.to_thread(self._clear, before)

    def _clear(self, before: float) -> None:
        clear_parts(self.folder, before)
        for path in self.folder.glob("*"):
            if DIGEST.fullmatch(path.name) and written_at(path) < time.time() - self._kept_s:
                path.unlink(missing_ok=True)

    async def _fetched(self, digest: str, fetch: Fetch) -> Path | None:
        await asyncio.to_thread(self.folder.mkdir, mode=0o700, parents=True, exist_ok=True)
        draft, seen = part(self.folder), sha256()
        try:
            async with self._at_once:
                file = await asyncio.to_thread(create, draft)
                try:
                    async for chunk in fetch():
                        seen.update(chunk)
                        await asyncio.to_thread(file.write, chunk)
                finally:
                    await asyncio.to_thread(file.close)
            if seen.hexdigest() != digest:
                log.error("a file's bytes are not those that were kept", digest=digest)
                return None
            await self.take(draft, digest)
        except FileNotFoundError:
            return None
        finally:
            await asyncio.to_thread(draft.unlink, missing_ok=True)
        return self.folder / digest

    def _ended(self, digest: str, task: asyncio.Task[Path | None]) -> None:
        self._fetching.pop(digest, None)
        if not task.cancelled():
            task.exception()  # those who wait get it; where nobody waits any more it is nobody's

    def _keep(self, digest: str) -> None:
        """Look at a copy again once it may be old enough to delete."""
        if digest not in self._timers:
            loop = asyncio.get_running_loop()
            self._timers[digest] = loop.call_later(self._kept_s, self._due, digest)

    def _due(self, digest: str) -> None:
        self._timers.pop(digest, None)
        place = self.folder / digest
        left = written_at(place) + self._kept_s - time.time()
        if left <= 0:
            place.unlink(missing_ok=True)
        elif left <= self._kept_s:
            self._timers[digest] = asyncio.get_running_loop().call_later(left, self._due, digest)


def _touched(path: Path) -> bool:
    """Say whether a copy is there, and note that it was asked for."""
    with suppress(FileNotFoundError):
        os.utime(path)
        return True
    return False

"""Files in a folder: `data/blobs/ab/cdef…`, the store of a desk on one host.

A file is written beside its place, fsynced and then renamed, so a name never means half a file. The same bytes are kept once. A
file whose bytes came more than once has an empty file `cdef….again` beside it. Older releases told that by a mode (read-only),
which is still read.
"""

from __future__ import annotations

import asyncio
import math
import os
import shutil
import stat
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

from bridge.contract.message import Attachment
from bridge.files.media_types import HEAD, sniff
from bridge.files.store import DIGEST, FileFacts, clear_parts, create, drafted, part, sync, written_at

AGAIN = ".again"
CAME_AGAIN = 0o400  # how releases until 0.1 told that bytes came more than once


class FileBlobs:
    """`bridge.files.store.FileStore` on a file system."""

    name = "folder"

    def __init__(self, root: Path) -> None:
        self._root = root

    async def save(
        self, chunks: AsyncIterator[bytes], name: str, limit: int, allowed: frozenset[str] = frozenset()
    ) -> Attachment:
        """See `bridge.contract.adapter.Blobs`. A file that is refused or breaks off leaves nothing behind."""
        async with drafted(self._root, chunks, name, limit, allowed) as draft:
            await asyncio.to_thread(_keep, draft.path, self._place(draft.file.digest))
            return draft.file

    async def path(self, digest: str) -> Path | None:
        """Return where the bytes are, or None when they are gone or `digest` is not a digest."""
        if not DIGEST.fullmatch(digest):
            return None
        place = self._place(digest)
        return place if await asyncio.to_thread(place.is_file) else None

    async def look(self, digest: str) -> Attachment | None:
        """Return a kept file's size and the type that its first bytes show; None when it is gone."""
        place = await self.path(digest)
        if place is None:
            return None
        try:
            head, size = await asyncio.to_thread(_looked_at, place)
        except FileNotFoundError:
            return None
        return Attachment(digest=digest, media_type=sniff(head), size=size, name="")

    async def facts(self, digest: str) -> FileFacts | None:
        """See FileStore."""
        place = await self.path(digest)
        try:
            found = await asyncio.to_thread(place.stat) if place is not None else None
        except FileNotFoundError:
            return None
        if place is None or found is None:
            return None
        again = await asyncio.to_thread(_came_again, place, found)
        return FileFacts(digest=digest, size=found.st_size, taken_at=found.st_mtime, again=again)

    async def adopt(self, source: Path, facts: FileFacts) -> None:
        """See FileStore."""
        await asyncio.to_thread(self._adopt, source, facts)

    async def remove(self, digest: str, *, before: float = math.inf, again_before: float = math.inf) -> bool:
        """See FileStore."""
        place = await self.path(digest)
        return place is not None and await asyncio.to_thread(self._remove, place, before, again_before)

    async def older(self, before: float) -> set[str]:
        """See FileStore."""
        return await asyncio.to_thread(self._older, before)

    async def total(self) -> int:
        """See FileStore."""
        return await asyncio.to_thread(self._total)

    async def clear(self, before: float) -> None:
        """See FileStore."""
        await asyncio.to_thread(self._clear, before)

    def _adopt(self, source: Path, facts: FileFacts) -> None:
        place = self._place(facts.digest)
        here = place.is_file()
        taken_at = max(facts.taken_at, place.stat().st_mtime) if here else facts.taken_at
        if not here:
            self._root.mkdir(mode=0o700, parents=True, exist_ok=True)
            draft = part(self._root)
            try:
                with source.open("rb") as old, create(draft) as new:
                    shutil.copyfileobj(old, new)
                    sync(new)
                os.utime(draft, (time.time(), taken_at))
                _keep(draft, place)
            finally:
                draft.unlink(missing_ok=True)
        if here or facts.again:
            _mark(place)
        os.utime(place, (time.time(), taken_at))

    def _remove(self, place: Path, before: float, again_before: float) -> bool:
        """Rename a file, then delete it: another file that is written to its place meanwhile stays."""
        aside = part(self._root)
        try:
            if _young(place, place, before, again_before):
                return False
            os.rename(place, aside)
        except FileNotFoundError:
            return False
        if young := _young(aside, place, before, again_before):
            with suppress(FileExistsError):
                os.link(aside, place)
        else:
            _beside(place).unlink(missing_ok=True)
        aside.unlink()
        return not young

    def _older(self, before: float) -> set[str]:
        found = ((path.parent.name + path.name, path) for path in self._root.glob("??/*"))
        return {digest for digest, path in found if DIGEST.fullmatch(digest) and written_at(path) < before}

    def _total(self) -> int:
        found = 0
        for path in self._root.glob("??/*"):
            with suppress(FileNotFoundError):
                found += path.stat().st_size
        return found

    def _clear(self, before: float) -> None:
        clear_parts(self._root, before)
        for mark in self._root.glob(f"??/*{AGAIN}"):
            if written_at(mark) < before and not mark.with_name(mark.name.removesuffix(AGAIN)).exists():
                mark.unlink(missing_ok=True)

    def _place(self, digest: str) -> Path:
        return self._root / digest[:2] / digest[2:]


def _looked_at(path: Path) -> tuple[bytes, int]:
    with path.open("rb") as file:
        return file.read(HEAD), os.fstat(file.fileno()).st_size


def _beside(place: Path) -> Path:
    return place.with_name(place.name + AGAIN)


def _came_again(place: Path, found: os.stat_result) -> bool:
    return _beside(place).exists() or stat.S_IMODE(found.st_mode) == CAME_AGAIN


def _young(path: Path, place: Path, before: float, again_before: float) -> bool:
    """Say whether a file of `place`, which lies at `path` now, is too young to delete; see `FileStore.remove`."""
    found = path.stat()
    return found.st_mtime >= (min(before, again_before) if _came_again(place, found) else before)


def _mark(place: Path) -> None:
    """Note that a file's bytes came more than once."""
    with suppress(FileExistsError), create(_beside(place)) as mark:
        sync(mark)


def _keep(draft: Path, place: Path) -> None:
    """Move a finished file to its place; make its name durable, and the names of the folders above it, which may be new."""
    place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        os.link(draft, place)
    except OSError:  # the file is there already, or this file system has no links, and we cannot tell which
        _mark(place)
        os.replace(draft, place)
    for folder in place.parents[:3]:
        _sync_folder(folder)


def _sync_folder(path: Path) -> None:
    folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)

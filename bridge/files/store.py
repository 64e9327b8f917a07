"""The port of file stores, and the draft that every store begins with.

Bytes that come in are first written to a draft on this machine, within their limit, and their digest is taken on the way. So what
is refused or breaks off leaves nothing behind, and a slow sender holds no connection of a database. Memory is bounded by a chunk.

The same bytes may come from two people. A store remembers whether a file's bytes came more than once. So when one patron's files
are removed, a file that may also be another patron's can stay.
"""

from __future__ import annotations

import asyncio
import math
import os
import re
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO, Protocol

import msgspec

from bridge.contract.adapter import Blobs, TooLarge
from bridge.contract.message import Attachment
from bridge.files.media_types import HEAD, sniff
from bridge.files.names import safe_name
from bridge.files.office import checked

DIGEST = re.compile(r"[0-9a-f]{64}")


class FileFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What a store knows of a file beside its bytes. `taken_at`: when its bytes came last, s since the epoch."""

    digest: str
    size: int
    taken_at: float
    again: bool = False  # the bytes came more than once


class FileStore(Blobs, Protocol):
    """`bridge.contract.adapter.Blobs`, and what retention, moves and backups need beside it. All raise FilesAway.

    Two hosts may hand the same bytes to one store at once. A file that somebody was told is kept is not lost by a `remove` that
    runs meanwhile.
    """

    name: str

    async def facts(self, digest: str) -> FileFacts | None:
        """Return what is known of a file, or None when it is gone."""

    async def adopt(self, source: Path, facts: FileFacts) -> None:
        """Take over a file of another store with its facts; a file that is here already came once more."""

    async def remove(self, digest: str, *, before: float = math.inf, again_before: float = math.inf) -> bool:
        """Delete a file, unless it is too young; return whether it was there and is deleted now.

        Too young: its bytes came (again) at `before` (s since the epoch) or later, or came again at `again_before` or later.
        """

    async def older(self, before: float) -> set[str]:
        """Return the digests of all files that were last taken in before `before`, s since the epoch."""

    async def total(self) -> int:
        """Return how many bytes all files take."""

    async def clear(self, before: float) -> None:
        """Delete what a crash before `before` (s since the epoch) left of files being written or deleted."""


class FileDraft(msgspec.Struct, frozen=True):
    """Bytes that were written whole, and are nobody's file yet."""

    path: Path
    file: Attachment


@asynccontextmanager
async def drafted(
    folder: Path, chunks: AsyncIterator[bytes], name: str, limit: int, allowed: frozenset[str] = frozenset()
) -> AsyncIterator[FileDraft]:
    """Write bytes to a draft below `folder`, durably, and delete what is left of it at the end.

    Raises TooLarge over `limit` bytes; where types are `allowed` (empty = any), ValueError for another one, and UnsafeFile for an
    office file that holds a program or would unpack to too much.
    """
    await asyncio.to_thread(folder.mkdir, mode=0o700, parents=True, exist_ok=True)
    path = part(folder)
    try:
        digest, size, head = await _write(path, chunks, limit)
        media_type = sniff(head)
        if allowed:
            media_type = await asyncio.to_thread(checked, path, media_type)
        if allowed and media_type not in allowed:
            raise ValueError(f"files of type {media_type} are not taken")
        yield FileDraft(path, Attachment(digest=digest, media_type=media_type, size=size, name=safe_name(name)))
    finally:
        await asyncio.to_thread(path.unlink, missing_ok=True)


def part(folder: Path) -> Path:
    """Return a new name for a file that is being written."""
    return folder / f".{secrets.token_hex(8)}.part"


def clear_parts(folder: Path, before: float) -> None:
    """Delete drafts that were last written before `before`, s since the epoch."""
    for draft in folder.glob(".*.part"):
        if written_at(draft) < before:
            draft.unlink(missing_ok=True)


def written_at(path: Path) -> float:
    """Return when a file was written, s since the epoch; infinity when it is gone."""
    with suppress(FileNotFoundError):
        return path.stat().st_mtime
    return math.inf


async def _write(draft: Path, chunks: AsyncIterator[bytes], limit: int) -> tuple[str, int, bytes]:
    digest, size, head = sha256(), 0, b""
    file = await asyncio.to_thread(create, draft)
    try:
        async for chunk in chunks:
            size += len(chunk)
            if size > limit:
                raise TooLarge(limit)
            digest.update(chunk)
            if len(head) < HEAD:
                head += chunk[: HEAD - len(head)]
            await asyncio.to_thread(file.write, chunk)
        await asyncio.to_thread(sync, file)
    finally:
        await asyncio.to_thread(file.close)
    return digest.hexdigest(), size, head


def create(path: Path) -> BinaryIO:
    """Create a file that nobody else can open. Raises FileExistsError."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")


def sync(file: BinaryIO) -> None:
    """Return once what was written is on the disk."""
    file.flush()
    os.fsync(file.fileno())

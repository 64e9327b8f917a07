"""Where backups are put: a folder or a bucket. And which of them are kept."""

from __future__ import annotations

import asyncio
import math
import os
import re
import shutil
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from bridge.files.bucket import Bucket

NAME = re.compile(r"deskbridge-(\d{8}T\d{6}Z)\.tar\.age")
FORGOTTEN = "deskbridge-forgotten.age"
STAMP = "%Y%m%dT%H%M%SZ"


class Shelf(Protocol):
    """A place for finished backups, by name."""

    async def put(self, source: Path, name: str) -> None:
        """Keep a file under a name, durably; the file may be moved."""

    async def names(self) -> list[str]:
        """Return the names of the backups there, the oldest first."""

    async def get(self, name: str, target: Path) -> bool:
        """Copy a file to a new place; False when it is not there."""

    async def delete(self, name: str) -> None:
        """Delete a file."""


class FolderShelf:
    """A folder: another disk, or one that is mounted."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def put(self, source: Path, name: str) -> None:
        """See Shelf."""
        await asyncio.to_thread(self._put, source, name)

    async def names(self) -> list[str]:
        """See Shelf."""
        return await asyncio.to_thread(lambda: _backups(path.name for path in self._folder.glob("deskbridge-*")))

    async def get(self, name: str, target: Path) -> bool:
        """See Shelf."""
        try:
            await asyncio.to_thread(shutil.copyfile, self._folder / name, target)
        except FileNotFoundError:
            return False
        return True

    async def delete(self, name: str) -> None:
        """See Shelf."""
        await asyncio.to_thread((self._folder / name).unlink, missing_ok=True)

    def _put(self, source: Path, name: str) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = self._folder / f".{name}.part"
        draft.unlink(missing_ok=True)
        shutil.copyfile(source, draft)
        with draft.open("rb") as file:
            os.fsync(file.fileno())
        draft.chmod(0o600)
        os.replace(draft, self._folder / name)
        folder = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)
        os.fsync(folder)
        os.close(folder)


class BucketShelf:
    """A bucket of an S3-compatible service."""

    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket

    async def put(self, source: Path, name: str) -> None:
        """See Shelf."""
        await self._bucket.put(name, source)

    async def names(self) -> list[str]:
        """See Shelf."""
        return _backups([key async for key in self._bucket.listed(math.inf, "")])

    async def get(self, name: str, target: Path) -> bool:
        """See Shelf."""
        file = await asyncio.to_thread(target.open, "xb")
        try:
            async for chunk in self._bucket.get(name):
                await asyncio.to_thread(file.write, chunk)
        except FileNotFoundError:
            await asyncio.to_thread(target.unlink)
            return False
        finally:
            await asyncio.to_thread(file.close)
        return True

    async def delete(self, name: str) -> None:
        """See Shelf."""
        await self._bucket.delete(name)


def age_of_newest(names: Iterable[str], now: datetime) -> str:
    """Say how old the newest backup is, in words for the operator."""
    found = [match for match in map(NAME.fullmatch, sorted(names)) if match]
    if not found:
        return "there is no backup yet"
    hours = round((now - datetime.strptime(found[-1][1], STAMP).replace(tzinfo=UTC)).total_seconds() / 3600)
    return (
        f"the newest backup was taken {hours} hours ago"
        if hours < 72
        else f"the newest backup is {hours // 24} days old"
    )


def name_at(ms: int) -> str:
    """Return the name of a backup that was taken at a time."""
    return f"deskbridge-{datetime.fromtimestamp(ms / 1000, UTC).strftime(STAMP)}.tar.age"


def superfluous(names: Iterable[str], keep: int, weekly: int) -> list[str]:
    """Return which backups go: all but the newest of each of the last `keep` days, and of each of the last `weekly` weeks, that
    have one."""
    days: dict[str, str] = {}
    weeks: dict[tuple[int, int], str] = {}
    for name in sorted(names, reverse=True):
        if found := NAME.fullmatch(name):
            at = datetime.strptime(found[1], STAMP)
            days.setdefault(found[1][:8], name)
            weeks.setdefault(at.isocalendar()[:2], name)
    kept = {*list(days.values())[:keep], *list(weeks.values())[:weekly]}
    return [name for name in sorted(names) if NAME.fullmatch(name) and name not in kept]


def _backups(names: Iterable[str]) -> list[str]:
    return sorted(name for name in names if NAME.fullmatch(name))

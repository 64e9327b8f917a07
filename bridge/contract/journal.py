"""Small facts that must outlive the process and a power cut: one JSON array a line, appended, read once; what is old is left out at
reading."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

Row = list[Any]


class Journal:
    """Rows in `folder`/`name`; in memory alone where there is no folder."""

    def __init__(self, folder: Path | None, name: str) -> None:
        self._path = folder / name if folder is not None else None
        self._turn = asyncio.Lock()

    async def read(self, keep: Callable[[Row], bool] = bool) -> list[Row]:
        """Return the rows that are to be kept, in order, and forget the others."""
        if self._path is None:
            return []
        async with self._turn:
            return await asyncio.to_thread(self._read, self._path, keep)

    async def add(self, row: Row) -> None:
        """Append a row; it is durable when this returns. Raises OSError: nobody may rely on it then."""
        if self._path is not None:
            async with self._turn:
                await asyncio.to_thread(_append, self._path, row)

    def _read(self, path: Path, keep: Callable[[Row], bool]) -> list[Row]:
        lines = path.read_text("utf-8").splitlines() if path.is_file() else []
        kept = [row for row in map(_row, lines) if row and keep(row)]
        if len(kept) < len(lines):
            _rewrite(path, kept)
        return kept


def _row(line: str) -> Row:
    """Read a line; [] for half of one: the process died while it was written, before anybody relied on it."""
    try:
        row = json.loads(line)
    except ValueError:
        return []
    return row if isinstance(row, list) else []


def _append(path: Path, row: Row) -> None:
    with os.fdopen(os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600), "ab+") as file:
        size = file.seek(0, os.SEEK_END)
        if size:
            file.seek(size - 1)
        broken = size and file.read() != b"\n"  # half a line: the disk was full
        file.write((b"\n" if broken else b"") + _line(row))
        _sync(file)
    if not size:
        _sync_folder(path.parent)


def _rewrite(path: Path, rows: list[Row]) -> None:
    if not rows:
        path.unlink()
        return
    draft = path.with_suffix(".new")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.writelines(map(_line, rows))
        _sync(file)
    os.replace(draft, path)
    _sync_folder(path.parent)


def _line(row: Row) -> bytes:
    return json.dumps(row).encode() + b"\n"


def _sync(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())


def _sync_folder(path: Path) -> None:
    folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)

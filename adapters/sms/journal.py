"""Small facts that must outlive the process: one JSON array a line, appended, read once; what is old is left out at reading."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

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
        """Append a row; it survives the death of this process."""
        if self._path is not None:
            async with self._turn:
                await asyncio.to_thread(_append, self._path, row)

    def _read(self, path: Path, keep: Callable[[Row], bool]) -> list[Row]:
        lines = path.read_text("utf-8").splitlines() if path.is_file() else []
        kept = [row for row in map(_row, lines) if row and keep(row)]
        if len(kept) < len(lines):
            draft = path.with_suffix(".new")
            draft.unlink(missing_ok=True)
            for row in kept:
                _append(draft, row)
            os.replace(draft, path) if kept else path.unlink()
        return kept


def _row(line: str) -> Row:
    """Read a line; [] for half of one: the process died while it was written, before anybody relied on it."""
    try:
        row = json.loads(line)
    except ValueError:
        return []
    return row if isinstance(row, list) else []


def _append(path: Path, row: Row) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "a", encoding="utf-8") as file:
        file.write(json.dumps(row) + "\n")

"""Pieces of files that wait for what they belong to: on the disk, so that memory holds only where they are."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from types import TracebackType


class PieceShelf:
    """Keeps bytes by a name, several of one name too. The file has no name and is gone with the process."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - closed by `__exit__`
        self._places: dict[str, list[tuple[int, int]]] = {}

    def __enter__(self) -> PieceShelf:
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Remove everything."""
        self._file.close()

    def __len__(self) -> int:
        """Return how many names there are."""
        return len(self._places)

    def put(self, name: str, piece: bytes) -> None:
        """Keep a piece."""
        at = self._file.seek(0, 2)
        self._file.write(piece)
        self._places.setdefault(name, []).append((at, len(piece)))

    def take(self, name: str) -> list[bytes]:
        """Return the pieces of a name in the order in which they came, and forget that they are here."""
        found = []
        for at, length in self._places.pop(name, ()):
            self._file.seek(at)
            found.append(self._file.read(length))
        return found

    def left(self) -> Iterator[str]:
        """Yield the names of what nobody took."""
        return iter(self._places)

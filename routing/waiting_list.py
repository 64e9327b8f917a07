"""A waiting list: the conversation that has waited longest is first.

Entries are (since in ms, conversation id), kept sorted in chunks of bounded size. To join at the end, to leave from anywhere, and
to come back ahead of newer ones cost the same for ten and a million. A place can be told.
The order is a function of the entries alone: a list rebuilt from a snapshot is the list that was.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterator

Entry = tuple[int, str]

CHUNK = 512


class WaitingList:
    """Sorted entries without duplicates."""

    __slots__ = ("_chunks", "_lasts", "_length")

    def __init__(self) -> None:
        self._chunks: list[list[Entry]] = []
        self._lasts: list[Entry] = []
        self._length = 0

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[Entry]:
        for chunk in self._chunks:
            yield from chunk

    def first(self) -> Entry | None:
        """Return who has waited longest."""
        return self._chunks[0][0] if self._chunks else None

    def add(self, entry: Entry) -> None:
        """Let `entry` join at its place. It must not stand in the line already."""
        self._length += 1
        at = bisect_left(self._lasts, entry)
        if at == len(self._lasts):
            self._append(entry)
            return
        chunk = self._chunks[at]
        insort(chunk, entry)
        if len(chunk) > 2 * CHUNK:
            self._chunks[at : at + 1] = [chunk[:CHUNK], chunk[CHUNK:]]
            self._lasts[at : at + 1] = [chunk[CHUNK - 1], chunk[-1]]

    def _append(self, entry: Entry) -> None:
        if self._chunks and len(self._chunks[-1]) < CHUNK:
            self._chunks[-1].append(entry)
            self._lasts[-1] = entry
        else:
            self._chunks.append([entry])
            self._lasts.append(entry)

    def remove(self, entry: Entry) -> None:
        """Let `entry` leave. Raises KeyError when it does not stand here."""
        at = bisect_left(self._lasts, entry)
        chunk = self._chunks[at] if at < len(self._chunks) else []
        place = bisect_left(chunk, entry)
        if place == len(chunk) or chunk[place] != entry:
            raise KeyError(entry)
        del chunk[place]
        self._length -= 1
        if chunk:
            self._lasts[at] = chunk[-1]
        else:
            del self._chunks[at], self._lasts[at]

    def ahead_of(self, entry: Entry) -> int:
        """Return how many stand before `entry`, which need not stand here itself."""
        at = bisect_left(self._lasts, entry)
        before = sum(len(chunk) for chunk in self._chunks[:at])
        return before + (bisect_left(self._chunks[at], entry) if at < len(self._chunks) else 0)

    def after(self, entry: Entry) -> Iterator[Entry]:
        """Iterate over the entries behind `entry`, which need not be in the list."""
        at = bisect_right(self._lasts, entry)
        if at < len(self._chunks):
            yield from self._chunks[at][bisect_right(self._chunks[at], entry) :]
            for chunk in self._chunks[at + 1 :]:
                yield from chunk

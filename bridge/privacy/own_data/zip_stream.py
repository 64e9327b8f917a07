"""A ZIP file that is written while it is sent: nothing of it is held but the part that is on its way.

Sizes follow their contents (APPNOTE 4.4.4, bit 3), as they aren't known beforehand.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import NamedTuple
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

MODE = 0o644 << 16


class ZipEntry(NamedTuple):
    """A file in it; `packed`: it's worth to be compressed. `at`: year, month, day, hour, minute, second."""

    name: str
    chunks: AsyncIterator[bytes]
    at: tuple[int, int, int, int, int, int]
    packed: bool = True


class _Outbox:
    """What was written and not sent yet. It can't go back, so the entries describe themselves at their end."""

    def __init__(self) -> None:
        self._held = bytearray()

    def write(self, data: bytes, /) -> int:
        """Hold `data`."""
        self._held += data
        return len(data)

    def flush(self) -> None:
        """Do nothing: `taken` sends."""

    def close(self) -> None:
        """Do nothing: whoever asked for the bytes has them."""

    def taken(self) -> bytes:
        """Return what was held, and hold it no more."""
        found = bytes(self._held)
        self._held.clear()
        return found


async def zipped(entries: AsyncIterator[ZipEntry]) -> AsyncIterator[bytes]:
    """Yield the bytes of a ZIP file with these entries, in their order."""
    out = _Outbox()
    with ZipFile(out, "w") as file:
        async for entry in entries:
            info = ZipInfo(entry.name, entry.at)
            info.compress_type = ZIP_DEFLATED if entry.packed else ZIP_STORED
            info.external_attr = MODE
            with file.open(info, "w") as part:
                async for chunk in entry.chunks:
                    part.write(chunk)
                    if data := out.taken():
                        yield data
    yield out.taken()

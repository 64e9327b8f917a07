"""The file that a patron gets: a ZIP with a page for people, the same for programs, and the files of their conversations.

    index.html   what was said, what else is kept and until when, where it went, what is left out and why
    data.json    the same in one JSON document; docs/privacy.md has its fields
    files/       what the patron sent and was sent

It's written while it's sent. The transcripts are read twice, a portion at a time, and nothing of it is kept here afterwards.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from bridge.contract.adapter import Blobs
from bridge.privacy.own_data.contents import OwnDataContents
from bridge.privacy.own_data.html_document import html
from bridge.privacy.own_data.json_document import json
from bridge.privacy.own_data.zip_stream import ZipEntry, zipped

CHUNK = 64 * 1024
NAME = "my-data.zip"


@dataclass(frozen=True, slots=True)
class OwnDataPackage:
    """One patron's file."""

    contents: OwnDataContents
    blobs: Blobs

    def chunks(self) -> AsyncIterator[bytes]:
        """Yield the file. Raises what the archive and the store of files raise; what was sent until then is no whole file."""
        return zipped(self._entries())

    async def _entries(self) -> AsyncIterator[ZipEntry]:
        at = time.gmtime(self.contents.made_at)[:6]
        yield ZipEntry("index.html", html(self.contents), at)
        yield ZipEntry("data.json", json(self.contents), at)
        for digest, name in self.contents.files.items():
            if (path := await self.blobs.path(digest)) is not None:
                yield ZipEntry(name, _read(path), at, packed=False)


async def _read(path: Path) -> AsyncIterator[bytes]:
    with await asyncio.to_thread(path.open, "rb") as file:
        while chunk := await asyncio.to_thread(file.read, CHUNK):
            yield chunk

"""The file that a patron gets: a ZIP with a page for people, the same for programs, and the files of their conversations.

    index.html   what was said, what else is kept and until when, where it went, what is left out and why
    data.json    the same in one JSON document; docs/privacy.md has its fields
    files/       what the patron sent and was sent

It's written while it's sent. The transcripts are read twice, a portion at a time, and nothing of it is kept here afterwards.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from bridge.contract.adapter import Blobs
from bridge.files.names import safe_name
from bridge.privacy import own_data_page
from bridge.privacy.own_data_desk import OwnDataDesk
from bridge.privacy.zip_stream import ZipEntry, zipped
from bridge.sql.privacy.own_data import KeptConversation
from bridge.sql.privacy.patron_lookup import Held
from bridge.sql.transcripts.lines import TranscriptLine

FORMAT = "deskbridge-own-data/1"
CHUNK = 64 * 1024
NAME = "my-data.zip"

_encode = msgspec.json.Encoder().encode


@dataclass(slots=True)
class OwnDataPackage:
    """One patron's file. `proved`: their addresses as `channel|address`; `elsewhere`: conversations at other libraries."""

    desk: OwnDataDesk
    blobs: Blobs
    held: Sequence[Held]
    proved: Collection[str]
    elsewhere: int = 0
    made_at: float = field(default_factory=time.time)
    _files: dict[str, str] = field(default_factory=dict)  # digest -> its name in the file

    def chunks(self) -> AsyncIterator[bytes]:
        """Yield the file. Raises what the archive and the store of files raise; what was sent until then is no whole file."""
        return zipped(self._entries())

    async def _entries(self) -> AsyncIterator[ZipEntry]:
        at = time.gmtime(self.made_at)[:6]
        yield ZipEntry("index.html", own_data_page.html(self), at)
        yield ZipEntry("data.json", self._json(), at)
        for digest, name in self._files.items():
            if (path := await self.blobs.path(digest)) is not None:
                yield ZipEntry(name, _read(path), at, packed=False)

    # ---- what both documents tell ----

    async def conversations(self) -> AsyncIterator[KeptConversation]:
        """Yield what is kept, the oldest conversation first."""
        async for one in self.desk.reader.kept(self.held, self.proved):
            yield one

    async def lines(self, one: KeptConversation) -> AsyncIterator[tuple[TranscriptLine, list[tuple[str, str]]]]:
        """Yield what the patron saw, each line with its files: how they are called, and where they are in here."""
        async for line in self.desk.reader.lines(one):
            found = [(file.digest, safe_name(file.name)) for file in line.attachments]
            if line.original and line.who == "patron":
                found.append((line.original, "message.eml"))
            yield line, [(name, self._place(digest, name)) for digest, name in found]

    def _place(self, digest: str, name: str) -> str:
        return self._files.setdefault(digest, f"files/{len(self._files) + 1}-{name}")

    # ---- for programs ----

    async def _json(self) -> AsyncIterator[bytes]:
        head: dict[str, Any] = {"format": FORMAT, "made_at": _time(self.made_at * 1000), "addresses": self.addresses}
        head |= {"other_libraries": self.elsewhere}
        yield _encode(head)[:-1] + b',"conversations":['
        first = True
        async for one in self.conversations():
            yield (b"" if first else b",") + b"\n" + _encode(self._facts(one))[:-1] + b',"lines":['
            first, begun = False, False
            async for line, files in self.lines(one):
                yield (b"," if begun else b"") + _encode(_said(line, files))
                begun = True
            yield b"]}"
        left_out = [self.desk.word(key) for key in own_data_page.LEFT_OUT]
        yield b'],\n"left_out":' + _encode(left_out) + b"}\n"

    @property
    def addresses(self) -> list[str]:
        """The proved addresses as their networks write them; what only a browser is known by is none for people."""
        return sorted(
            {place.partition("|")[2] for place in self.proved if not self.desk.private(place.partition("|")[0])}
        )

    def _facts(self, one: KeptConversation) -> dict[str, Any]:
        desk, talk = self.desk, one.talk
        found: dict[str, Any] = {
            "id": one.id,
            "library": desk.library(one.library),
            "channel": desk.channel(one.channel),
            "began_at": _time(one.opened_at),
            "ended_at": _time(one.closed_at),
            "kept_until": _time(desk.kept_until(one)),
            "kept_days_after_end": desk.days(one.library),
            "began_elsewhere": talk is None,
            "follow_ups": [
                msgspec.structs.asdict(each) | {"deadline": _time(each.deadline), "opened_at": _time(each.opened_at)}
                for each in one.follow_ups
            ],
        }
        if talk is None:
            return found
        return found | {
            "name": talk.name,
            "contact": talk.contact,
            "language": talk.language,
            "subject": talk.subject,
            "page": talk.page,
            "form": msgspec.json.decode(talk.answers) if talk.answers else [],
            "rating": talk.rating,
            "rating_comment": talk.rating_comment or "",
            "went_to": desk.went_to(one),
            "sent_on_at": [_time(at) for at in one.forwarded],
            "notes_left_out": one.notes,
        }


def _said(line: TranscriptLine, files: Sequence[tuple[str, str]]) -> dict[str, Any]:
    rated = line.event.partition(":")[2] if line.who == "system" else ""
    return {
        "at": _time(line.at),
        "from": "you" if line.who in ("patron", "system") else line.who,
        "name": line.author,
        "subject": line.subject,
        "text": line.text,
        "files": [{"name": name, "file": place} for name, place in files],
        **({"rating": rated} if rated else {}),
    }


def _time(ms: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(ms / 1000)) if ms else ""


async def _read(path: Path) -> AsyncIterator[bytes]:
    with await asyncio.to_thread(path.open, "rb") as file:
        while chunk := await asyncio.to_thread(file.read, CHUNK):
            yield chunk

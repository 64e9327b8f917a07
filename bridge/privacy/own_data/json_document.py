"""The document for programs in a patron's own file; docs/privacy.md has its fields."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Sequence
from typing import Any

import msgspec

from bridge.privacy.own_data.contents import LEFT_OUT, OwnDataContents
from bridge.sql.privacy.own_data import KeptConversation
from bridge.sql.transcripts.lines import TranscriptLine

FORMAT = "deskbridge-own-data/1"

_encode = msgspec.json.Encoder().encode


async def json(contents: OwnDataContents) -> AsyncIterator[bytes]:
    """Yield the document, a piece at a time."""
    head: dict[str, Any] = {
        "format": FORMAT,
        "made_at": _time(contents.made_at * 1000),
        "addresses": contents.addresses,
    }
    head |= {"other_libraries": contents.elsewhere}
    yield _encode(head)[:-1] + b',"conversations":['
    first = True
    async for one in contents.conversations():
        yield (b"" if first else b",") + b"\n" + _encode(_facts(contents, one))[:-1] + b',"lines":['
        first, begun = False, False
        async for line, files in contents.lines(one):
            yield (b"," if begun else b"") + _encode(_said(line, files))
            begun = True
        yield b"]}"
    left_out = [contents.desk.word(key) for key in LEFT_OUT]
    yield b'],\n"left_out":' + _encode(left_out) + b"}\n"


def _facts(contents: OwnDataContents, one: KeptConversation) -> dict[str, Any]:
    desk, talk = contents.desk, one.talk
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

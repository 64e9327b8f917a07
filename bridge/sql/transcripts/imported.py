"""Conversations of another desk, written straight into the archive: closed, marked, and under the library's retention at once.

They never pass the log. What was said is found, listed and counted like everything else here. Of a conversation that is older than
the library keeps words, only the numbers are written, as they are left when it is forgotten.

Who imports derives ids from the other desk's ids (`imported_id`). So the same conversation is written once, also where it was
forgotten meanwhile, and an import that broke off is run again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import Any

import msgspec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from bridge.contract.message import derive
from bridge.sql import tables
from bridge.sql.bulk_insert import write_many
from bridge.sql.people.accounts import now_ms
from bridge.sql.privacy.anonymise import BLANK
from bridge.sql.rows import dump, ignoring
from bridge.sql.transcripts.facts import Fact, facts_of, topics_of, write_facts
from bridge.sql.transcripts.lines import TranscriptLine
from bridge.sql.transcripts.write_batch import write_lines

LAST_TEXT = 200
IMPORTED = "imported"  # the event of the first line of an imported transcript
CHANNEL = "imported:"  # before the way it was asked: no channel of a configuration is named so

_c = tables.conversation.c


class ImportedLine(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One line of another desk's transcript. `who`: patron, librarian, desk or note; `author_id`: a librarian of ours."""

    at: int
    who: str
    text: str
    author: str = ""
    author_id: str = ""


class ImportedHop(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One station of a conversation, as `tables.hop` keeps it."""

    at: int
    kind: str
    queue: str = ""
    librarian: str = ""
    reason: str = ""


class ImportedConversation(msgspec.Struct, frozen=True, kw_only=True):
    """A conversation of another desk, ready to be written; times in ms.

    `way` is how it was asked (chat, email, sms ...); `source` the name of the other desk. `words_kept` False: only numbers are
    written.
    """

    id: str
    library: str
    source: str
    way: str
    live: bool
    queue_entered: str
    queue: str
    opened_at: int
    closed_at: int
    address: str = ""
    name: str = ""
    contact: str = ""
    language: str = ""
    subject: str = ""
    page: str = ""
    owner: str = ""
    claimed_at: int | None = None
    first_answer_at: int | None = None
    answered_by: str | None = None
    answered_queue: str | None = None
    closed_by: str | None = None
    code: str | None = None
    by_default: bool = False
    descriptive: tuple[str, ...] = ()
    read_scale: int | None = None
    reference: bool | None = None
    questions: str | None = None
    rating: int | None = None
    rated_at: int | None = None
    rating_comment: str | None = None
    lines: tuple[ImportedLine, ...] = ()
    hops: tuple[ImportedHop, ...] = ()
    words_kept: bool = True


def imported_id(library: str, source: str, id: str) -> str:
    """Return the id here of another desk's conversation: the same for ever."""
    return derive(IMPORTED, library, source, id)


class ImportedTranscripts:
    """Writes them; `engine` begins its transactions for writing."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def known(self, ids: Iterable[str]) -> set[str]:
        """Return those of these conversations that are here already, forgotten ones too; ask for some hundreds at most."""
        async with self._engine.connect() as sql:
            return set((await sql.scalars(select(_c.id).where(_c.id.in_(list(ids))))).all())

    async def add(self, talks: Sequence[ImportedConversation]) -> set[str]:
        """Write conversations in one transaction and return the ids of those that were new; the others stay as they are."""
        found: dict[str, ImportedConversation] = {}
        for talk in talks:
            found.setdefault(talk.id, talk)
        async with self._engine.begin() as sql:
            there = set((await sql.scalars(select(_c.id).where(_c.id.in_(list(found))))).all())
            fresh = [talk for talk in found.values() if talk.id not in there]
            if not fresh:
                return set()
            dialect, now = sql.dialect.name, now_ms()
            table = tables.conversation
            await write_many(sql, "imported", partial(ignoring, dialect, table), [_row(talk, now) for talk in fresh])
            hops = [row for talk in fresh for row in _hops(talk)]
            await write_many(sql, "hop", partial(ignoring, dialect, tables.hop), hops)
            worded = [talk for talk in fresh if talk.words_kept]
            await write_lines(sql, (line for talk in worded for line in _lines(talk)))
            await write_facts(sql, (fact for talk in worded for fact in _facts(talk)), known=False)
        return {talk.id for talk in fresh}


def _row(talk: ImportedConversation, now: int) -> dict[str, Any]:
    said = [line for line in talk.lines if line.who != "note"]
    last = said[-1] if said else None
    row = {name: getattr(talk, name) for name in _PLAIN} | {
        "channel": f"{CHANNEL}{talk.way}",
        "address": _address(talk),
        "answers": "",
        "previous": "",
        "state": "closed",
        "last_at": last.at if last else talk.closed_at,
        "last_text": last.text[:LAST_TEXT] if last else "",
        "last_who": last.who if last else "",
        "descriptive": dump(talk.descriptive),
        "imported": talk.source,
        "indexed": True,
        "forgotten_at": None,
    }
    return row if talk.words_kept else row | BLANK | {"forgotten_at": now}


def _address(talk: ImportedConversation) -> str:
    """Return where the patron wrote from; one who is not known is nobody else, so their address is the conversation's id."""
    return talk.address or talk.id


def _hops(talk: ImportedConversation) -> Iterator[dict[str, Any]]:
    hops = talk.hops or (
        ImportedHop(at=talk.opened_at, kind="entered", queue=talk.queue_entered),
        ImportedHop(at=talk.closed_at, kind="closed", librarian=talk.closed_by or "", reason=talk.code or ""),
    )
    for n, hop in enumerate(hops):
        yield {"id": derive("hop", talk.id, str(n)), "conversation": talk.id} | msgspec.structs.asdict(hop)


def _lines(talk: ImportedConversation) -> Iterator[TranscriptLine]:
    yield TranscriptLine(
        id=derive("line", talk.id, IMPORTED), conversation=talk.id, at=talk.opened_at, seq=0, part=0, who="system",
        event=IMPORTED, target=talk.source,
    )  # fmt: skip
    for n, line in enumerate(talk.lines, 1):
        spoken = line.who in ("patron", "librarian", "desk")
        yield TranscriptLine(
            id=derive("line", talk.id, str(n)), conversation=talk.id, at=line.at, seq=0, part=n,
            who=line.who,  # type: ignore[arg-type]  # looked over by who reads the file
            author_id=line.author_id, author=line.author, text=line.text, channel=f"{CHANNEL}{talk.way}" if spoken else "",
            address=_address(talk) if spoken else "", stage="read" if line.who == "patron" else "sent" if spoken else "",
        )  # fmt: skip


def _facts(talk: ImportedConversation) -> Iterator[Fact]:
    told = {"name": talk.name, "contact": talk.contact, "address": talk.address, "subject": talk.subject}
    yield from facts_of(talk.id, talk.opened_at, told | {"code": talk.code or ""})  # type: ignore[arg-type]  # kinds of facts
    yield from topics_of(talk.id, talk.opened_at, dict.fromkeys(talk.descriptive))


_PLAIN = (
    "id", "library", "live", "queue_entered", "queue", "name", "contact", "language", "subject", "page", "owner", "opened_at",
    "claimed_at", "first_answer_at", "answered_by", "answered_queue", "closed_at", "closed_by", "code", "by_default",
    "read_scale", "reference", "questions", "rating", "rated_at", "rating_comment",
)  # fmt: skip

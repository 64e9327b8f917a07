"""What a conversation is found by besides what was said: names, addresses, subjects, codes, names of files.

A fact is a row of its own, so that a search can tell which of them it found, and look for one kind alone. There is one row for each
conversation and kind, but one for each line with files, and one for each descriptive code. A later word takes the place of an
earlier one. Facts are made from the log with everything else; those of conversations that are older than this index are made
from their rows (bridge.sql.transcripts.reindex). Forgetting a conversation deletes them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache, partial
from typing import Literal, cast, get_args

import msgspec
import phonenumbers
from sqlalchemy import bindparam, delete
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.dml import Delete, Insert

from bridge.contract.message import Attachment
from bridge.sql import tables
from bridge.sql.bulk_insert import write_many
from bridge.sql.transcripts.search_words import FOLDED
from routing import events as ev

FactKind = Literal["name", "contact", "address", "subject", "code", "topic", "file"]
KINDS: tuple[FactKind, ...] = get_args(FactKind)
PATRON: tuple[FactKind, ...] = ("name", "contact", "address")
LONGEST = 2_000  # characters of a fact

_PHONE = re.compile(r"(?:[a-z]{2,20}:)?\+[1-9]\d{4,14}", re.ASCII)
_KEY = re.compile(r"(?:[a-z]+:)?[A-Za-z0-9_-]{22,}", re.ASCII)  # of a browser: nobody searches for one
_f = tables.conversation_fact.c
_COLUMNS = ("conversation", "kind", "of", "at", "text", "folded")


class Fact(msgspec.Struct, frozen=True, gc=False):
    """One fact. `of`: the line that shows the files, or the descriptive code; else ""."""

    conversation: str
    kind: FactKind
    of: str
    at: int
    text: str


def facts_of(talk: str, at: int, values: Mapping[FactKind, str]) -> Iterator[Fact]:
    """Yield the facts in these values, without those that are empty."""
    for kind, value in values.items():
        if value and not (kind == "address" and _KEY.fullmatch(value)):
            yield Fact(talk, kind, "", at, _shown(kind, value)[:LONGEST])


def files_of(talk: str, line: str, at: int, files: Iterable[Attachment]) -> Iterator[Fact]:
    """Yield the names of the files of one line."""
    if names := " · ".join(one.name for one in files if one.name):
        yield Fact(talk, "file", line, at, names[:LONGEST])


def topics_of(talk: str, at: int, codes: Iterable[str]) -> Iterator[Fact]:
    """Yield descriptive codes."""
    return (Fact(talk, "topic", code[:LONGEST], at, code[:LONGEST]) for code in codes)


def _shown(kind: FactKind, value: str) -> str:
    if kind == "code":
        return value.replace("_", " ")
    return _spoken(value) if kind in ("address", "contact") and _PHONE.fullmatch(value) else value


@lru_cache(4096)
def _spoken(number: str) -> str:
    """Return a telephone number and how people of its country write it, since either is searched for."""
    try:
        parsed = phonenumbers.parse(number.rpartition(":")[2])
    except phonenumbers.NumberParseException:
        return number
    home = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.NATIONAL)
    return f"{number} {''.join(char for char in home if char.isdigit())}"


class FactRows:
    """Collects the facts of a batch of steps; the last word on each counts."""

    def __init__(self) -> None:
        self._facts: dict[tuple[str, str, str], Fact] = {}
        self._topics: dict[str, list[Fact]] = {}  # by conversation, those of its last end or correction

    def enter(self, step: ev.Step) -> None:
        """Take one step in."""
        for event in step.events:
            for fact in self._told(event, step.at):
                self._facts[fact.conversation, fact.kind, fact.of] = fact

    def _told(self, event: ev.Event, at: int) -> Iterable[Fact]:
        match event:
            case ev.Opened():
                return facts_of(event.conversation, at, _opening(event))
            case ev.Received():
                message = event.message
                files = files_of(event.conversation, message.id, at, message.attachments)
                return [*facts_of(event.conversation, at, {"name": message.name, "contact": message.contact}), *files]
            case ev.Said():
                return files_of(event.conversation, event.delivery.id, at, event.delivery.attachments)
            case ev.Identified():
                return facts_of(event.conversation, at, {"name": event.name, "contact": event.contact})
            case ev.Closed() | ev.Recoded():
                self._topics[event.conversation] = list(topics_of(event.conversation, at, event.descriptive))
                return facts_of(event.conversation, at, {"code": event.code})
            case _:
                return ()

    async def write(self, sql: AsyncConnection) -> None:
        """Write everything, inside the caller's transaction."""
        if self._topics:
            await write_many(
                sql, "topics", lambda: _TOPICS_GONE, [{"talk": talk, "of_kind": "topic"} for talk in self._topics]
            )
        await write_facts(sql, [*self._facts.values(), *(one for some in self._topics.values() for one in some)])


def _opening(event: ev.Opened) -> dict[FactKind, str]:
    return {"name": event.name, "contact": event.contact, "address": event.address, "subject": event.subject}


async def write_facts(sql: AsyncConnection, facts: Iterable[Fact], *, known: bool = True) -> None:
    """Write facts. One that is there is replaced, or with `known` false left as it is."""
    dialect = sql.dialect.name
    folded = FOLDED[dialect]
    rows = ((one.conversation, one.kind, one.of, one.at, one.text, folded(one.text)) for one in facts)
    name = "facts" if known else "facts-of-old"
    await write_many(sql, name, partial(_insert, dialect, known=known), rows, _COLUMNS)


def _insert(dialect: str, *, known: bool) -> Insert:
    made = (postgresql if dialect == "postgresql" else sqlite).insert(tables.conversation_fact)
    if not known:
        return cast(Insert, made.on_conflict_do_nothing())
    new = {name: made.excluded[name] for name in ("at", "text", "folded")}
    key = ["conversation", "kind", "of"]
    changed = _f.text != made.excluded.text  # a name that comes with every message is written once
    return cast(Insert, made.on_conflict_do_update(index_elements=key, set_=new, where=changed))


_TOPICS_GONE: Delete = delete(tables.conversation_fact).where(
    _f.conversation == bindparam("talk"), _f.kind == bindparam("of_kind")
)

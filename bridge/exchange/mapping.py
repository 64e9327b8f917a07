"""The mapping file: which column of another desk's file is what. docs/import.md explains it with examples.

what = "conversations"              # or "questions", "faq"
source = "old-desk"                 # with an id of the file it names a conversation for ever
[columns]                           # ours = theirs; in JSON with dots: "guest.name"
id = "Chat ID"
opened_at = "Started"
transcript = "Transcript"
[time]
format = "%d/%m/%Y %H:%M"           # of Python's strptime; without it, what can be read in one way only
zone = "Europe/Berlin"              # of times that name none; else the library's
[defaults]                          # what empty or missing columns are taken for
way = "email"
[values.way]                        # their words = ours
"E-mail" = "email"
[queues]                            # their queues = ours
"Ref Desk" = "north/reference"
[librarians]                        # their names = our ids
"Ada L." = "ada"
[lines]                             # where a row has a list of messages: our parts = their keys
at = "created"
text = "body"
[faq]
language = "en"
state = "draft"
"""

from __future__ import annotations

import codecs
import tomllib
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from bridge.contract.language_tag import language_tag
from bridge.sql.faq.entry import EntryState

What = Literal["conversations", "questions", "faq"]
COLUMNS: dict[What, tuple[str, ...]] = {
    "conversations": (
        "id", "opened_at", "date", "time", "closed_at", "duration", "wait", "accepted_at", "answered_at", "way", "queue",
        "librarian", "name", "contact", "email", "phone", "language", "subject", "page", "question", "answer", "transcript",
        "messages", "code", "topics", "read", "rating", "comment", "note", "line_at", "line_who", "line_author", "line_text",
    ),
    "questions": (
        "id", "at", "date", "time", "way", "place", "patron_type", "kind", "minutes", "read", "codes", "question", "answer",
        "by", "encounter",
    ),
    "faq": ("id", "title", "body", "topics", "asked"),
}  # fmt: skip
LINE_PARTS = ("at", "who", "author", "text")


class BadMapping(ValueError):
    """A mapping file that cannot be used; the text names the key."""


class TimeRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How times are written."""

    format: str = ""
    zone: str = ""


class FaqRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How entries of a FAQ come in."""

    language: str = ""
    state: EntryState = "draft"


class ColumnMapping(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A mapping file; see the header."""

    what: What = "conversations"
    source: str = ""
    encoding: str = ""
    delimiter: str = ""
    columns: dict[str, str] = {}
    time: TimeRule = TimeRule()
    defaults: dict[str, str] = {}
    values: dict[str, dict[str, str]] = {}
    queues: dict[str, str] = {}
    librarians: dict[str, str] = {}
    lines: dict[str, str] = {}
    faq: FaqRule = FaqRule()


def parse_mapping(text: str) -> ColumnMapping:
    """Return a mapping. Raises BadMapping with the key that is wrong."""
    try:
        found = msgspec.convert(tomllib.loads(text), ColumnMapping)
    except tomllib.TOMLDecodeError as error:
        raise BadMapping(f"not TOML: {error}") from None
    except msgspec.ValidationError as error:
        raise BadMapping(str(error)) from None
    for name in (*found.columns, *found.defaults, *found.values):
        if name not in COLUMNS[found.what]:
            raise BadMapping(f"{name}: {found.what} have no such column; there are {', '.join(COLUMNS[found.what])}")
    for name in found.lines:
        if name not in LINE_PARTS:
            raise BadMapping(f"lines.{name}: a line has {', '.join(LINE_PARTS)}")
    if found.delimiter and len(found.delimiter) != 1:
        raise BadMapping("delimiter: write one character")
    if found.faq.language and language_tag(found.faq.language) != found.faq.language:
        raise BadMapping("faq.language: write a language tag like en or pt-BR")
    _known_zone(found.time.zone)
    _known_encoding(found.encoding)
    return found


def _known_zone(name: str) -> None:
    try:
        if name:
            ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise BadMapping("time.zone: write a time zone like Europe/Berlin") from None


def _known_encoding(name: str) -> None:
    try:
        if name:
            codecs.lookup(name)
    except LookupError:
        raise BadMapping("encoding: write one that Python knows, like cp1252") from None

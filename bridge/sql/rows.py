"""Between rows and Structs: the few conversions that more than one part of the archive needs."""

from __future__ import annotations

import json
from typing import Any

import msgspec
from sqlalchemy import Row, Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.dml import Insert

from bridge.contract.message import Attachment
from bridge.sql.transcripts.lines import TranscriptLine

LINE = TranscriptLine.__struct_fields__
_ATTACHMENTS, _MARKS = LINE.index("attachments"), LINE.index("marks")

_attachments = msgspec.json.Decoder(tuple[Attachment, ...])
_words = msgspec.json.Decoder(tuple[str, ...])


def ignoring(dialect: str, table: Table) -> Insert:
    """Return an INSERT that leaves a row alone that is there already."""
    if dialect == "postgresql":
        return postgresql.insert(table).on_conflict_do_nothing()
    return sqlite.insert(table).on_conflict_do_nothing()


def replacing(dialect: str, table: Table, keys: list[str], values: dict[str, Any]) -> Insert:
    """Return an INSERT of `values` that takes the place of the row with the same `keys`."""
    rest = {name: value for name, value in values.items() if name not in keys}
    if dialect == "postgresql":
        return postgresql.insert(table).values(values).on_conflict_do_update(index_elements=keys, set_=rest)
    return sqlite.insert(table).values(values).on_conflict_do_update(index_elements=keys, set_=rest)


def adding(dialect: str, table: Table, keys: list[str], values: dict[str, Any]) -> Insert:
    """Return an INSERT of `values` that adds their `count` to that of the row with the same `keys`."""
    raised = {"count": table.c["count"] + values["count"]}
    if dialect == "postgresql":
        return postgresql.insert(table).values(values).on_conflict_do_update(index_elements=keys, set_=raised)
    return sqlite.insert(table).values(values).on_conflict_do_update(index_elements=keys, set_=raised)


def dump(value: Any) -> str:
    """Write a small list as JSON text."""
    return msgspec.json.encode(value).decode()


def line_values(line: TranscriptLine) -> tuple[Any, ...]:
    """Return what the columns of a transcript line hold, in the order of `LINE`."""
    values = list(msgspec.structs.astuple(line))
    values[_ATTACHMENTS] = dump(line.attachments) if line.attachments else "[]"
    values[_MARKS] = dump(line.marks) if line.marks else "[]"
    return tuple(values)


def line_of(row: Row[Any]) -> TranscriptLine:
    """Return the transcript line in a row of `tables.line`."""
    found = row._mapping
    values = {name: found[name] for name in TranscriptLine.__struct_fields__ if name not in ("attachments", "marks")}
    return TranscriptLine(
        attachments=_attachments.decode(found["attachments"]) if found["attachments"] != "[]" else (),
        marks=_words.decode(found["marks"]) if found["marks"] != "[]" else (),
        **values,
    )


def words_of(text: str | None) -> tuple[str, ...]:
    """Return a list of words kept as JSON text."""
    return tuple(json.loads(text)) if text else ()

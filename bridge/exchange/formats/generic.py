"""Any table, CSV or JSON Lines or JSON: a mapping file says which column is what."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from bridge.exchange.fields import Reading, RowFields, conversation_of, who_of
from bridge.exchange.formats import questions
from bridge.exchange.html_text import markdown_of, text_of
from bridge.exchange.mapped_rows import mapped, named, picked, reached, rows_of
from bridge.exchange.moments import moment
from bridge.exchange.record import (
    ConversationRecord,
    FaqRecord,
    FilePlace,
    Item,
    Items,
    RowFault,
    SpokenLine,
    UnreadableField,
    clean,
    word,
)
from bridge.exchange.table_files import Cells, FoundRow


def read(files: Sequence[Path], reading: Reading) -> Items:
    """Yield what the files hold."""
    mapping = reading.mapping
    if not mapping.columns:
        yield RowFault(FilePlace(str(files[0].name)), "columns", "the mapping file names no columns")
        return
    for file in files:
        rows = rows_of(file, reading)
        match mapping.what:
            case "questions":
                yield from mapped(rows, reading, questions.question_of)
            case "faq":
                yield from mapped(rows, reading, _entry)
            case _ if "line_text" in mapping.columns:
                yield from _row_a_line(rows, reading)
            case _:
                yield from mapped(rows, reading, _conversation)


def _conversation(fields: RowFields, reading: Reading, place: FilePlace) -> ConversationRecord:
    messages = fields.value("messages")
    lines = (
        tuple(_message(one, reading) for one in messages if isinstance(one, dict)) if isinstance(messages, list) else ()
    )
    return conversation_of(fields, reading, place, lines)


def _message(found: Cells, reading: Reading) -> SpokenLine:
    part = {ours: reached(found, theirs) for ours, theirs in reading.mapping.lines.items()}
    at = str(part.get("at") or "")
    try:
        moment_ms = moment(at, reading.zone, reading.mapping.time.format) if at else None
    except ValueError as error:
        raise UnreadableField("messages", f"at: {error}") from None
    return SpokenLine(
        who=who_of(str(part.get("who") or "patron"), reading.mapping),
        text=clean(text_of(str(part.get("text") or ""))),
        author=word(str(part.get("author") or "")),
        at=moment_ms,
    )


def _entry(fields: RowFields, reading: Reading, place: FilePlace) -> FaqRecord:
    title = word(text_of(fields.text("title")))
    if not title:
        raise UnreadableField("title", "it is missing")
    return FaqRecord(
        place=place, id=fields.short("id") or title, title=title, body=markdown_of(clean(fields.text("body"))),
        topics=fields.list("topics"), asked=fields.list("asked"),
    )  # fmt: skip


def _row_a_line(rows: Iterator[FoundRow | RowFault], reading: Reading) -> Items:
    """Yield a conversation for the rows that follow each other with one id; each has a line of it."""
    columns = reading.mapping.columns
    held: list[tuple[FilePlace, RowFields, SpokenLine]] = []
    for row in rows:
        if isinstance(row, RowFault):
            yield row
            continue
        place, cells = row
        fields = RowFields(picked(columns, cells), reading)
        try:
            line = _line(fields, reading)
            if not fields.text("id"):
                raise UnreadableField("id", "it is missing, and tells which rows belong together")
        except UnreadableField as error:
            yield RowFault(place, named(columns, error.field), str(error))
            continue
        if held and held[0][1].text("id") != fields.text("id"):
            yield _gathered(held, reading)
            held = []
        held.append((place, fields, line))
    if held:
        yield _gathered(held, reading)


def _line(fields: RowFields, reading: Reading) -> SpokenLine:
    who = who_of(fields.text("line_who") or "patron", reading.mapping)
    text = clean(text_of(fields.text("line_text")))
    return SpokenLine(who=who, text=text, author=fields.short("line_author"), at=fields.at("line_at"))


def _gathered(held: list[tuple[FilePlace, RowFields, SpokenLine]], reading: Reading) -> Item:
    place, fields, first = held[0]
    try:
        if not fields.text("opened_at") and not fields.text("date") and first.at is not None:
            fields = fields.beginning(first.at)
        return conversation_of(fields, reading, place, tuple(line for _, _, line in held if line.text))
    except UnreadableField as error:
        return RowFault(place, named(reading.mapping.columns, error.field), str(error))

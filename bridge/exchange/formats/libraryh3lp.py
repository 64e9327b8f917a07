"""LibraryH3lp: the activity of its interface as JSON, and transcripts as XML or HTML of `<div>`s, saved by the library itself.

The activity says who asked when and who answered. A transcript is in the activity (`transcript`), in XML under its chat's id, or in
an HTML file that is named by the id. Addresses of computers, referrers and the identifiers of trackers are left at the door.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import iterparse
from msgspec.structs import replace

from bridge.exchange.fields import Reading, RowFields, conversation_of
from bridge.exchange.json_files import json_objects
from bridge.exchange.mapped_rows import named, picked
from bridge.exchange.record import (
    ConversationRecord,
    FilePlace,
    FileRemark,
    Items,
    RowFault,
    SpokenLine,
    UnreadableField,
    word,
)
from bridge.exchange.shelf import PieceShelf
from bridge.exchange.transcript_text import Speakers, transcript_lines

WRAPPERS = ("chats", "activity", "results")
MOST_TRANSCRIPT = 8 * 2**20  # bytes
COLUMNS = {
    "id": "id", "opened_at": "started", "accepted_at": "accepted", "closed_at": "ended", "queue": "queue", "librarian": "operator",
    "way": "protocol", "topics": "tags", "read": "desktracker_read", "note": "note", "contact": "email", "name": "name",
    "subject": "subject", "transcript": "transcript",
}  # fmt: skip
WAYS = {"web": "chat", "jabber": "chat", "xmpp": "chat", "sms": "sms", "twilio": "sms", "text": "sms", "email": "email",
        "voice": "phone", "*": "chat"}  # fmt: skip
_HTML = (".html", ".htm", ".txt")


def read(files: Sequence[Path], reading: Reading) -> Items:
    """Yield the conversations of the files; transcripts are looked through first."""
    mapping = reading.mapping
    given = replace(mapping, columns=COLUMNS | mapping.columns, values={"way": WAYS} | mapping.values)
    reading = replace(reading, mapping=given)
    with PieceShelf() as shelf:
        for file in files:
            yield from _transcripts(file, shelf)
        for file in files:
            if file.suffix.casefold() in (".json", ".jsonl", ".ndjson"):
                for row in json_objects(file, WRAPPERS):
                    yield row if isinstance(row, RowFault) else _chat(*row, reading, shelf)
        if len(shelf):
            yield FileRemark(f"{len(shelf)} transcripts belong to no activity; the first is {word(next(shelf.left()))}")


def _chat(
    place: FilePlace, cells: dict[str, Any], reading: Reading, shelf: PieceShelf
) -> ConversationRecord | RowFault:
    columns = reading.mapping.columns
    values = picked(columns, cells)
    guest = _guest(cells)
    pieces = shelf.take(str(values.get("id") or ""))
    try:
        fields = RowFields(values | ({"transcript": pieces[0].decode("utf-8", "replace")} if pieces else {}), reading)
        if not fields.text("id"):
            raise UnreadableField("id", "it is missing")
        return conversation_of(fields, reading, place, _lines(fields, guest, reading))
    except UnreadableField as error:
        return RowFault(place, named(columns, error.field), str(error))


def _guest(cells: dict[str, Any]) -> list[str]:
    """Return the names of the patron in a transcript: the guest's id, whole and without its host."""
    found = cells.get("guest", cells.get("guest.jid", ""))
    jid = str(found.get("jid", "") if isinstance(found, dict) else found or "")
    return [jid, jid.partition("@")[0]]


def _lines(fields: RowFields, guest: list[str], reading: Reading) -> tuple[SpokenLine, ...]:
    operator = fields.short("librarian")
    speakers = Speakers([*guest, fields.short("name")], [operator, operator.partition("@")[0]])
    text = fields.text("transcript")
    lines = transcript_lines(text, fields.begun(), reading.zone, speakers) if text else ()
    hidden = {one.casefold() for one in guest}
    return tuple(replace(line, author="") if line.author.casefold() in hidden else line for line in lines)


def _transcripts(file: Path, shelf: PieceShelf) -> Iterator[RowFault]:
    match file.suffix.casefold():
        case ".xml":
            yield from _xml(file, shelf)
        case suffix if suffix in _HTML:
            id = (re.findall(r"\d+", file.stem) or [file.stem])[-1]
            with file.open("rb") as opened:
                body = opened.read(MOST_TRANSCRIPT + 1)
            if len(body) > MOST_TRANSCRIPT:
                yield RowFault(FilePlace(file.name), "transcript", f"it is larger than {MOST_TRANSCRIPT // 2**20} MB")
            else:
                shelf.put(id, body)
        case _:
            pass


def _xml(file: Path, shelf: PieceShelf) -> Iterator[RowFault]:
    """Put each chat's transcript on the shelf. Entities and outside references are refused."""
    depth = 0
    try:
        with file.open("rb") as opened:
            for event, element in iterparse(opened, events=("start", "end"), forbid_dtd=False):
                depth += 1 if event == "start" else -1
                if event == "end" and depth == 1:
                    yield from _shelved(element, file, shelf)
                    element.clear()
    except (ParseError, DefusedXmlException, ValueError) as error:
        line = error.position[0] if isinstance(error, ParseError) else 0
        why = (
            "it has entities, which are refused"
            if isinstance(error, DefusedXmlException)
            else "it is no XML from here on"
        )
        yield RowFault(FilePlace(file.name, line), "file", why)


def _shelved(chat: Element, file: Path, shelf: PieceShelf) -> Iterator[RowFault]:
    id = chat.get("id") or chat.findtext("id") or chat.get("chat_id") or chat.findtext("chat_id") or ""
    text = "".join(_html(chat.find("transcript") if chat.find("transcript") is not None else chat))
    if not id.strip():
        yield RowFault(FilePlace(file.name), "id", "a transcript has none")
    elif text.strip():
        shelf.put(id.strip(), text.encode("utf-8", "replace")[:MOST_TRANSCRIPT])


def _html(element: Element | None) -> Iterable[str]:
    """Yield a transcript as HTML, whether it was put in as text or as elements."""
    if element is None:
        return
    if element.text:
        yield element.text if not len(element) else _escaped(element.text)
    for part in element:
        if part.tag in ("id", "chat_id"):
            continue
        classes = f' class="{_escaped(part.get("class") or part.tag)}"'
        yield f"<div{classes}>" if part.tag not in ("span", "b", "strong", "a", "i", "em") else f"<span{classes}>"
        yield from (_html(part) if len(part) else [_escaped(part.text or "")])
        yield "</div>" if part.tag not in ("span", "b", "strong", "a", "i", "em") else "</span>"
        if part.tail:
            yield _escaped(part.tail)


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")

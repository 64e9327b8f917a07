"""Chatwoot: conversations as its interface gives them, with messages inside, or with the messages in further answers.

message_type 0 is the patron, 1 a member of staff, 2 what happened, 3 a template of the desk; private messages become notes.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from bridge.exchange.fields import LIVE_WAYS, Reading, language_of
from bridge.exchange.html_text import text_of
from bridge.exchange.json_files import json_objects
from bridge.exchange.moments import moment
from bridge.exchange.record import (
    ConversationRecord,
    FilePlace,
    FileRemark,
    Items,
    RowFault,
    SpokenLine,
    UnreadableField,
    clean,
    word,
)
from bridge.exchange.shelf import PieceShelf

WRAPPERS = ("payload", "conversations")
_SIDES = {
    "0": "patron",
    "incoming": "patron",
    "1": "librarian",
    "outgoing": "librarian",
    "3": "desk",
    "template": "desk",
}
_WAYS = {
    "email": "email",
    "sms": "sms",
    "twiliosms": "sms",
    "whatsapp": "whatsapp",
    "telegram": "telegram",
    "webwidget": "chat",
}


def read(files: Sequence[Path], reading: Reading) -> Items:
    """Yield the conversations; messages that stand alone are gathered first."""
    with PieceShelf() as shelf:
        for file in files:
            for row in json_objects(file, WRAPPERS):
                if not isinstance(row, RowFault) and "conversation_id" in row[1] and "messages" not in row[1]:
                    shelf.put(str(row[1]["conversation_id"]), msgspec.json.encode(row[1]))
        for file in files:
            for row in json_objects(file, WRAPPERS):
                if isinstance(row, RowFault):
                    yield row
                elif "conversation_id" not in row[1] or "messages" in row[1]:
                    yield _made(*row, reading, shelf)
        if len(shelf):
            yield FileRemark(f"messages of {len(shelf)} conversations belong to none of these files")


def _made(
    place: FilePlace, found: dict[str, Any], reading: Reading, shelf: PieceShelf
) -> ConversationRecord | RowFault:
    try:
        return _conversation(place, found, reading, shelf)
    except UnreadableField as error:
        return RowFault(place, error.field, str(error))


def _conversation(place: FilePlace, found: dict[str, Any], reading: Reading, shelf: PieceShelf) -> ConversationRecord:
    id = word(str(found.get("id") or found.get("display_id") or ""))
    if not id:
        raise UnreadableField("id", "it is missing")
    inside = found.get("messages")
    messages = [one for one in inside if isinstance(one, dict)] if isinstance(inside, list) else []
    messages += [msgspec.json.decode(one, type=dict[str, Any]) for one in shelf.take(id)]
    lines = sorted(_lines(messages, reading), key=lambda one: one.at or 0)
    first = min((one.at for one in lines if one.at), default=None)
    opened = at_of(found, "created_at", reading) or first
    if opened is None:
        raise UnreadableField("created_at", "it is missing")
    meta = part(found, "meta")
    sender, assignee = part(meta, "sender"), part(meta, "assignee")
    way = _way(str(meta.get("channel") or found.get("channel") or ""))
    labels = found.get("labels")
    return ConversationRecord(
        place=place,
        id=id,
        opened_at=opened,
        closed_at=max((one.at for one in lines if one.at), default=None),
        way=way,
        live=way in LIVE_WAYS,
        queue=word(str(found.get("inbox_name") or part(found, "inbox").get("name") or found.get("inbox_id") or "")),
        librarian=word(str(assignee.get("name") or assignee.get("available_name") or "")),
        name=word(str(sender.get("name") or "")),
        contact=word(str(sender.get("email") or sender.get("phone_number") or "")),
        language=language_of(str(part(found, "additional_attributes").get("browser_language") or "")),
        subject=word(str(part(found, "additional_attributes").get("mail_subject") or "")),
        topics=tuple(word(str(one)) for one in labels[:50]) if isinstance(labels, list) else (),
        lines=tuple(lines),
    )


def _lines(messages: list[dict[str, Any]], reading: Reading) -> list[SpokenLine]:
    found = {str(one.get("id", n)): one for n, one in enumerate(messages)}
    lines = []
    for one in found.values():
        side = _SIDES.get(str(one.get("message_type")))
        text = clean(text_of(str(one.get("content") or "")))
        if side is None or not text:
            continue
        author = "" if side == "patron" else word(str(part(one, "sender").get("name") or ""))
        at = at_of(one, "created_at", reading)
        lines.append(SpokenLine(who="note" if one.get("private") is True else side, text=text, author=author, at=at))
    return lines


def part(found: dict[str, Any], key: str) -> dict[str, Any]:
    """Return an object inside another, an empty one where there is none."""
    inside = found.get(key)
    return inside if isinstance(inside, dict) else {}


def at_of(found: dict[str, Any], key: str, reading: Reading) -> int | None:
    """Return a time in ms, None where there is none. Raises UnreadableField."""
    value = found.get(key)
    if value in (None, "", 0):
        return None
    try:
        return moment(str(value), reading.zone, reading.mapping.time.format)
    except ValueError as error:
        raise UnreadableField(key, str(error)) from None


def _way(channel: str) -> str:
    return _WAYS.get(channel.rpartition("::")[2].casefold(), "chat")

"""Zammad: tickets as its interface gives them, with their articles inside or in further answers (`ticket_id` tells whose).

Articles of customers are the patron's, those of agents the librarian's, those of the system the desk's; internal ones are notes.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from bridge.exchange.fields import LIVE_WAYS, Reading
from bridge.exchange.formats.chatwoot import at_of, part
from bridge.exchange.html_text import text_of
from bridge.exchange.json_files import json_objects
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

WRAPPERS = ("tickets", "ticket_articles")
_SIDES = {"customer": "patron", "2": "patron", "agent": "librarian", "1": "librarian", "system": "desk", "3": "desk"}
_WAYS = {"email": "email", "web": "email", "sms": "sms", "phone": "phone", "chat": "chat", "note": "email"}


def read(files: Sequence[Path], reading: Reading) -> Items:
    """Yield the tickets as conversations; articles that stand alone are gathered first."""
    with PieceShelf() as shelf:
        for file in files:
            for row in json_objects(file, WRAPPERS):
                if not isinstance(row, RowFault) and "ticket_id" in row[1]:
                    shelf.put(str(row[1]["ticket_id"]), msgspec.json.encode(row[1]))
        for file in files:
            for row in json_objects(file, WRAPPERS):
                if isinstance(row, RowFault):
                    yield row
                elif "ticket_id" not in row[1]:
                    yield _made(*row, reading, shelf)
        if len(shelf):
            yield FileRemark(f"articles of {len(shelf)} tickets belong to none of these files")


def _made(
    place: FilePlace, found: dict[str, Any], reading: Reading, shelf: PieceShelf
) -> ConversationRecord | RowFault:
    try:
        return _ticket(place, found, reading, shelf)
    except UnreadableField as error:
        return RowFault(place, error.field, str(error))


def _ticket(place: FilePlace, found: dict[str, Any], reading: Reading, shelf: PieceShelf) -> ConversationRecord:
    id = word(str(found.get("id") or found.get("number") or ""))
    if not id:
        raise UnreadableField("id", "it is missing")
    inside = found.get("articles")
    articles = [one for one in inside if isinstance(one, dict)] if isinstance(inside, list) else []
    articles += [msgspec.json.decode(one, type=dict[str, Any]) for one in shelf.take(id)]
    lines = sorted(_lines(articles, reading), key=lambda one: one.at or 0)
    first = min((one.at for one in lines if one.at), default=None)
    opened = at_of(found, "created_at", reading) or first
    if opened is None:
        raise UnreadableField("created_at", "it is missing")
    kinds = [str(one.get("type") or "").casefold() for one in articles]
    way = next((_WAYS[kind] for kind in kinds if kind in _WAYS), "email")
    tags = found.get("tags")
    return ConversationRecord(
        place=place,
        id=id,
        opened_at=opened,
        closed_at=at_of(found, "close_at", reading) or max((one.at for one in lines if one.at), default=None),
        answered_at=at_of(found, "first_response_at", reading),
        way=way,
        live=way in LIVE_WAYS,
        queue=_named(found, "group"),
        librarian=_person(found, "owner"),
        name=_person(found, "customer") if "@" not in _person(found, "customer") else "",
        contact=_contact(found),
        subject=word(str(found.get("title") or "")),
        topics=tuple(word(str(one)) for one in tags[:50]) if isinstance(tags, list) else (),
        lines=tuple(lines),
    )


def _named(found: dict[str, Any], key: str) -> str:
    value = found.get(key)
    return word(str(value.get("name") or "")) if isinstance(value, dict) else word(str(value or ""))


def _person(found: dict[str, Any], key: str) -> str:
    value = found.get(key)
    if isinstance(value, dict):
        names = " ".join(str(value.get(one) or "") for one in ("firstname", "lastname"))
        return word(names) or word(str(value.get("email") or ""))
    said = word(str(value or ""))
    return "" if said == "-" else said


def _contact(found: dict[str, Any]) -> str:
    email = word(str(part(found, "customer").get("email") or ""))
    said = _person(found, "customer")
    return email or (said if "@" in said else "")


def _lines(articles: list[dict[str, Any]], reading: Reading) -> list[SpokenLine]:
    found = {str(one.get("id", n)): one for n, one in enumerate(articles)}
    lines = []
    for one in found.values():
        side = _SIDES.get(str(one.get("sender") or one.get("sender_id") or "").casefold(), "desk")
        html = "html" in str(one.get("content_type") or "")
        body = str(one.get("body") or "")
        text = clean(text_of(body) if html else body)
        if not text:
            continue
        author = "" if side == "patron" else word(str(one.get("from") or "").partition("<")[0].strip('" '))
        at = at_of(one, "created_at", reading)
        lines.append(SpokenLine(who="note" if one.get("internal") is True else side, text=text, author=author, at=at))
    return lines

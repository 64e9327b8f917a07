"""Zammad: tickets as its interface gives them, with their articles inside or in further answers (`ticket_id` tells whose).

Articles of customers are the patron's, those of agents the librarian's, those of the system the desk's; internal ones are notes.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from bridge.exchange.fields import LIVE_WAYS, Reading
from bridge.exchange.html_text import text_of
from bridge.exchange.json_talks import Object, TalkShape, at_of, last, opened, part, talks, topics
from bridge.exchange.record import ConversationRecord, FilePlace, Items, SpokenLine, clean, word

SHAPE = TalkShape(("tickets", "ticket_articles"), ("id", "number"), "articles", "ticket_id")
_SIDES = {"customer": "patron", "2": "patron", "agent": "librarian", "1": "librarian", "system": "desk", "3": "desk"}
_WAYS = {"email": "email", "web": "email", "sms": "sms", "phone": "phone", "chat": "chat", "note": "email"}


def read(files: Sequence[Path], reading: Reading) -> Items:
    """Yield the tickets as conversations."""
    return talks(files, SHAPE, partial(_ticket, reading))


def _ticket(reading: Reading, place: FilePlace, id: str, found: Object, articles: list[Object]) -> ConversationRecord:
    lines = sorted(_lines(articles, reading), key=lambda one: one.at or 0)
    kinds = [str(one.get("type") or "").casefold() for one in articles]
    way = next((_WAYS[kind] for kind in kinds if kind in _WAYS), "email")
    return ConversationRecord(
        place=place,
        id=id,
        opened_at=opened(found, lines, reading),
        closed_at=at_of(found, "close_at", reading) or last(lines),
        answered_at=at_of(found, "first_response_at", reading),
        way=way,
        live=way in LIVE_WAYS,
        queue=_named(found, "group"),
        librarian=_person(found, "owner"),
        name=_person(found, "customer") if "@" not in _person(found, "customer") else "",
        contact=_contact(found),
        subject=word(str(found.get("title") or "")),
        topics=topics(found, "tags"),
        lines=tuple(lines),
    )


def _named(found: Object, key: str) -> str:
    value = found.get(key)
    return word(str(value.get("name") or "")) if isinstance(value, dict) else word(str(value or ""))


def _person(found: Object, key: str) -> str:
    value = found.get(key)
    if isinstance(value, dict):
        names = " ".join(str(value.get(one) or "") for one in ("firstname", "lastname"))
        return word(names) or word(str(value.get("email") or ""))
    said = word(str(value or ""))
    return "" if said == "-" else said


def _contact(found: Object) -> str:
    email = word(str(part(found, "customer").get("email") or ""))
    said = _person(found, "customer")
    return email or (said if "@" in said else "")


def _lines(articles: list[Object], reading: Reading) -> list[SpokenLine]:
    lines = []
    for one in articles:
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

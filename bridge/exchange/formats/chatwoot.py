"""Chatwoot: conversations as its interface gives them, with messages inside, or with the messages in further answers.

message_type 0 is the patron, 1 a member of staff, 2 what happened, 3 a template of the desk; private messages become notes.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from bridge.exchange.fields import LIVE_WAYS, Reading, language_of
from bridge.exchange.html_text import text_of
from bridge.exchange.json_talks import Object, TalkShape, at_of, last, opened, part, talks, topics
from bridge.exchange.record import ConversationRecord, FilePlace, Items, SpokenLine, clean, word

SHAPE = TalkShape(("payload", "conversations"), ("id", "display_id"), "messages", "conversation_id")
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
    """Yield the conversations."""
    return talks(files, SHAPE, partial(_conversation, reading))


def _conversation(
    reading: Reading, place: FilePlace, id: str, found: Object, messages: list[Object]
) -> ConversationRecord:
    lines = sorted(_lines(messages, reading), key=lambda one: one.at or 0)
    meta = part(found, "meta")
    sender, assignee = part(meta, "sender"), part(meta, "assignee")
    way = _way(str(meta.get("channel") or found.get("channel") or ""))
    return ConversationRecord(
        place=place,
        id=id,
        opened_at=opened(found, lines, reading),
        closed_at=last(lines),
        way=way,
        live=way in LIVE_WAYS,
        queue=word(str(found.get("inbox_name") or part(found, "inbox").get("name") or found.get("inbox_id") or "")),
        librarian=word(str(assignee.get("name") or assignee.get("available_name") or "")),
        name=word(str(sender.get("name") or "")),
        contact=word(str(sender.get("email") or sender.get("phone_number") or "")),
        language=language_of(str(part(found, "additional_attributes").get("browser_language") or "")),
        subject=word(str(part(found, "additional_attributes").get("mail_subject") or "")),
        topics=topics(found, "labels"),
        lines=tuple(lines),
    )


def _lines(messages: list[Object], reading: Reading) -> list[SpokenLine]:
    lines = []
    for one in messages:
        side = _SIDES.get(str(one.get("message_type")))
        text = clean(text_of(str(one.get("content") or "")))
        if side is None or not text:
            continue
        author = "" if side == "patron" else word(str(part(one, "sender").get("name") or ""))
        at = at_of(one, "created_at", reading)
        lines.append(SpokenLine(who="note" if one.get("private") is True else side, text=text, author=author, at=at))
    return lines


def _way(channel: str) -> str:
    return _WAYS.get(channel.rpartition("::")[2].casefold(), "chat")

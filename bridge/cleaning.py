"""Making a message fit to be kept: no store, index or page takes NUL or half a surrogate pair, and no clock is before 1970."""

from __future__ import annotations

import msgspec

from bridge.message import Message


def clean(text: str) -> str:
    """Return `text` without what no store can keep: NUL becomes U+FFFD, and so does half a surrogate pair."""
    if "\x00" in text:
        text = text.replace("\x00", "\ufffd")
    if not text.isascii() and any("\ud800" <= char <= "\udfff" for char in text):
        text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


def cleaned(message: Message, id: str) -> Message:
    """Return the message under `id` with words that can be kept and a time that can be."""
    words = ("text", "name", "contact", "subject", "language", "page", "html", "original")
    changes = {word: clean(value) for word in words if (value := getattr(message, word))}
    sent_at = message.sent_at if 0 <= message.sent_at < 1 << 53 else 0
    files = tuple(msgspec.structs.replace(file, name=clean(file.name)) for file in message.attachments)
    marks = tuple(clean(mark) for mark in message.marks)
    return msgspec.structs.replace(message, id=id, sent_at=sent_at, attachments=files, marks=marks, **changes)

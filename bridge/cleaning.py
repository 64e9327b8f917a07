"""Making a message fit to be kept: no store, index or page takes NUL or half a surrogate pair, and no clock is before 1970."""

from __future__ import annotations

from operator import attrgetter

import msgspec

from bridge.message import Message

_WORDS = ("text", "name", "contact", "subject", "language", "page", "html", "original")
_words = attrgetter(*_WORDS)


def clean(text: str) -> str:
    """Return `text` without what no store can keep: NUL becomes U+FFFD, and so does half a surrogate pair."""
    if "\x00" in text:
        text = text.replace("\x00", "\ufffd")
    if not text.isascii() and any("\ud800" <= char <= "\udfff" for char in text):
        text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


def is_clean(*texts: str) -> bool:
    """Say whether `clean` would leave all of these as they are."""
    whole = "".join(texts)
    if "\x00" in whole:
        return False
    try:
        whole.encode()  # by far the fastest look for half pairs; two halves that meet here are refused as well
    except UnicodeEncodeError:
        return False
    return True


def cleaned(message: Message, id: str) -> Message:
    """Return the message under `id` with words that can be kept and a time that can be."""
    changes: dict[str, object] = {}
    if not is_clean(*_words(message)):
        for word, value in zip(_WORDS, _words(message), strict=True):
            if (kept := clean(value)) is not value:
                changes[word] = kept
    if message.id != id:
        changes["id"] = id
    if not 0 <= message.sent_at < 1 << 53:
        changes["sent_at"] = 0
    if message.attachments:
        changes["attachments"] = tuple(
            msgspec.structs.replace(file, name=clean(file.name)) for file in message.attachments
        )
    if message.marks:
        changes["marks"] = tuple(clean(mark) for mark in message.marks)
    return msgspec.structs.replace(message, **changes) if changes else message

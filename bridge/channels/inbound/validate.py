"""Making what patrons hand in fit to be kept: its ids follow from its cause, its size has a bound, and its words are words.

No store, index or page takes NUL or half a surrogate pair, and no clock is before 1970. Words are mended; an address, id or token
is refused, since a mended one would be another. A language is a tag or nothing.
"""

from __future__ import annotations

import re
from operator import attrgetter

import msgspec

from bridge.contract.adapter import TooLarge
from bridge.contract.address import MAX_ADDRESS, is_mail_address
from bridge.contract.language_tag import language_tag
from bridge.contract.message import (
    MAX_COMMENT,
    RATINGS,
    Attachment,
    Message,
    Rating,
    TranscriptWish,
    message_id,
    rating_id,
    transcript_id,
)

MAX_TEXT = 100_000  # characters of one message
MAX_FILES = 50
MAX_OTHERS = 50
UNKNOWN = "application/octet-stream"
CLEANED = "text/x-cleaned-html"  # what the inbox calls a mail's own page; no file is one
_DIGEST = re.compile(r"[0-9a-f]{64}")
_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,63}/[a-z0-9][a-z0-9!#$&^_.+-]{0,99}")  # RFC 6838 4.2

_WORDS = ("text", "name", "contact", "subject", "language", "page", "html", "original")
_IDS = ("sender", "source", "reply", "thread")
_words, _ids = attrgetter(*_WORDS), attrgetter(*_IDS)
_all = attrgetter(*_WORDS, *_IDS)


def fit(message: Message, channel: str) -> Message:
    """Return a message that came in by `channel` fit to be kept. Raises TooLarge, ValueError."""
    _of(message, channel)
    expected = message_id(message.channel, message.sender, message.source)
    if message.id not in ("", expected):
        raise ValueError("the message's id does not follow from its channel, sender and source")
    if len(message.text) > MAX_TEXT or len(message.attachments) > MAX_FILES:
        raise TooLarge(MAX_TEXT)
    return _kept(message, expected, {} if is_clean(*_all(message)) else _mended(message))


def fit_rating(rating: Rating, channel: str) -> Rating:
    """Return a rating that came in by `channel` fit to be kept. Raises TooLarge, ValueError."""
    _of(rating, channel)
    expected = rating_id(rating.channel, rating.sender, rating.source)
    if rating.id not in ("", expected):
        raise ValueError("the rating's id does not follow from its channel, sender and source")
    if not 1 <= rating.score <= RATINGS:
        raise ValueError(f"a rating goes from 1 to {RATINGS}")
    if len(rating.comment) > MAX_COMMENT:
        raise TooLarge(MAX_COMMENT)
    _opaque(rating.sender, rating.source)
    return msgspec.structs.replace(rating, id=expected, comment=clean(rating.comment).strip())


def fit_wish(request: TranscriptWish, channel: str) -> TranscriptWish:
    """Return a request for a transcript that came in by `channel` fit to be kept. Raises ValueError, which names no address."""
    _of(request, channel)
    expected = transcript_id(request.channel, request.sender, request.source)
    if request.id not in ("", expected):
        raise ValueError("the request's id does not follow from its channel, sender and source")
    if not is_mail_address(request.address):
        raise ValueError("a transcript goes to one plain mail address")
    _opaque(request.sender, request.source)
    return msgspec.structs.replace(request, id=expected)


# Signs that turn the words after them around (UAX #9): a name with one would read as another (Unicode TR 36 3.3).
TURNING = dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A)])


def _of(one: Message | Rating | TranscriptWish, channel: str) -> None:
    if one.channel != channel:
        raise ValueError(f"what is of channel {one.channel!r} came in by {channel!r}")
    if not one.sender or not one.source:
        raise ValueError("what a patron hands in needs a sender and a source id")


def _opaque(*words: str) -> None:
    if not is_clean(*words):
        raise ValueError("an address, id or token holds NUL or half a surrogate pair")


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
        whole.encode()  # by far the fastest way to look for half pairs
    except UnicodeEncodeError:
        return False
    return True


def _mended(message: Message) -> dict[str, object]:
    _opaque(*_ids(message))
    return {word: clean(value) for word, value in zip(_WORDS, _words(message), strict=True)}


def _file(file: Attachment) -> Attachment:
    """Return a file's description fit to be kept. Raises ValueError for a digest that is none."""
    if not _DIGEST.fullmatch(file.digest):
        raise ValueError("a file's digest is 64 hexadecimal digits")
    kind = file.media_type if _TYPE.fullmatch(file.media_type) and file.media_type != CLEANED else UNKNOWN
    size = file.size if 0 <= file.size < 1 << 53 else 0
    return msgspec.structs.replace(file, name=clean(file.name), media_type=kind, size=size)


def _kept(message: Message, id: str, changes: dict[str, object]) -> Message:
    """Return the message under `id` with `changes`, and with a time, files and marks that can be kept."""
    if message.id != id:
        changes["id"] = id
    if message.language and (tag := language_tag(message.language)) != message.language:
        changes["language"] = tag
    if not message.name.isascii():
        changes["name"] = str(changes.get("name", message.name)).translate(TURNING)
    if not 0 <= message.sent_at < 1 << 53:
        changes["sent_at"] = 0
    if message.attachments:
        changes["attachments"] = tuple(_file(file) for file in message.attachments)
    if message.others:
        changes["others"] = tuple(clean(one) for one in message.others if len(one) <= MAX_ADDRESS)[:MAX_OTHERS]
    if message.marks:
        changes["marks"] = tuple(clean(mark) for mark in message.marks)
    return msgspec.structs.replace(message, **changes) if changes else message

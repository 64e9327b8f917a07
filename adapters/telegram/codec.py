"""Telegram's words and ours (core.telegram.org/bots/api, Bot API 10.1). Pure.

One message of a private chat is one message of the patron; each picture of an album comes by itself. An edited message corrects
the one that it was. What has no words (a place, a contact, a sticker) is told in words. Text is plain both ways: no `parse_mode` is
ever set, so nothing that a librarian writes is markup.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from bridge.contract.adapter import Outcome, Rejected, Retry, Sent, Uncertain
from bridge.contract.language_tag import language_tag
from bridge.contract.message import Attachment, Message, message_id

MAX_FILE = 20_000_000  # bytes that getFile hands out
MAX_QUOTED = 300  # characters of what is answered
START = "/start"


class TelegramUser(msgspec.Struct, frozen=True):
    """Who wrote."""

    id: int
    first_name: str = ""
    last_name: str = ""
    language_code: str = ""


class TelegramChat(msgspec.Struct, frozen=True):
    """Where it was written."""

    id: int
    type: str


class TelegramFile(msgspec.Struct, frozen=True):
    """A document, voice message, video, sticker, or one size of a picture."""

    file_id: str
    file_size: int = 0
    file_name: str = ""
    emoji: str = ""


class TelegramPlace(msgspec.Struct, frozen=True):
    """A location."""

    latitude: float
    longitude: float


class TelegramVenue(msgspec.Struct, frozen=True):
    """A place with a name."""

    location: TelegramPlace
    title: str = ""
    address: str = ""


class TelegramContact(msgspec.Struct, frozen=True):
    """A person's card."""

    phone_number: str
    first_name: str = ""
    last_name: str = ""


class QuotedText(msgspec.Struct, frozen=True):
    """What is answered."""

    text: str = ""
    caption: str = ""


class TelegramMessage(msgspec.Struct, frozen=True, rename={"sender": "from"}):
    """A message, as far as we read it."""

    message_id: int
    date: int
    chat: TelegramChat
    sender: TelegramUser | None = None
    edit_date: int = 0
    text: str = ""
    caption: str = ""
    photo: tuple[TelegramFile, ...] = ()
    document: TelegramFile | None = None
    audio: TelegramFile | None = None
    voice: TelegramFile | None = None
    video: TelegramFile | None = None
    animation: TelegramFile | None = None
    video_note: TelegramFile | None = None
    sticker: TelegramFile | None = None
    location: TelegramPlace | None = None
    venue: TelegramVenue | None = None
    contact: TelegramContact | None = None
    reply_to_message: QuotedText | None = None

    @property
    def source(self) -> str:
        """The message's id among all chats of the bot."""
        return f"{self.chat.id}:{self.message_id}"

    @property
    def address(self) -> str:
        """Where the patron is answered."""
        return str(self.chat.id)


class UpdateNumber(msgspec.Struct, frozen=True):
    """An update's place; all that is known of one that we cannot read."""

    update_id: int


class TelegramUpdate(msgspec.Struct, frozen=True):
    """Something new."""

    update_id: int
    message: TelegramMessage | None = None
    edited_message: TelegramMessage | None = None


def number(raw: msgspec.Raw) -> int:
    """Return the place of an update. Raises ValueError."""
    return msgspec.json.decode(raw, type=UpdateNumber).update_id


def update(raw: msgspec.Raw) -> TelegramUpdate:
    """Read an update. Raises ValueError for one that is none."""
    return msgspec.json.decode(raw, type=TelegramUpdate)


def is_start(said: TelegramMessage) -> bool:
    """Say whether the patron has only opened the chat."""
    return said.text == START or said.text.startswith(f"{START} ")


def files(said: TelegramMessage) -> list[TelegramFile]:
    """Return the files of a message, each with a name; of a picture the largest size."""
    found: list[TelegramFile] = []
    if said.photo:
        best = max(said.photo, key=lambda size: size.file_size)
        found.append(msgspec.structs.replace(best, file_name="photo.jpg"))
    kinds = (
        (said.document, "file"),
        (said.audio, "audio"),
        (said.voice, "voice.ogg"),
        (said.video, "video.mp4"),
        (said.video_note, "video.mp4"),
    )
    found += [
        msgspec.structs.replace(file, file_name=file.file_name or name) for file, name in kinds if file is not None
    ]
    if said.animation is not None and said.document is None:
        found.append(msgspec.structs.replace(said.animation, file_name=said.animation.file_name or "animation.mp4"))
    return found


def message(
    channel: str, said: TelegramMessage, attachments: Sequence[Attachment], marks: Sequence[str], *, edited: bool
) -> Message:
    """Return what the patron wrote, below the words that they answer."""
    words, quoted = _words(said), _quotation(said.reply_to_message)
    marks = [*marks, *(["quotes"] if quoted else [])]
    if not words and not attachments and not marks:
        marks = ["unshown"]
    by = said.sender
    return Message(
        id="",
        channel=channel,
        sender=said.address,
        source=f"{said.source}:{said.edit_date}" if edited else said.source,
        text=f"{quoted}{words}",
        attachments=tuple(attachments),
        name=" ".join(f"{by.first_name} {by.last_name}".split())[:200] if by is not None else "",
        language=language_tag(by.language_code) if by is not None else "",
        sent_at=(said.edit_date if edited else said.date) * 1000,
        replaces=message_id(channel, said.address, said.source) if edited else "",
        marks=tuple(marks),
    )


def _words(said: TelegramMessage) -> str:
    """Return a message in words."""
    parts = [said.text, said.caption]
    if said.sticker is not None:
        parts.append(said.sticker.emoji)
    if said.venue is not None:
        parts += [said.venue.title, said.venue.address]
    place = said.venue.location if said.venue is not None else said.location
    if place is not None and abs(place.latitude) <= 90 and abs(place.longitude) <= 180:
        there = f"{place.latitude:.6f}", f"{place.longitude:.6f}"
        parts += [", ".join(there), f"https://www.openstreetmap.org/?mlat={there[0]}&mlon={there[1]}"]
    if said.contact is not None:
        name = " ".join(f"{said.contact.first_name} {said.contact.last_name}".split())
        parts.append(f"{name}: {said.contact.phone_number}")
    return "\n".join(part for part in parts if part.strip())


def _quotation(quoted: QuotedText | None) -> str:
    """Return the beginning of quoted words as mail programs write it; "" for nothing."""
    short = (quoted.text or quoted.caption).strip()[:MAX_QUOTED] if quoted is not None else ""
    return "".join(f"> {line}\n" for line in short.splitlines()) if short else ""


def refusal(status: int, said: str, retry_after: float) -> Outcome:
    """Return what a refused submission means. A server that failed may have taken it all the same."""
    detail = " ".join(said.split())[:200]
    if status in (401, 404):
        return Retry("credentials")
    if status == 429:
        return Retry("busy", after=max(retry_after, 1.0))
    if status >= 500:
        return Uncertain("server-error")
    if status == 413:
        return Rejected("too-large", detail)
    return Rejected(_reason(status, said.lower()), detail)


def _reason(status: int, said: str) -> str:
    if "blocked" in said:
        return "blocked"
    if any(words in said for words in ("not found", "deactivated", "peer_id_invalid")):
        return "no-such-address"
    if "too long" in said or "too big" in said:
        return "too-large"
    return "unreachable" if "initiate" in said or status == 403 else "refused"


def sent(ids: Sequence[int], lost: str = "") -> Sent:
    """Return that messages with these ids went out; `lost` says what of them did not."""
    return Sent(network_id=",".join(map(str, ids)), reason="in-part" if lost else "", detail=lost)

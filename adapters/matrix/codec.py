"""Events of Matrix, read as words and written from deliveries (client-server specification, chapters 6 and 11).

An event is read leniently: what a stranger's client sends may lack any field or have it of another type.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from bridge.contract.adapter import Outcome, Rejected, Retry, Uncertain
from bridge.contract.message import Attachment, Delivery, Message, message_id

MARK = "org.deskbridge.delivery"  # beside an event's content, in clear: the delivery's id, which says nothing by itself
PART = "~"
MESSAGE, ENCRYPTED, STICKER, REACTION = "m.room.message", "m.room.encrypted", "m.sticker", "m.reaction"
REDACTION, MEMBER, ENCRYPTION, TOMBSTONE = "m.room.redaction", "m.room.member", "m.room.encryption", "m.room.tombstone"
SPOKEN = frozenset({MESSAGE, ENCRYPTED, STICKER, REACTION, REDACTION})
WITH_FILE = frozenset({"m.image", "m.file", "m.audio", "m.video"})
_EXTENSIONS = {"m.image": "picture", "m.audio": "sound", "m.video": "film"}
_GEO = re.compile(r"geo:(-?\d{1,2}(?:\.\d+)?),(-?\d{1,3}(?:\.\d+)?)", re.ASCII)
_QUOTE = re.compile(r"\A(?:>[^\n]*(?:\n|\Z))+\n?")  # what older clients put before an answer


class RoomEvent(msgspec.Struct, frozen=True):
    """One event of a room."""

    type: str
    event_id: str
    sender: str
    origin_server_ts: int = 0
    content: dict[str, Any] = {}
    state_key: str | None = None
    redacts: str = ""
    unsigned: dict[str, Any] = {}

    @property
    def transaction(self) -> str:
        """The id under which this session submitted it, "" for another's."""
        found = self.unsigned.get("transaction_id", "")
        return found if isinstance(found, str) else ""


class SyncEvents(msgspec.Struct, frozen=True):
    """Events as they came."""

    events: list[msgspec.Raw] = []


class SyncTimeline(SyncEvents, frozen=True):
    """What was said. `limited`: not all of it; the rest is before `prev_batch`."""

    limited: bool = False
    prev_batch: str = ""


class JoinedRoom(msgspec.Struct, frozen=True):
    """News of a room that we are in."""

    timeline: SyncTimeline = SyncTimeline()
    state: SyncEvents = SyncEvents()
    ephemeral: SyncEvents = SyncEvents()


class InvitedRoom(msgspec.Struct, frozen=True):
    """A room that we are asked into."""

    invite_state: SyncEvents = SyncEvents()


class SyncRooms(msgspec.Struct, frozen=True):
    """News of rooms."""

    join: dict[str, JoinedRoom] = {}
    invite: dict[str, InvitedRoom] = {}
    leave: dict[str, msgspec.Raw] = {}


class SyncDeviceEvents(msgspec.Struct, frozen=True):
    """Messages between devices."""

    events: list[dict[str, Any]] = []


class SyncDevices(msgspec.Struct, frozen=True):
    """Whose devices changed, and with whom we share no encrypted room any more."""

    changed: list[str] = []
    left: list[str] = []


class SyncAnswer(msgspec.Struct, frozen=True):
    """All that is new since a place in the account's timeline."""

    next_batch: str
    rooms: SyncRooms = SyncRooms()
    to_device: SyncDeviceEvents = SyncDeviceEvents()
    device_lists: SyncDevices = SyncDevices()
    device_one_time_keys_count: dict[str, int] = {}

    @property
    def key_count(self) -> int | None:
        """How many one-time keys of ours are left; None where the server does not say."""
        return self.device_one_time_keys_count.get("signed_curve25519")


class RoomSign(msgspec.Struct, frozen=True):
    """Something that is not kept: who types, who has read up to where."""

    type: str
    content: dict[str, Any] = {}

    @property
    def typists(self) -> list[Any]:
        """Who types."""
        found = self.content.get("user_ids")
        return found if isinstance(found, list) else []

    def read_by(self, who: str) -> list[str]:
        """Return the events up to which a person has read, publicly."""
        if self.type != "m.receipt":
            return []
        return [event for event, kinds in self.content.items() if who in _mapping(kinds, "m.read")]


class OlderEvents(msgspec.Struct, frozen=True):
    """Older events, newest first."""

    chunk: list[msgspec.Raw] = []
    end: str = ""


class MatrixFile(msgspec.Struct, frozen=True):
    """A file of a message; `keys` opens it where it is encrypted."""

    address: str
    name: str
    keys: dict[str, Any] | None = None


def event(raw: msgspec.Raw) -> RoomEvent | None:
    """Read an event; None for one that is none."""
    try:
        return msgspec.json.decode(raw, type=RoomEvent)
    except (ValueError, RecursionError):
        return None


def events(raws: Sequence[msgspec.Raw]) -> Iterator[RoomEvent]:
    """Iterate over those that can be read."""
    return (found for raw in raws if (found := event(raw)) is not None)


def inviter(state: SyncEvents, own: str) -> str:
    """Return who asks us into a room, "" where nobody does."""
    for raw in state.events:
        try:
            each = msgspec.json.decode(raw, type=dict[str, Any])
        except (ValueError, RecursionError):
            continue
        if (
            each.get("type") == MEMBER
            and each.get("state_key") == own
            and _text(each.get("content"), "membership") == "invite"
        ):
            return _text(each, "sender")
    return ""


def _text(found: object, key: str) -> str:
    value = found.get(key, "") if isinstance(found, Mapping) else ""
    return value if isinstance(value, str) else ""


def _mapping(found: object, key: str) -> Mapping[str, Any]:
    value = found.get(key) if isinstance(found, Mapping) else None
    return value if isinstance(value, Mapping) else {}


def relation(content: Mapping[str, Any]) -> tuple[str, str]:
    """Return how an event relates to another one, and to which: ("m.replace", event id), or two empty texts."""
    related = _mapping(content, "m.relates_to")
    return _text(related, "rel_type"), _text(related, "event_id")


def is_silent(kind: str, content: Mapping[str, Any]) -> bool:
    """Say whether an event is none of the patron's words: a wish to compare emoji, say."""
    return kind == MESSAGE and _text(content, "msgtype").startswith("m.key.verification")


def files(kind: str, content: Mapping[str, Any]) -> list[MatrixFile]:
    """Return the file of a message."""
    said = _shown(content)
    form = "m.image" if kind == STICKER else _text(said, "msgtype")
    if form not in WITH_FILE:
        return []
    sealed = _mapping(said, "file")
    address = _text(sealed, "url") or _text(said, "url")
    name = _text(said, "filename") or _text(said, "body") or _EXTENSIONS.get(form, "file")
    return [MatrixFile(address, name[:200], dict(sealed) or None)]


def _shown(content: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what a message says now: of a correction, the new words."""
    return _mapping(content, "m.new_content") or content if relation(content)[0] == "m.replace" else content


def words(kind: str, content: Mapping[str, Any]) -> tuple[str, list[str]]:
    """Return an event in words, and marks for what words do not say."""
    if kind == REACTION:
        return _text(_mapping(content, "m.relates_to"), "key")[:100], ["reaction"]
    if kind == REDACTION:
        return "", ["retracted"]
    said = _shown(content)
    form, body = _text(said, "msgtype"), _text(said, "body")
    if kind == STICKER:
        return body, []
    if form in WITH_FILE:
        name = _text(said, "filename")
        return (body if name and body != name else ""), []
    if form == "m.location":
        return _place(body, _text(said, "geo_uri")), []
    marks = []
    if _mapping(_mapping(content, "m.relates_to"), "m.in_reply_to"):
        body = _QUOTE.sub("", body, count=1)
        threaded = relation(content)[0] == "m.thread" and _mapping(content, "m.relates_to").get("is_falling_back")
        marks = [] if threaded else ["quotes"]
    if kind != MESSAGE or not body.strip():
        marks.append("unshown")
    return body if kind == MESSAGE else "", marks


def _place(body: str, geo: str) -> str:
    found = _GEO.match(geo)
    if found is None or abs(float(found[1])) > 90 or abs(float(found[2])) > 180:
        return body
    return f"{body}\nhttps://www.openstreetmap.org/?mlat={found[1]}&mlon={found[2]}".strip()


def message(
    channel: str,
    room: str,
    said: RoomEvent,
    kind: str,
    content: Mapping[str, Any],
    name: str,
    attachments: Sequence[Attachment],
    marks: Sequence[str],
) -> Message:
    """Return what a patron wrote. `kind` and `content` are the event's own, or what was encrypted in it."""
    text, more = words(kind, content)
    how, which = relation(content)
    return Message(
        id="",
        channel=channel,
        sender=said.sender,
        source=said.event_id,
        text=text,
        attachments=tuple(attachments),
        name=name,
        sent_at=max(0, said.origin_server_ts),
        reply=" ".join((room, which if how == "m.thread" and which.startswith("$") else "-", said.event_id)),
        replaces=message_id(channel, said.sender, which) if how == "m.replace" and which else "",
        marks=tuple(dict.fromkeys([*marks, *more])),
    )


def place(delivery: Delivery) -> tuple[str, str, str]:
    """Return a delivery's room, the event whose thread it continues, and the event that it answers; "" = none."""
    room, thread, event = (*delivery.reply.split(" "), "", "", "")[:3]
    return room if room.startswith("!") else "", thread.removeprefix("-"), event


def spoken(delivery: Delivery) -> dict[str, Any]:
    """Return the content of an answer's words."""
    kind = "m.notice" if delivery.kind == "notice" or delivery.automatic else "m.text"
    return {"msgtype": kind, "body": delivery.text, "m.mentions": {}}


def outgoing(content: Mapping[str, Any], part: str, thread: str) -> dict[str, Any]:
    """Return a content of ours with its id, and its thread."""
    more: dict[str, Any] = {MARK: part}
    if thread:
        more["m.relates_to"] = {
            "rel_type": "m.thread",
            "event_id": thread,
            "is_falling_back": True,
            "m.in_reply_to": {"event_id": thread},
        }
    return {**content, **more}


def delivery_of(said: RoomEvent) -> str:
    """Return the delivery that an event of ours ends, "" where there is none."""
    part = said.content.get(MARK, "")
    return part if isinstance(part, str) and PART not in part else ""


def part_id(delivery: Delivery, n: int, many: int) -> str:
    """Return the id of one of the events of a delivery; the last one has the delivery's own."""
    return delivery.id if n == many - 1 else f"{delivery.id}{PART}{n}"


def in_clear(content: Mapping[str, Any]) -> dict[str, Any]:
    """Return what stays outside the encryption of an event of ours: the mark, and the relation, which servers need."""
    return {key: content[key] for key in (MARK, "m.relates_to") if key in content}


def form_of(media_type: str) -> str:
    """Return the kind of message that shows a file."""
    main = media_type.partition("/")[0]
    return f"m.{main}" if main in ("image", "audio", "video") else "m.file"


def refusal(status: int, code: str, said: str, retry_after: float) -> Outcome:
    """Return what a refused submission means. A server that failed may have taken it all the same."""
    detail = " ".join(said.split())[:200]
    if code in ("M_UNKNOWN_TOKEN", "M_MISSING_TOKEN", "M_USER_DEACTIVATED"):
        return Retry("credentials")
    if status == 429:
        return Retry("busy", after=max(retry_after, 0.5))
    if status >= 500:
        return Uncertain("server-error")
    if status == 413 or code == "M_TOO_LARGE":
        return Rejected("too-large", detail)
    if status == 403:
        return Rejected("gone", detail)
    return Rejected("no-such-address" if status == 404 else "refused", detail)

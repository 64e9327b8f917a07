"""Twilio's words and ours: webhooks and listed messages to `Message`, statuses to stages, reply tokens.

A reply token names the number of ours that the patron texted, and when. So an answer comes from the number that they know.
What depends on when they last wrote (quiet hours, WhatsApp's 24 hours) needs no file.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import msgspec

from adapters.sms.numbers import RCS, plausible, without_rcs
from bridge.contract.message import Attachment, Message, Stage

MAX_MEDIA = 10
MAX_QUOTED = 300  # characters of what is answered
_SID = re.compile(r"[A-Z]{2}[0-9a-f]{32}")
_STAGES: dict[str, Stage] = {
    "sent": "sent",
    "delivered": "delivered",
    "read": "read",
    "undelivered": "failed",
    "failed": "failed",
    "canceled": "failed",
}


class Inbound(msgspec.Struct, frozen=True, array_like=True):
    """A text to the library, as a webhook or the list told of it. `media` are the addresses of its files."""

    sid: str
    account: str
    service: str
    sender: str
    to: str
    text: str
    at: int  # ms
    media: tuple[str, ...] = ()
    unlisted: int = 0  # files whose addresses must still be asked for
    name: str = ""
    told: str = ""  # which carrier's word it was, as Twilio reads it
    quoted: str = ""  # the message that the patron answers, where they chose one (WhatsApp)


def webhook(fields: Mapping[str, str], now: int) -> Inbound:
    """Read a webhook's fields. Raises ValueError for what is no text to us."""
    count = _count(fields.get("NumMedia", "0"))
    return _checked(
        Inbound(
            sid=fields.get("MessageSid") or fields.get("SmsSid", ""),
            account=fields.get("AccountSid", ""),
            service=fields.get("MessagingServiceSid", ""),
            sender=without_rcs(fields.get("From", "").strip()),
            to=fields.get("To", "").strip(),
            text=said(fields),
            at=now,
            media=tuple(url for n in range(count) if (url := fields.get(f"MediaUrl{n}", ""))),
            name=fields.get("ProfileName", "")[:200],
            told=fields.get("OptOutType", ""),
            quoted=fields.get("OriginalRepliedMessageSid", ""),
        )
    )


def listed(resource: Any) -> Inbound:
    """Read a message of the list (the SDK's instance). Raises ValueError."""
    return _checked(
        Inbound(
            sid=resource.sid or "",
            account=resource.account_sid or "",
            service=resource.messaging_service_sid or "",
            sender=without_rcs(resource.from_ or ""),
            to=resource.to or "",
            text=resource.body or "",
            at=milliseconds(resource.date_sent or resource.date_created),
            unlisted=_count(resource.num_media or "0"),
        )
    )


def milliseconds(moment: datetime | str | None) -> int:
    """Return a moment of the API in ms, 0 when it is none."""
    if isinstance(moment, str):
        try:
            moment = parsedate_to_datetime(moment)
        except ValueError:
            return 0
    if moment is None:
        return 0
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)


def message(
    channel: str, inbound: Inbound, files: Sequence[Attachment], marks: Sequence[str], quoted: str = ""
) -> Message:
    """Return what the patron wrote, below the words that they answer."""
    marks = [*marks, *(["quotes"] if inbound.quoted else [])]
    if not inbound.text.strip() and not files and not marks:
        marks = ["unshown"]
    return Message(
        id="",
        channel=channel,
        sender=inbound.sender,
        source=inbound.sid,
        text=f"{_quotation(quoted)}{inbound.text}",
        attachments=tuple(files),
        sent_at=inbound.at,
        reply=token(inbound.service if inbound.to.startswith(RCS) else inbound.to, inbound.at),
        name=inbound.name,
        marks=tuple(marks),
    )


def said(fields: Mapping[str, str]) -> str:
    """Return a webhook's words: the body, what was chosen from a list or by a button, and a place with a link to a map."""
    body = fields.get("Body", "")
    parts = [fields.get(name, "").strip() for name in ("ListTitle", "ListDescription", "ButtonText")]
    parts = parts if any(parts) else [fields.get("ListId", "").strip() or fields.get("ButtonPayload", "").strip()]
    parts += _place(fields)
    known = body.casefold()
    return "\n".join(
        [
            *([body] if body.strip() else []),
            *(part for part in dict.fromkeys(parts) if part and part.casefold() not in known),
        ]
    )


def _place(fields: Mapping[str, str]) -> list[str]:
    """Return the lines of a place; [] where there is none."""
    try:
        latitude, longitude = float(fields.get("Latitude", "")), float(fields.get("Longitude", ""))
    except ValueError:
        return []
    if not (abs(latitude) <= 90 and abs(longitude) <= 180):
        return []
    there = f"{latitude:.6f}".rstrip("0").rstrip("."), f"{longitude:.6f}".rstrip("0").rstrip(".")
    named = [" ".join(fields.get(name, "").split())[:500] for name in ("Label", "Address")]
    link = f"https://www.openstreetmap.org/?mlat={there[0]}&mlon={there[1]}#map=17/{there[0]}/{there[1]}"
    return [*named, ", ".join(there), link]


def _quotation(text: str) -> str:
    """Return the beginning of quoted words as mail programs write it; "" for nothing."""
    short = text.strip()[:MAX_QUOTED]
    return "".join(f"> {line}\n" for line in short.splitlines()) if short else ""


def token(ours: str, at: int) -> str:
    """Return a reply token."""
    return f"{ours} {at}"


def read_token(token: str) -> tuple[str, int]:
    """Return the number of ours, and when the patron wrote (ms); "" and 0 where the token is none of ours."""
    ours, _, at = token.rpartition(" ")
    return (ours, int(at)) if at.isascii() and at.isdigit() else ("", 0)


def stage(status: str) -> Stage | None:
    """Return how far a text has come; None for what is still on its way."""
    return _STAGES.get(status.lower())


def is_sid(text: str) -> bool:
    """Whether `text` is an id of Twilio's."""
    return _SID.fullmatch(text) is not None


def _count(text: str) -> int:
    return min(int(text), MAX_MEDIA) if text.isascii() and text.isdigit() else 0


def _checked(inbound: Inbound) -> Inbound:
    if not is_sid(inbound.sid):
        raise ValueError("no MessageSid")
    if not plausible(inbound.sender) or not inbound.to:
        raise ValueError("no address")
    return inbound


def variables(text: str) -> str:
    """Return a template's variables, with `text` as the first; a template takes no line breaks."""
    return json.dumps({"1": " ".join(text.split())}, ensure_ascii=False)


def same(resource: Any, text: str, files: int) -> bool:
    """Whether a listed message has these words and so many files; a trial account's texts begin with words of Twilio's."""
    text, body = text.strip(), (resource.body or "").strip()
    if int(resource.num_media or 0) != files:
        return False
    return bool(text or files) and (body == text or body.endswith(f"trial account - {text}"))

"""What a Twilio account keeps: messages, media and handsets, and how they look on its API (version 2010-04-01)."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any, Literal

VERSION = "2010-04-01"
Direction = Literal["inbound", "outbound-api", "outbound-reply"]


def sid(kind: str) -> str:
    """Return a new id: two letters and 32 hexadecimal digits."""
    return kind + secrets.token_hex(16)


@dataclass(slots=True)
class Media:
    """A file that goes with a message."""

    data: bytes
    media_type: str
    name: str
    sid: str = field(default_factory=lambda: sid("ME"))
    made: datetime = field(default_factory=lambda: datetime.now(UTC))


@dataclass(slots=True)
class TwilioMessage:
    """One message, in or out. `answered` is what the library's webhook said, 0 = nobody answered."""

    account: str
    direction: Direction
    sender: str
    to: str
    body: str
    status: str
    service: str = ""
    media: list[Media] = field(default_factory=list)
    callback: str = ""
    template: bool = False
    error: int | None = None
    price: str | None = None
    segments: int = 1
    profile: str = ""
    opt_out: str = ""
    answered: int = 0
    sid: str = ""
    made: datetime = field(default_factory=lambda: datetime.now(UTC))
    gone: bool = False
    told: Mapping[str, str] = field(default_factory=dict)  # further fields of its webhook

    def __post_init__(self) -> None:
        self.sid = self.sid or sid("MM" if self.media else "SM")

    @property
    def path(self) -> str:
        """Where it lies on the API, without an ending."""
        return f"/{VERSION}/Accounts/{self.account}/Messages/{self.sid}"

    def resource(self) -> dict[str, Any]:
        """Return it as the API shows it."""
        made = format_datetime(self.made)
        return {
            "account_sid": self.account,
            "api_version": VERSION,
            "body": self.body,
            "date_created": made,
            "date_sent": made,
            "date_updated": made,
            "direction": self.direction,
            "error_code": self.error,
            "error_message": None,
            "from": self.sender,
            "messaging_service_sid": self.service or None,
            "num_media": str(len(self.media)),
            "num_segments": str(self.segments),
            "price": self.price,
            "price_unit": "USD",
            "sid": self.sid,
            "status": self.status,
            "subresource_uris": {"media": f"{self.path}/Media.json"},
            "to": self.to,
            "uri": f"{self.path}.json",
        }

    def media_resource(self, media: Media) -> dict[str, Any]:
        """Return one of its files as the API shows it."""
        made = format_datetime(media.made)
        return {
            "account_sid": self.account,
            "content_type": media.media_type,
            "date_created": made,
            "date_updated": made,
            "parent_sid": self.sid,
            "sid": media.sid,
            "uri": f"{self.path}/Media/{media.sid}.json",
        }

    def webhook(self, base: str) -> dict[str, str]:
        """Return the fields that tell the library of it; `base` is the address of the API."""
        fields = {
            "AccountSid": self.account,
            "ApiVersion": VERSION,
            "Body": self.body,
            "From": self.sender,
            "FromCountry": "US",
            "MessageSid": self.sid,
            "NumMedia": str(len(self.media)),
            "NumSegments": str(self.segments),
            "SmsMessageSid": self.sid,
            "SmsSid": self.sid,
            "SmsStatus": "received",
            "To": self.to,
            "ToCountry": "US",
        }
        fields |= {"MessagingServiceSid": self.service} if self.service else {}
        fields |= {"OptOutType": self.opt_out} if self.opt_out else {}
        if self.sender.startswith("whatsapp:"):
            fields |= {"ProfileName": self.profile, "WaId": self.sender.partition("+")[2]}
        fields |= self.told
        for number, media in enumerate(self.media):
            fields[f"MediaUrl{number}"] = f"{base}{self.path}/Media/{media.sid}"
            fields[f"MediaContentType{number}"] = media.media_type
        return fields

    def report(self, status: str, error: int | None) -> dict[str, str]:
        """Return the fields of a status callback."""
        fields = {
            "AccountSid": self.account,
            "ApiVersion": VERSION,
            "From": self.sender,
            "MessageSid": self.sid,
            "MessageStatus": status,
            "SmsSid": self.sid,
            "SmsStatus": status,
            "To": self.to,
        }
        return fields | ({"ErrorCode": str(error)} if error else {})


@dataclass(frozen=True, slots=True)
class HandsetText:
    """What a handset shows."""

    text: str
    media: tuple[Media, ...]
    sid: str
    sender: str


class Handset:
    """Somebody's telephone: what it shows next, and all that was written on it and to it, in order."""

    def __init__(self, number: str) -> None:
        self.number = number
        self.arriving: asyncio.Queue[HandsetText] = asyncio.Queue()
        self.lines: list[TwilioMessage] = []
        self._changed = asyncio.Event()

    def show(self, record: TwilioMessage) -> None:
        """Show a text that came."""
        self.write(record)
        self.arriving.put_nowait(HandsetText(record.body, tuple(record.media), record.sid, record.sender))

    def write(self, record: TwilioMessage) -> None:
        """Show a text that was written here."""
        self.lines.append(record)
        self._changed.set()
        self._changed = asyncio.Event()

    async def more_than(self, count: int) -> None:
        """Return once there are more than `count` lines."""
        while len(self.lines) <= count:
            await self._changed.wait()

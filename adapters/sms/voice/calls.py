"""Calls and recordings as Twilio tells of them, and as messages."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from adapters.sms import numbers
from adapters.sms.codec import milliseconds, token
from bridge.contract.memory import MemoryKind
from bridge.contract.message import Attachment, Message

# What Twilio says in the place of a withheld number: words on a telephone's keys (anonymous, restricted, unavailable, unknown).
WITHHELD = frozenset({"+266696687", "+7378742833", "+86282452253", "+8656696", "+2562533", "anonymous", ""})
CALLS = MemoryKind(name="calls", most=20_000, keep_ms=7 * 86_400_000)  # what became of a call, by its id
OVER = frozenset({"completed", "busy", "failed", "no-answer", "canceled"})
MAX_WORDS = 10_000

CallEnd = Literal["answered", "recorded", "missed"]
_CALL, _RECORDING, _TRANSCRIPT = (re.compile(f"{kind}[0-9a-f]{{32}}") for kind in ("CA", "RE", "TR"))


class PhoneCall(msgspec.Struct, frozen=True):
    """A call to one of our numbers; `at` is when it began (ms)."""

    sid: str
    caller: str
    to: str
    at: int

    @property
    def sender(self) -> str:
        """The patron's address: their number, or the call itself where that is withheld."""
        return f"withheld-{self.sid[2:14]}" if self.caller in WITHHELD else self.caller


def is_recording(text: str) -> bool:
    """Whether `text` is a recording's id."""
    return _RECORDING.fullmatch(text) is not None


def webhook(fields: Mapping[str, str], now: int) -> PhoneCall:
    """Read the call of a webhook. Raises ValueError for what is none."""
    return _checked(
        PhoneCall(fields.get("CallSid", ""), fields.get("From", "").strip(), fields.get("To", "").strip(), now)
    )


def listed(resource: Any) -> PhoneCall:
    """Read a call of the list (the SDK's instance). Raises ValueError."""
    # `from` is a word of Python's, so the library names the field so
    caller = getattr(resource, "_from", None) or getattr(resource, "from_", None) or ""
    at = milliseconds(resource.start_time or resource.date_created)
    return _checked(PhoneCall(resource.sid or "", caller, resource.to or "", at))


def _checked(call: PhoneCall) -> PhoneCall:
    if not _CALL.fullmatch(call.sid):
        raise ValueError("no CallSid")
    if call.caller not in WITHHELD and not numbers.plausible(call.caller):
        raise ValueError("no address")
    return call


def voicemail(channel: str, call: PhoneCall, recording: str, seconds: int, file: Attachment) -> Message:
    """Return a recording as a message."""
    return _message(channel, call, recording, "", (file,), ("voicemail",), f"{seconds // 60}:{seconds % 60:02}")


def without_sound(channel: str, call: PhoneCall, recording: str) -> Message:
    """Return a recording that cannot be had as a message: somebody called, and wants an answer."""
    return _message(channel, call, recording, "", (), ("voicemail", "file-missing"), "")


def transcript(channel: str, call: PhoneCall, id: str, words: str) -> Message | None:
    """Return a machine's words for a recording; None where there are none."""
    if not _TRANSCRIPT.fullmatch(id) or not words.strip():
        return None
    return _message(channel, call, id, words.strip()[:MAX_WORDS], (), ("machine-transcript",), "")


def missed(channel: str, call: PhoneCall) -> Message:
    """Return a call that nobody took as a message."""
    return _message(channel, call, call.sid, "", (), ("missed-call",), "")


def _message(
    channel: str,
    call: PhoneCall,
    source: str,
    text: str,
    files: tuple[Attachment, ...],
    marks: tuple[str, ...],
    length: str,
) -> Message:
    hidden = call.caller in WITHHELD
    return Message(
        id="",
        channel=channel,
        sender=call.sender,
        source=source,
        text=" ".join(filter(None, (text, length))),
        attachments=files,
        sent_at=call.at,
        reply="" if hidden else token(call.to, call.at),
        marks=(*marks, *(("withheld-number",) if hidden else ())),
    )

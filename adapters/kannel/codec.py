"""Kannel's words and ours (Kannel User's Guide 1.4.5, "SMS-service" and "Using the HTTP interface to send SMS messages"). Pure.

`post-url` brings a text as the body, and in its address `%I` (the same id however often it comes), `%p`, `%P`, `%c`, `%C` and `%T`.
With `mo-recode` words come as UTF-8; without it, texts of 16 bits come as they travelled.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

from adapters.kannel import numbers
from bridge.contract.adapter import Outcome, Rejected, Retry, Sent, Uncertain
from bridge.contract.message import Message, Stage
from bridge.contract.segments import segments

DATA = "1"  # the coding of a text that is no text: a ringtone, a picture, a business card
WIDE = "2"
_ID = re.compile(r"[0-9A-Za-z][0-9A-Za-z-]{7,63}")
_STAGES: dict[int, Stage] = {1: "delivered", 2: "failed", 8: "sent", 16: "failed"}
_REASONS = {2: "unreachable", 16: "refused"}
REPORTS = 1 + 2 + 8 + 16  # the reports that we ask for


class CarriedText(msgspec.Struct, frozen=True):
    """A text to the library."""

    id: str
    sender: str
    to: str
    text: str
    at: int  # ms
    readable: bool = True


def inbound(told: Mapping[str, str], words: bytes, country: str, now: int) -> CarriedText:
    """Read a text that Kannel brings. Raises ValueError for what is none."""
    id, coding, seconds = told.get("id", ""), told.get("coding", ""), told.get("time", "")
    if not _ID.fullmatch(id):
        raise ValueError("no id")
    at = int(seconds) * 1000 if seconds.isascii() and seconds.isdigit() and len(seconds) <= 11 else now
    readable = coding != DATA
    return CarriedText(
        id=id,
        sender=numbers.address(told.get("from", ""), country),
        to=told.get("to", "").strip()[:32],
        text=_words(words, coding, told.get("charset", "")) if readable else "",
        at=at,
        readable=readable,
    )


def _words(raw: bytes, coding: str, charset: str) -> str:
    """Return the words of a text; bytes that its character set does not have are replaced."""
    if coding == WIDE and charset.upper() not in ("UTF-8", "UTF8"):
        return raw.decode("utf-16-be", "replace")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def message(channel: str, text: CarriedText, marks: list[str]) -> Message:
    """Return what the patron wrote. The answer goes out from the number that they texted."""
    if not text.readable or (not text.text.strip() and not marks):
        marks = [*marks, "unshown"]
    return Message(
        id="",
        channel=channel,
        sender=text.sender,
        source=text.id,
        text=text.text,
        sent_at=text.at,
        reply=text.to,
        marks=tuple(marks),
    )


def coding(text: str) -> str:
    """Return how a text is to travel: 0 = the GSM alphabet, 2 = 16 bits a character."""
    return "0" if segments(text).encoding == "GSM-7" else WIDE


def outcome(status: int, said: str) -> Outcome:
    """Return what an answer of smsbox means. A server that failed may have taken the text all the same."""
    said = " ".join(said.split())[:200]
    if status == 202:
        return Sent()
    if status == 403 and "uthorization" in said:
        return Retry("credentials")
    if status == 503:
        return Retry("busy")
    if status >= 500:
        return Uncertain("server-error")
    if "denied by" in said:
        return Rejected("no-such-address", said)
    return Rejected("not-there" if "outable" in said else "refused", said)


def stage(status: str) -> tuple[Stage, str] | None:
    """Return how far a text has come and why it came no further; None for what is still on its way."""
    number = int(status) if status.isascii() and status.isdigit() and len(status) < 4 else 0
    found = _STAGES.get(number)
    return None if found is None else (found, _REASONS.get(number, ""))

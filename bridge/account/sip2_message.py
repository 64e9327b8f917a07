"""SIP2 on the wire (3M Standard Interchange Protocol 2.00): a code, fields of fixed width, then fields with two-letter names.

Written strictly, read leniently: servers leave out fields, repeat them, and end lines with CR LF. A checksum that is there must add
up; one that is missing is no fault. `AY` is the sequence number, `AZ` the checksum over everything before it and its own name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec

_FIXED = {
    "94": 1,
    "98": 34,
    "64": 59,
    "24": 35,
    "30": 22,
    "66": 26,
    "18": 24,
    "16": 20,
    "36": 19,
    "96": 0,
    "12": 22,
    "10": 22,
}


class Sip2Broken(ValueError):
    """A frame that can't be read; `checksum` tells a wrong sum, which may be mended by asking again."""

    def __init__(self, what: str, *, checksum: bool = False) -> None:
        self.checksum = checksum
        super().__init__(what)


class Sip2Message(msgspec.Struct, frozen=True):
    """A frame that was read: its code, its fixed part, and its fields; each may come more than once."""

    code: str
    fixed: str
    fields: Mapping[str, Sequence[str]]
    sequence: str = ""

    def one(self, name: str) -> str:
        """Return a field, "" where it is missing."""
        return next(iter(self.fields.get(name, ())), "")

    def all(self, name: str) -> list[str]:
        """Return a field as often as it comes, empty ones left out."""
        return [value for value in self.fields.get(name, ()) if value]


def frame(code: str, fixed: str, fields: Sequence[tuple[str, str]], *, sequence: int, encoding: str) -> bytes:
    """Return a frame with its checksum and CR. Raises ValueError for a value that a field can't carry."""
    for _, value in fields:
        if any(char in value for char in "|\r\n\x00"):
            raise ValueError("a field of SIP2 holds neither | nor line breaks")
    text = f"{code}{fixed}{''.join(f'{name}{value}|' for name, value in fields)}AY{sequence}AZ"
    raw = text.encode(encoding)
    return raw + checksum(raw).encode("ascii") + b"\r"


def checksum(raw: bytes) -> str:
    """Return the four hexadecimal digits for a frame up to and with its `AZ`."""
    return f"{-sum(raw) & 0xFFFF:04X}"


def read_frame(raw: bytes, encoding: str) -> Sip2Message:
    """Read one frame without its line end. Raises Sip2Broken."""
    raw = raw.strip(b"\r\n\x00 ")
    at = raw.rfind(b"AZ")
    if at >= 0 and len(raw) - at == 6 and raw[max(0, at - 3) : at - 1] == b"AY":
        if checksum(raw[: at + 2]) != raw[at + 2 :].decode("ascii", "replace").upper():
            raise Sip2Broken("the checksum does not add up", checksum=True)
        sequence, raw = raw[at - 1 : at].decode("ascii", "replace"), raw[: at - 3]
    else:
        sequence = ""
    text = raw.decode(encoding, "replace")
    code = text[:2]
    if code not in _FIXED:
        raise Sip2Broken("an answer of another kind")
    width = 2 + _FIXED[code]
    if len(text) < width:
        raise Sip2Broken("shorter than its fixed part")
    fields: dict[str, list[str]] = {}
    for part in text[width:].split("|"):
        if len(part) >= 2:
            fields.setdefault(part[:2], []).append(part[2:].strip())
    return Sip2Message(code, text[2:width], fields, sequence)


def stamp(at: datetime) -> str:
    """Return a moment in SIP2's 18 characters, its time zone left blank."""
    return f"{at:%Y%m%d}    {at:%H%M%S}"


def shown_date(text: str) -> str:
    """Return a date of 18 characters as 2026-12-24; another spelling stays as the system wrote it."""
    return f"{text[:4]}-{text[4:6]}-{text[6:8]}" if len(text) >= 8 and text[:8].isdigit() else text

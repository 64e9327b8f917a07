"""Calendar parts (text/calendar, RFC 5545, RFC 6047): one line a librarian can read; the part itself stays an attachment."""

from __future__ import annotations

import re

from adapters.email.mime.structure import MimePart

MAX_CALENDAR = 200_000
FOLD = re.compile(r"\r?\n[ \t]")
WANTED = re.compile(r"^(SUMMARY|DTSTART|LOCATION|METHOD)([^:\n]{0,200}):(.*)$", re.MULTILINE)
STAMP = re.compile(r"^(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)\d\d(Z?))?")
METHODS = {"REQUEST": "Invitation", "CANCEL": "Cancelled", "REPLY": "Answer to an invitation"}


def is_calendar(part: MimePart) -> bool:
    """Whether a part is a calendar entry."""
    return part.media_type in ("text/calendar", "application/ics") or part.name.lower().endswith(".ics")


def invitation_line(part: MimePart) -> str:
    """Return what, when and where of the first event on one line; "" when there is no event."""
    text = FOLD.sub("", part.text()[:MAX_CALENDAR])
    event = text.find("BEGIN:VEVENT")
    if event < 0:
        return ""
    found: dict[str, str] = {}
    for name, parameters, value in WANTED.findall(text[:event] + text[event:]):
        if name != "DTSTART" or text.find(f"DTSTART{parameters}:{value}") > event:
            found.setdefault(name, _plain(value) if name != "DTSTART" else _when(value, parameters))
    kind = METHODS.get(found.get("METHOD", "").upper(), "Calendar entry")
    pieces = [found.get("SUMMARY", ""), found.get("DTSTART", ""), found.get("LOCATION", "")]
    return f"[{kind}: {', '.join(piece for piece in pieces if piece)}]"


def _plain(value: str) -> str:
    return re.sub(r"\\([,;\\])", r"\1", value.replace("\\n", " ").replace("\\N", " ")).strip()[:200]


def _when(value: str, parameters: str) -> str:
    match = STAMP.match(value.strip())
    if not match:
        return ""
    year, month, day, hour, minute, utc = match.groups()
    zone = re.search(r"TZID=\"?([^;:\"]+)", parameters)
    clock = f" {hour}:{minute}" if hour else ""
    return f"{year}-{month}-{day}{clock}" + (" UTC" if utc else f" {zone.group(1)}" if zone and clock else "")

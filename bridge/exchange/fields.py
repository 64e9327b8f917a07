"""From a row's cells to a record: one field after the other, each looked over, and the first that is wrong named."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import tzinfo
from typing import Any, Literal, get_args

import msgspec

from bridge.contract.language_tag import language_tag
from bridge.contract.message import Code, derive
from bridge.exchange.mapping import ColumnMapping
from bridge.exchange.moments import moment
from bridge.exchange.record import ConversationRecord, FilePlace, SpokenLine, UnreadableField, clean, word
from bridge.exchange.transcript_text import Speakers, transcript_lines

CODES: tuple[str, ...] = tuple(one for one in get_args(Code) if not one.startswith("follow_up"))
LIVE_WAYS = frozenset({"chat", "phone", "walk_up", "roving", "consultation"})
MINUTE_MS, MOST_MINUTES = 60_000, 24 * 60
_SPAN = re.compile(r"(?:(\d+):)?(\d{1,3}):(\d\d)")
_WORDED = re.compile(r"(\d+(?:\.\d+)?)\s*(h|hr|hour|m|min|minute|s|sec|second)s?\b", re.IGNORECASE)
_WAY = re.compile(r"[a-z][a-z0-9_-]{0,30}")
_FACTOR = {"h": 3600, "m": 60, "s": 1}
_RATINGS = {"1": 1, "2": 2, "3": 3, "4": 3, "5": 3, "excellent": 3, "good": 3, "yes": 3, "helpful": 3, "great": 3, "ok": 2,
            "fair": 2, "so-so": 2, "average": 2, "partly": 2, "bad": 1, "poor": 1, "no": 1, "unhelpful": 1}  # fmt: skip


class Reading(msgspec.Struct, frozen=True):
    """By which rules a file is read: the mapping, the zone of times without one, and the name of the other desk."""

    mapping: ColumnMapping
    zone: tzinfo
    source: str


class RowFields:
    """The cells of one row by our names, after the mapping's words and defaults."""

    def __init__(self, values: Mapping[str, Any], reading: Reading) -> None:
        self._values = values
        self._mapping = reading.mapping
        self._reading = reading
        self._begun: int | None = None

    def text(self, name: str) -> str:
        """Return a cell's text, a default where it is empty."""
        found = _plain(self._values.get(name)).strip()
        if found and (said := self._mapping.values.get(name)) is not None:
            found = said.get(found, said.get("*", found))
        return found or self._mapping.defaults.get(name, "")

    def value(self, name: str) -> Any:
        """Return a cell as the file has it."""
        return self._values.get(name)

    def short(self, name: str) -> str:
        """Return a cell as one line."""
        return word(self.text(name))

    def at(self, name: str) -> int | None:
        """Return a time in ms, None where the cell is empty. Raises UnreadableField."""
        text = self.text(name)
        if not text:
            return None
        try:
            return moment(text, self._reading.zone, self._mapping.time.format)
        except ValueError as error:
            raise UnreadableField(name, str(error)) from None

    def begun(self, name: str = "opened_at") -> int:
        """Return when it began, also from a day and a time in two cells. Raises UnreadableField."""
        if self._begun is not None:
            return self._begun
        found = self.at(name)
        if found is None and self.text("date"):
            try:
                both = f"{self.text('date')} {self.text('time')}".strip()
                return moment(both, self._reading.zone, self._mapping.time.format)
            except ValueError as error:
                raise UnreadableField("date", str(error)) from None
        if found is None:
            raise UnreadableField(name, "it is missing")
        return found

    def span(self, name: str) -> int | None:
        """Return a length of time in ms: seconds, or 0:05:12, or "5 minutes". Raises UnreadableField."""
        text = self.text(name)
        if not text:
            return None
        found = seconds_of(text)
        if found is None or not 0 <= found < 366 * 86_400:
            raise UnreadableField(name, "write seconds, or hours, minutes and seconds like 0:05:12")
        return int(found * 1000)

    def beginning(self, at: int) -> RowFields:
        """Return the same row, begun at `at` ms."""
        found = RowFields(self._values, self._reading)
        found._begun = at
        return found

    def number(self, name: str, lowest: int, highest: int) -> int | None:
        """Return a whole number, also from words around it, None for an empty cell. Raises UnreadableField."""
        text = self.text(name)
        if not text or text.casefold() in ("none", "n/a", "na", "-", "not rated", "null"):
            return None
        found = re.search(r"(?<![\d.,])\d{1,6}(?![\d])", text)
        if found is None or not lowest <= int(found[0]) <= highest:
            raise UnreadableField(name, f"it has no number from {lowest} to {highest}")
        return int(found[0])

    def rating(self, name: str = "rating") -> int | None:
        """Return how a patron rated: 1 it did not help, 2 partly, 3 it did; of four or five steps, all from 3 on."""
        text = self.text(name).casefold()
        return _RATINGS.get(re.sub(r"\s*[/(].*", "", text).strip()) if text else None

    def list(self, name: str) -> tuple[str, ...]:
        """Return the words of a cell, between semicolons, bars, or (where there is none of these) commas."""
        found = self._values.get(name)
        if isinstance(found, list):
            words = [word(_plain(one)) for one in found]
        else:
            text = self.text(name)
            cut = next((one for one in (";", "|", "\n", ",") if one in text), ";")
            words = [word(one) for one in text.split(cut)]
        return tuple(dict.fromkeys(one[:100] for one in words if one))[:50]

    def way(self, default: str = "chat") -> str:
        """Return how it was asked. Raises UnreadableField."""
        found = self.text("way").casefold().replace(" ", "_") or default
        if not _WAY.fullmatch(found):
            raise UnreadableField(
                "way", "write a word like chat, email or sms, or say under [values.way] what it means"
            )
        return found


def _plain(value: Any) -> str:
    """Return a cell of JSON as text."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float) and value.is_integer() and math.isfinite(value):
        return str(int(value))
    if isinstance(value, dict | list):
        return msgspec.json.encode(value).decode()
    return str(value)


def seconds_of(text: str) -> float | None:
    """Return a length of time in seconds, None for what is none."""
    plain = text.strip()
    if re.fullmatch(r"\d+(\.\d+)?", plain):
        return float(plain)
    if found := _SPAN.fullmatch(plain):
        return int(found[1] or 0) * 3600 + int(found[2]) * 60 + int(found[3])
    parts = _WORDED.findall(plain)
    return sum(float(n) * _FACTOR[unit[0].lower()] for n, unit in parts) if parts else None


def language_of(text: str) -> str:
    """Return a language tag, "" for what is none."""
    return language_tag(text.strip().replace("_", "-")) if len(text) <= 35 else ""


def code_of(text: str) -> str | None:
    """Return one of our resolution codes, None where there is none. Raises UnreadableField."""
    found = text.casefold().strip().replace(" ", "_")
    if found and found not in CODES:
        raise UnreadableField("code", f"it is none of {', '.join(CODES)}: say under [values.code] what it means")
    return found or None


def conversation_of(
    fields: RowFields, reading: Reading, place: FilePlace, lines: tuple[SpokenLine, ...] = ()
) -> ConversationRecord:
    """Return the conversation of a row. Raises UnreadableField for the first field that is wrong."""
    opened = fields.begun()
    lasted, waited = fields.span("duration"), fields.span("wait")
    closed = fields.at("closed_at")
    answered = fields.at("answered_at")
    way = fields.way()
    contact = fields.short("contact") or fields.short("email") or fields.short("phone")
    name, librarian = fields.short("name"), fields.short("librarian")
    said = lines or _said(fields, opened, reading, Speakers([name, contact], [librarian]))
    code = code_of(fields.text("code"))
    return ConversationRecord(
        place=place,
        id=fields.short("id") or _made_id(fields, opened, said),
        opened_at=opened,
        closed_at=closed if closed is not None else opened + lasted if lasted is not None else None,
        accepted_at=fields.at("accepted_at"),
        answered_at=answered if answered is not None else opened + waited if waited is not None else None,
        way=way,
        live=way in LIVE_WAYS,
        queue=fields.short("queue"),
        librarian=librarian,
        name=name,
        contact=contact,
        language=language_of(fields.text("language")),
        subject=fields.short("subject"),
        page=fields.short("page"),
        code=code,
        by_default=code is None,
        topics=fields.list("topics"),
        read_scale=fields.number("read", 1, 6),
        rating=fields.rating(),
        comment=clean(fields.text("comment"), 2000),
        lines=said,
    )


def _said(fields: RowFields, opened: int, reading: Reading, speakers: Speakers) -> tuple[SpokenLine, ...]:
    text = fields.text("transcript")
    lines = transcript_lines(text, opened, reading.zone, speakers) if text else ()
    question, answer, note = (clean(fields.text(name)) for name in ("question", "answer", "note"))
    if question and not any(question in line.text for line in lines if line.who == "patron"):
        lines = (SpokenLine(who="patron", text=question, at=opened), *lines)
    if answer and not any(answer in line.text for line in lines):
        lines = (*lines, SpokenLine(who="librarian", text=answer, author=fields.short("librarian")))
    return (*lines, SpokenLine(who="note", text=note)) if note else lines


def _made_id(fields: RowFields, opened: int, lines: tuple[SpokenLine, ...]) -> str:
    """Return an id for a row that has none: the same row has the same again."""
    said = "\x1e".join(line.text for line in lines[:50])
    return "made-" + derive("row", str(opened), fields.text("name"), fields.text("librarian"), said)


Who = Literal["patron", "librarian", "desk", "note"]
_WHO: dict[str, str] = {
    **dict.fromkeys(
        ("patron", "guest", "customer", "user", "visitor", "client", "student", "in", "incoming"), "patron"
    ),
    **dict.fromkeys(("librarian", "staff", "agent", "operator", "admin", "out", "outgoing"), "librarian"),
    **dict.fromkeys(("desk", "system", "bot", "auto", "automatic"), "desk"),
    **dict.fromkeys(("note", "internal", "private"), "note"),
}


def who_of(text: str, mapping: ColumnMapping) -> str:
    """Return who says a line, by a word of the file. Raises UnreadableField."""
    said = mapping.values.get("line_who", {})
    found = said.get(text, said.get("*", text)).casefold().strip()
    if found not in _WHO:
        raise UnreadableField("line_who", "say under [values.line_who] whether it is patron, librarian, desk or note")
    return _WHO[found]

"""A whole transcript in one text, as lines: as far as it can be told who said what and when; else it stays one line.

Vendors put transcripts into a cell, or into `<div>`s, in forms that nobody wrote down. What is understood is a line that begins
with a time, a name and a colon, or a name and a colon. Where some lines have times, only those begin a message. Where none has,
a name counts if it is known (the patron's, the librarian's, "Guest", "Patron", "Librarian" ...) or begins more than one line. So
"Note: the library closes" inside a message stays there.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime, timedelta, tzinfo

from bridge.exchange.html_text import HtmlLine, html_lines, is_html
from bridge.exchange.moments import moment
from bridge.exchange.record import MOST_LINES, SpokenLine, clean, word

_CLOCK = r"\d{1,2}:\d\d(?::\d\d(?:\.\d+)?)?(?:\s?[AaPp]\.?[Mm]\.?)?"
_DAY = r"(?:\d{4}-\d\d-\d\d|\d{1,2}/\d{1,2}/\d{2,4}|\d{1,2}\.\d{1,2}\.\d{4}|[A-Z][a-z]{2,8}\.? \d{1,2},? \d{4})"
_STAMP = re.compile(
    rf"^[\[(]?(?:(?P<day>{_DAY})[T,]?\s*)?(?P<clock>{_CLOCK})(?:\s?(?:Z|UTC|[+-]\d\d:?\d\d))?[\])]?\s*[-–|:]?\s*"
)
_AFTER = re.compile(rf"^(?P<name>[^:\n]{{1,60}}?)\s*[\[(](?:(?P<day>{_DAY})[T,]?\s*)?(?P<clock>{_CLOCK})[\])]\s*:?\s*")
_NAME = re.compile(r"^(?P<name>[^:\n<>\[\]{}]{1,60}?)\s*:(?!//)\s?(?P<text>.*)$", re.DOTALL)
PATRONS = frozenset(
    {"patron", "guest", "visitor", "user", "customer", "student", "client", "you", "anonymous", "me", "them"}
)
STAFF = frozenset({"librarian", "staff", "operator", "agent", "library", "answerer", "us", "ask a librarian"})
DESK = frozenset({"system", "auto", "automatic", "desk", "bot", "info", "notice", "status"})
_PATRON_CLASSES = frozenset({"patron", "guest", "visitor", "user", "customer", "client", "incoming", "from-guest"})
_STAFF_CLASSES = frozenset({"librarian", "staff", "operator", "agent", "outgoing", "from-operator"})
_DESK_CLASSES = frozenset({"system", "status", "event", "notice", "auto"})


class Speakers:
    """Who may speak in a transcript; names are compared without case."""

    def __init__(self, patrons: Collection[str] = (), staff: Collection[str] = ()) -> None:
        self.patrons = {one.casefold() for one in patrons if one}
        self.staff = {one.casefold() for one in staff if one} - self.patrons

    def known(self, name: str) -> bool:
        return self.side(name) != ""

    def side(self, name: str) -> str:
        """Return who a name is: patron, librarian, desk, "" where it isn't told."""
        folded = name.casefold()
        bare = re.sub(r"\W*\d+$|[(\[].*", "", folded).strip()
        if folded in self.patrons:
            return "patron"
        if folded in self.staff:
            return "librarian"
        if bare in PATRONS:
            return "patron"
        return "librarian" if bare in STAFF else "desk" if bare in DESK else ""


class _Piece:
    """What one line of the text seems to be."""

    __slots__ = ("classes", "clock", "day", "name", "rest", "text")

    def __init__(self, line: str, classes: frozenset[str] = frozenset(), bold: str = "") -> None:
        self.text, self.classes = line, classes
        self.day = self.clock = self.name = ""
        rest = line
        if stamp := _STAMP.match(line):
            self.day, self.clock, rest = stamp["day"] or "", stamp["clock"], line[stamp.end() :]
        elif after := _AFTER.match(line):
            self.day, self.clock, self.name = after["day"] or "", after["clock"], after["name"].strip(" -–")
            rest = line[after.end() :]
        if not self.name and (named := _NAME.match(rest)):
            self.name, rest = named["name"].strip(" -–"), named["text"]
        elif not self.name and bold and rest.startswith(bold) and rest != bold:
            self.name, rest = bold.rstrip(": "), rest[len(bold) :].lstrip(": ")
        self.rest = rest


def transcript_lines(text: str, opened_at: int, zone: tzinfo, speakers: Speakers) -> tuple[SpokenLine, ...]:
    """Return the lines of a transcript; times without a day are on the day it began, or the next."""
    found = (
        html_lines(text)
        if is_html(text)
        else [HtmlLine(one, frozenset(), "") for one in clean(text, 10**7).split("\n")]
    )
    pieces = [_Piece(one.text.rstrip(), one.classes, one.bold) for one in found if one.text.strip()]
    messages = list(_messages(pieces, speakers))
    if not messages:
        whole = clean("\n".join(one.text for one in found))
        return (SpokenLine(who="patron", text=whole),) if whole else ()
    first_other = next((one.name for one, _ in messages if one.name and not speakers.known(one.name)), "")
    clock = _Clock(opened_at, zone)
    lines = []
    for piece, texts in messages[:MOST_LINES]:
        said = clean("\n".join(texts))
        if said:
            who = _side(piece, speakers, first_other)
            lines.append(SpokenLine(who=who, text=said, author=word(piece.name), at=clock.at(piece.day, piece.clock)))
    return tuple(lines)


def _messages(pieces: Sequence[_Piece], speakers: Speakers) -> Iterator[tuple[_Piece, list[str]]]:
    timed = any(piece.clock and piece.name for piece in pieces)
    often = Counter(piece.name.casefold() for piece in pieces if piece.name)
    gathered: tuple[_Piece, list[str]] | None = None
    begun = False
    for piece in pieces:
        named = bool(piece.name) and (speakers.known(piece.name) or often[piece.name.casefold()] > 1 or not begun)
        marked = bool(piece.classes & (_PATRON_CLASSES | _STAFF_CLASSES | _DESK_CLASSES))
        if bool(piece.clock and (piece.name or marked)) if timed else (named or marked):
            if gathered is not None:
                yield gathered
            gathered, begun = (piece, [piece.rest]), True
        elif gathered is not None:
            gathered[1].append(piece.text)
        else:
            gathered = (_nobody(piece), [piece.text])
    if gathered is not None and begun:
        yield gathered


def _nobody(piece: _Piece) -> _Piece:
    """What is written before anybody speaks is the desk's."""
    found = _Piece("")
    found.classes = piece.classes | {"system"}
    return found


def _side(piece: _Piece, speakers: Speakers, first_other: str) -> str:
    if piece.name and (side := speakers.side(piece.name)):
        return side
    for who, classes in (("patron", _PATRON_CLASSES), ("librarian", _STAFF_CLASSES), ("desk", _DESK_CLASSES)):
        if piece.classes & classes:
            return who
    if speakers.patrons and not speakers.staff:
        return "librarian"
    return "patron" if piece.name == first_other else "librarian"


class _Clock:
    """Gives times of day their day: they only go forward, past midnight too."""

    def __init__(self, opened_at: int, zone: tzinfo) -> None:
        self._last = opened_at
        self._zone = zone

    def at(self, day: str, clock: str) -> int | None:
        if not clock:
            return None
        try:
            found = moment(f"{day} {_clock_text(clock)}", self._zone) if day else self._today(clock)
        except ValueError:
            return None
        self._last = max(self._last, found)
        return found

    def _today(self, clock: str) -> int:
        begun = datetime.fromtimestamp(self._last / 1000, self._zone)
        found = moment(f"{begun:%Y/%m/%d} {_clock_text(clock)}", self._zone)
        if found < self._last - 6 * 3_600_000:
            found = moment(f"{begun + timedelta(days=1):%Y/%m/%d} {_clock_text(clock)}", self._zone)
        return found


def _clock_text(clock: str) -> str:
    plain = re.sub(r"\.\d+", "", clock) if clock.count(":") == 2 else clock
    return re.sub(r"\s?([AaPp])\.?[Mm]\.?$", lambda found: f" {found[1].upper()}M", plain)

"""Questions that another desk counted: RefAnalytics' CSV by the names of its columns, and any table by a mapping.

RefAnalytics has columns of its own (Id, Date, Time, Ticket #, Chat #), and those that each library made. What is made of the
latter is guessed by their names, and can be said in a mapping file.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from bridge.contract.message import QuestionKind
from bridge.exchange.fields import MOST_MINUTES, Reading, RowFields, seconds_of
from bridge.exchange.mapped_rows import headed, mapped
from bridge.exchange.record import FilePlace, Items, QuestionRecord, UnreadableField, clean
from bridge.sql.counter.question import KINDS, MODES, CountedQuestion, QuestionMode

HEADERS: dict[str, tuple[str, ...]] = {
    "id": ("id", "transactionid", "recordid"),
    "at": ("datetime", "timestamp", "dateandtime"),
    "date": ("date",),
    "time": ("time",),
    "place": ("location", "place", "desk", "servicepoint", "questionlocation"),
    "patron_type": ("patronstatus", "patrontype", "patronaffiliation", "patron", "usertype", "affiliation"),
    "way": (
        "communication",
        "communicationtype",
        "mode",
        "source",
        "howasked",
        "method",
        "questionformat",
        "contacttype",
    ),
    "kind": ("questiontype", "typeofquestion", "kind", "type"),
    "minutes": ("duration", "minutes", "timespent", "length", "durationminutes"),
    "read": ("read", "readscale", "readlevel", "readscore"),
    "codes": ("tags", "topics", "codes", "subjects", "internaltags"),
    "question": ("question", "questions", "details"),
    "answer": ("answer", "answers"),
    "by": ("enteredby", "staff", "librarian"),
}
_MODES: tuple[tuple[str, QuestionMode], ...] = (
    ("walk", "walk_up"), ("person", "walk_up"), ("desk", "walk_up"), ("face", "walk_up"), ("phone", "phone"),
    ("tele", "phone"), ("call", "phone"),
    ("rov", "roving"), ("consult", "consultation"), ("appointment", "consultation"), ("chat", "chat"), ("im", "chat"),
    ("mail", "email"), ("text", "sms"), ("sms", "sms"),
)  # fmt: skip
_KINDS: tuple[tuple[str, QuestionKind], ...] = (
    ("direction", "directional"), ("hours", "directional"), ("where", "directional"), ("tech", "technical"),
    ("print", "technical"), ("computer", "technical"), ("equipment", "technical"), ("ref", "reference"),
    ("research", "reference"), ("known", "reference"),
)  # fmt: skip
_RANGE = re.compile(r"(\d+)\s*(?:-|–|to)\s*(\d+)")


def question_of(fields: RowFields, reading: Reading, place: FilePlace) -> QuestionRecord:
    """Return the counted question of a row. Raises UnreadableField."""
    at = fields.begun("at")
    id = fields.short("id")
    if not id:
        raise UnreadableField("id", "it is missing: without it a second import would count the question again")
    question = CountedQuestion(
        id=id,
        library="",
        at_ms=at,
        recorded_ms=at,
        mode=_mode(fields.text("way")),
        interaction=fields.short("encounter"),
        place=fields.short("place")[:100],
        patron_type=fields.short("patron_type")[:100],
        kind=_kind(fields.text("kind")),
        minutes=_minutes(fields.text("minutes")),
        read_level=fields.number("read", 1, 6),
        codes=fields.list("codes"),
        question=clean(fields.text("question"), 4000) or None,
        answer=clean(fields.text("answer"), 4000) or None,
        by=fields.short("by") or None,
        source=reading.source,
        source_id=id,
    )
    return QuestionRecord(place, question)


def _mode(text: str) -> QuestionMode:
    folded = text.casefold()
    if folded in MODES:
        return folded
    return next((mode for part, mode in _MODES if re.search(rf"\b{part}", folded)), "other")


def _kind(text: str) -> QuestionKind:
    folded = text.casefold()
    if not folded:
        return "reference"
    if folded in KINDS:
        return folded
    return next((kind for part, kind in _KINDS if part in folded), "other")


def _minutes(text: str) -> int | None:
    """Return whole minutes: of "5-10 minutes" the middle, of "< 5 minutes" and "30+" the number that is said."""
    if not text:
        return None
    if found := _RANGE.search(text):
        return min((int(found[1]) + int(found[2]) + 1) // 2, MOST_MINUTES)
    if re.fullmatch(r"\s*[<>]?\s*\d+\s*\+?\s*", text):
        return min(int(re.sub(r"\D", "", text)[:5]), MOST_MINUTES)
    seconds = seconds_of(re.sub(r"[<>+]", "", text))
    return min(round(seconds / 60), MOST_MINUTES) if seconds is not None else None


def read(files: Sequence[Path], reading: Reading) -> Items:
    """Yield the questions of RefAnalytics' files."""
    for file in files:
        rows, by_header = headed(file, reading, HEADERS)
        yield from mapped(rows, by_header, question_of)

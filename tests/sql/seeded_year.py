"""A year of a desk as facts, from a seed: what patrons did, and what came of it. It is written to the archive as rows, and
counted a second time from the facts, in plain Python that knows neither the tables nor the code that counts.

The year is leap, has both changes of the clocks, and holidays on which nearly nobody writes. Libraries have different clocks.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from bridge.sql import tables

ZONES = {"north": "Europe/Berlin", "south": "Asia/Kathmandu", "west": "America/New_York"}
STAFF = {"ana": "north", "ben": "north", "dora": "south", "wes": "west"}
GONE = "zoe"  # answered, and is listed nowhere now
CHANNELS = {"web": True, "phone": False, "mail": False, "jid": True}  # channel -> live
MODES = {"web": "chat", "phone": "sms", "mail": "email", "jid": "xmpp"}
HOLIDAYS = {(1, 1), (5, 1), (12, 25), (12, 26)}
WAYS = ("walk_up", "phone", "roving", "consultation", "chat", "email", "sms", "other")
KINDS = ("reference", "reference", "directional", "technical", "other")
WORDS = ("hours", "loans", "printing", "citation", "rooms")


@dataclass
class Talk:
    """A conversation. `fate`: answered, open, closed, lost, left, returned, form; `kind`: "", practice, begun or aside."""

    id: str
    library: str
    channel: str
    at: datetime
    fate: str
    kind: str
    wait_ms: int = 0
    lasts_ms: int = 0
    ended: bool = True
    by: str = ""
    queue: str = "reference"
    moves: list[str] = field(default_factory=list)
    said: bool | None = None
    read: int = 0
    words: tuple[str, ...] = ()
    rating: int = 0
    default: bool = False
    questions: tuple[tuple[str, int], ...] = ()  # kind and READ of each


@dataclass
class Asked:
    """A question counted by hand."""

    id: str
    library: str
    at: datetime
    way: str
    kind: str
    minutes: int | None
    read: int | None
    taken_back: bool


def year(talks: int, seed: int = 20240229, first: date = date(2024, 1, 1)) -> tuple[list[Talk], list[Asked]]:
    """Return a year's facts: so many conversations, and half as many counted questions."""
    chance = random.Random(seed)
    days = [first + timedelta(days=n) for n in range(366)]
    busy = [0.02 if (day.month, day.day) in HOLIDAYS else 0.2 if day.weekday() > 4 else 1.0 for day in days]
    found = [_talk(chance, n, first, moment) for n, moment in enumerate(_moments(chance, days, busy, talks))]
    asked = [
        Asked(
            id=f"q{first.year}-{n}",
            library=chance.choice(tuple(ZONES)),
            at=moment,
            way=chance.choice(WAYS),
            kind=chance.choice(KINDS),
            minutes=chance.choice((None, 1, 2, 5, 5, 10, 30, 90)),
            read=chance.choice((None, 1, 2, 3, 4, 5, 6)),
            taken_back=chance.random() < 0.03,
        )
        for n, moment in enumerate(_moments(chance, days, busy, talks // 2))
    ]
    return found, asked


def _moments(chance: random.Random, days: list[date], busy: list[float], many: int) -> Iterator[datetime]:
    for day in chance.choices(days, busy, k=many):
        seconds = chance.randrange(86_400) if chance.random() < 0.3 else int(chance.triangular(28_000, 79_000, 50_000))
        yield datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(
            seconds=seconds, milliseconds=chance.randrange(1000)
        )


def _talk(chance: random.Random, n: int, first: date, moment: datetime) -> Talk:
    library = chance.choices(tuple(ZONES), (6, 3, 1))[0]
    channel = chance.choice(tuple(CHANNELS))
    live = CHANNELS[channel]
    fates = {"answered": 80, "open": 2, "closed": 5, "lost": 4, "left": 4, "returned": 2, "form": 3}
    fate = chance.choices(tuple(fates), tuple(fates.values()))[0]
    kind = chance.choices(("", "practice", "begun", "aside"), (92, 3, 3, 2))[0]
    one = Talk(f"t{first.year}-{n}", library, channel, moment, fate, kind)
    one.moves = chance.choices(("transfer", "tier", "return"), k=chance.choices((0, 1, 2, 4), (80, 12, 6, 2))[0])
    one.queue = chance.choice(("reference", "law"))
    if fate == "answered":
        one.wait_ms = int(chance.expovariate(1 / 60_000)) if live else int(chance.expovariate(1 / 14_400_000))
        one.ended = chance.random() < 0.98
        one.lasts_ms = one.wait_ms + int(chance.expovariate(1 / 900_000))
        home = [name for name, of in STAFF.items() if of == library]
        one.by = chance.choice(home) if chance.random() < 0.8 else chance.choice((*STAFF, GONE))
    one.ended = one.ended and fate != "open"
    if one.ended:
        one.said = chance.choice((None, True, True, False))
        one.read = chance.randrange(7)
        kinds = chance.choices(("", "reference", "directional", "technical", "other"), k=chance.choice((0, 0, 1, 3)))
        one.questions = tuple((kind, chance.randrange(7)) for kind in kinds)
        one.words = tuple(chance.sample(WORDS, chance.randrange(3)))
        one.default = chance.random() < 0.2
        one.rating = chance.choice((0, 0, 0, 1, 2, 3))
    return one


# ---- as rows of the archive ------------------------------------------------------------------------------------------------------


def ms(moment: datetime) -> int:
    return int((moment - datetime(1970, 1, 1, tzinfo=UTC)) / timedelta(milliseconds=1))


def _row(one: Talk) -> dict[str, Any]:
    at, queue = ms(one.at), f"{one.library}/{one.queue}"
    code = {"lost": "lost_call", "form": "follow_up_library"}.get(one.fate, "answered")
    code = {"practice": "practice", "aside": "set_aside"}.get(one.kind, code)
    closed = one.ended
    answered = one.fate == "answered"
    row: dict[str, Any] = {"id": one.id, "library": one.library, "channel": one.channel, "address": ""}
    row |= {"live": CHANNELS[one.channel], "queue": queue, "queue_entered": queue, "answered_queue": queue}
    row |= {"state": "closed" if closed else "waiting", "opened_at": at, "last_at": at, "answered_by": one.by or None}
    row |= {"first_answer_at": at + one.wait_ms if answered else None, "by_default": one.default}
    row |= {"closed_at": at + one.lasts_ms if closed else None, "code": code if closed else None}
    row |= {"descriptive": json.dumps(one.words), "read_scale": one.read, "reference": one.said}
    row["questions"] = json.dumps([{"kind": kind, "read": read} for kind, read in one.questions])
    return row | {"rating": one.rating or None}


_MOVES = {"transfer": ("claimed", "transfer"), "tier": ("tier", "1"), "return": ("queued", "released")}
_LEAVING = {"left": [("gone", "")], "returned": [("gone", ""), ("back", "")], "form": [("gone", "")]}


def _hops(one: Talk) -> Iterator[dict[str, Any]]:
    kinds = [("entered", "begun" if one.kind == "begun" else ""), *(_MOVES[move] for move in one.moves)]
    for n, (kind, reason) in enumerate([*kinds, *_LEAVING.get(one.fate, [])]):
        row = {"id": f"{one.id}-{n}", "conversation": one.id, "at": ms(one.at) + n, "kind": kind, "reason": reason}
        yield row | {"queue": "", "librarian": ""}


def _question(one: Asked) -> dict[str, Any]:
    at = ms(one.at)
    row: dict[str, Any] = {"id": one.id, "interaction": one.id, "library": one.library, "at_ms": at, "recorded_ms": at}
    row |= {"mode": one.way, "place": "desk", "patron_type": "student", "kind": one.kind, "codes": '["loans"]'}
    return row | {"minutes": one.minutes, "read_level": one.read, "voided_ms": at if one.taken_back else None}


async def write(engine: AsyncEngine, talks: Iterable[Talk], asked: Iterable[Asked]) -> None:
    """Write facts to an archive."""
    made = [
        (tables.conversation, [_row(one) for one in talks]),
        (tables.hop, [hop for one in talks for hop in _hops(one)]),
        (tables.counted_question, [_question(one) for one in asked]),
    ]
    for table, rows in made:
        for begin in range(0, len(rows), 2000):
            async with engine.begin() as sql:
                await sql.execute(insert(table), rows[begin : begin + 2000])


# ---- counted a second time -------------------------------------------------------------------------------------------------


def local(moment: datetime, library: str) -> datetime:
    return moment.astimezone(ZoneInfo(ZONES[library]))


def those_of(talks: Iterable[Talk], library: str, first: date, last: date) -> list[Talk]:
    """Return a library's conversations of some days, practice, begun and all."""
    return [one for one in talks if one.library == library and first <= local(one.at, library).date() <= last]


def asked_of(asked: Iterable[Asked], library: str, first: date, last: date) -> list[Asked]:
    here = [one for one in asked if one.library == library and not one.taken_back]
    return [one for one in here if first <= local(one.at, library).date() <= last]


def real(talks: Iterable[Talk]) -> list[Talk]:
    """Return those that count: an open one cannot be practice yet, nor set aside."""
    return [one for one in talks if one.kind != "begun" and not (one.ended and one.kind in ("practice", "aside"))]


def end_of(one: Talk) -> str:
    if one.fate in ("answered", "open"):
        return one.fate
    leaves = one.fate == "left" and CHANNELS[one.channel]
    return "abandoned" if one.fate == "lost" or leaves else "closed"


def nearest_rank(values: list[int], percent: int) -> int | None:
    """Return a percentile as the textbook has it, of spans to the second, or to the minute from an hour on."""
    rounded = sorted(one // 1000 if one < 3_600_000 else one // 60_000 * 60 for one in values)
    return rounded[max(0, -(-len(rounded) * percent // 100) - 1)] if rounded else None


def reference(talks: Iterable[Talk], asked: Iterable[Asked], *, unsaid: bool = False) -> int:
    """Return how many reference transactions there were."""
    said = [one for one in real(talks) if one.ended]
    of_talks = sum(one.said is True or (unsaid and one.said is None and one.fate == "answered") for one in said)
    return of_talks + sum(one.kind == "reference" for one in asked)


def week_map(talks: Iterable[Talk], library: str) -> dict[str, int]:
    found: Counter[str] = Counter()
    for one in real(talks):
        moment = local(one.at, library)
        found[f"{moment.weekday()} {moment.hour}"] += 1
    return dict(found)

"""Days' counts added up, and what is read from the sums: quantiles by nearest rank, buckets."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from datetime import date
from typing import TypeVar

from bridge.sql.statistics.day_counts import BETWEEN, DayCounts

T = TypeVar("T")


class Totals:
    """The counts of a period. `days` has those of each day with conversations, `week` those of weekday and hour ("0 9")."""

    def __init__(self) -> None:
        self.by: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self.waits: defaultdict[str, Counter[int]] = defaultdict(Counter)
        self.lasting: defaultdict[str, Counter[int]] = defaultdict(Counter)
        self.minutes: defaultdict[str, Counter[int]] = defaultdict(Counter)
        self.longest: dict[str, int] = {}
        self.days: Counter[str] = Counter()

    def add(self, day: date, counts: DayCounts) -> None:
        """Add a day."""
        for name, found in counts.by.items():
            _raise(self.by[name], found)
        for mine, theirs in (
            (self.waits, counts.waits),
            (self.lasting, counts.lasting),
            (self.minutes, counts.minutes),
        ):
            for key, spans in theirs.items():
                _raise(mine[key], spans)
        for key, seconds in counts.longest.items():
            self.longest[key] = max(self.longest.get(key, 0), seconds)
        weekday = str(day.weekday())
        for name, of in (("week", "hours"), ("counted_week", "counted_hours")):
            week = self.by[name]
            for hour, n in counts.by.get(of, {}).items():
                week[f"{weekday} {hour}"] += n
        if total := counts.by.get("total", {}).get("", 0):
            self.by["weekdays"][weekday] += total
            self.days[str(day)] += total

    def one(self, name: str) -> int:
        """Return a count that has no keys."""
        return self.by[name][""]

    def pairs(self, name: str) -> Iterable[tuple[tuple[str, ...], int]]:
        """Yield counts whose keys have parts, the largest first."""
        return ((tuple(key.split(BETWEEN)), n) for key, n in self.by[name].most_common())


def _raise(mine: Counter[T], theirs: Mapping[T, int]) -> None:
    for key, n in theirs.items():
        mine[key] += n


def quantile(spans: Mapping[int, int], percent: int) -> int | None:
    """Return what so many per cent of spans are no longer than, by nearest rank; None where there are none."""
    rank = -(-percent * sum(spans.values()) // 100)
    upto = 0
    for span in sorted(spans):
        upto += spans[span]
        if upto >= rank:
            return span
    return None


def together(spans: Iterable[Mapping[int, int]]) -> Counter[int]:
    """Return several sets of spans as one."""
    found: Counter[int] = Counter()
    for one in spans:
        _raise(found, one)
    return found

"""A measured figure: the samples of a run, their median and spread, and the goal it is held against."""

from __future__ import annotations

import json
import os
import statistics
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import msgspec

OUT = "BENCH_OUT"  # where a figure's own process writes what it found; the table when it is not set
QUICK = os.environ.get("BENCH", "") == "quick"
REPEATS = 2 if QUICK else 5


class Goal(msgspec.Struct, frozen=True):
    """`reach` is what must be reached, `goal` what is wanted; "least": more is better, "most": less is better."""

    way: Literal["least", "most"]
    reach: float
    goal: float

    def mark(self, value: float) -> str:
        """Return how a value stands against it."""
        if self._within(value, self.goal):
            return "goal"
        return "reached" if self._within(value, self.reach) else "MISSED"

    def _within(self, value: float, limit: float) -> bool:
        return value >= limit if self.way == "least" else value <= limit

    def __str__(self) -> str:
        sign = "≥" if self.way == "least" else "≤"
        return f"{sign} {self.reach:g}" + (f" ({self.goal:g})" if self.goal != self.reach else "")


def least(reach: float, goal: float | None = None) -> Goal:
    """Return a goal of at least so much."""
    return Goal("least", reach, reach if goal is None else goal)


def most(reach: float, goal: float | None = None) -> Goal:
    """Return a goal of at most so much."""
    return Goal("most", reach, reach if goal is None else goal)


class Figure(msgspec.Struct, frozen=True):
    """One line of the table."""

    name: str
    value: float
    unit: str
    spread: tuple[float, float]
    samples: int
    goal: Goal | None = None
    note: str = ""

    def line(self) -> str:
        """Return it for people."""
        low, high = self.spread
        spread = f"{_short(low)} .. {_short(high)}" if self.samples > 1 else ""
        mark = f"{self.goal}: {self.goal.mark(self.value)}" if self.goal else ""
        return f"  {self.name:<38}{_short(self.value):>10} {self.unit:<8}{spread:<22}{mark:<24}{self.note}".rstrip()


def _short(value: float) -> str:
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}" if abs(value) < 10 else f"{value:.1f}"


class Sheet:
    """The figures of one process."""

    def __init__(self) -> None:
        self.figures: list[Figure] = []

    def add(self, name: str, samples: Sequence[float], unit: str, goal: Goal | None = None, note: str = "") -> float:
        """Put down the median of `samples` with its spread, and return it."""
        value = statistics.median(samples)
        spread = (min(samples), max(samples))
        figure = Figure(name, value, unit, spread, len(samples), goal, note)
        self.figures.append(figure)
        print(figure.line(), flush=True)
        return value

    def hand_in(self) -> None:
        """Write the figures where the whole run gathers them, when there is one."""
        if target := os.environ.get(OUT):
            Path(target).write_bytes(msgspec.json.encode(self.figures))


def gathered(path: Path) -> list[Figure]:
    """Return what a figure's process handed in; [] when it did not come so far."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=list[Figure])
    except (OSError, msgspec.DecodeError):
        return []


def say(text: str) -> None:
    """Tell the person who waits."""
    print(f"  .. {text}", file=sys.stderr, flush=True)


def write(path: Path, figures: Sequence[Figure], machine: dict[str, object], *, keep: bool) -> None:
    """Write build/bench.json. `keep`: figures that were not measured now stay as they stand there."""
    found: dict[str, object] = {
        figure.name: {
            "value": round(figure.value, 4),
            "unit": figure.unit,
            "spread": [round(v, 4) for v in figure.spread],
        }
        | ({"goal": str(figure.goal), "mark": figure.goal.mark(figure.value)} if figure.goal else {})
        | ({"note": figure.note} if figure.note else {})
        for figure in figures
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    before = json.loads(path.read_text("utf-8")) if keep and path.is_file() else {}
    path.write_text(json.dumps(before | found | {"machine": machine}, indent=1, ensure_ascii=False) + "\n", "utf-8")

"""(n) How well and how fast the FAQ's search finds, on SQLite and PostgreSQL.

60 entries of a library and 203 questions that name them in other words (bench/faq_questions.json), written for this. Typos:
one edit
in about every second word of five letters or more, the same ones each time. Speed: the same entries and invented ones, 5,000
in all.
"""

from __future__ import annotations

import json
import random
import statistics
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec
import uvloop

from bench.archives import analysed, on_both
from bench.figures import QUICK, Sheet, least, most, say
from bridge.sql.archive import Archive
from bridge.sql.faq.entry import EntryText, FaqEntry
from bridge.sql.faq.search import FaqSearch, Scope

HERE = Path(__file__).parent
ENTRIES = HERE.parent / "bridge" / "app" / "examples" / "faq.json"
QUESTIONS = HERE / "faq_questions.json"
LIBRARY, SCOPE = "north", Scope(("north",))
MANY = 500 if QUICK else 5_000
LETTERS = "abcdefghijklmnopqrstuvwxyz"


def entries() -> list[FaqEntry]:
    """Return the entries of the set."""
    kept = msgspec.json.decode(ENTRIES.read_bytes())["entries"]
    return [msgspec.convert({**one, "library": LIBRARY}, FaqEntry) for one in kept]


def questions() -> dict[str, list[str]]:
    """Return the questions, by the title of the entry that answers them."""
    found: dict[str, list[str]] = json.loads(QUESTIONS.read_text("utf-8"))
    return found


def mistyped(question: str, chance: random.Random) -> str:
    """Return a question with one edit in about half of its long words."""
    return " ".join(
        _mistyped(word, chance) if len(word) >= 5 and chance.random() < 0.5 else word for word in question.split()
    )


def _mistyped(word: str, chance: random.Random) -> str:
    n, letter = chance.randrange(1, len(word) - 1), chance.choice(LETTERS)
    edits = (
        word[:n] + word[n + 1 :],
        word[:n] + letter + word[n:],
        word[:n] + letter + word[n + 1 :],
        word[:n] + word[n + 1] + word[n] + word[n + 2 :],
    )
    return chance.choice(edits)


async def hits(search: FaqSearch, asked: Mapping[str, Sequence[str]]) -> dict[int, float]:
    """Return the share of questions whose entry is among the first 1, 3 and 5."""
    places = []
    for title, wordings in asked.items():
        for wording in wordings:
            found = [hit.title for hit in await search.find(wording, SCOPE, language="en", limit=5)]
            places.append(found.index(title) if title in found else 99)
    return {n: sum(place < n for place in places) / len(places) for n in (1, 3, 5)}


def invented(count: int) -> list[FaqEntry]:
    """Return entries of invented words, as frequent as words are (Zipf), under the set's own titles and texts."""
    chance = random.Random(7)
    real = [word for one in entries() for word in f"{one.texts[0].title} {one.texts[0].body}".split()]
    made = ["".join(chance.choices(LETTERS, k=chance.randint(4, 10))) for _ in range(8_000)]
    pool = real + made
    weights = [1 / (1 + n / 40) for n in range(len(pool))]

    def words(low: int, high: int) -> str:
        return " ".join(chance.choices(pool, weights, k=chance.randint(low, high)))

    def one(n: int) -> FaqEntry:
        text = EntryText(
            language="en", title=f"{words(4, 9)} {n}", body=words(30, 90), asked=(words(2, 5), words(3, 7))
        )
        return FaqEntry(library=LIBRARY, state="public", texts=(text,))

    return [one(n) for n in range(count)]


async def timed(search: FaqSearch, asked: Sequence[str]) -> list[float]:
    """Return how long each question took, in ms, once all has been asked before."""
    spent = []
    for again in (False, True):
        for question in asked:
            began = time.perf_counter()
            await search.find(question, SCOPE, language="en")
            if again:
                spent.append((time.perf_counter() - began) * 1000)
    return spent


def p95(samples: Sequence[float]) -> float:
    """Return what 95 of 100 samples stay under."""
    return statistics.quantiles(samples, n=20)[-1]


async def on(url: str, name: str, sheet: Sheet) -> None:
    """Measure on one database and put down."""
    archive = await Archive.open(url)
    try:
        for one in entries():
            await archive.faq.save(one, "bench")
        asked, chance = questions(), random.Random(20261130)
        clean = await hits(archive.faq_search, asked)
        typos = {title: [mistyped(one, chance) for one in wordings] for title, wordings in asked.items()}
        wrong = await hits(archive.faq_search, typos)
        suffix = "" if name == "sqlite" else f"_{name}"
        for n in (1, 3, 5):
            goals = (least(0.69, 0.8), least(0.64, 0.72)) if n == 3 else (None, None)
            sheet.add(f"faq_hits_at_{n}{suffix}", [clean[n]], "", goals[0], "of 203 questions, 60 entries")
            sheet.add(f"faq_hits_at_{n}_typos{suffix}", [wrong[n]], "", goals[1])
        say(f"{MANY} entries on {name}")
        for one in invented(MANY - 60):
            await archive.faq.save(one, "bench")
        await analysed(archive)
        flat = [one for both in (asked, typos) for wordings in both.values() for one in wordings]
        spent = await timed(archive.faq_search, flat)
        sheet.add(
            f"faq_search_ms{suffix}",
            [p95(spent)],
            "ms",
            most(20),
            f"p95 at {MANY} entries; p50 {statistics.median(spent):.1f}",
        )
    finally:
        await archive.close()


def main() -> None:
    """Measure in a process of its own."""
    sheet = Sheet()
    uvloop.run(on_both(on, sheet))
    sheet.hand_in()


if __name__ == "__main__":
    main()

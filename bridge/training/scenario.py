"""A practice scenario: a patron, what they want, what they tell only when asked, and what happens on the way.

One scenario is one TOML file:

    title = "A paper by Friday"
    about = "A student needs two articles and hasn't said for which course."
    level = 1
    languages = ["en"]
    manners = ["web", "im"]
    opening = ["hi i need 2 articles for a paper"]
    shrugs = ["Hm, I don't know."]
    [patron]           name = "Sam", mood = "friendly", pace = "steady", spelling = "careful"
    [[facts]]          id = "course", asked = ["which class", "assignment"], told = ["It's for nursing 101."], wanted = true
    [[events]]         kind = "silent", after_lines = 2, minutes = 4
    [ends]             answered_by = ["CINAHL"], link_answers = true, thanks = ["Thank you!"], after_lines = 15
    good = ["Asks what the articles are for before searching."]
    code = "answered"
    first_day = 1
    [[hints]]          at = "offered", says = "Someone is waiting. Press Claim."

A phrase of `asked` and of `answered_by` is met when every word of it, by its stem, stands in one sentence of the librarian.
Faults name the field by a path counted from 1, as in `facts[2].asked`.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Sequence
from typing import Any, Literal, get_args

import msgspec
import tomli_w

from bridge.sql.people.field_fault import FieldFault

Manners = Literal["web", "text", "mail", "im"]
Mood = Literal["friendly", "shy", "hurried", "worried", "annoyed"]
Pace = Literal["quick", "steady", "slow"]
Spelling = Literal["careful", "hasty"]
ScenarioEventKind = Literal[
    "silent", "leaves", "second_question", "wrong_window", "abuse", "card_number", "other_library"
]
HintAt = Literal["offered", "claimed", "greeted", "asked", "answered", "closed"]
ClosingCode = Literal["answered", "follow_up_library", "follow_up_me", "lost_call"]
MANNERS: tuple[Manners, ...] = get_args(Manners)

MOST_TEXT = 2_000
MOST_LINES = 12
MOST_FACTS = 20
MOST_FILE = 64 << 10  # bytes
_ID = re.compile(r"[a-z][a-z0-9-]{0,39}")
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")


class PatronPart(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """Who writes. `pace` is how fast they answer; "hasty" spelling swaps letters and leaves out capitals. `name` "" = unnamed."""

    name: str = ""
    mood: Mood = "friendly"
    pace: Pace = "steady"
    spelling: Spelling = "careful"


class PatronFact(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """Something the patron tells only when asked. One of `told` is said; `wanted`: a good session finds it out."""

    id: str = ""
    asked: tuple[str, ...] = ()
    told: tuple[str, ...] = ()
    wanted: bool = False


class ScenarioEvent(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """Something that happens once, after so many lines of the librarian; 0 = while the patron still waits.

    silent           the patron writes nothing for `minutes`
    leaves           after `minutes` the patron goes without a word (web), or stops answering
    second_question  `says` is a question of another kind, as soon as the first is answered, whatever the lines
    wrong_window     `says` is meant for somebody else: the patron has two windows open
    abuse            `says` is rude
    card_number      `says` holds the number of a library card, in the open
    other_library    `says` shows that the patron belongs to another library
    """

    kind: ScenarioEventKind
    after_lines: int = 1
    minutes: int = 0
    says: tuple[str, ...] = ()


class Ends(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """When the patron is content. A line that meets a phrase of `answered_by`, or has a link where `link_answers`, is the answer.

    After `after_lines` lines of the librarian without an answer the patron gives up with a line of `gives_up`.
    """

    answered_by: tuple[str, ...] = ()
    link_answers: bool = True
    thanks: tuple[str, ...] = ()
    gives_up: tuple[str, ...] = ()
    after_lines: int = 15


class Hint(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """What a new librarian is told on their first day, and when."""

    at: HintAt
    says: str


class Scenario(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """One scenario. `level` 1-3: easy, usual, hard. `first_day`: its place in the guided first day, 0 = not in it.

    `languages`: those the patron writes and understands, as BCP 47 tags, the main one first. `code`: the fitting closing code.
    """

    title: str = ""
    about: str = ""
    level: int = 1
    languages: tuple[str, ...] = ("en",)
    manners: tuple[Manners, ...] = ("web",)
    patron: PatronPart = PatronPart()
    subject: str = ""
    opening: tuple[str, ...] = ()
    facts: tuple[PatronFact, ...] = ()
    shrugs: tuple[str, ...] = ()
    events: tuple[ScenarioEvent, ...] = ()
    ends: Ends = Ends()
    good: tuple[str, ...] = ()
    code: ClosingCode = "answered"
    first_day: int = 0
    hints: tuple[Hint, ...] = ()


class ScenarioFaults(Exception):
    """What is wrong with a scenario, each fault with its field."""

    def __init__(self, faults: Sequence[FieldFault]) -> None:
        super().__init__("; ".join(map(str, faults)))
        self.faults = tuple(faults)


def parse(text: str) -> Scenario:
    """Read a scenario from TOML. Raises ScenarioFaults with everything that is wrong."""
    if len(text.encode("utf-8", "surrogatepass")) > MOST_FILE:
        raise ScenarioFaults([FieldFault("", f"the file is longer than {MOST_FILE >> 10} kB")])
    try:
        table = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ScenarioFaults([FieldFault("", f"not TOML: {error}")]) from None
    return build(table)


def build(table: dict[str, Any]) -> Scenario:
    """Make a scenario of a table of plain values. Raises ScenarioFaults."""
    try:
        scenario = msgspec.convert(table, Scenario)
    except msgspec.ValidationError as error:
        raise ScenarioFaults([_unfit(str(error))]) from None
    found = list(faults(scenario))
    if found:
        raise ScenarioFaults(found)
    return scenario


def write(scenario: Scenario) -> str:
    """Write a scenario as TOML that `parse` reads back to the same."""
    return tomli_w.dumps(msgspec.to_builtins(scenario), multiline_strings=True)


def _unfit(error: str) -> FieldFault:
    """Return what msgspec says ("Expected `int`, got `str` - at `$.facts[0].wanted`") with the path counted from 1."""
    says, _, where = error.partition(" - at `$")
    field = re.sub(r"\[(\d+)\]", lambda place: f"[{int(place[1]) + 1}]", where.rstrip("`").removeprefix("."))
    return FieldFault(field.replace("[...]", ""), says)


def faults(scenario: Scenario) -> Iterator[FieldFault]:
    """Yield all that is wrong with a scenario's values, in the order of its fields."""
    yield from _text("title", scenario.title, 120)
    yield from _text("about", scenario.about, MOST_TEXT, needed=False)
    yield from _text("subject", scenario.subject, 200, needed=False)
    if not 1 <= scenario.level <= 3:
        yield FieldFault("level", "is 1, 2 or 3")
    if not 0 <= scenario.first_day <= 99:
        yield FieldFault("first_day", "is 0 to 99")
    yield from _languages(scenario.languages)
    if not scenario.manners:
        yield FieldFault("manners", "names at least one of web, text, mail, im")
    if len(set(scenario.manners)) < len(scenario.manners):
        yield FieldFault("manners", "names one twice")
    yield from _text("patron.name", scenario.patron.name, 60, needed=False)
    yield from _lines("opening", scenario.opening)
    yield from _facts(scenario.facts)
    yield from _lines("shrugs", scenario.shrugs, needed=bool(scenario.facts))
    yield from _events(scenario.events)
    yield from _ends(scenario.ends)
    yield from _lines("good", scenario.good, needed=False)
    yield from _hints(scenario.hints)


def _languages(languages: Sequence[str]) -> Iterator[FieldFault]:
    if not 1 <= len(languages) <= 6:
        yield FieldFault("languages", "names one to six languages")
    for n, tag in enumerate(languages, 1):
        if not _LANGUAGE.fullmatch(tag):
            yield FieldFault(f"languages[{n}]", f"{tag!r} is no language tag: write en, or pt-BR")


def _facts(found: Sequence[PatronFact]) -> Iterator[FieldFault]:
    if len(found) > MOST_FACTS:
        yield FieldFault("facts", f"are at most {MOST_FACTS}")
    seen: set[str] = set()
    for n, fact in enumerate(found, 1):
        where = f"facts[{n}]"
        if not _ID.fullmatch(fact.id):
            yield FieldFault(f"{where}.id", "is a-z, 0-9 and hyphens, begins with a letter, 40 at most")
        elif fact.id in seen:
            yield FieldFault(f"{where}.id", "is there twice")
        seen.add(fact.id)
        yield from _lines(f"{where}.asked", fact.asked)
        yield from _lines(f"{where}.told", fact.told)


def _events(found: Sequence[ScenarioEvent]) -> Iterator[FieldFault]:
    if len(found) > MOST_LINES:
        yield FieldFault("events", f"are at most {MOST_LINES}")
    for n, event in enumerate(found, 1):
        where = f"events[{n}]"
        if not 0 <= event.after_lines <= 50:
            yield FieldFault(f"{where}.after_lines", "is 0 to 50")
        least = 1 if event.kind == "silent" else 0
        if not least <= event.minutes <= 30:
            yield FieldFault(f"{where}.minutes", f"is {least} to 30")
        yield from _lines(f"{where}.says", event.says, needed=event.kind not in ("silent", "leaves"))


def _ends(ends: Ends) -> Iterator[FieldFault]:
    yield from _lines("ends.answered_by", ends.answered_by, needed=not ends.link_answers)
    yield from _lines("ends.thanks", ends.thanks)
    yield from _lines("ends.gives_up", ends.gives_up, needed=False)
    if not 1 <= ends.after_lines <= 50:
        yield FieldFault("ends.after_lines", "is 1 to 50")


def _hints(hints: Sequence[Hint]) -> Iterator[FieldFault]:
    if len(hints) > MOST_LINES:
        yield FieldFault("hints", f"are at most {MOST_LINES}")
    for n, hint in enumerate(hints, 1):
        yield from _text(f"hints[{n}].says", hint.says, 500)


def _lines(field: str, lines: Sequence[str], *, needed: bool = True) -> Iterator[FieldFault]:
    if needed and not lines:
        yield FieldFault(field, "has at least one line")
    if len(lines) > MOST_LINES:
        yield FieldFault(field, f"has at most {MOST_LINES} lines")
    for n, line in enumerate(lines, 1):
        yield from _text(f"{field}[{n}]", line, MOST_TEXT)


def _text(field: str, text: str, most: int, *, needed: bool = True) -> Iterator[FieldFault]:
    if needed and not text.strip():
        yield FieldFault(field, "is missing")
    if len(text) > most:
        yield FieldFault(field, f"has at most {most} characters")
    if any(ord(letter) < 32 and letter not in "\n\t" for letter in text) or "\x7f" in text:
        yield FieldFault(field, "holds control characters")

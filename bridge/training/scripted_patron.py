"""The scripted patron: what the librarian wrote and the time go in, the patron's lines and events come out.

The rules
- The patron opens, then waits. Facts are told only when a line of the librarian asks for them; a question that meets no fact gets a
  shrug. Several facts that one line asks for are told in one reply.
- A line that answers (Ends) gets thanks. The patron stays until the librarian asks whether that was all, or for 90 seconds, and
  leaves content. A second question comes before that.
- A silence holds back everything that was planned, as when somebody is called to the door.
- Chance comes from the seed and the number of the step alone: the same seed, lines and times give the same patron.

All times are ms of one clock, whichever it is. Nothing here waits: `next_at` says when `due` has something to give.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from typing import Literal, TypeAlias

import msgspec

from bridge.sql.faq.terms import stems
from bridge.training.scenario import Pace, PatronFact, Scenario, ScenarioEvent

THINKING_MS: dict[Pace, tuple[int, int]] = {
    "quick": (1_500, 4_000),
    "steady": (4_000, 12_000),
    "slow": (15_000, 45_000),
}
TYPING_MS: dict[Pace, int] = {"quick": 60, "steady": 120, "slow": 250}  # a character
LINGER_MS = 90_000
_LINK = re.compile(r"https?://\S+|\bwww\.\S+")
_SENTENCE = re.compile(r"[^.!?？。！؟\n]+[.!?？。！؟\n]*")
_ASKING = re.compile(
    r"[?？؟]|^\s*(can|could|would|may|tell|what|which|who|when|where|how|do|does|is|are|please)\b", re.I
)
_CLOSING = {
    "en": ("anything else", "something else", "answer your question", "that help", "other questions", "all you need"),
    "de": ("noch etwas", "sonst noch", "geholfen", "frage beantwortet"),
    "es": ("algo más", "otra cosa", "le ayuda", "otra pregunta"),
    "fr": ("autre chose", "autre question", "réponse à votre question"),
}

Why: TypeAlias = Literal["opening", "fact", "shrug", "event", "thanks", "goodbye", "gives_up"]


class Says(msgspec.Struct, frozen=True, gc=False, tag="says", tag_field="k"):
    """A line of the patron. `about`: the fact's ids or the event's kind, separated by spaces."""

    text: str
    why: Why
    about: str = ""


class Types(msgspec.Struct, frozen=True, gc=False, tag="types", tag_field="k"):
    """The patron is typing."""


class Goes(msgspec.Struct, frozen=True, gc=False, tag="goes", tag_field="k"):
    """The patron is gone. `content`: they had their answer and said goodbye; else they went without a word."""

    content: bool


PatronAct: TypeAlias = Says | Types | Goes


class PlannedAct(msgspec.Struct, frozen=True, gc=False):
    """Something that the patron does at `at` (ms)."""

    at: int
    act: PatronAct


class ScriptedPatron(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where a session stands; replaced, never changed. `lines`: how many the librarian has written."""

    seed: int
    steps: int = 0
    lines: int = 0
    told: tuple[str, ...] = ()
    happened: tuple[int, ...] = ()  # places in Scenario.events
    planned: tuple[PlannedAct, ...] = ()
    quiet_until: int = 0
    answered: bool = False
    gone: bool = False
    content: bool = False


def begin(scenario: Scenario, seed: int, at: int) -> ScriptedPatron:
    """Return the patron as they come to the desk at `at`, about to write their opening lines."""
    patron = _plan(
        scenario, ScriptedPatron(seed=seed), at, [Says(line, "opening") for line in scenario.opening], typed=False
    )
    return _happenings(scenario, patron, patron.planned[-1].at)


def heard(scenario: Scenario, patron: ScriptedPatron, text: str, at: int) -> ScriptedPatron:
    """Return the patron after a line of the librarian."""
    if patron.gone:
        return patron
    patron = msgspec.structs.replace(patron, lines=patron.lines + 1, planned=_without_farewell(patron.planned))
    patron = _happenings(scenario, patron, at)
    if patron.gone or any(isinstance(plan.act, Goes) for plan in patron.planned):
        return patron
    facts = [fact for fact in scenario.facts if fact.id not in patron.told and asks(fact, text, scenario.languages)]
    if facts:
        return _tell(scenario, patron, facts, at)
    if not patron.answered and answers(scenario, text):
        return _thank(scenario, patron, at)
    if patron.answered and closes(scenario, text):
        return _farewell(scenario, patron, at)
    if patron.lines >= scenario.ends.after_lines and not patron.answered:
        return _give_up(scenario, patron, at)
    if scenario.shrugs and _asks_something(text):
        return _plan(scenario, patron, at, [Says(_choice(patron, scenario.shrugs), "shrug")])
    return _linger(patron, at) if patron.answered else patron


def due(patron: ScriptedPatron, at: int) -> tuple[ScriptedPatron, tuple[PatronAct, ...]]:
    """Return what the patron does up to `at`, in order, and the patron afterwards."""
    now = tuple(plan.act for plan in patron.planned if plan.at <= at)
    if not now:
        return patron, ()
    left = tuple(plan for plan in patron.planned if plan.at > at)
    going = next((act for act in now if isinstance(act, Goes)), None)
    patron = msgspec.structs.replace(patron, planned=() if going else left)
    if going:
        now = now[: now.index(going) + 1]
        patron = msgspec.structs.replace(patron, gone=True, content=going.content)
    return patron, now


def next_at(patron: ScriptedPatron) -> int | None:
    """Return when the patron does something next (ms), None when nothing is planned."""
    return min((plan.at for plan in patron.planned), default=None)


# -- what a line of the librarian means


def asks(fact: PatronFact, text: str, languages: Sequence[str]) -> bool:
    """Say whether a text asks for a fact: all words of one of its phrasings, by their stems, stand in one sentence of it."""
    return any(_meets(phrase, text, languages) for phrase in fact.asked)


def answers(scenario: Scenario, text: str) -> bool:
    """Say whether a text is the answer that the patron waits for."""
    if scenario.ends.link_answers and _LINK.search(text):
        return True
    return any(_meets(phrase, text, scenario.languages) for phrase in scenario.ends.answered_by)


def closes(scenario: Scenario, text: str) -> bool:
    """Say whether a text asks if that was all."""
    phrases = [phrase for language in scenario.languages for phrase in _CLOSING.get(language.partition("-")[0], ())]
    return any(_meets(phrase, text, scenario.languages) for phrase in phrases)


def _meets(phrase: str, text: str, languages: Sequence[str]) -> bool:
    for language in languages:
        wanted = set(stems(phrase, language))
        if wanted and any(wanted <= set(stems(sentence, language)) for sentence in _sentences(text)):
            return True
    return False


def _sentences(text: str) -> list[str]:
    return _SENTENCE.findall(text)


def _asks_something(text: str) -> bool:
    return any(_ASKING.search(sentence) for sentence in _sentences(text))


# -- what follows


def _tell(scenario: Scenario, patron: ScriptedPatron, facts: Sequence[PatronFact], at: int) -> ScriptedPatron:
    told = " ".join(_choice(patron, fact.told, fact.id) for fact in facts)
    ids = tuple(fact.id for fact in facts)
    patron = _plan(scenario, patron, at, [Says(told, "fact", " ".join(ids))])
    return msgspec.structs.replace(patron, told=patron.told + ids)


def _thank(scenario: Scenario, patron: ScriptedPatron, at: int) -> ScriptedPatron:
    patron = msgspec.structs.replace(patron, answered=True)
    second = [
        n for n, event in enumerate(scenario.events) if event.kind == "second_question" and n not in patron.happened
    ]
    if second:
        return _happen(scenario, patron, second[0], at)
    patron = _plan(scenario, patron, at, [Says(_choice(patron, scenario.ends.thanks), "thanks")])
    return _linger(patron, patron.planned[-1].at)


def _farewell(scenario: Scenario, patron: ScriptedPatron, at: int) -> ScriptedPatron:
    patron = _plan(scenario, patron, at, [Says(_choice(patron, scenario.ends.thanks), "goodbye")])
    return _added(patron, [PlannedAct(patron.planned[-1].at + 3_000, Goes(content=True))])


def _give_up(scenario: Scenario, patron: ScriptedPatron, at: int) -> ScriptedPatron:
    if scenario.ends.gives_up:
        patron = _plan(scenario, patron, at, [Says(_choice(patron, scenario.ends.gives_up), "gives_up")])
    last = max((plan.at for plan in patron.planned), default=at)
    return _added(patron, [PlannedAct(last + 2_000, Goes(content=False))])


def _linger(patron: ScriptedPatron, at: int) -> ScriptedPatron:
    return _added(patron, [PlannedAct(at + LINGER_MS, Goes(content=True))])


def _without_farewell(planned: tuple[PlannedAct, ...]) -> tuple[PlannedAct, ...]:
    return tuple(plan for plan in planned if not (isinstance(plan.act, Goes) and plan.act.content))


def _happenings(scenario: Scenario, patron: ScriptedPatron, at: int) -> ScriptedPatron:
    """Let the events happen whose time has come by the number of the librarian's lines."""
    for n, event in enumerate(scenario.events):
        if n not in patron.happened and event.after_lines <= patron.lines and event.kind != "second_question":
            patron = _happen(scenario, patron, n, at)
    return patron


def _happen(scenario: Scenario, patron: ScriptedPatron, n: int, at: int) -> ScriptedPatron:
    event: ScenarioEvent = scenario.events[n]
    patron = msgspec.structs.replace(patron, happened=(*patron.happened, n))
    match event.kind:
        case "silent":
            until = max(patron.quiet_until, at + event.minutes * 60_000)
            held = tuple(
                msgspec.structs.replace(plan, at=max(plan.at, until)) for plan in patron.planned if plan.at > at
            )
            now = tuple(plan for plan in patron.planned if plan.at <= at)
            return msgspec.structs.replace(patron, quiet_until=until, planned=now + held)
        case "leaves":
            return _added(
                patron,
                [
                    PlannedAct(
                        max(patron.quiet_until, at + event.minutes * 60_000 + _think(scenario, patron)),
                        Goes(content=False),
                    )
                ],
            )
        case "second_question":
            patron = msgspec.structs.replace(patron, answered=False)
            return _plan(scenario, patron, at, [Says(line, "event", event.kind) for line in event.says])
        case _:
            return _plan(scenario, patron, at, [Says(line, "event", event.kind) for line in event.says])


# -- when, and in which spelling


def _plan(
    scenario: Scenario, patron: ScriptedPatron, at: int, lines: Sequence[Says], *, typed: bool = True
) -> ScriptedPatron:
    """Plan lines one after another, each after some thought and as long as typing it takes."""
    last = max([at, patron.quiet_until, *(plan.at for plan in patron.planned)])
    plans: list[PlannedAct] = []
    for line in lines:
        begins = last + (_think(scenario, patron) if typed else 0)
        line = msgspec.structs.replace(line, text=_spelled(line.text, scenario, patron))
        plans.append(PlannedAct(begins, Types()))
        last = begins + min(60_000, len(line.text) * TYPING_MS[scenario.patron.pace] if typed else 0)
        plans.append(PlannedAct(last, line))
        patron = msgspec.structs.replace(patron, steps=patron.steps + 1)
        typed = True
    return _added(patron, plans)


def _added(patron: ScriptedPatron, plans: Sequence[PlannedAct]) -> ScriptedPatron:
    return msgspec.structs.replace(patron, planned=(*patron.planned, *plans))


def _chance(patron: ScriptedPatron, about: str) -> random.Random:
    return random.Random(f"{patron.seed}:{patron.steps}:{patron.lines}:{about}")


def _think(scenario: Scenario, patron: ScriptedPatron) -> int:
    return _chance(patron, "think").randint(*THINKING_MS[scenario.patron.pace])


def _choice(patron: ScriptedPatron, lines: Sequence[str], about: str = "") -> str:
    return _chance(patron, about).choice(lines)


def _spelled(text: str, scenario: Scenario, patron: ScriptedPatron) -> str:
    """Return a line as the patron types it: "hasty" leaves out capitals and swaps two letters of one long word in six."""
    if scenario.patron.spelling == "careful":
        return text
    chance = _chance(patron, text)
    return " ".join(_hasty(word, chance) for word in text.lower().split(" "))


def _hasty(word: str, chance: random.Random) -> str:
    if len(word) < 6 or not word.isalpha() or chance.random() > 1 / 6:
        return word
    n = chance.randrange(1, len(word) - 2)
    return word[:n] + word[n + 1] + word[n] + word[n + 2 :]

"""What the desk counted of one practice conversation, under the six headings of RUSA's guidelines (2023).

Pure: a transcript goes in, counts come out. There is no mark, no score and no order among people: the desk counts seconds and
questions, and people say what they are worth. What has no sense in a conversation has no value: nobody can be greeted by name who
gave none, and a text message has no three-minute rule.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Literal, get_args

import msgspec

from bridge.training.scenario import HintAt, Scenario
from bridge.training.scripted_patron import answers, asks, closes

Heading = Literal["inclusion", "approachability", "engagement", "searching", "evaluation", "closure"]
HEADINGS: tuple[Heading, ...] = get_args(Heading)
CountName = Literal[
    "name_used", "claim_s", "greeting_s", "introduced", "longest_silence_s", "long_silences", "questions_first", "facts_asked",
    "answer_s", "links", "source_cited", "answered", "closing_question", "right_code", "address_repeated", "deadline_asked",
]  # fmt: skip
SILENCE_S = 180  # nobody in session waits longer for a word (practice of the field)
STAGES: tuple[HintAt, ...] = ("offered", "claimed", "greeted", "asked", "answered", "closed")

_LINK = re.compile(r"https?://[^\s<>]+|\bwww\.[^\s<>]+", re.IGNORECASE)
_QUESTION = re.compile(r"[?？؟]")
_WORD = re.compile(r"[^\W\d_]+")
_DEADLINE = "deadline"  # the id of the fact that scenarios give it


class PracticeLine(msgspec.Struct, frozen=True, kw_only=True):
    """One line: what the patron wrote, what the trainee wrote, or that they claimed. `at` in ms."""

    who: Literal["patron", "trainee", "claimed"]
    at: int
    text: str = ""


class PracticeTranscript(msgspec.Struct, frozen=True, kw_only=True):
    """A practice conversation as the sheet needs it.

    opened_at, ended_at  ms; ended_at 0 = it goes on
    live                 the patron sits there: the three-minute rule holds
    patron_name          as the patron gave it, "" = they gave none
    trainee_names        the names under which the trainee may have introduced themselves
    code                 the closing code, "" = none yet
    address              the address for a follow-up, "" = none
    deadline             a deadline was noted with the follow-up
    """

    opened_at: int
    ended_at: int = 0
    live: bool = True
    lines: tuple[PracticeLine, ...] = ()
    patron_name: str = ""
    trainee_names: tuple[str, ...] = ()
    code: str = ""
    address: str = ""
    deadline: bool = False


class SheetCount(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One count. `value`: seconds for names in _s, 1 or 0 for yes and no, else a number; None = it makes no sense here.

    `of`: how many there are (facts_asked), or the limit (longest_silence_s); 0 = none. `about`: the facts that nobody asked for, or
    the fitting code.
    """

    name: CountName
    heading: Heading
    value: int | None = None
    of: int = 0
    about: tuple[str, ...] = ()


def count(scenario: Scenario, talk: PracticeTranscript) -> tuple[SheetCount, ...]:
    """Return all counts of a conversation in the order of the headings."""
    return tuple(_counts(scenario, talk))


def stage(scenario: Scenario, talk: PracticeTranscript) -> HintAt:
    """Return how far a conversation is; hints of this stage and of those before it have been due."""
    said = _said(talk)
    if talk.ended_at:
        return "closed"
    if any(answers(scenario, line.text) for line in said):
        return "answered"
    if _questions(said):
        return "asked"
    if said:
        return "greeted"
    return "claimed" if _claimed_at(talk) else "offered"


def _counts(scenario: Scenario, talk: PracticeTranscript) -> Iterator[SheetCount]:
    said = _said(talk)
    yield SheetCount(name="name_used", heading="inclusion", value=_names(said, [talk.patron_name]))
    yield SheetCount(name="claim_s", heading="approachability", value=_seconds(talk.opened_at, _claimed_at(talk)))
    yield SheetCount(
        name="greeting_s", heading="approachability", value=_seconds(talk.opened_at, said[0].at if said else 0)
    )
    yield SheetCount(name="introduced", heading="approachability", value=_names(said, talk.trainee_names))
    yield from _engagement(scenario, talk, said)
    answer = next((line for line in said if answers(scenario, line.text) or _LINK.search(line.text)), None)
    begun = _claimed_at(talk) or talk.opened_at
    yield SheetCount(name="answer_s", heading="searching", value=_seconds(begun, answer.at if answer else 0))
    links = sum(len(_LINK.findall(line.text)) for line in said)
    yield SheetCount(name="links", heading="searching", value=links)
    yield SheetCount(name="source_cited", heading="evaluation", value=int(links > 0))
    yield SheetCount(
        name="answered", heading="evaluation", value=int(any(answers(scenario, line.text) for line in said))
    )
    yield from _closure(scenario, talk, said)


def _engagement(scenario: Scenario, talk: PracticeTranscript, said: Sequence[PracticeLine]) -> Iterator[SheetCount]:
    silences = _silences(talk, said)
    yield SheetCount(
        name="longest_silence_s", heading="engagement", value=max(silences) if silences else None, of=SILENCE_S
    )
    long = sum(one > SILENCE_S for one in silences)
    yield SheetCount(name="long_silences", heading="engagement", value=long if silences else None)
    first = next(
        (n for n, line in enumerate(said) if _LINK.search(line.text) or answers(scenario, line.text)), len(said)
    )
    yield SheetCount(name="questions_first", heading="engagement", value=_questions(said[:first]))
    wanted = [fact for fact in scenario.facts if fact.wanted] or list(scenario.facts)
    missed = tuple(fact.id for fact in wanted if not any(asks(fact, line.text, scenario.languages) for line in said))
    yield SheetCount(
        name="facts_asked",
        heading="engagement",
        value=len(wanted) - len(missed) if wanted else None,
        of=len(wanted),
        about=missed,
    )


def _closure(scenario: Scenario, talk: PracticeTranscript, said: Sequence[PracticeLine]) -> Iterator[SheetCount]:
    asked = int(any(closes(scenario, line.text) for line in said))
    yield SheetCount(name="closing_question", heading="closure", value=asked)
    right = int(talk.code == scenario.code) if talk.code else None
    yield SheetCount(name="right_code", heading="closure", value=right, about=(scenario.code,))
    later = "follow_up" in talk.code or "follow_up" in scenario.code
    address = talk.address.casefold()
    repeated = int(bool(address) and any(address in line.text.casefold() for line in said))
    yield SheetCount(name="address_repeated", heading="closure", value=repeated if later else None)
    facts = [fact for fact in scenario.facts if fact.id == _DEADLINE]
    due = talk.deadline or any(asks(fact, line.text, scenario.languages) for fact in facts for line in said)
    yield SheetCount(name="deadline_asked", heading="closure", value=int(due) if later or facts else None)


def _said(talk: PracticeTranscript) -> list[PracticeLine]:
    return [line for line in talk.lines if line.who == "trainee"]


def _claimed_at(talk: PracticeTranscript) -> int:
    return next((line.at for line in talk.lines if line.who == "claimed"), 0)


def _seconds(since: int, at: int) -> int | None:
    return max(0, at - since) // 1000 if at else None


def _questions(said: Sequence[PracticeLine]) -> int:
    """Return how many questions were asked: runs of question marks, so that "really??" is one."""
    return sum(len(re.findall(rf"{_QUESTION.pattern}+", _LINK.sub("", line.text))) for line in said)


def _names(said: Sequence[PracticeLine], names: Sequence[str]) -> int | None:
    """Return whether a line holds a word of one of the names; None where there is none."""
    wanted = {word.casefold() for name in names for word in _WORD.findall(name) if len(word) > 1}
    if not wanted:
        return None
    return int(any(wanted & {word.casefold() for word in _WORD.findall(line.text)} for line in said))


def _silences(talk: PracticeTranscript, said: Sequence[PracticeLine]) -> list[int]:
    """Return the trainee's silences in seconds, from the claim to the end or the last line; [] where the rule does not hold."""
    begun = _claimed_at(talk)
    if not talk.live or not begun:
        return []
    end = talk.ended_at or max((line.at for line in talk.lines), default=begun)
    times = [begun, *(line.at for line in said if line.at >= begun), end]
    return [max(0, after - before) // 1000 for before, after in pairwise(times)]

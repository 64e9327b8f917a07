"""Scenarios as files, and the patron who plays them: facts only when asked, events in time, the same for the same seed."""

from __future__ import annotations

from itertools import pairwise

import pytest

from bridge.training.scenario import MANNERS, Scenario, ScenarioFaults, parse, write
from bridge.training.scripted_patron import Goes, Says, ScriptedPatron, begin, due, heard, next_at
from bridge.training.shipped import shipped

MINUTE = 60_000


def played(
    scenario: Scenario, lines: list[str], seed: int = 1, wait: int = 5 * MINUTE
) -> list[tuple[int, Says | Goes]]:
    """Play a session in which the librarian writes a line each `wait`; return what the patron said and did, and when."""
    found: list[tuple[int, Says | Goes]] = []
    patron, at = begin(scenario, seed, 0), 0
    for line in [*lines, ""]:
        at += wait
        patron = _until(patron, at, found)
        patron = heard(scenario, patron, line, at) if line else patron
    return found


def _until(patron: ScriptedPatron, at: int, found: list[tuple[int, Says | Goes]]) -> ScriptedPatron:
    while (then := next_at(patron)) is not None and then <= at:
        patron, acts = due(patron, then)
        found += [(then, act) for act in acts if isinstance(act, Says | Goes)]
    return patron


def said(found: list[tuple[int, Says | Goes]], why: str) -> list[Says]:
    return [act for _, act in found if isinstance(act, Says) and act.why == why]


def test_twelve_scenarios_are_shipped_and_read_back_as_they_were_written() -> None:
    assert len(shipped()) == 12
    assert all(parse(write(scenario)) == scenario for scenario in shipped().values())
    for manners in MANNERS:
        assert any(manners in scenario.manners for scenario in shipped().values())
    assert {scenario.level for scenario in shipped().values()} == {1, 2, 3}
    day = sorted(scenario.first_day for scenario in shipped().values() if scenario.first_day)
    assert day == [1, 2, 3, 4, 5]
    assert all(scenario.hints for scenario in shipped().values() if scenario.first_day)


@pytest.mark.parametrize(
    "text, field",
    [
        ("title = 3", "title"),
        ('title = "x"\n[[facts]]\nid = "a"\nasked = ["b"]\ntold = [""]', "facts[1].told[1]"),
        ('[[facts]]\nid = "a"\nwanted = "yes"', "facts[1].wanted"),
        ('[[events]]\nkind = "silent"', "events[1].minutes"),
        ('manners = ["pigeon"]', "manners[1]"),
        ('languages = ["English!"]', "languages[1]"),
        ("level = 9", "level"),
    ],
)
def test_a_fault_names_its_field(text: str, field: str) -> None:
    with pytest.raises(ScenarioFaults) as caught:
        parse(text)
    assert field in [fault.field for fault in caught.value.faults]


def test_a_fact_is_told_when_it_is_asked_for_and_once() -> None:
    scenario = shipped()["two-articles-by-friday"]
    found = played(
        scenario, ["Hello, I'm Ana.", "Which classes is it for?", "And which class?", "What's your favourite colour?"]
    )
    assert [act.about for act in said(found, "fact")] == ["course"]
    assert len(said(found, "shrug")) == 2
    assert len(said(found, "opening")) == 2


def test_the_answer_gets_thanks_and_the_question_whether_that_was_all_a_goodbye() -> None:
    found = played(shipped()["open-sunday"], ["See https://example.org/hours", "Is there anything else?"], wait=MINUTE)
    assert [act.why for _, act in found if isinstance(act, Says)] == ["opening", "thanks", "goodbye"]
    assert found[-1][1] == Goes(content=True)


def test_a_second_question_comes_before_the_patron_is_content() -> None:
    scenario = shipped()["citation-help"]
    found = played(scenario, ["See the style guide.", "Ask your teacher.", "Anything else?"])
    assert [act.about for act in said(found, "event")] == ["second_question"]
    assert found[-1][1] == Goes(content=True)


def test_a_silence_lasts_and_a_patron_may_leave_without_a_word() -> None:
    quiet = played(shipped()["shy-first-visit"], ["Hello, I'm Ana.", "What is it about?"], wait=MINUTE)
    assert not said(quiet, "fact")  # four minutes are not over
    told = played(shipped()["shy-first-visit"], ["Hello, I'm Ana.", "What is it about?", "Hm."], wait=3 * MINUTE)
    assert [act.about for act in said(told, "fact")] == ["area"]
    left = played(shipped()["gone-before-the-answer"], ["Hello!", "Let me look.", "Found it: https://example.org"])
    assert left[-1][1] == Goes(content=False)
    assert not said(left, "thanks")


def test_the_same_seed_gives_the_same_patron_and_time_goes_forward() -> None:
    lines = ["Hello.", "Which class?", "By when do you need it?", "Try CINAHL."]
    first, second = (played(shipped()["two-articles-by-friday"], lines, seed) for seed in (3, 3))
    assert first == second
    assert first != played(shipped()["two-articles-by-friday"], lines, 4)
    assert all(a <= b for (a, _), (b, _) in pairwise(first))

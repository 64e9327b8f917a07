"""What the desk counts of a practice conversation, and what it leaves uncounted."""

from __future__ import annotations

from typing import Any

from bridge.training.scenario import Ends, PatronFact, Scenario
from bridge.training.sheet import HEADINGS, PracticeLine, PracticeTranscript, SheetCount, count, stage

SECOND = 1000
PAPER = Scenario(
    title="A paper",
    opening=("hi i need articles",),
    facts=(
        PatronFact(id="course", asked=("which class",), told=("Nursing 101.",), wanted=True),
        PatronFact(id="deadline", asked=("by when",), told=("Friday.",), wanted=True),
        PatronFact(id="tried", asked=("have you tried",), told=("Google.",)),
    ),
    ends=Ends(answered_by=("CINAHL",), thanks=("Thanks!",)),
)


def talk(*said: tuple[int, str], **more: Any) -> PracticeTranscript:
    """A conversation that was claimed after ten seconds, with lines of the trainee at these seconds."""
    lines = [PracticeLine(who="patron", at=0, text="hi i need articles"), PracticeLine(who="claimed", at=10 * SECOND)]
    lines += [PracticeLine(who="trainee", at=at * SECOND, text=text) for at, text in said]
    return PracticeTranscript(opened_at=0, lines=tuple(lines), **more)


def counted(transcript: PracticeTranscript, scenario: Scenario = PAPER) -> dict[str, SheetCount]:
    found = count(scenario, transcript)
    assert [one.heading for one in found] == sorted((one.heading for one in found), key=HEADINGS.index)
    return {one.name: one for one in found}


def test_a_good_session_is_counted_line_by_line() -> None:
    found = counted(
        talk(
            (25, "Hello Sam, this is Ana. Which class is it for?? "),
            (60, "And by when do you need them?"),
            (241, "Search CINAHL: https://north.example/cinahl?a=b"),
            (260, "Is there anything else?"),
            ended_at=270 * SECOND,
            patron_name="Sam Ray",
            trainee_names=("Ana Alves", "Ana"),
            code="answered",
        )
    )
    values = {name: one.value for name, one in found.items()}
    assert values == {
        "name_used": 1, "claim_s": 10, "greeting_s": 25, "introduced": 1, "longest_silence_s": 181, "long_silences": 1,
        "questions_first": 2, "facts_asked": 2, "answer_s": 231, "links": 1, "source_cited": 1, "answered": 1,
        "closing_question": 1, "right_code": 1, "address_repeated": None, "deadline_asked": 1,
    }  # fmt: skip
    assert (found["facts_asked"].of, found["facts_asked"].about, found["longest_silence_s"].of) == (2, (), 180)


def test_what_was_not_done_is_no_and_what_makes_no_sense_has_no_value() -> None:
    found = counted(talk((200, "Look at our page."), ended_at=220 * SECOND, code="lost_call", live=False))
    values = {name: one.value for name, one in found.items()}
    assert (values["name_used"], values["longest_silence_s"], values["long_silences"]) == (None, None, None)
    assert (values["facts_asked"], found["facts_asked"].about) == (0, ("course", "deadline"))
    assert (values["right_code"], found["right_code"].about, values["source_cited"]) == (0, ("answered",), 0)
    empty = counted(PracticeTranscript(opened_at=0), Scenario())
    assert {one.value for one in empty.values()} == {None, 0}


def test_a_follow_up_wants_its_address_repeated_and_a_deadline() -> None:
    said = ((20, "I'll write to sam@x.example."), (40, "Goodbye"))
    more: dict[str, Any] = {"code": "follow_up_library", "address": "Sam@x.example"}
    values = {name: one.value for name, one in counted(talk(*said, **more)).items()}
    assert (values["address_repeated"], values["deadline_asked"]) == (1, 0)
    values = {name: one.value for name, one in counted(talk((20, "Bye"), deadline=True, **more)).items()}
    assert (values["address_repeated"], values["deadline_asked"]) == (0, 1)


def test_the_stage_goes_forward_with_what_was_written() -> None:
    assert stage(PAPER, PracticeTranscript(opened_at=0)) == "offered"
    assert stage(PAPER, talk()) == "claimed"
    assert stage(PAPER, talk((20, "Hello Sam!"))) == "greeted"
    assert stage(PAPER, talk((20, "Which class?"))) == "asked"
    assert stage(PAPER, talk((20, "Which class?"), (30, "Try CINAHL"))) == "answered"
    assert stage(PAPER, talk((20, "Hi"), ended_at=30)) == "closed"

"""A rehearsal is the same for the same lines and times, and goes on from any moment."""

from __future__ import annotations

from bridge.training.rehearsal import rehearse, transcript
from bridge.training.sheet import PracticeLine, count
from bridge.training.shipped import shipped

MINUTE = 60_000


def test_the_patron_answers_in_their_own_time_and_the_same_again() -> None:
    scenario = shipped()["two-articles-by-friday"]
    lines = [PracticeLine(who="trainee", at=MINUTE, text="Hello Sam! Which class is it for?")]
    begun = rehearse(scenario, 5, lines, 0)
    assert begun.said[0].at == 0
    assert not begun.gone
    asked = rehearse(scenario, 5, lines, MINUTE)
    assert asked.said[: len(begun.said)] == begun.said
    assert asked.next_at is not None
    assert asked.next_at > MINUTE
    told = rehearse(scenario, 5, lines, 3 * MINUTE)
    assert told.said[: len(asked.said)] == asked.said
    assert "nurs" in told.said[-1].text.lower()
    assert MINUTE < told.said[-1].at < 3 * MINUTE
    assert rehearse(scenario, 5, lines, 3 * MINUTE) == told
    counted = {one.name: one.value for one in count(scenario, transcript(told, scenario, lines, 3 * MINUTE, "web"))}
    assert (counted["greeting_s"], counted["longest_silence_s"], counted["name_used"]) == (60, 120, 1)
    text = {one.name: one.value for one in count(scenario, transcript(told, scenario, lines, 3 * MINUTE, "text"))}
    assert text["longest_silence_s"] is None

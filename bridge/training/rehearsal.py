"""A rehearsal: a scenario played from its first line to a moment, from what the trainee wrote and when.

Pure, and kept nowhere: the page holds the lines and the clock, and the same lines, times and seed give the same patron. So nothing
of a rehearsal is a conversation of the desk. All times are ms since it began.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from bridge.training.scenario import Manners, Scenario
from bridge.training.scripted_patron import Goes, Says, ScriptedPatron, Types, begin, due, heard, next_at
from bridge.training.sheet import PracticeLine, PracticeTranscript

LIVE: frozenset[Manners] = frozenset({"web", "im"})


class RehearsalState(msgspec.Struct, frozen=True, kw_only=True):
    """A rehearsal at a moment. `next_at`: when the patron does something next, None = they wait for the trainee."""

    said: tuple[PracticeLine, ...] = ()
    typing: bool = False
    next_at: int | None = None
    gone: bool = False
    content: bool = False


def rehearse(scenario: Scenario, seed: int, lines: Sequence[PracticeLine], now: int) -> RehearsalState:
    """Return how a rehearsal is at `now`, after these lines of the trainee."""
    patron = begin(scenario, seed, 0)
    state = RehearsalState()
    for line in sorted((one for one in lines if one.at <= now), key=lambda one: one.at):
        patron, state = _until(patron, line.at, state)
        patron = heard(scenario, patron, line.text, line.at)
    patron, state = _until(patron, now, state)
    return msgspec.structs.replace(state, next_at=next_at(patron), gone=patron.gone, content=patron.content)


def transcript(
    state: RehearsalState, scenario: Scenario, lines: Sequence[PracticeLine], now: int, manners: Manners
) -> PracticeTranscript:
    """Return a rehearsal's transcript for its sheet; it counts as claimed when it begins."""
    claimed = PracticeLine(who="claimed", at=1)
    every = sorted([claimed, *state.said, *lines], key=lambda one: one.at)
    return PracticeTranscript(
        opened_at=0, ended_at=now, live=manners in LIVE, lines=tuple(every), patron_name=scenario.patron.name
    )


def _until(patron: ScriptedPatron, at: int, state: RehearsalState) -> tuple[ScriptedPatron, RehearsalState]:
    """Let the patron do what is due up to `at`, each at its own time."""
    said, typing = list(state.said), state.typing
    while (then := next_at(patron)) is not None and then <= at:
        patron, acts = due(patron, then)
        for act in acts:
            match act:
                case Says(text):
                    said.append(PracticeLine(who="patron", at=then, text=text))
                    typing = False
                case Types():
                    typing = True
                case Goes():
                    typing = False
    return patron, msgspec.structs.replace(state, said=tuple(said), typing=typing)

"""A practice conversation as its sheet needs it: what the patron and the trainee wrote, and when, without anything else."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bridge.sql.transcripts.lines import TranscriptLine
from bridge.training.sheet import PracticeLine, PracticeTranscript
from routing.state import State


def transcript_of(state: State, conversation: str, trainee: str, lines: Sequence[TranscriptLine]) -> PracticeTranscript:
    """Return what the sheet counts of a conversation; times come from its lines."""
    it = state.conversations.get(conversation)
    known = state.follow_ups.get(it.follow_up) if it is not None and it.follow_up else None
    person = state.roster.librarians.get(trainee)
    ended = next((line.at for line in reversed(lines) if line.event.partition(":")[0] == "closed"), 0)
    return PracticeTranscript(
        opened_at=lines[0].at if lines else 0,
        ended_at=ended,
        live=it.live if it is not None else True,
        lines=tuple(_lines(lines, trainee)),
        patron_name=it.name if it is not None else "",
        trainee_names=(person.name, person.shown) if person is not None else (),
        code=it.code if it is not None else "",
        address=known.plan.address if known is not None else "",
        deadline=bool(known is not None and known.plan.deadline),
    )


def _lines(lines: Sequence[TranscriptLine], trainee: str) -> Iterator[PracticeLine]:
    for line in lines:
        if line.who == "patron":
            yield PracticeLine(who="patron", at=line.at, text=line.text)
        elif line.who == "librarian" and line.author_id == trainee:
            yield PracticeLine(who="trainee", at=line.at, text=line.text)
        elif line.event == "claimed" and line.author_id == trainee:
            yield PracticeLine(who="claimed", at=line.at)

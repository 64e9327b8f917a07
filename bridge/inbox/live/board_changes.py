"""Which queues and people of the board a batch of entries touches.

An event names a conversation, and says where it goes; whence it came is what is remembered here, for open conversations alone
and only while somebody looks at a board.
"""

from __future__ import annotations

from collections.abc import Iterable

from bridge.inbox.live.log_changes import LogChanges
from routing.practice_queue import is_practice
from routing.records import Conversation
from routing.state import State

Place = tuple[str, str]  # the queue, and the librarian who has it or is offered it


class BoardChanges:
    """Remembers where each open conversation is."""

    def __init__(self) -> None:
        self._places: dict[str, Place] | None = None

    def begin(self, state: State) -> None:
        """Remember from now on."""
        if self._places is None:
            names = (name for queue, held in state.opened.items() if not is_practice(queue) for name in held)
            self._places = {name: _place(state.conversations[name]) for name in names}

    def end(self) -> None:
        """Nobody looks any more."""
        self._places = None

    def of(self, state: State, changes: LogChanges) -> tuple[set[str], set[str]]:
        """Return the queues and the people that these changes touch."""
        if self._places is None:
            return set(), set()
        places = [place for name in changes.rows for place in self._moved(state, name)]
        queues = {queue for queue, _ in places} | changes.queues
        people = {holder for _, holder in places if holder} | changes.people
        queues |= _served(state, changes.people)
        return queues, people

    def _moved(self, state: State, name: str) -> list[Place]:
        assert self._places is not None
        it = state.conversations.get(name)
        before = self._places.pop(name, None)
        now = None if it is None or it.practice or it.state == "closed" else _place(it)
        if now is not None:
            self._places[name] = now
        return [place for place in (before, now) if place is not None]


def _place(it: Conversation) -> Place:
    return it.queue, it.owner or it.offered


def _served(state: State, people: Iterable[str]) -> set[str]:
    """Return the queues in which these people are, or could be, asked."""
    return {queue for name in people for queue in state.roster.serves.get(name, ())}

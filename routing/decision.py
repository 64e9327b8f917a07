"""The decision about one input: each event is folded as it is emitted, so a rule sees what the rule before it changed."""

from __future__ import annotations

from collections.abc import Callable

from bridge.contract.message import delivery_id
from routing.events import Event
from routing.state import State

Fold = Callable[[State, Event, int], None]


class Decision:
    """The state, the time in ms, the cause, and the events so far."""

    __slots__ = ("_fold", "at", "cause", "events", "guest", "made", "state")

    def __init__(self, state: State, at: int, cause: str, fold: Fold) -> None:
        self.state = state
        self.at = at
        self.cause = cause
        self.events: list[Event] = []
        self.made = 0
        self.guest = ("", "")  # a librarian who stands for a partner, and the person who acts there
        self._fold = fold

    def emit(self, event: Event) -> None:
        """Let `event` happen."""
        self.events.append(event)
        self._fold(self.state, event, self.at)

    def shown(self, librarian: str) -> str:
        """Return the name of a librarian that patrons see, of the person who acts where they stand for a partner's desk."""
        return self.guest[1] if librarian and librarian == self.guest[0] else self.state.roster.told(librarian)

    def next_id(self) -> str:
        """Return the id of the next delivery of this input."""
        self.made += 1
        return delivery_id(self.cause, self.made - 1)

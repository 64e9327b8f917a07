"""One page that looks at the board: what of it has changed since it was told, and what it was told last.

A queue's view is told only where it differs from the one told before: a colleague who comes to a team that was asked already
changes nothing. At most once a second, as with the counts of the rail.
"""

from __future__ import annotations

import time

from bridge.inbox import schema
from bridge.inbox.live.log_changes import LogChanges
from bridge.inbox.views import board
from routing.state import State

EVERY_S = 1.0


class BoardWatch:
    """What one page of a coordinator has not heard yet of the board."""

    def __init__(self, state: State, me: str, *, fresh: bool) -> None:
        """`fresh`: the page holds the present state; otherwise all is looked at, and told."""
        self._me = me
        self._told: dict[str, schema.BoardQueue] = {}
        self._queues: set[str] = set() if fresh else set(board.queues_of(state, me))
        self._people: set[str] = set() if fresh else set(board.people_of(state, me))
        self._notices = not fresh
        self._at = 0.0

    def note(self, changes: LogChanges) -> None:
        """Remember what a batch of entries changed."""
        self._queues |= changes.board_queues
        self._people |= changes.board_people
        self._notices |= changes.announced or bool(changes.seen_by)

    def wait_s(self) -> float | None:
        """Return in how many seconds something is due that is held back, None when nothing is."""
        if not (self._queues or self._people or self._notices):
            return None
        return max(0.0, EVERY_S - (time.monotonic() - self._at))

    def told(self, state: State) -> schema.BoardTold | None:
        """Return what is to be told now, None for nothing."""
        if self.wait_s() != 0.0:
            return None
        self._at = time.monotonic()
        now = time.time_ns() // 1_000_000
        queues = [one for name in sorted(self._queues) if (one := self._changed(state, name, now)) is not None]
        shown = {name: board.shows_person(state, self._me, name) for name in sorted(self._people)}
        people = [board.person(state, name) for name, mine in shown.items() if mine]
        notices = board.notices_of(state, self._me) if self._notices else None
        self._queues.clear()
        self._people.clear()
        self._notices = False
        if not queues and not people and notices is None:
            return None
        return schema.BoardTold(position="", queues=queues, people=people, notices=notices)

    def _changed(self, state: State, name: str, now: int) -> schema.BoardQueue | None:
        if not board.shows_queue(state, self._me, name):
            return None
        found = board.queue(state, name, now)
        if self._told.get(name) == found:
            return None
        self._told[name] = found
        return found

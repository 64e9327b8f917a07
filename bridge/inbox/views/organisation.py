"""What of the organisation changes from one moment to the next, as one librarian sees it."""

from __future__ import annotations

from collections.abc import Callable

from bridge.inbox.schema.live_messages import LibraryHours, QueueNow
from bridge.inbox.views.access import libraries_of
from routing.access import active
from routing.desk_view import QueueDesk, queue_desk
from routing.hours import is_open
from routing.organisation import Library
from routing.state import State


def queues_of(state: State, me: str) -> dict[str, None]:
    """Return the queues that I serve, and those of my libraries: I see how many wait there."""
    names = dict.fromkeys(state.roster.serves.get(me, ()))
    if active(state, me):
        own = (state.roster.library(name) for name in libraries_of(state, me))
        names |= dict.fromkeys(queue.id for library in own for queue in library.queues)
    return names


def queues_now(state: State, me: str, now: int) -> dict[str, QueueNow]:
    """Return each of my queues as it is at `now` ms."""
    return {name: _queue_now(state, name, queue_desk(state, name, now)) for name in queues_of(state, me)}


def _queue_now(state: State, name: str, desk: QueueDesk) -> QueueNow:
    return QueueNow(id=name, waiting=state.waiting_in(name), state=desk.state, wait_s=desk.wait_s)


def library_is_open(library: Library, now: int, desk: Callable[[str], QueueDesk]) -> bool:
    """Say whether any queue of a library is open at `now` ms; `desk` gives the state of each."""
    if not library.queues:
        return is_open(library, now)
    return any(desk(queue.id).state != "closed" for queue in library.queues)


def library_hours(state: State, name: str, now: int) -> LibraryHours:
    """Return whether a library is open at `now` ms, and its revision."""
    library = state.roster.library(name)
    opened = library_is_open(library, now, lambda queue: queue_desk(state, queue, now))
    return LibraryHours(id=name, revision=library.revision, open=opened)

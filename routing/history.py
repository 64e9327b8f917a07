"""How release 0.1.0 read its own log: rules that its fold worked out, kept here for ever.

Today an event says what the fold needs (`Claimed.grace_until`, `Noticed.tells`, …), for the rule that emits it has decided that.
An entry of 0.1.0 says nothing of it: the field is None. Then the fold asks this module, which answers as 0.1.0 did.
So a rule may change, and yesterday's log still gives yesterday's desk.

Nothing here ever changes, and no rule of today may use it: `tests/routing/test_history.py` checks both.
"""

from __future__ import annotations

import re
from typing import Literal

from routing.events import Assignment, Told
from routing.queue_service import QueueService
from routing.records import Conversation, Staff
from routing.state import State

_ADDRESS = re.compile(r"[^\s@<>(),;:]+@[^\s@<>(),;:]+\.[^\s@<>(),;:.]{2,}")
_TOLD_WAIT = frozenset({"concierge", "full", "closed", "nobody"})
_ROUND_MS = 30_000
_LONG_MS = 3_600_000
_DAY_MS = 86_400_000


def tells(notice: str) -> tuple[Told, ...]:
    """Return what a notice told the patron."""
    return ("wait",) if notice in _TOLD_WAIT else ()


def left_address(text: str) -> bool:
    """Say whether a message's text holds an address."""
    return "@" in text and _ADDRESS.search(text) is not None


def released_again_at(reason: str, at: int) -> int:
    """Return when a conversation that joined the queue is offered again to those who declined it."""
    return at + _ROUND_MS if reason == "released" else 0


def declined_again_at(it: Conversation, librarian: str, at: int) -> int:
    """Return when a new round begins, now that a librarian has declined or let the offer pass."""
    again = at + _ROUND_MS if it.state == "waiting" else 0
    return again if it.offered == librarian else it.again_at or again


def grace_until(state: State, librarian: str, at: int) -> int:
    """Return the end of the grace of a librarian who is not connected, by their library's timers."""
    home = state.roster.library(state.roster.home.get(librarian, ""))
    return at + home.timers.grace_s * 1000


def staying_until(state: State, librarian: str, at: int) -> int:
    """Return the end of the grace of a librarian who takes or joins something, 0 for one who is connected or has a grace."""
    staff = state.staff.get(librarian, Staff(id=librarian))
    return 0 if staff.connections or staff.grace_until else grace_until(state, librarian, at)


def usual_wait(state: State, it: Conversation, how: str, at: int) -> int:
    """Return the queue's average wait in ms after this claim, -1 for the same as before."""
    waited = at - it.queued_at
    if it.state != "waiting" or how in ("reopen", "transfer") or not it.live or not 0 <= waited <= _LONG_MS:
        return -1
    before = state.paces.get(it.queue)
    return waited if before is None else (before.wait_ms * 4 + waited) // 5


def turn(it: Conversation) -> Literal["librarian", "patron"]:
    """Return whose turn it is after a claim."""
    return "librarian" if it.unanswered_since > 0 else "patron"


def known_until(state: State, it: Conversation, at: int) -> int:
    """Return until when a patron's librarian is remembered after the end, 0 for not at all."""
    if not it.helper or not state.roster.service(it.queue).queue.prefer_known:
        return 0
    return at + state.roster.library(it.library).retention_days * _DAY_MS


def assignment(state: State, queue: str, librarian: str, at: int) -> Assignment:
    """Return what an assignment changed in whose turn it is next, and in the librarian's share."""
    service = state.roster.service(queue)
    rotates = service.queue.policy == "round_robin" and librarian in service.level
    members = _rotation(state, service) if rotates else ()
    limit, window = service.queue.fair_limit, service.queue.fair_window_s * 1000
    if not limit:
        return Assignment(rotates=rotates, members=members)
    staff = state.staff.get(librarian, Staff(id=librarian))
    late = (*(when for when in staff.assigned if when > at - window), at)
    rests = late[-limit] + window if len(late) >= limit else staff.rests_until
    return Assignment(rotates=rotates, members=members, counts_from=at - window, rests_until=rests)


def _rotation(state: State, service: QueueService) -> tuple[str, ...]:
    before = state.rotations.get(service.queue.id, ())
    if len(before) == len(service.level) and all(one in service.level for one in before):
        return before
    kept = {one: None for one in before if one in service.level}
    return (*kept, *(one for one in service.members if one not in kept))

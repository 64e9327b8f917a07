"""Who is asked next, in queues that assign: longest idle, fewest active, or round robin.

A librarian is considered who is present, opted in, has room and is below the fair limit. One who has declined this conversation in
this round is not asked. The home tier goes before later ones.
Round robin keeps a rotation per queue in the state, so a restart does not always begin with the same person. The librarian picked
goes to its end; one passed over keeps their place. It is mended to the queue's present members before each pick.
A returning patron goes to the librarian who helped before, where the queue prefers that. That holds however many conversations
this librarian has, up to capacity.
"""

from __future__ import annotations

from msgspec.structs import replace

from routing import history
from routing.access import free_capacity, looked_at, serving
from routing.events import Assignment
from routing.queue_service import QueueService
from routing.records import Conversation, Staff, at_key
from routing.state import State


def pick(state: State, it: Conversation, now: int) -> str:
    """Return the librarian to offer a waiting conversation to, "" when nobody can have it now."""
    service = state.roster.service(it.queue)
    answering = service.level_at(now)  # the clock may not have looked yet
    able = [
        one
        for one in serving(state, it.queue, looked_at(it), range(it.tier + 1))
        if one in answering
        and one not in it.declined
        and free_capacity(state, one, it.live) > 0
        and not resting(state, service, one)
    ]
    if not able:
        return ""
    if service.queue.prefer_known:
        known = state.known.get(at_key(it.channel, it.address))
        if known is not None and known.librarian in able:
            return known.librarian
    level = service.level_at(looked_at(it))
    nearest = min(level[one] for one in able)
    able = [one for one in able if level[one] == nearest]
    if service.queue.policy == "round_robin":
        order = rotation(state, service)
        return min(able, key=order.index)
    if service.queue.policy == "fewest_active":
        return min(able, key=lambda one: (_active(state, one), _idle_since(state, one), one))
    return min(able, key=lambda one: (_idle_since(state, one), one))


def resting(state: State, service: QueueService, librarian: str) -> bool:
    """Say whether a librarian has had their share for now."""
    staff = state.staff.get(librarian)
    return bool(service.queue.fair_limit) and staff is not None and staff.rests_until > 0


def rotation(state: State, service: QueueService) -> tuple[str, ...]:
    """Return a queue's rotation, next first, mended to its present members."""
    before = state.rotations.get(service.queue.id, ())
    if len(before) == len(service.level) and all(one in service.level for one in before):
        return before
    kept = {one: None for one in before if one in service.level}
    return (*kept, *(one for one in service.members if one not in kept))


def assignment(state: State, queue: str, librarian: str, now: int) -> Assignment:
    """Return what changes when `librarian` is assigned a conversation of `queue`: the rotation, and the librarian's share."""
    service = state.roster.service(queue)
    rotates = service.queue.policy == "round_robin" and librarian in service.level
    mended = rotation(state, service) if rotates else ()
    members = mended if mended != state.rotations.get(queue, ()) else ()
    limit, window = service.queue.fair_limit, service.queue.fair_window_s * 1000
    if not limit:
        return Assignment(rotates=rotates, members=members)
    staff = state.staff.get(librarian, Staff(id=librarian))
    late = (*_late(staff, now - window), now)
    rests = late[-limit] + window if len(late) >= limit else staff.rests_until
    return Assignment(rotates=rotates, members=members, counts_from=now - window, rests_until=rests)


def _late(staff: Staff, since: int) -> tuple[int, ...]:
    return tuple(when for when in staff.assigned if when > since)


def _active(state: State, librarian: str) -> int:
    return state.load_of(librarian, True) + state.load_of(librarian, False)


def _idle_since(state: State, librarian: str) -> int:
    return state.staff[librarian].idle_since


# ---- fold --------------------------------------------------------------------------------------------------------------------


def assigned(state: State, queue: str, librarian: str, what: Assignment | None, at: int) -> None:
    """Remember that `librarian` was assigned a conversation of `queue` at `at` ms."""
    if what is None:
        what = history.assignment(state, queue, librarian, at)
    if what.rotates:
        before = what.members or state.rotations.get(queue, ())
        state.rotations.put(queue, (*(one for one in before if one != librarian), librarian))
    staff = replace(state.staff.get(librarian, Staff(id=librarian)), idle_since=at)
    if what.counts_from is not None:
        staff = replace(staff, assigned=(*_late(staff, what.counts_from), at), rests_until=what.rests_until)
    state.staff.put(librarian, staff)

"""How a conversation becomes somebody's: by a claim, an accepted offer, an assignment, a transfer, or an answer.

A colleague who joined gets it when its owner goes. Exactly one librarian holds it. All others who had it on offer learn who took
it: in the inbox from `Claimed`, on their own messengers by a line. A patron of a live channel is greeted by name, once by each
librarian, in the words of the patron's own library; a librarian of another library says so. A librarian who takes one without being
connected has the grace to come.
"""

from __future__ import annotations

from msgspec.structs import replace

from routing import history
from routing.assign import assigned, assignment
from routing.deadlines import next_round_at, settled
from routing.decision import Decision
from routing.deliveries import address_in_use, notify, staff_delivery
from routing.events import Claimed, How, Revoked, WhyRevoked
from routing.records import Conversation, Staff, WaitAverage
from routing.state import State

LONG_MS = 3_600_000  # who waited longer came while nobody was there: no guide to the usual wait


def take(decision: Decision, it: Conversation, by: str, how: How) -> None:
    """Let `by` have a conversation that waits, or that was handed over."""
    others = [one for one in dict.fromkeys((it.offered, *it.told)) if one and one != by]
    now = decision.state.conversations[it.id]
    decision.emit(
        Claimed(
            conversation=it.id,
            by=by,
            how=how,
            since=it.since,
            turn="librarian" if now.unanswered_since else "patron",
            usual_wait=_usual_wait(decision, now, how),
            grace_until=grace_to_come(decision, by),
            assignment=assignment(decision.state, now.queue, by, decision.at) if how == "assign" else None,
        )
    )
    withdraw(decision, it, others, "claimed", taken_by=by)
    if not decision.state.conversations[it.id].live or how in ("reopen", "successor"):
        return
    if how == "transfer" or (how == "give" and now.owner):
        notify(decision, it, "transferred", to=address_in_use(it), by=by)
    elif by not in it.greeted:
        greet(decision, decision.state.conversations[it.id], by)
    elif it.parted:
        notify(decision, it, "returned", to=address_in_use(it), by=by)


def _usual_wait(decision: Decision, it: Conversation, how: How) -> int:
    """Return the queue's average wait in ms, this one included, -1 where this one says nothing about the usual wait."""
    waited = decision.at - it.queued_at
    if (
        it.state != "waiting"
        or how in ("reopen", "transfer")
        or not it.live
        or it.practice
        or not 0 <= waited <= LONG_MS
    ):
        return -1
    before = decision.state.paces.get(it.queue)
    return waited if before is None else (before.wait_ms * 4 + waited) // 5


def grace_to_come(decision: Decision, librarian: str) -> int:
    """Return until when a librarian who takes or joins something has time to come, 0 for one who is connected or has a grace."""
    staff = decision.state.staff.get(librarian)
    if staff is not None and (staff.connections or staff.grace_until):
        return 0
    return grace_end(decision, librarian)


def grace_end(decision: Decision, librarian: str) -> int:
    """Return when the grace of a librarian ends who is not connected from now on."""
    home = decision.state.roster.library(decision.state.roster.home.get(librarian, ""))
    return decision.at + home.timers.grace_s * 1000


def greet(decision: Decision, it: Conversation, by: str) -> None:
    """Let the librarian who takes over say who they are, and from where when not of the patron's library."""
    local = decision.state.roster.serves_library(by, it.library)
    variant = "-".join(["nonlocal"] * (not local) + ["named"] * bool(it.name))
    notify(decision, it, "greeting", variant=variant, to=address_in_use(it), by=by)


def withdraw(
    decision: Decision, it: Conversation, librarians: list[str], why: WhyRevoked, *, taken_by: str = ""
) -> None:
    """Take an offer back from librarians, telling those who heard of it on their own messengers."""
    again_at = next_round_at(it, it.offered, decision.at) if why == "timeout" else None
    shown = decision.state.roster.shown(taken_by)
    plain: list[str] = []
    for librarian in librarians:
        event = "taken" if taken_by else "withdrawn"
        told = librarian in it.told
        delivery = staff_delivery(decision, it, librarian, "line", event, librarian=shown) if told else None
        if delivery is None:
            plain.append(librarian)
        else:
            decision.emit(
                Revoked(conversation=it.id, to=(librarian,), reason=why, delivery=delivery, again_at=again_at)
            )
    if plain:
        decision.emit(Revoked(conversation=it.id, to=tuple(plain), reason=why, again_at=again_at))


# ---- fold ------------------------------------------------------------------------------------------------------------------


def claimed(state: State, event: Claimed, at: int) -> None:
    """Give it to its owner; the silence counts from now."""
    it = state.conversations[event.conversation]
    wait = event.usual_wait if event.usual_wait is not None else history.usual_wait(state, it, event.how, at)
    if wait >= 0:
        before = state.paces.get(it.queue)
        count = before.count + 1 if before is not None else 1
        state.paces.put(it.queue, WaitAverage(wait_ms=wait, count=count, at=at))
    first = it.claimed_at == 0
    it = replace(
        it,
        state="active",
        owner=event.by,
        helper=event.by,
        parted=False,
        greeted=it.greeted
        if event.by in it.greeted or event.how == "reopen" or not it.live
        else (*it.greeted, event.by),
        claimed_at=at,
        offered="",
        offer_until=0,
        told=(),
        declined=(),
        again_at=0,
        handover=None,
        companions=tuple(one for one in it.companions if one != event.by) if it.companions else (),
        wrote_after=False if first else it.wrote_after,
        turn=event.turn or history.turn(it),
        turn_at=at,
        nudges=0,
        nudged_at=0,
        prompted=0,
        deferral=None,
        back_at=0,
    )
    state.conversations.put(it.id, settled(state, it))
    if event.how == "assign":
        assigned(state, it.queue, event.by, event.assignment, at)
        return
    staff = staying(state, event.by, event.grace_until, at)
    state.staff.put(event.by, staff if it.practice else replace(staff, idle_since=at))


def staying(state: State, librarian: str, grace_until: int | None, at: int) -> Staff:
    """Return a librarian who takes or joins something, with the grace to come where there is one."""
    staff = state.staff.get(librarian, Staff(id=librarian))
    grace_until = grace_until if grace_until is not None else history.staying_until(state, librarian, at)
    return replace(staff, grace_until=grace_until) if grace_until else staff

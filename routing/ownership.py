"""How a conversation becomes somebody's: by a claim, an accepted offer, an assignment, a transfer, by answering it,
or because its owner went and one had joined it.

Exactly one holds it. All others who had it on offer learn who took it: in the inbox from `Claimed` itself, on their own messengers
by a line. A patron of a live channel is greeted by name, once by each librarian, in the words of the patron's own library; a
librarian of another library says so. Whoever takes one without being connected has the grace to come.
"""

from __future__ import annotations

from msgspec.structs import replace

from routing.assign import routed
from routing.deadlines import settled
from routing.decision import Decision
from routing.deliveries import notify, seat, staff_delivery
from routing.events import Claimed, Revoked
from routing.records import Conversation, Staff, WaitAverage
from routing.state import State

LONG_MS = 3_600_000  # who waited longer came while nobody was there: no guide to the usual wait


def take(decision: Decision, it: Conversation, by: str, how: str) -> None:
    """Let `by` have a conversation that waits, or that was handed over."""
    others = [one for one in dict.fromkeys((it.offered, *it.told)) if one and one != by]
    decision.emit(Claimed(conversation=it.id, by=by, how=how, since=it.since))
    withdraw(decision, it, others, "claimed", taken_by=by)
    if not decision.state.conversations[it.id].live or how in ("reopen", "successor"):
        return
    if how == "transfer":
        notify(decision, it, "transferred", to=seat(it), by=by)
    elif by not in it.greeted:
        greet(decision, decision.state.conversations[it.id], by)
    elif it.parted:
        notify(decision, it, "returned", to=seat(it), by=by)


def greet(decision: Decision, it: Conversation, by: str) -> None:
    """Let the librarian who takes over say who he is, and from where when not of the patron's library."""
    local = decision.state.roster.home.get(by, "") == it.library
    variant = "-".join(["nonlocal"] * (not local) + ["named"] * bool(it.name))
    notify(decision, it, "greeting", variant=variant, to=seat(it), by=by)


def withdraw(decision: Decision, it: Conversation, librarians: list[str], why: str, *, taken_by: str = "") -> None:
    """Take an offer back from librarians, telling those who heard of it on their own messengers."""
    shown = decision.state.roster.shown(taken_by)
    plain: list[str] = []
    for librarian in librarians:
        event = "taken" if taken_by else "withdrawn"
        told = librarian in it.told
        delivery = staff_delivery(decision, it, librarian, "line", event, librarian=shown) if told else None
        if delivery is None:
            plain.append(librarian)
        else:
            decision.emit(Revoked(conversation=it.id, to=(librarian,), reason=why, delivery=delivery))
    if plain:
        decision.emit(Revoked(conversation=it.id, to=tuple(plain), reason=why))


# ---- fold ------------------------------------------------------------------------------------------------------------------


def claimed(state: State, event: Claimed, at: int) -> None:
    """Give it to its owner; the silence counts from now."""
    it = state.conversations[event.conversation]
    if it.state == "waiting" and event.how not in ("reopen", "transfer"):
        _paced(state, it, at)
    first = it.claimed_at == 0
    owed = it.unanswered_since > 0
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
        turn="librarian" if owed else "patron",
        turn_at=at,
        nudges=0,
        nudged_at=0,
        prompted=0,
    )
    state.conversations.put(it.id, settled(state, it))
    if event.how == "assign":
        routed(state, it.queue, event.by, at)
        return
    state.staff.put(event.by, replace(staying(state, event.by, at), idle_since=at))


def staying(state: State, librarian: str, at: int) -> Staff:
    """Return a librarian who takes or joins something, with the grace to come when he is not connected."""
    staff = state.staff.get(librarian, Staff(id=librarian))
    if not staff.connections and not staff.grace_until:
        home = state.roster.library(state.roster.home.get(librarian, ""))
        staff = replace(staff, grace_until=at + home.timers.grace_s * 1000)
    return staff


def _paced(state: State, it: Conversation, at: int) -> None:
    waited = at - it.queued_at
    if not it.live or not 0 <= waited <= LONG_MS:
        return
    pace = state.paces.get(it.queue)
    if pace is None:
        state.paces.put(it.queue, WaitAverage(wait_ms=waited, count=1, at=at))
    else:
        state.paces.put(it.queue, WaitAverage(wait_ms=(pace.wait_ms * 4 + waited) // 5, count=pace.count + 1, at=at))

"""What the clock brings. Time is data: a Tick says that a deadline has come, its `at` is the only clock.

A core that takes over lets nothing fall due before its grace is over. So an outage does not close every silent chat before the
browsers are back. A timer that cannot be worked off (a bug) is reported and set aside alone: it does not hold up the others.
"""

from __future__ import annotations

from msgspec.structs import replace

from bridge.contract.message import SetQueue
from routing import snoozing
from routing.access import looked_at
from routing.calls import run_out
from routing.closing import default_code, end, forget_overdue
from routing.deadlines import (
    again_at,
    call_ends_at,
    closing_at,
    concierge_at,
    due,
    followed_at,
    given_up_at,
    hours_change_at,
    next_tier_at,
    practice_ends_at,
    settled,
    silence,
)
from routing.decision import Decision
from routing.deliveries import UNREACHED, address_in_use, notify, relay, what_to_say
from routing.events import AnnouncementEnded, Faulted, PatronGone, Reminded, Unblocked
from routing.followups import FOLLOW_UPS, follow_unfinished, remind, reminded_of
from routing.librarians import ring as ring_librarian
from routing.offers import ask, ask_as_agreed, new_round, offer_waiting_to, open_tier
from routing.ownership import withdraw
from routing.patron_end import finish
from routing.queue_opening import change
from routing.records import Conversation
from routing.standing import KEEPS, Moment, standing
from routing.state import State, follow_up_due, staff_due
from routing.transfers import end_transfer

MOST = 500


def tick(decision: Decision) -> list[tuple[str, str]]:
    """Work off what is due, at most 500 at once; return the timers that were looked at, to be armed again."""
    state = decision.state
    term = state.term.get("core")
    if term is not None and decision.at < term.grace_until:
        return []
    rung = [(kind, key) for _, kind, key in state.ringing(decision.at, MOST)]
    late = [(when, kind, key) for kind, key in rung if 0 < (when := true_due(state, kind, key)) <= decision.at]
    broken: list[tuple[str, str]] = []
    for _, kind, key in sorted(late):
        mark, events, made = len(state.journal), len(decision.events), decision.made
        try:
            ring(decision, kind, key)
        except Exception as error:
            state.rollback(mark)
            del decision.events[events:]
            decision.made = made
            decision.emit(Faulted(input=f"{kind}:{key}", error=f"{type(error).__name__}: {error}"))
            state.disarm(kind, key)
            broken.append((kind, key))
    return [one for one in rung if one not in broken]


def true_due(state: State, kind: str, key: str) -> int:
    """Return when something is really due; 0 = never.

    Worked out again: a record of an older release may hold a deadline that its rules no longer know.
    """
    if kind == "conversation":
        it = state.conversations.get(key)
        return due(state, it) if it is not None else 0
    if kind == "staff":
        staff = state.staff.get(key)
        return staff_due(staff) if staff is not None else 0
    if kind == "follow-up":
        follow_up = state.follow_ups.get(key)
        return follow_up_due(follow_up) if follow_up is not None else 0
    if kind in ("queue", "notice"):
        lasting = state.queue_orders.get(key) if kind == "queue" else state.announcements.get(key)
        return lasting.until if lasting is not None else 0
    barred = state.barred.get(key)
    return barred.until if barred is not None else 0


def ring(decision: Decision, kind: str, key: str) -> None:
    """Do what is due, unless an earlier timer of this tick has settled it."""
    if not 0 < true_due(decision.state, kind, key) <= decision.at:
        return
    if kind == "conversation":
        it = decision.state.conversations[key]
        if 0 < practice_ends_at(it) <= decision.at:
            end(decision, it, "practice", "practice-over")
            return
        {"waiting": _waiting, "active": _active, "closed": _closed}[it.state](decision, it)
    elif kind == "staff":
        ring_librarian(decision, decision.state.staff[key])
    elif kind == "follow-up":
        remind(decision, decision.state.follow_ups[key])
    elif kind == "queue":
        change(decision, SetQueue(queue=key, opening="usual"), "")
    elif kind == "notice":
        decision.emit(AnnouncementEnded(id=key, by=""))
    else:
        channel, _, address = key.partition("|")
        decision.emit(Unblocked(channel=channel, address=address, by=""))


def _waiting(decision: Decision, it: Conversation) -> None:
    state, service = decision.state, decision.state.roster.service(it.queue)
    if 0 < given_up_at(it) <= decision.at:
        if standing(state, service, decision.at) in ("busy", "free"):
            end(decision, it, "lost_call", "patron-left")
            return
        decision.emit(Reminded(conversation=it.id, what="kept"))  # nobody was there to take the call: it is no lost one
        it = state.conversations[it.id]
    if 0 < followed_at(it) <= decision.at:
        follow_unfinished(decision, it)
        it = state.conversations[it.id]
    if it.state == "waiting" and 0 < hours_change_at(service, it) <= decision.at:
        could = service.level_at(looked_at(it))
        decision.emit(Reminded(conversation=it.id, what="hours"))
        ask_as_agreed(decision, it.id, could)
        it = state.conversations[it.id]
    if it.offered and 0 < it.offer_until <= decision.at:
        passed = it.offered
        withdraw(decision, it, [passed], "timeout")
        ask(decision, it.id)
        offer_waiting_to(decision, passed)
    elif 0 < again_at(service, it) <= decision.at:
        new_round(decision, it)
    it = state.conversations[it.id]
    if it.state == "waiting" and 0 < next_tier_at(service, it) <= decision.at:
        open_tier(decision, it)
    it = state.conversations[it.id]
    if it.state == "waiting" and 0 < closing_at(state, service, it) <= decision.at:
        decision.emit(Reminded(conversation=it.id, what="closing"))
        _tell_standing(decision, it, "closing")
        it = state.conversations[it.id]
    if it.state == "waiting" and 0 < concierge_at(service, it) <= decision.at:
        decision.emit(Reminded(conversation=it.id, what="concierge"))
        _tell_standing(decision, it, "wait")


def _tell_standing(decision: Decision, it: Conversation, moment: Moment) -> None:
    """Tell the state of the desk; a promise to keep the question is said also to who is away for a moment."""
    event, variant, opening = what_to_say(decision, it, moment)
    if event:
        passing = event not in KEEPS
        notify(decision, it, event, variant=variant, passing=passing, to=address_in_use(it), opening=opening)


def _active(decision: Decision, it: Conversation) -> None:
    if it.handover is not None and 0 < it.handover.expires_at <= decision.at:
        end_transfer(decision, it, "timeout")
    if 0 < call_ends_at(it) <= decision.at:
        run_out(decision, it)
    it = decision.state.conversations[it.id]
    if 0 < snoozing.wake_at(it) <= decision.at:
        snoozing.ring(decision, it)
        return
    what, when = silence(decision.state, it)
    if not 0 < when <= decision.at:
        return
    if what == "close":
        _close_silent(decision, it)
        return
    decision.emit(Reminded(conversation=it.id, what=what))
    if what == "still-there":
        notify(decision, it, "still-there", passing=True, to=address_in_use(it))
        if not it.gone:
            decision.emit(PatronGone(conversation=it.id, gone=True, guessed=True))
            relay(decision, it, it.owner, "gone")
    elif what == "remind":
        relay(decision, it, it.owner, "remind")


def _close_silent(decision: Decision, it: Conversation) -> None:
    decision.emit(Reminded(conversation=it.id, what="patron-gone"))
    code = default_code(decision.state, it)
    follow = code in FOLLOW_UPS
    variant = "follow-up" if follow else "away" if code == UNREACHED else ""
    notify(decision, it, "closed-silent", variant=variant, to=address_in_use(it), address=it.contact)
    finish(decision, it, code, "patron-gone")


def _closed(decision: Decision, it: Conversation) -> None:
    forget_overdue(decision, (it.id,))


# ---- fold -------------------------------------------------------------------------------------------------------------------

STEPS = {"remind": 1, "mark": 2, "still-there": 1, "patron-gone": 2}


def reminded(state: State, event: Reminded, at: int) -> None:
    """Remember how far a silence has been told."""
    if event.follow_up:
        reminded_of(state, event, at)
        return
    it = state.conversations[event.conversation]
    if event.what == "concierge":
        it = replace(it, told_wait=True)
    elif event.what == "closing":
        it = replace(it, told_closed=at)
    elif event.what == "hours":
        it = replace(it, hours_at=at)
    elif event.what == "kept":
        it = replace(it, kept=True)
    elif it.turn == "patron" and event.what in ("remind", "mark"):
        it = replace(it, prompted=STEPS[event.what])
    else:
        it = replace(it, nudges=STEPS.get(event.what, it.nudges), nudged_at=at)
    state.conversations.put(it.id, settled(state, it))

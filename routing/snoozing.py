"""Snoozing: a librarian says that a conversation of theirs need not be answered now, and when it needs them again.

*Why.* Its last message needs no answer ("Thanks!"), the patron has to write next, or it is looked at again at a time.
*Whose.* Those who answer in it snooze it. Nobody has one that waits: a librarian who snoozes it takes it, so a question always has
an owner. A live patron who waits sits there and hears nothing, so their conversation is claimed first.
*What it means.* Lists show no wait and no lateness. The librarian isn't reminded. With a time, the patron isn't asked whether they
are still there, and isn't given up. Without one, it is the patron's turn, as after an answer.
*How it ends.* The patron writes, a librarian answers or wakes it, an answer didn't arrive, the time comes, the conversation ends,
or it gets another owner. What nobody has answered is then as late as it always was.
"""

from __future__ import annotations

from typing import Literal

from msgspec.structs import replace

from bridge.contract.message import Action, Snooze, Wake
from routing.access import eligible, speaks
from routing.deadlines import settled
from routing.decision import Decision
from routing.deliveries import relay
from routing.events import Snoozed, WhyRefused, Woken
from routing.ownership import take
from routing.records import Conversation, Deferral
from routing.refusals import done, held, refuse
from routing.state import State

MOST_MS = 92 * 86_400_000
MOST_LIVE_MS = 4 * 3_600_000  # a patron sits there


def snooze(decision: Decision, action: Action, deed: Snooze) -> None:
    """Put a conversation off; asked again, the newer wish counts."""
    it = held(decision, action, deed.conversation)
    if it is None:
        return
    why = _hindrance(decision, action.by, deed, it)
    if why:
        refuse(decision, action, why, it)
        return
    if it.state == "waiting":
        take(decision, it, action.by, "claim")
    decision.emit(Snoozed(conversation=it.id, by=action.by, why=deed.why, until=deed.until))


def may_snooze(state: State, librarian: str, it: Conversation) -> bool:
    """Say whether a librarian may snooze a conversation: see the head of this module."""
    return _not_theirs(state, librarian, it) is None


def _not_theirs(state: State, librarian: str, it: Conversation) -> WhyRefused | None:
    if it.state != "waiting":
        return None if speaks(librarian, it) and it.state == "active" else "not-yours"
    if it.live:
        return "unclaimed"
    return None if eligible(state, librarian, it) else "no-access"


def _hindrance(decision: Decision, by: str, deed: Snooze, it: Conversation) -> WhyRefused | None:
    why = _not_theirs(decision.state, by, it)
    if why is not None:
        return why
    if (deed.why == "later" or deed.until) and deed.until <= decision.at:
        return "time-passed"
    return "too-far-off" if deed.until > decision.at + (MOST_LIVE_MS if it.live else MOST_MS) else None


def wake(decision: Decision, action: Action, deed: Wake) -> None:
    """End a snooze by hand; what is awake stays so."""
    it = held(decision, action, deed.conversation)
    if it is None:
        return
    if it.deferral is None:
        done(decision, action, it)
    elif speaks(action.by, it):
        decision.emit(Woken(conversation=it.id, by=action.by))
    else:
        refuse(decision, action, "not-yours", it)


def wake_at(it: Conversation) -> int:
    """Return when a snoozed conversation comes back by itself, 0 = at no time."""
    return it.deferral.until if it.deferral is not None else 0


def ring(decision: Decision, it: Conversation) -> None:
    """Bring a conversation back whose time has come; a librarian is told on their own messenger."""
    decision.emit(Woken(conversation=it.id))
    relay(decision, it, it.owner, "woken")


# ---- fold ------------------------------------------------------------------------------------------------------------------


def snoozed(state: State, event: Snoozed, at: int) -> None:
    """Remember it. Without a time it is the patron's turn."""
    it = state.conversations[event.conversation]
    it = replace(it, deferral=Deferral(by=event.by, why=event.why, at=at, until=event.until), back_at=0)
    if not event.until:
        it = _turned(it, "patron", at)
    state.conversations.put(it.id, settled(state, it))


def woken(state: State, event: Woken, at: int) -> None:
    """Let the silence count from now; one whose time has come is marked until somebody deals with it."""
    it = state.conversations[event.conversation]
    it = replace(it, deferral=None, back_at=0 if event.by else at)
    turn: Literal["librarian", "patron"] = "librarian" if it.unanswered_since else "patron"
    state.conversations.put(it.id, settled(state, _turned(it, turn, at)))


def _turned(it: Conversation, turn: Literal["librarian", "patron"], at: int) -> Conversation:
    return replace(it, turn=turn, turn_at=at, nudges=0, nudged_at=0, prompted=0)

"""Joining: a colleague comes into a conversation and answers beside its owner.

*Whose it is.* Still the owner's: only they transfer it, give it back and end it. They are reminded, and statistics count it for
them (the log has who wrote what). So joining does not count in capacity. Capacity bounds what the desk may offer, and nobody is
made to join. A colleague who is called in for five minutes must not lose a place in their own queue by it.
*Who may.* Librarians of the patron's library, and those whom a transfer asks: access to transcripts is per library (ALA, RUSA).
A note that names a colleague (`@`) is the invitation; to consult without the patron seeing it is what notes are for.
*What the patron hears.* On a live channel once for each colleague, by name, in the words of the patron's library; a colleague from
another library says so. Going is not told: the owner is still there, and the patron has lost nobody.
*How it ends.* By leaving; by being away beyond the grace, on slow channels too (joining is being there, owning is a duty that
stays); when the conversation ends or goes back to its queue; and when a colleague becomes its owner. A transfer to somebody else
leaves the others in it.
*When the owner goes.* The first colleague to join who is still connected gets it, before any queue. The patron knows that
librarian already. Without this rule they would wait again while somebody is there who has read everything. It may go beyond
capacity, as a claim by hand may: the librarian chose to be in it, and can give it back.
"""

from __future__ import annotations

from msgspec.structs import replace

from bridge.contract.message import Action, Join, Leave
from routing.access import active, connected, may_join, speaks
from routing.decision import Decision
from routing.deliveries import address_in_use, notify, relay, tell_standing
from routing.events import Joined, LeftConversation
from routing.offers import enqueue
from routing.ownership import grace_to_come, staying, take
from routing.records import Conversation
from routing.refusals import done, held, refuse
from routing.state import State


def join(decision: Decision, action: Action, deed: Join) -> None:
    """Come into a conversation that a colleague has."""
    it = held(decision, action, deed.conversation)
    if it is None:
        return
    if speaks(action.by, it):
        done(decision, action, it)
    elif may_join(decision.state, action.by, it):
        _enter(decision, it, action.by)
    else:
        refuse(decision, action, "unclaimed" if it.state == "waiting" else "no-access", it)


def _enter(decision: Decision, it: Conversation, by: str) -> None:
    decision.emit(Joined(conversation=it.id, by=by, grace_until=grace_to_come(decision, by)))
    shown = decision.state.roster.shown(by)
    relay(decision, it, it.owner, "joined", librarian=shown)
    if it.live and not it.gone and by not in it.introduced:
        variant = "" if decision.state.roster.serves_library(by, it.library) else "nonlocal"
        notify(decision, it, "joined", variant=variant, to=address_in_use(it), by=by)


def leave(decision: Decision, action: Action, deed: Leave) -> None:
    """Go out of a conversation that I joined; its owner transfers it, gives it back or ends it instead."""
    it = held(decision, action, deed.conversation)
    if it is None:
        return
    if action.by in it.companions:
        decision.emit(LeftConversation(conversation=it.id, by=action.by, reason="left"))
        relay(decision, it, it.owner, "left", librarian=decision.state.roster.shown(action.by))
    else:
        refuse(decision, action, "yours" if it.owner == action.by else "not-joined", it)


def hand_on(decision: Decision, it: Conversation) -> bool:
    """Give a conversation whose owner went to who joined it, and say whether somebody is there to have it."""
    heir = next((one for one in it.companions if active(decision.state, one) and connected(decision.state, one)), "")
    if not heir:
        return False
    take(decision, it, heir, "successor")
    if it.live and not it.gone:
        now = decision.state.conversations[it.id]
        notify(decision, now, "successor", passing=True, to=address_in_use(it), by=heir)
    return True


def without_owner(decision: Decision, it: Conversation, since: int) -> None:
    """Give a conversation whose owner is not there to who joined it, else back to its queue as of `since` ms.

    The patron of a live channel is told. `it` is the conversation as it was when its owner was lost.
    """
    if hand_on(decision, decision.state.conversations[it.id]):
        return
    enqueue(decision, decision.state.conversations[it.id], it.queue, since, "lost-librarian")
    back = decision.state.conversations[it.id]
    if it.live and not back.gone and back.state == "waiting":
        tell_standing(decision, back, "requeued")


# ---- fold ------------------------------------------------------------------------------------------------------------------


def joined(state: State, event: Joined, at: int) -> None:
    """Add the colleague; one who is not connected has the grace to come."""
    it = state.conversations[event.conversation]
    introduced = it.introduced if event.by in it.introduced else (*it.introduced, event.by)
    state.conversations.put(it.id, replace(it, companions=(*it.companions, event.by), introduced=introduced))
    state.staff.put(event.by, staying(state, event.by, event.grace_until, at))


def left_conversation(state: State, event: LeftConversation, at: int) -> None:
    """Take the colleague out."""
    it = state.conversations[event.conversation]
    state.conversations.put(it.id, replace(it, companions=tuple(one for one in it.companions if one != event.by)))

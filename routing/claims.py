"""Claiming, accepting, declining, giving back. However many claim at once, the first in the stream wins; losers learn the holder.

A claim by hand may go beyond a librarian's capacity: it is their own decision. What the desk offers or assigns never does.
"""

from __future__ import annotations

from msgspec.structs import replace

from bridge.contract.message import Accept, Action, Claim, Reject, Release
from routing.access import asked, coordinates, eligible
from routing.deadlines import next_round_at, settled
from routing.decision import Decision
from routing.events import OfferRejected, Released
from routing.offers import ask, enqueue, freed, offer_waiting_to
from routing.ownership import take
from routing.refusals import done, held, refuse
from routing.state import State
from routing.transfers import accept_transfer, end_transfer, reject_transfer


def claim(decision: Decision, action: Action, deed: Claim | Accept) -> None:
    """Take a waiting conversation, or one that is handed to me."""
    it = held(decision, action, deed.conversation)
    if it is None:
        return
    by = action.by
    if it.owner == by:
        done(decision, action, it)
    elif asked(decision.state, by, it):
        accept_transfer(decision, it, by)
    elif it.owner:
        refuse(decision, action, "taken", it, it.owner)
    elif not eligible(decision.state, by, it):
        refuse(decision, action, "no-access", it)
    else:
        take(decision, it, by, "accept" if it.offered == by else "claim")
        if it.offered and it.offered != by:
            offer_waiting_to(decision, it.offered)


def reject(decision: Decision, action: Action, deed: Reject) -> None:
    """Decline an offer or a transfer; another is asked, or it returns to its sender."""
    it = held(decision, action, deed.conversation)
    if it is None:
        return
    by = action.by
    if asked(decision.state, by, it):
        reject_transfer(decision, it, by)
    elif not eligible(decision.state, by, it):
        refuse(decision, action, "taken" if it.owner else "not-offered", it, it.owner)
    elif by in it.declined:
        done(decision, action, it)
    else:
        decision.emit(OfferRejected(conversation=it.id, by=by, again_at=next_round_at(it, by, decision.at)))
        if it.offered == by:
            ask(decision, it.id)
            offer_waiting_to(decision, by)


def release(decision: Decision, action: Action, deed: Release) -> None:
    """Take back a transfer of mine; else put the conversation back into its queue, ahead of newer ones."""
    it = held(decision, action, deed.conversation)
    if it is None:
        return
    if not it.owner or (it.owner != action.by and not coordinates(decision.state, action.by, it.library)):
        refuse(decision, action, "not-yours", it, it.owner)
    elif it.handover is not None:
        end_transfer(decision, it, "withdrawn")
    elif deed.transfer:
        refuse(decision, action, "transfer-over", it)
    else:
        decision.emit(Released(conversation=it.id, by=action.by))
        enqueue(decision, decision.state.conversations[it.id], it.queue, it.since, "released")
        offer_waiting_to(decision, it.owner)


# ---- fold --------------------------------------------------------------------------------------------------------------------


def released(state: State, event: Released, at: int) -> None:
    """Nobody has it; who had it is not asked in the first round. A Queued follows."""
    it = state.conversations[event.conversation]
    owner = it.owner
    it = replace(
        it, state="waiting", owner="", handover=None, companions=(), declined=(owner,), offered="", offer_until=0
    )
    state.conversations.put(it.id, settled(state, it))
    if not it.practice:
        freed(state, owner, at)

"""Claiming, accepting, declining, giving back. However many claim at once, the first in the stream wins; losers learn the holder.

A claim by hand may go beyond a librarian's capacity: it is his own decision. What the desk offers or assigns never does.
"""

from __future__ import annotations

from msgspec.structs import replace

from bridge.contract.message import Accept, Action, Claim, Reject, Release
from routing.access import asked, coordinates, eligible
from routing.deadlines import settled
from routing.decision import Turn
from routing.events import OfferRejected, Released
from routing.offers import ask, drain, enqueue, freed
from routing.ownership import take
from routing.refusals import done, held, refuse
from routing.state import State
from routing.transfers import accept_transfer, end_transfer, reject_transfer


def claim(turn: Turn, action: Action, deed: Claim | Accept) -> None:
    """Take a waiting conversation, or one that is handed to me."""
    it = held(turn, action, deed.conversation)
    if it is None:
        return
    by = action.by
    if it.owner == by:
        done(turn, action, it)
    elif asked(turn.state, by, it):
        accept_transfer(turn, it, by)
    elif it.owner:
        refuse(turn, action, "taken", it, it.owner)
    elif not eligible(turn.state, by, it):
        refuse(turn, action, "no-access", it)
    else:
        take(turn, it, by, "accept" if it.offered == by else "claim")
        if it.offered and it.offered != by:
            drain(turn, it.offered)


def reject(turn: Turn, action: Action, deed: Reject) -> None:
    """Decline an offer or a transfer; another is asked, or it returns to its sender."""
    it = held(turn, action, deed.conversation)
    if it is None:
        return
    by = action.by
    if asked(turn.state, by, it):
        reject_transfer(turn, it, by)
    elif not eligible(turn.state, by, it):
        refuse(turn, action, "taken" if it.owner else "not-offered", it, it.owner)
    elif by in it.declined:
        done(turn, action, it)
    else:
        turn.emit(OfferRejected(conversation=it.id, by=by))
        if it.offered == by:
            ask(turn, it.id)
            drain(turn, by)


def release(turn: Turn, action: Action, deed: Release) -> None:
    """Take back a transfer of mine; else put the conversation back into its queue, ahead of newer ones."""
    it = held(turn, action, deed.conversation)
    if it is None:
        return
    if not it.owner or (it.owner != action.by and not coordinates(turn.state, action.by, it.library)):
        refuse(turn, action, "not-yours", it, it.owner)
    elif it.handover is not None:
        end_transfer(turn, it, "withdrawn")
    elif deed.transfer:
        refuse(turn, action, "transfer-over", it)
    else:
        turn.emit(Released(conversation=it.id, by=action.by))
        enqueue(turn, turn.state.conversations[it.id], it.queue, it.since, "released")
        drain(turn, it.owner)


# ---- fold --------------------------------------------------------------------------------------------------------------------


def released(state: State, event: Released, at: int) -> None:
    """Nobody has it; who had it is not asked in the first round. A Queued follows."""
    it = state.conversations[event.conversation]
    owner = it.owner
    it = replace(
        it, state="waiting", owner="", handover=None, companions=(), declined=(owner,), offered="", offer_until=0
    )
    state.conversations.put(it.id, settled(state, it))
    freed(state, owner, at)

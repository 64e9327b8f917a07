"""Transfers: an offer to one colleague or one queue, that can be refused and then returns to its sender, never to limbo.

Until somebody accepts, it stays with the sender; by writing meanwhile they take it back. The patron of a live channel is told
when it is offered, when somebody has it and when the sender keeps it. A transfer that nobody takes in time, or whose target
leaves, goes back.
A sender who works from their own messenger is told by a line what became of it; a browser shows it.
"""

from __future__ import annotations

from typing import Literal

from msgspec.structs import replace

from bridge.contract.message import Action, Transfer
from routing.access import active, connected, serving
from routing.deadlines import next_round_at, settled
from routing.decision import Decision
from routing.deliveries import address_in_use, notify, relay
from routing.events import OfferRejected, Queued, TransferEnded, TransferOffered, WhyNotTransferred, WhyRefused
from routing.offers import offer_waiting_to
from routing.ownership import take
from routing.records import Conversation, Handover
from routing.refusals import held, refuse
from routing.state import State

LIVE_MS = 60_000
SLOW_MS = 86_400_000


def transfer(decision: Decision, action: Action, deed: Transfer) -> None:
    """Offer a conversation of mine to a colleague or to a queue."""
    it = held(decision, action, deed.conversation)
    if it is None:
        return
    why = _hindrance(decision, action, deed, it)
    if why:
        refuse(decision, action, why, it, it.owner if why == "not-yours" else "")
        return
    lasts = LIVE_MS if it.live else SLOW_MS
    decision.emit(
        TransferOffered(
            conversation=it.id,
            by=action.by,
            librarian=deed.librarian,
            queue=deed.queue,
            note=deed.note,
            expires_at=decision.at + lasts,
        )
    )
    shown, text = decision.state.roster.shown(action.by), deed.note or it.last_text
    for librarian in [deed.librarian] if deed.librarian else sorted(serving(decision.state, deed.queue, decision.at)):
        if librarian != action.by:
            relay(decision, it, librarian, "transfer", librarian=shown, text=text)
    if it.live and not it.gone:
        notify(decision, it, "transfer", passing=True, to=address_in_use(it))


def _hindrance(decision: Decision, action: Action, deed: Transfer, it: Conversation) -> WhyRefused | Literal[""]:
    state = decision.state
    if it.owner != action.by:
        return "not-yours"
    if it.handover is not None:
        return "already-offered"
    if bool(deed.librarian) == bool(deed.queue):
        return "unknown-target"
    if deed.queue:
        if deed.queue not in state.roster.services:
            return "unknown-target"
        there = any(one != action.by for one in serving(state, deed.queue, decision.at))
        return "absent" if it.live and not there else ""
    if not active(state, deed.librarian):
        return "unknown-target"
    if deed.librarian == action.by:
        return "yourself"
    return "absent" if it.live and not connected(state, deed.librarian) else ""


def accept_transfer(decision: Decision, it: Conversation, by: str) -> None:
    """Give the conversation to who accepts; one that went to a queue is in that queue from now on."""
    handover = it.handover
    if handover is None:
        raise ValueError("no transfer is offered")
    sender = it.owner
    if handover.queue and handover.queue != it.queue:
        decision.emit(
            Queued(conversation=it.id, queue=handover.queue, since=it.since, reason="transferred", tier=0, again_at=0)
        )
    take(decision, decision.state.conversations[it.id], by, "transfer")
    relay(decision, it, sender, "transferred", librarian=decision.state.roster.shown(by))
    offer_waiting_to(decision, sender)


def reject_transfer(decision: Decision, it: Conversation, by: str) -> None:
    """Decline: a colleague's refusal ends it, a queue's when everybody present has declined."""
    handover = it.handover
    if handover is None:
        raise ValueError("no transfer is offered")
    if handover.queue:
        decision.emit(OfferRejected(conversation=it.id, by=by, again_at=next_round_at(it, by, decision.at)))
        declined = decision.state.conversations[it.id].declined
        if any(one not in declined and one != it.owner for one in serving(decision.state, handover.queue, decision.at)):
            return
    end_transfer(decision, decision.state.conversations[it.id], "rejected")


def end_transfer(decision: Decision, it: Conversation, why: WhyNotTransferred) -> None:
    """Leave it with its sender, who is told on their own messenger unless they took it back."""
    asked = _asked(it.handover)
    decision.emit(TransferEnded(conversation=it.id, by=it.owner, reason=why, to=asked))
    owner = it.owner
    if why != "withdrawn" and active(decision.state, owner):
        relay(decision, it, owner, f"transfer-{why}")
    back = decision.state.conversations[it.id]
    if why in ("rejected", "timeout", "away") and back.live and not back.gone and connected(decision.state, owner):
        colleague = _named(decision.state, it.handover)
        notify(decision, back, "transfer-back", passing=True, to=address_in_use(back), by=owner, colleague=colleague)


def _asked(handover: Handover | None) -> str:
    return "" if handover is None else handover.librarian or handover.queue


def _named(state: State, handover: Handover | None) -> str:
    """Return whom a transfer asked, as patrons are told of them."""
    if handover is None:
        return ""
    if handover.librarian:
        return state.roster.shown(handover.librarian)
    return state.roster.service(handover.queue).queue.name or handover.queue


# ---- fold ------------------------------------------------------------------------------------------------------------------


def transfer_offered(state: State, event: TransferOffered, at: int) -> None:
    """Put it on offer."""
    handover = Handover(
        by=event.by, librarian=event.librarian, queue=event.queue, note=event.note, expires_at=event.expires_at
    )
    it = replace(state.conversations[event.conversation], handover=handover, declined=())
    state.conversations.put(it.id, settled(state, it))


def transfer_ended(state: State, event: TransferEnded, at: int) -> None:
    """Take it off offer."""
    it = replace(state.conversations[event.conversation], handover=None, declined=())
    state.conversations.put(it.id, settled(state, it))

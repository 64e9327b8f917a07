"""Erasing a conversation at a patron's request: at once, everywhere, all but the numbers.

A coordinator of the patron's library asks for it, or the operator. An open conversation is refused. So is one with an open
follow-up, unless the request gives up the follow-up, too.

The core drops the conversation, its addresses, who helped there, and a block of such an address, for a block *is* an address.
The core may not hold a conversation any more, and some addresses are in the archive alone. Then it takes the request without a
check (the inbox has checked it against the archive). `State.erasures` counts what was erased since the state was made:
the runner then removes it from its snapshots and streams soon.
"""

from __future__ import annotations

from collections.abc import Container
from typing import Literal

from msgspec.structs import replace

from bridge.contract.message import Action, Erase, Forget
from routing.access import coordinates
from routing.closing import drop_conversation, forget_overdue
from routing.decision import Decision
from routing.events import Erased, FollowUpChanged, Refused, Step, WhyRefused, answer
from routing.records import Conversation, at_key
from routing.refusals import refuse
from routing.state import State


def forget(decision: Decision, action: Action, deed: Forget) -> None:
    """Forget a conversation because its patron asked a librarian."""
    state = decision.state
    it = state.conversations.get(deed.conversation)
    library = it.library if it is not None else state.roster.home.get(action.by, "")
    why = refusal(state, deed) if coordinates(state, action.by, library) else "no-access"
    if why:
        refuse(decision, action, why, it)
    else:
        erase(decision, deed, action.by)


def ordered(decision: Decision, order: Erase) -> None:
    """Forget a conversation because its patron asked the operator."""
    why = refusal(decision.state, order)
    if why:
        decision.emit(Refused(action=order.id, by="", reason=why, conversation=order.conversation))
    else:
        erase(decision, order, "")


def refusal(state: State, asked: Forget | Erase) -> WhyRefused | Literal[""]:
    """Return why a conversation cannot be forgotten now, "" when it can."""
    it = state.conversations.get(asked.conversation)
    if it is None:
        return ""
    if it.state != "closed":
        return "not-closed"
    return "follow-up-open" if it.follow_up and not asked.follow_up else ""


def erase(decision: Decision, asked: Forget | Erase, by: str) -> None:
    """Drop all that is known of a conversation but its numbers; an open follow-up is given up."""
    state = decision.state
    it = state.conversations.get(asked.conversation)
    open_one = state.follow_ups.get(it.follow_up) if it is not None else None
    if open_one is not None:
        decision.emit(FollowUpChanged(id=open_one.id, conversation=open_one.conversation, state="closed", by=by))
    places = dict.fromkeys([*(_places(it) if it is not None else ()), *asked.places])
    decision.emit(Erased(conversation=asked.conversation, by=by, places=tuple(places)))
    forget_overdue(decision, it.merged if it is not None else ())


def _places(it: Conversation) -> list[str]:
    return [at_key(it.channel, it.address), *(at_key(one.channel, one.address) for one in it.routes)]


def without(step: Step, gone: Container[str]) -> Step:
    """Return a step without anything of the conversations that are `gone`, but for their erasure: what may still be remembered."""
    said = answer(step)
    kept = [event for event in step.events if type(event) is Erased or getattr(event, "conversation", "") not in gone]
    found = next((n for n, event in enumerate(kept) if event is said), -1)
    bare = tuple(replace(event, places=()) if type(event) is Erased else event for event in kept)
    return replace(step, events=bare, answer=found)


# ---- fold -----------------------------------------------------------------------------------------------------------------------


def erased(state: State, event: Erased, at: int) -> None:
    """Drop the conversation, and what is known by its addresses."""
    state.count_erasure()
    it = state.conversations.get(event.conversation)
    if it is not None:
        for other in it.merged:
            _part(state, other, it.id)
        drop_conversation(state, it)
        _lead_nowhere(state, it)
    for place in event.places:
        state.known.drop(place)
        state.barred.drop(place)


def _lead_nowhere(state: State, gone: Conversation) -> None:
    """Forget where addresses led that only the erased one had: what it went on in does not answer there."""
    head = state.conversations.get(gone.into)
    if head is not None:
        for place in {*_places(gone)} - {*_places(head)}:
            if state.addresses.get(place) == head.id:
                state.addresses.drop(place)


def _part(state: State, other: str, gone: str) -> None:
    it = state.conversations.get(other)
    if it is not None:
        state.conversations.put(other, replace(it, merged=tuple(one for one in it.merged if one != gone)))

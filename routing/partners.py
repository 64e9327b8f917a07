"""Partners: conversations of other desks that are helped here.

Such a conversation's patron is its home desk, which is told what becomes of it: who has it, that nobody has it any more, how it
ended. Those words go out in the order of the answers, on the same way. Home may take it back at any time (`Recall`). It is over
here then, whoever has it. What home has forgotten is forgotten here.

The other way round a partner's desk is a colleague: a librarian whose address is on a channel of partners. See `offers`.
"""

from __future__ import annotations

from typing import Literal

from bridge.contract.message import Code, Erase, Recall
from routing.closing import code_named, end
from routing.decision import Decision
from routing.deliveries import address_in_use, compose
from routing.erasure import erase
from routing.events import Claimed, Closed, Event, Queued, Relayed, TransferEnded
from routing.records import Conversation, at_key

RECALLED: Literal["recalled"] = "recalled"  # the code of what goes on at its home; nobody can choose it
TOLD = (Claimed, Closed, Queued)
_KEPT: tuple[Code, ...] = ("answered", "lost_call", "practice", "unreached")  # home's codes that mean the same here


def recall(decision: Decision, given: Recall) -> None:
    """End a conversation that its home takes back; forget it where home asks for that."""
    state = decision.state
    known = state.addresses.get(at_key(given.channel, given.sender), "")
    it = state.conversations.get(given.conversation or known)
    if it is not None and it.channel != given.channel:
        it = None
    if it is not None and it.state != "closed":
        if it.handover is not None:
            decision.emit(TransferEnded(conversation=it.id, by=it.owner, reason="withdrawn"))
        code = code_named(given.code)
        end(decision, it, code if code in _KEPT else RECALLED, RECALLED)
    conversation = it.id if it is not None else given.conversation
    if given.forget and conversation:
        erase(decision, Erase(id=given.id, conversation=conversation, follow_up=True), "")


def tell_homes(decision: Decision) -> None:
    """Tell the home desks what this input has brought about for their conversations."""
    for event in [one for one in decision.events if isinstance(one, TOLD)]:
        it = decision.state.conversations.get(event.conversation)
        if it is not None and it.channel in decision.state.partnered:
            _tell(decision, it, event)


def _tell(decision: Decision, it: Conversation, event: Event) -> None:
    match event:
        case Claimed():
            _send(decision, it, "partner-claimed", event.by, "")
        case Queued(reason="released" | "lost-librarian"):
            _send(decision, it, "partner-waiting", "", "")
        case Closed() if event.reason != RECALLED:
            _send(decision, it, "partner-closed", event.by, f"{event.code} {(decision.at - it.opened_at) // 1000}")
        case _:
            pass


def _send(decision: Decision, it: Conversation, event: str, by: str, about: str) -> None:
    delivery = compose(decision, it, address_in_use(it), "notice", event=event, author=decision.shown(by), about=about)
    decision.emit(Relayed(conversation=it.id, librarian="", delivery=delivery))

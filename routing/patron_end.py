"""The end of a conversation without a librarian's decision: the patron ends it, or has gone silent.

*By the patron.* A live conversation ends at once, under the desk's default code, which staff can correct. No question is
lost: a patron who left an address gets a follow-up. One who leaves the line without an address, unanswered, is a lost call.
*Silent.* The same, after the warnings of `deadlines`.
"""

from __future__ import annotations

from typing import Literal

from bridge.contract.message import Code, PatronSign
from routing import deliveries
from routing.closing import default_code, end
from routing.decision import Decision
from routing.deliveries import address_in_use, notify, relay
from routing.followups import FOLLOW_UPS, answered_since, end_follow_up, follow_unfinished
from routing.reach import place_of
from routing.records import Conversation, at_key
from routing.transfers import end_transfer


def receive_sign(decision: Decision, sign: PatronSign) -> None:
    """Take in that a patron left, is there again, or ended the conversation."""
    it = decision.state.conversations.get(decision.state.addresses.get(at_key(sign.channel, sign.sender), ""))
    if it is None or it.channel != sign.channel or it.address != sign.sender:
        return
    if sign.ended and it.live and it.state != "closed":
        _ended(decision, it)
    else:
        deliveries.receive_sign(decision, it, sign)


def _ended(decision: Decision, it: Conversation) -> None:
    answered = it.answered_at or it.wrote_after
    code: Code = default_code(decision.state, it) if answered or it.contact or it.left_address else "lost_call"
    event = "follow-up" if code in FOLLOW_UPS else "goodbye"
    notify(decision, it, event, to=address_in_use(it), address=place_of(it.contact))
    if it.owner:
        relay(decision, it, it.owner, "closed")
    finish(decision, it, code, "patron-ended")


def finish(decision: Decision, it: Conversation, code: Code, why: Literal["patron-ended", "patron-gone"]) -> None:
    """End a conversation under a code that nobody chose, with the follow-up that the code asks for."""
    if it.handover is not None:
        end_transfer(decision, it, "withdrawn")
    if code in FOLLOW_UPS:
        follow_unfinished(decision, decision.state.conversations[it.id])
    elif code == "answered":
        _finish_follow_up(decision, it)
    end(decision, decision.state.conversations[it.id], code, why, by_default=True)


def _finish_follow_up(decision: Decision, it: Conversation) -> None:
    """Close the follow-up of a patron who came back into the chat and had the answer there."""
    one = decision.state.follow_ups.get(it.follow_up)
    if one is not None and answered_since(decision.state, it, one):
        end_follow_up(decision, one, "", "answered")

"""How an action is answered when it is not done: refused for a reason that has words, or nothing left to do."""

from __future__ import annotations

from bridge.contract.message import Action
from routing import wording
from routing.decision import Decision
from routing.deliveries import relay
from routing.events import Done, Refused, WhyRefused
from routing.records import Conversation


def refuse(
    decision: Decision, action: Action, why: WhyRefused, it: Conversation | None = None, holder: str = ""
) -> None:
    """Refuse an action, naming who has the conversation on a clash; a messenger's user is told by a line."""
    conversation = it.id if it is not None else getattr(action.deed, "conversation", "")
    decision.emit(Refused(action=action.id, by=action.by, reason=why, conversation=conversation, holder=holder))
    if it is not None and action.via != "inbox":
        roster = decision.state.roster
        library = roster.library(roster.home.get(action.by, ""))
        words = wording.reason(library, why, {"holder": roster.shown(holder)})
        relay(decision, it, action.by, "refused", reason=words)


def done(decision: Decision, action: Action, it: Conversation | None = None) -> None:
    """Say that all was so already."""
    decision.emit(Done(action=action.id, by=action.by, conversation=it.id if it is not None else ""))


def held(decision: Decision, action: Action, conversation: str, *, open_only: bool = True) -> Conversation | None:
    """Return the conversation an action is about; refuse and return None when there is none, or when it is closed."""
    it = decision.state.conversations.get(conversation)
    if it is None:
        refuse(decision, action, "unknown-conversation")
    elif open_only and it.state == "closed":
        refuse(decision, action, "closed", it)
    else:
        return it
    return None

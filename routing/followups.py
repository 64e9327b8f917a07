"""Follow-ups: a question that was not finished live is never lost. It has an owner or a library, an address and a deadline.

New (nobody's) -> Open (somebody's) -> Pending (waiting for others) -> Closed. The core keeps the conversation while one is open.
"""

from __future__ import annotations

from msgspec.structs import replace

from bridge.contract.message import Action, SetFollowUp
from routing.access import active, follows_up
from routing.deadlines import settled
from routing.decision import Decision
from routing.events import FollowUpChanged, FollowUpOpened, Reminded
from routing.reach import tidy_contact
from routing.records import FollowUpRecord
from routing.refusals import done, refuse
from routing.state import State


def set_follow_up(decision: Decision, action: Action, deed: SetFollowUp) -> None:
    """Change state, owner, deadline (0 = as it was) or address ("" = as it was)."""
    state = decision.state
    one = state.follow_ups.get(deed.follow_up)
    if one is None:
        refuse(decision, action, "unknown-follow-up")
        return
    it = state.conversations.get(one.conversation)
    if not follows_up(state, action.by, one):
        refuse(decision, action, "no-access", it)
    elif deed.owner and not active(state, deed.owner):
        refuse(decision, action, "unknown-owner", it)
    elif 0 < deed.deadline <= decision.at and deed.deadline != one.plan.deadline:
        refuse(decision, action, "deadline-passed", it)
    else:
        changed = FollowUpChanged(
            id=one.id,
            conversation=one.conversation,
            state="open" if deed.state == "new" and deed.owner else deed.state,
            by=action.by,
            owner=deed.owner,
            deadline=deed.deadline or one.plan.deadline,
            address=tidy_contact(deed.address) or one.plan.address,
        )
        if _same(one, changed):
            done(decision, action, it)
        else:
            decision.emit(changed)


def _same(one: FollowUpRecord, changed: FollowUpChanged) -> bool:
    return (one.state, one.owner, one.plan.deadline, one.plan.address) == (
        changed.state,
        changed.owner,
        changed.deadline,
        changed.address,
    )


def remind(decision: Decision, one: FollowUpRecord) -> None:
    """Say that a follow-up has reached its deadline, once."""
    decision.emit(Reminded(conversation=one.conversation, what="follow-up-due", follow_up=one.id))


# ---- fold -------------------------------------------------------------------------------------------------------------------


def follow_up_opened(state: State, event: FollowUpOpened, at: int) -> None:
    """Keep it, and its conversation with it."""
    one = FollowUpRecord(
        id=event.id,
        conversation=event.conversation,
        library=event.library,
        state="open" if event.owner else "new",
        plan=event.plan,
        opened_at=at,
        owner=event.owner,
        name=event.name,
    )
    state.follow_ups.put(one.id, one)
    it = state.conversations[event.conversation]
    if it.live and not it.contact:
        state.conversations.put(it.id, replace(it, contact=event.plan.address))
    _hold(state, event.conversation, event.id)


def follow_up_changed(state: State, event: FollowUpChanged, at: int) -> None:
    """Keep what changed; a closed one is the archive's."""
    one = state.follow_ups.get(event.id)
    if one is None:
        return
    if event.state == "closed":
        state.follow_ups.drop(event.id)
        _hold(state, event.conversation, "", at)
        return
    plan = replace(one.plan, deadline=event.deadline, address=event.address)
    reminded = one.reminded and event.deadline == one.plan.deadline
    state.follow_ups.put(one.id, replace(one, state=event.state, plan=plan, owner=event.owner, reminded=reminded))


def reminded_of(state: State, event: Reminded, at: int) -> None:
    """Remind once."""
    one = state.follow_ups.get(event.follow_up)
    if one is not None:
        state.follow_ups.put(one.id, replace(one, reminded=True))


def _hold(state: State, conversation: str, follow_up: str, at: int = 0) -> None:
    it = state.conversations.get(conversation)
    if it is not None:
        closed_at = at if it.state == "closed" and not follow_up else it.closed_at
        it = replace(it, follow_up=follow_up, closed_at=closed_at)
        state.conversations.put(it.id, settled(state, it))

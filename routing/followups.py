"""Follow-ups: a question that was not finished live is never lost. It has an owner or a library, an address and a deadline.

New (nobody's) -> Open (somebody's at home) -> Pending (waiting for others) -> Closed, with its outcome. The core keeps the
conversation while one is open.

*Pending elsewhere.* A follow-up that a librarian of another library took on themselves is pending at the patron's library. Its
staff see it. It stays with its owner until it is overdue. Before that only a coordinator there takes it over, or anybody there
where the library has no coordinator.
*Unanswered.* A chat that nobody answered, and whose patron has left an address and gone, becomes a follow-up of the library. It
waits in line as before. A form is one at once.
*The address* is one address: where a follow-up says another one than the patron's, that becomes the patron's.
*Codes.* A corrected code opens and closes follow-ups. One that was answered since it was opened closes as answered, whatever the
code says now; one that nobody answered was taken back.
"""

from __future__ import annotations

from typing import Literal

from msgspec.structs import replace

from bridge.contract.message import Action, Code, FollowUpPlan, Outcome, SetFollowUp, derive
from routing.access import active, coordinates, follows_up
from routing.deadlines import settled
from routing.decision import Decision
from routing.events import FollowUpChanged, FollowUpOpened, Identified, Reminded, WhyRefused
from routing.practice_queue import practice_library, real_library
from routing.reach import address_kind, own_address, tidied
from routing.records import Conversation, FollowUpRecord
from routing.refusals import done, refuse
from routing.state import State

FOLLOW_UPS: tuple[Code, ...] = ("follow_up_library", "follow_up_me")
OUTCOMES: dict[str, Outcome] = {"answered": "answered", "unreached": "unreached", "lost_call": "unreached"}


# ---- opening ------------------------------------------------------------------------------------------------------------------


def planned(decision: Decision, it: Conversation, plan: FollowUpPlan | None = None) -> FollowUpPlan:
    """Return a plan with what it leaves open: the address that the patron left or wrote from, and the library's target."""
    plan = plan or FollowUpPlan()
    seconds = decision.state.roster.library(it.library).timers.follow_up_s
    address = tidied(decision.state, it.library, plan.address) or it.contact or own_address(decision.state, it)
    deadline = plan.deadline or (decision.at + seconds * 1000 if seconds else 0)
    return replace(plan, address=address, deadline=deadline)


def plan_fault(decision: Decision, it: Conversation, plan: FollowUpPlan) -> WhyRefused | Literal[""]:
    """Return why a follow-up cannot be planned so, "" when it can."""
    if not plan.address:
        return "follow-up-needs-address"
    if plan.address != own_address(decision.state, it) and not address_kind(plan.address):
        return "address-not-understood"
    return "deadline-passed" if 0 < plan.deadline <= decision.at else ""


def open_follow_up(decision: Decision, it: Conversation, plan: FollowUpPlan, owner: str = "") -> None:
    """Open a follow-up of a conversation: the library's, or `owner`'s, which is pending at home where they work elsewhere."""
    decision.emit(
        FollowUpOpened(
            id=derive("follow-up", f"{decision.cause}|{it.id}"),
            conversation=it.id,
            library=practice_library(it.library) if it.practice else it.library,
            plan=plan,
            owner=owner,
            name=it.name,
            state="pending" if works_elsewhere(decision.state, owner, it.library) else "",
        )
    )
    _readdress(decision, it.id, plan.address, owner)


def follow_unfinished(decision: Decision, it: Conversation) -> None:
    """Open the library's follow-up of a question that nobody finished and whose patron left an address, unless there is one."""
    if not it.follow_up:
        question = it.subject or (it.last_text if it.last_by == "patron" else "")
        open_follow_up(decision, it, replace(planned(decision, it), question=question))


def works_elsewhere(state: State, owner: str, library: str) -> bool:
    """Say whether a follow-up's owner works for another library than the patron's."""
    return bool(owner) and not state.roster.serves_library(owner, real_library(library))


def _readdress(decision: Decision, conversation: str, address: str, by: str) -> None:
    """Let the patron's address for answers be the one that a follow-up says."""
    it = decision.state.conversations.get(conversation)
    if it is not None and address and address not in (it.contact, own_address(decision.state, it)):
        decision.emit(Identified(conversation=it.id, by=by, contact=address))


# ---- codes --------------------------------------------------------------------------------------------------------------------


def follow_code(decision: Decision, action: Action, it: Conversation, code: Code, plan: FollowUpPlan) -> None:
    """Open the follow-up that the code of an end asks for; close the one there is, or let it change hands."""
    one = decision.state.follow_ups.get(it.follow_up)
    owner = action.by if code == "follow_up_me" else ""
    if one is None:
        if code in FOLLOW_UPS:
            open_follow_up(decision, it, plan, owner)
    elif code in FOLLOW_UPS:
        _hand_over(decision, action, replace(one, plan=plan), owner)
    elif code != "practice":
        end_follow_up(decision, one, action.by, OUTCOMES.get(code, ""))


def follow_corrected(decision: Decision, action: Action, it: Conversation, code: Code, plan: FollowUpPlan) -> None:
    """Open the follow-up that a corrected code asks for, close the one that it takes back, or let it change hands.

    One that was finished stays so, while the code still asks for one.
    """
    one = decision.state.follow_ups.get(it.follow_up)
    owner = action.by if code == "follow_up_me" else ""
    if one is None:
        if code in FOLLOW_UPS and it.code not in FOLLOW_UPS:
            open_follow_up(decision, it, plan, owner)
    elif code in FOLLOW_UPS:
        _hand_over(decision, action, one, owner)
    elif answered_since(decision.state, it, one):
        end_follow_up(decision, one, action.by, "answered")
    else:
        end_follow_up(decision, one, action.by, "unreached" if code == "unreached" else "taken-back")


def answered_since(state: State, it: Conversation, one: FollowUpRecord) -> bool:
    """Say whether a human answer has gone out since a follow-up was opened, and has not failed."""
    answer = state.deliveries.get(it.answer)
    return answer is not None and answer.at >= one.opened_at and not it.failed


def end_follow_up(decision: Decision, one: FollowUpRecord, by: str, outcome: Outcome) -> None:
    """Close a follow-up; `by` "" = the desk itself."""
    decision.emit(
        FollowUpChanged(
            id=one.id,
            conversation=one.conversation,
            state="closed",
            by=by,
            owner=one.owner,
            deadline=one.plan.deadline,
            address=one.plan.address,
            outcome=outcome,
        )
    )


def _hand_over(decision: Decision, action: Action, one: FollowUpRecord, owner: str) -> None:
    """Let a follow-up change hands and keep its plan."""
    elsewhere = works_elsewhere(decision.state, owner, one.library)
    decision.emit(
        FollowUpChanged(
            id=one.id,
            conversation=one.conversation,
            state="pending" if elsewhere else "open" if owner else "new",
            by=action.by,
            owner=owner,
            deadline=one.plan.deadline,
            address=one.plan.address,
        )
    )
    _readdress(decision, one.conversation, one.plan.address, action.by)


# ---- by hand ------------------------------------------------------------------------------------------------------------------


def set_follow_up(decision: Decision, action: Action, deed: SetFollowUp) -> None:
    """Change state, owner, deadline (0 = as it was) or address ("" = as it was)."""
    state = decision.state
    one = state.follow_ups.get(deed.follow_up)
    if one is None:
        refuse(decision, action, "unknown-follow-up")
        return
    it = state.conversations[one.conversation]
    address = tidied(state, one.library, deed.address) or one.plan.address
    if not follows_up(state, action.by, one):
        refuse(decision, action, "no-access", it)
    elif not may_change(state, action.by, one, decision.at):
        refuse(decision, action, "follow-up-elsewhere", it, one.owner)
    elif deed.owner and not active(state, deed.owner):
        refuse(decision, action, "unknown-owner", it)
    elif 0 < deed.deadline <= decision.at and deed.deadline != one.plan.deadline:
        refuse(decision, action, "deadline-passed", it)
    elif address != one.plan.address and address != own_address(state, it) and not address_kind(address):
        refuse(decision, action, "address-not-understood", it)
    else:
        _change(decision, action, one, deed, address)


def may_change(state: State, librarian: str, one: FollowUpRecord, now: int) -> bool:
    """Say whether a librarian whose follow-up this is may change it: not one that somebody elsewhere is at, see the module."""
    if one.owner == librarian or not works_elsewhere(state, one.owner, one.library):
        return True
    overdue = 0 < one.plan.deadline <= now
    return overdue or coordinates(state, librarian, one.library) or not _coordinated(state, one.library)


def _coordinated(state: State, library: str) -> bool:
    return any(coordinates(state, one.id, library) for one in state.roster.library(library).librarians)


def _change(decision: Decision, action: Action, one: FollowUpRecord, deed: SetFollowUp, address: str) -> None:
    changed = FollowUpChanged(
        id=one.id,
        conversation=one.conversation,
        state=_state_set(decision.state, one, deed),
        by=action.by,
        owner=deed.owner,
        deadline=deed.deadline or one.plan.deadline,
        address=address,
        outcome=deed.outcome if deed.state == "closed" else "",
    )
    if _same(one, changed):
        done(decision, action, decision.state.conversations[one.conversation])
        return
    decision.emit(changed)
    if address != one.plan.address:
        _readdress(decision, one.conversation, address, action.by)


def _state_set(state: State, one: FollowUpRecord, deed: SetFollowUp) -> Literal["new", "open", "pending", "closed"]:
    """Return the state that is so: nobody's is new, somebody's is open, and pending where they work elsewhere."""
    if deed.state in ("closed", "pending"):
        return deed.state
    if not deed.owner:
        return "new"
    return "pending" if works_elsewhere(state, deed.owner, one.library) else "open"


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
        state=event.state or ("open" if event.owner else "new"),
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

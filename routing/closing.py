"""The end of a conversation, its codes, and beginning again.

- `answered`: the default, marked "by default" when nobody chose.
- `follow_up_library`: a follow-up, new, nobody's yet, at the patron's library; needs an address that reaches the patron. It is the
  default where nobody has answered a chat and its patron left an address.
- `follow_up_me`: a follow-up assigned to the librarian; pending at the patron's library where they work for another.
- `unreached`: the answer did not reach the patron; the default in place of "answered" then.
- `lost_call`: only if the patron wrote nothing after a librarian joined and left no address, in a form or in the text.
- `practice`: kept out of statistics.
- `set_aside`: given by the desk alone: the message was set aside (see `conversation`); kept out of statistics.

An answer that nobody got never ends as answered: by default it is unreached, and a librarian who chooses "answered" is refused.

Up to four descriptive codes of the library's own list. Kind and READ (1-6) are said for each question: see `kinds`. Codes can be
corrected later: who, when and what before
stays in the log. What a code means for follow-ups is in `followups`. A correction of a conversation that the core has forgotten is
taken without a check (the inbox has checked it against the archive).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, get_args

from msgspec.structs import replace

from bridge.contract.message import Action, Close, Code, Dismiss, FollowUpPlan, Recode, Reopen
from routing import history
from routing.access import at_home, coordinates, has_say
from routing.calls import end_before
from routing.deadlines import forget_at, settled
from routing.decision import Decision
from routing.deliveries import UNREACHED, address_in_use, notify, relay, unheard
from routing.events import (
    Closed,
    Dismissed,
    Forgotten,
    PatronGone,
    Recoded,
    TransferEnded,
    WhyRefused,
)
from routing.events import Reopened as ReopenedEvent
from routing.followups import FOLLOW_UPS, end_follow_up, follow_code, follow_corrected, plan_fault, planned
from routing.kinds import MOST_QUESTIONS, counts_as_reference, read_scale
from routing.offers import freed, offer_waiting_to
from routing.ownership import take, withdraw
from routing.reach import place_of, promised, reaches
from routing.records import SET_ASIDE, Conversation, Known, ReplyRoute, at_key
from routing.refusals import done, held, refuse
from routing.roster import DEFAULT_LIBRARY
from routing.state import DAY, State

CODES: tuple[Code, ...] = get_args(Code)
MERGED: Literal["merged"] = "merged"  # the code of a conversation that goes on in another one; nobody can choose it
MOST_DESCRIPTIVE = 4


def close(decision: Decision, action: Action, deed: Close) -> None:
    """End a conversation of mine, or one that waits and is not worth answering."""
    it = held(decision, action, deed.conversation)
    if it is None:
        return
    if not _may_close(decision.state, action.by, it):
        refuse(decision, action, "taken" if it.owner else "no-access", it, it.owner)
        return
    code = code_named(deed.code) if deed.code else person_default(decision.state, it)
    if code is None:
        refuse(decision, action, "unknown-code", it)
        return
    plan = planned(decision, it, deed.follow_up)
    why = _unseen(it, deed) or _coding_fault(decision.state, it, code, deed) or _closing_fault(decision, it, code, plan)
    if why:
        refuse(decision, action, why, it)
        return
    if it.handover is not None:
        decision.emit(TransferEnded(conversation=it.id, by=it.owner, reason="withdrawn"))
    end_before(decision, it, action.by)
    if it.live and it.state == "active" and not it.gone and code != "lost_call":
        notify(
            decision,
            it,
            _farewell(decision.state, it, code, plan),
            to=address_in_use(it),
            address=place_of(plan.address),
        )
    decision.emit(
        Closed(
            conversation=it.id,
            by=action.by,
            code=code,
            by_default=not deed.code,
            descriptive=deed.descriptive,
            read_scale=read_scale(deed),
            reference=counts_as_reference(decision.state.roster.library(it.library), deed),
            known_until=known_until(decision, it),
            questions=deed.questions,
        )
    )
    follow_code(decision, action, it, code, plan)
    settle_closed(decision, it)


def _farewell(state: State, it: Conversation, code: Code, plan: FollowUpPlan) -> str:
    """Return the notice that ends a chat: an answer is promised only at an address that a channel of the library reaches."""
    if code not in FOLLOW_UPS:
        return "goodbye"
    return "follow-up" if reaches(state, it, plan.address) else "follow-up-noted"


def _may_close(state: State, librarian: str, it: Conversation) -> bool:
    if it.owner:
        return it.owner == librarian or coordinates(state, librarian, it.library)
    return has_say(state, librarian, it)


def code_named(name: str) -> Code | None:
    """Return the resolution code of a name, None for a name that no code has."""
    return next((code for code in CODES if code == name), None)


def _coding_fault(state: State, it: Conversation | None, code: Code, deed: Close | Recode) -> WhyRefused | Literal[""]:
    """Return why these codes cannot be given, "" when they can."""
    if len(deed.descriptive) > MOST_DESCRIPTIVE:
        return "too-many-codes"
    own = state.roster.library(it.library).descriptive if it is not None else ()
    if own and any(one not in own for one in deed.descriptive):
        return "unknown-descriptive"
    if len(deed.questions) > MOST_QUESTIONS:
        return "too-many-codes"
    if any(not 0 <= step <= 6 for step in (deed.read_scale, *(one.read for one in deed.questions))):
        return "read-scale"
    if it is not None and code == "lost_call":
        if it.wrote_after:
            return "lost-call-patron-wrote"
        if it.contact or it.left_address:
            return "lost-call-has-address"
    return ""


def person_default(state: State, it: Conversation) -> Code:
    """Return the code of a conversation that a librarian ends without choosing one."""
    code = code_named(state.roster.library(it.library).default_code) or "answered"
    if code == "answered" and it.live and not it.answered_at and promised(state, it.library, it.contact):
        return "follow_up_library"  # nobody has answered yet, and the patron said where to
    return UNREACHED if code == "answered" and unheard(it) else code


def default_code(state: State, it: Conversation) -> Code:
    """Return the code of a conversation that the desk itself ends: a follow-up where an address can be answered to, only there."""
    code = person_default(state, it)
    if promised(state, it.library, it.contact):
        return "follow_up_library" if code in (UNREACHED, *FOLLOW_UPS) else code
    return (UNREACHED if unheard(it) else "answered") if code in FOLLOW_UPS else code


def _unseen(it: Conversation, deed: Close) -> WhyRefused | Literal[""]:
    """Say whether the patron wrote after what the librarian had seen: a request to end may have waited for a connection."""
    return "patron-wrote" if 0 < deed.seen_at < it.asked_at else ""


def _closing_fault(decision: Decision, it: Conversation, code: Code, plan: FollowUpPlan) -> WhyRefused | Literal[""]:
    if code == "answered" and unheard(it):
        return "answer-not-received"
    return plan_fault(decision, it, plan) if code in FOLLOW_UPS else ""


def settle_closed(decision: Decision, it: Conversation) -> None:
    """Withdraw what was on offer (`it` as it was before the end), and give the freed librarian what waits."""
    offered = [one for one in dict.fromkeys((it.offered, *it.told)) if one]
    withdraw(decision, it, offered, "closed")
    for companion in it.companions:
        relay(decision, it, companion, "closed")
    for librarian in dict.fromkeys((it.owner, it.offered)):
        if librarian:
            offer_waiting_to(decision, librarian)


def end(
    decision: Decision, it: Conversation, code: Code | Literal["recalled"], why: str, *, by_default: bool = False
) -> None:
    """Let the desk itself end a conversation."""
    decision.emit(
        Closed(
            conversation=it.id,
            by="",
            code=code,
            by_default=by_default,
            reason=why,
            known_until=known_until(decision, it),
        )
    )
    settle_closed(decision, it)


def known_until(decision: Decision, it: Conversation) -> int:
    """Return until when the patron's next question goes to who helped here, 0 where the queue does not prefer that."""
    if not it.helper or not decision.state.roster.service(it.queue).queue.prefer_known:
        return 0
    return decision.at + decision.state.roster.library(it.library).retention_days * DAY


def recode(decision: Decision, action: Action, deed: Recode) -> None:
    """Correct the codes of a closed conversation."""
    it = decision.state.conversations.get(deed.conversation)
    if it is not None and it.state != "closed":
        refuse(decision, action, "not-closed", it)
        return
    if it is not None and not has_say(decision.state, action.by, it):
        refuse(decision, action, "no-access", it)
        return
    code = code_named(deed.code)
    if code is None:
        refuse(decision, action, "unknown-code", it)
        return
    plan = planned(decision, it, deed.follow_up) if it is not None else FollowUpPlan()
    opens = it is not None and code in FOLLOW_UPS and it.code not in FOLLOW_UPS
    why = _coding_fault(decision.state, it, code, deed) or (plan_fault(decision, it, plan) if it and opens else "")
    if it is not None and code == "answered" != it.code and unheard(it):
        why = "answer-not-received"
    if why:
        refuse(decision, action, why, it)
        return
    decision.emit(
        Recoded(
            conversation=deed.conversation,
            by=action.by,
            code=code,
            descriptive=deed.descriptive,
            read_scale=read_scale(deed),
            reference=counts_as_reference(
                decision.state.roster.library(it.library) if it is not None else DEFAULT_LIBRARY, deed
            ),
            before=it.code if it is not None else "",
            questions=deed.questions,
        )
    )
    if it is not None and it.code != code:
        follow_corrected(decision, action, it, code, plan)


def reopen(decision: Decision, action: Action, deed: Reopen) -> None:
    """Open a closed conversation again, as mine."""
    it = held(decision, action, deed.conversation, open_only=False)
    if it is None:
        return
    if it.state != "closed":
        if it.owner == action.by:
            done(decision, action, it)
        else:
            refuse(decision, action, "taken" if it.owner else "not-closed", it, it.owner)
    elif not has_say(decision.state, action.by, it):
        refuse(decision, action, "no-access", it)
    elif it.into in decision.state.conversations:
        refuse(decision, action, "merged", it)
    else:
        decision.emit(ReopenedEvent(conversation=it.id, by=action.by))
        take(decision, decision.state.conversations[it.id], action.by, "reopen")
        if it.live and it.gone and not it.guessed:
            decision.emit(PatronGone(conversation=it.id, gone=True))  # a librarian's coming back brings no patron back


def dismiss(decision: Decision, action: Action, deed: Dismiss) -> None:
    """List a message that was set aside no more; it goes with the other transcripts, and can be taken in until then."""
    it = held(decision, action, deed.conversation, open_only=False)
    if it is None:
        return
    if not at_home(decision.state, action.by, it):
        refuse(decision, action, "no-access", it)
    elif it.state == "closed" and it.code == SET_ASIDE:
        if it.aside:
            decision.emit(Dismissed(conversation=it.id, by=action.by))
        else:
            done(decision, action, it)
    else:
        refuse(decision, action, "not-set-aside", it)


# ---- fold ------------------------------------------------------------------------------------------------------------------------


def closed(state: State, event: Closed, at: int) -> None:
    """End it; the core keeps it for the re-open window."""
    it = state.conversations[event.conversation]
    owner = it.owner
    it = replace(
        it,
        state="closed",
        owner="",
        handover=None,
        companions=(),
        consults=(),
        offered="",
        offer_until=0,
        declined=(),
        again_at=0,
        told=(),
        turn="",
        deferral=None,
        back_at=0,
        unanswered_since=0,
        closed_at=at,
        code=event.code,
        kept=it.kept and not event.by,
        aside=event.reason if event.code == SET_ASIDE else "",
    )
    state.conversations.put(it.id, settled(state, it))
    if owner and not it.practice:
        freed(state, owner, at)
    until = event.known_until if event.known_until is not None else history.known_until(state, it, at)
    if until:
        state.known.put(at_key(it.channel, it.address), Known(librarian=it.helper, until=until))


def dismissed(state: State, event: Dismissed, at: int) -> None:
    """Remember that somebody has looked at it."""
    it = state.conversations[event.conversation]
    state.conversations.put(it.id, settled(state, replace(it, aside="")))


def recoded(state: State, event: Recoded, at: int) -> None:
    """Keep the corrected code."""
    it = state.conversations.get(event.conversation)
    if it is not None:
        state.conversations.put(it.id, settled(state, replace(it, code=event.code, aside="")))


def forget_overdue(decision: Decision, conversations: Iterable[str]) -> None:
    """Drop those of some conversations whose re-open window passed while something else kept them."""
    for one in conversations:
        it = decision.state.conversations.get(one)
        if it is not None and it.state == "closed" and 0 < forget_at(decision.state, it) <= decision.at:
            if (left := decision.state.follow_ups.get(it.follow_up)) is not None:  # of practice
                end_follow_up(decision, left, "", "taken-back")
            decision.emit(Forgotten(conversation=it.id))
            forget_overdue(decision, it.merged)


def forgotten(state: State, event: Forgotten, at: int) -> None:
    """Drop it: the re-open window has passed."""
    drop_conversation(state, state.conversations[event.conversation])


def drop_conversation(state: State, it: Conversation) -> None:
    """Hold a conversation and its addresses no more. Those that it absorbed have theirs again, and go when their own time is up."""
    for one in (ReplyRoute(channel=it.channel, address=it.address, lent=it.lent), *it.routes):
        lead_away(state, it, one)
        _lead_away_from_head(state, it, at_key(one.channel, one.address))
    absorbed = [other for other in map(state.conversations.get, it.merged) if other is not None and other.into == it.id]
    for other in absorbed:
        for one in (ReplyRoute(channel=other.channel, address=other.address), *other.routes):
            key = at_key(one.channel, one.address)
            if state.addresses.get(key) == it.id:
                state.addresses.put(key, other.id)
    state.conversations.drop(it.id)
    for other in absorbed:
        state.conversations.put(other.id, settled(state, other))


def _lead_away_from_head(state: State, it: Conversation, key: str) -> None:
    """Let an address that the conversation in which `it` went on has from it alone lead nowhere."""
    head = state.conversations.get(it.into)
    if head is None or state.addresses.get(key) != head.id:
        return
    own = [(head.channel, head.address), *((one.channel, one.address) for one in head.routes)]
    if key not in [at_key(*place) for place in own]:
        state.addresses.drop(key)


def lead_away(state: State, it: Conversation, one: ReplyRoute) -> None:
    """Let an address of a conversation lead to it no more, but to the merged one that it was taken from, while that is held."""
    key = at_key(one.channel, one.address)
    if state.addresses.get(key) != it.id:
        return
    if one.lent in state.conversations:
        state.addresses.put(key, one.lent)
    else:
        state.addresses.drop(key)

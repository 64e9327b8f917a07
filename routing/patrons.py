"""Who the patron is: names, addresses left for an answer, several conversations of one person, blocks.

Anonymous by default. Of two conversations that are merged one goes on and has the addresses of both; the other ends, so that
there is one row, one owner and one place for answers: where the patron wrote last. What was merged by mistake is two patrons'
again. An address that one conversation took from the other leads to the other again, and no answer goes there by itself any
more. What had ended by the merge goes on, with who had it or in its queue. Where that brings a conversation back to a live channel
and its owner has gone home, others are asked.
Blocking concerns one address on one channel: the one that the patron wrote from last. An address they only named may be a
stranger's. What a blocked address writes is refused and not kept.
Only the owner of a conversation and the staff of its library do any of this. A guest of a partner library has to claim it first.
"""

from __future__ import annotations

from msgspec.structs import replace

from bridge.contract.message import Action, Block, Identify, Merge, Unblock, Unmerge
from routing.access import has_say, there
from routing.closing import MERGED, forget_overdue, known_until, lead_away, settle_closed
from routing.conversation import make_room, move, use
from routing.deadlines import settled
from routing.decision import Decision
from routing.events import Blocked, Closed, Identified, Merged, Reopened, TransferEnded, Unblocked, Unmerged
from routing.joining import without_owner
from routing.offers import enqueue
from routing.ownership import take
from routing.reach import address_kind, tidied
from routing.records import BlockRecord, Conversation, ReplyRoute, at_key
from routing.refusals import done, held, refuse
from routing.state import State


def _decided(decision: Decision, action: Action, conversation: str) -> Conversation | None:
    it = held(decision, action, conversation, open_only=False)
    if it is not None and not has_say(decision.state, action.by, it):
        refuse(decision, action, "no-access", it)
        return None
    return it


def identify(decision: Decision, action: Action, deed: Identify) -> None:
    """Write down a name or an address to answer to."""
    it = _decided(decision, action, deed.conversation)
    if it is None:
        return
    name, contact = deed.name.strip(), tidied(decision.state, it.library, deed.contact)
    if contact and not address_kind(contact):
        refuse(decision, action, "address-not-understood", it)
    elif name in ("", it.name) and contact in ("", it.contact):
        done(decision, action, it)
    else:
        decision.emit(Identified(conversation=it.id, by=action.by, name=name, contact=contact))


def merge(decision: Decision, action: Action, deed: Merge) -> None:
    """Say that two conversations are one patron's."""
    it = _decided(decision, action, deed.conversation)
    other = _decided(decision, action, deed.other) if it is not None else None
    if it is None or other is None:
        return
    if it.id == other.id:
        refuse(decision, action, "itself", it)
    elif other.id in it.merged:
        done(decision, action, it)
    else:
        gone = _absorbed(it, other)
        decision.emit(_merged(it, other, action.by, gone))
        if gone is not None and gone.state != "closed":
            if gone.handover is not None:
                decision.emit(TransferEnded(conversation=gone.id, by=gone.owner, reason="withdrawn"))
            until = known_until(decision, gone)
            decision.emit(Closed(conversation=gone.id, by=action.by, code=MERGED, reason=MERGED, known_until=until))
            settle_closed(decision, gone)
        if gone is not None:
            head = other if gone is it else it
            _owner_stays(decision, head, decision.state.conversations[head.id])


def _merged(it: Conversation, other: Conversation, by: str, gone: Conversation | None) -> Merged:
    """Return the merge, with what it means for the conversation that goes on: the address to answer, and whose turn it is."""
    if gone is None:
        return Merged(conversation=it.id, other=other.id, by=by)
    head = other if gone is it else it
    here = at_key(gone.channel, gone.address) == at_key(head.channel, head.address)
    return Merged(
        conversation=it.id,
        other=other.id,
        by=by,
        absorbed=gone.id,
        moves=wrote_at(gone) > wrote_at(head) and not here,
        asks=bool(gone.unanswered_since and not head.unanswered_since and head.state == "active"),
    )


def _absorbed(it: Conversation, other: Conversation) -> Conversation | None:
    """Return which of two goes on in the other: what waits or is closed, in what is open; of two alike, the other.

    Where different librarians have the two, each goes on: nobody takes a colleague's conversation by merging it. Nor does a
    conversation go on in two others, or one that others go on in.
    """
    if it.into or other.into or it.aside or other.aside or (it.state == "closed" and other.state == "closed"):
        return None
    if it.state == "active" and other.state == "active" and it.owner != other.owner:
        return None
    return it if _RANK[it.state] > _RANK[other.state] else other


_RANK = {"active": 0, "waiting": 1, "closed": 2}


def unmerge(decision: Decision, action: Action, deed: Unmerge) -> None:
    """Take a merge back."""
    it = _decided(decision, action, deed.conversation)
    if it is None:
        return
    if deed.other not in it.merged:
        refuse(decision, action, "not-merged", it)
    else:
        both = [one for one in (it, decision.state.conversations.get(deed.other)) if one is not None]
        decision.emit(Unmerged(conversation=it.id, other=deed.other, by=action.by))
        for before in sorted(both, key=lambda one: not one.into):  # first the one that gets its place back
            after = decision.state.conversations[before.id]
            if before.into and before.before:
                _separate(decision, action, after, before)
                continue
            _owner_stays(decision, before, after)
        forget_overdue(decision, [one.id for one in both])


def _owner_stays(decision: Decision, before: Conversation, after: Conversation) -> None:
    """Count a conversation that moved between live and slow channels, and find another for one whose owner isn't there."""
    if after.live != before.live:
        make_room(decision, after)
    if after.live and after.owner and not there(decision.state, after.owner):
        without_owner(decision, after, after.since)


def _separate(decision: Decision, action: Action, it: Conversation, before: Conversation) -> None:
    """Let a conversation that went on in another one go on by itself again, with who had it, else in its queue."""
    decision.emit(Reopened(conversation=it.id, by=action.by))
    it = decision.state.conversations[it.id]
    if before.before == "active" and there(decision.state, before.helper):
        take(decision, it, before.helper, "reopen")
    else:
        enqueue(decision, it, it.queue, before.since, "reopened")


def block(decision: Decision, action: Action, deed: Block) -> None:
    """Refuse further messages of the address that this patron wrote from last."""
    it = _decided(decision, action, deed.conversation)
    if it is None:
        return
    source = _wrote_from(it)
    existing = decision.state.barred.get(at_key(source.channel, source.address))
    if 0 < deed.until <= decision.at:
        refuse(decision, action, "deadline-passed", it)
    elif existing is not None and existing.until == deed.until and existing.reason == deed.reason:
        done(decision, action, it)
    else:
        decision.emit(
            Blocked(
                conversation=it.id,
                channel=source.channel,
                address=source.address,
                by=action.by,
                reason=deed.reason,
                until=deed.until,
            )
        )


def _wrote_from(it: Conversation) -> ReplyRoute:
    here = ReplyRoute(channel=it.channel, address=it.address, named=it.named)
    return next((one for one in (here, *reversed(it.routes)) if not one.named), here)


def unblock(decision: Decision, action: Action, deed: Unblock) -> None:
    """Lift a block, of a conversation that one decides about; whose, where the core has forgotten it, the inbox knows."""
    barred = decision.state.barred.get(at_key(deed.channel, deed.address))
    if barred is None:
        refuse(decision, action, "not-blocked")
        return
    conversation = deed.conversation or barred.conversation
    it = decision.state.conversations.get(conversation)
    if it is not None and not has_say(decision.state, action.by, it):
        refuse(decision, action, "no-access", it)
    else:
        decision.emit(Unblocked(channel=deed.channel, address=deed.address, by=action.by, conversation=conversation))


# ---- fold -----------------------------------------------------------------------------------------------------------------------


def identified(state: State, event: Identified, at: int) -> None:
    """Keep what is known now."""
    it = state.conversations[event.conversation]
    known = {"name": event.name, "contact": event.contact, "language": event.language}
    it = replace(it, **{key: said for key, said in known.items() if said})
    state.conversations.put(it.id, settled(state, it))


def merged(state: State, event: Merged, at: int) -> None:
    """Let each know of the other."""
    for one, other in ((event.conversation, event.other), (event.other, event.conversation)):
        it = state.conversations.get(one)
        if it is not None and other not in it.merged:
            state.conversations.put(one, replace(it, merged=(*it.merged, other)))
    if event.absorbed:
        head = event.other if event.absorbed == event.conversation else event.conversation
        _absorb(state, state.conversations[head], event, at)


def _absorb(state: State, head: Conversation, event: Merged, at: int) -> None:
    """Let what comes from the addresses of the absorbed conversation join `head`."""
    gone = state.conversations[event.absorbed]
    open_before = gone.state if gone.state != "closed" else ""
    gone = replace(gone, into=head.id, before=open_before, owed=gone.unanswered_since)
    state.conversations.put(gone.id, settled(state, gone))
    for one in (ReplyRoute(channel=gone.channel, address=gone.address), *gone.routes):
        key = at_key(one.channel, one.address)
        if state.addresses.get(key) == gone.id:
            state.addresses.put(key, head.id)
    owed = [when for when in (head.unanswered_since, gone.unanswered_since) if when]
    changed = replace(head, unanswered_since=min(owed, default=0), contact=head.contact or gone.contact)
    if event.asks:
        changed = replace(changed, turn="librarian", turn_at=at, nudges=0, nudged_at=0, prompted=0, deferral=None)
    if event.moves:
        changed = move(state, changed, ReplyRoute(channel=gone.channel, address=gone.address, reply=gone.reply))
        changed = replace(changed, gone=gone.gone, gone_at=gone.gone_at, guessed=gone.guessed, patron_at=gone.patron_at)
    state.conversations.put(head.id, settled(state, changed))


def wrote_at(it: Conversation) -> int:
    """Return when the patron wrote last in a conversation."""
    return it.asked_at or it.opened_at


def unmerged(state: State, event: Unmerged, at: int) -> None:
    """Let each forget the other, and its addresses."""
    for one, other in ((event.conversation, event.other), (event.other, event.conversation)):
        it = state.conversations.get(one)
        if it is not None:
            it = replace(it, merged=tuple(each for each in it.merged if each != other))
            goes_on = it.into == other and it.before != ""  # it is open again with the next event
            if it.into == other:
                _lead_home(state, it)
                it = replace(it, into="", before="", owed=0, unanswered_since=it.owed)
            it = _given_back(state, it, other, at)
            state.conversations.put(one, it if goes_on else settled(state, it))


def _lead_home(state: State, it: Conversation) -> None:
    """Let the addresses of one that went on in another lead to it again, but for those that the other has itself."""
    head = state.conversations.get(it.into)
    if head is None:
        return
    used = (ReplyRoute(channel=head.channel, address=head.address, lent=head.lent), *head.routes)
    kept = {at_key(one.channel, one.address) for one in used if one.lent != it.id}
    for one in (ReplyRoute(channel=it.channel, address=it.address), *it.routes):
        key = at_key(one.channel, one.address)
        if key not in kept and state.addresses.get(key) == head.id:
            state.addresses.put(key, it.id)


def _given_back(state: State, it: Conversation, other: str, at: int) -> Conversation:
    """Return the conversation without what it has from `other`, back at the address that it had used before."""
    for one in (ReplyRoute(channel=it.channel, address=it.address, lent=it.lent), *it.routes):
        if one.lent == other:
            lead_away(state, it, one)
    own = tuple(one for one in it.routes if one.lent != other)
    if it.lent != other or not own:
        return replace(it, routes=own)
    it = use(state, it, own[-1])
    return replace(it, routes=own[:-1], turn_at=at if it.turn else it.turn_at, nudges=0, nudged_at=0, prompted=0)


def blocked(state: State, event: Blocked, at: int) -> None:
    """Refuse what comes from there."""
    barred = BlockRecord(conversation=event.conversation, by=event.by, at=at, reason=event.reason, until=event.until)
    state.barred.put(at_key(event.channel, event.address), barred)


def unblocked(state: State, event: Unblocked, at: int) -> None:
    """Take again what comes from there."""
    state.barred.drop(at_key(event.channel, event.address))

"""Who the patron is: names, addresses left for an answer, several conversations of one person, blocks.

Anonymous by default. What was merged by mistake is two patrons' again: an address that one conversation took from the other
leads to the other again, and no answer goes there by itself any more. Where that brings a talk back to a live channel and its
owner has gone home, others are asked. Blocking concerns one address on one channel, the one that the patron wrote from last, for
what he only named may be a stranger's; what it writes is refused and not kept.
"""

from __future__ import annotations

from msgspec.structs import replace

from bridge.message import Action, Block, Identify, Merge, Unblock, Unmerge
from routing.access import there, visible
from routing.closing import lead_away
from routing.conversation import make_room, use
from routing.deadlines import settled
from routing.events import Blocked, Identified, Merged, Unblocked, Unmerged
from routing.joining import without_owner
from routing.reach import address_kind, tidy_contact
from routing.records import Barred, Conversation, Route, at_key
from routing.refusals import done, held, refuse
from routing.state import State
from routing.turn import Turn


def _seen(turn: Turn, action: Action, conversation: str) -> Conversation | None:
    it = held(turn, action, conversation, open_only=False)
    if it is not None and not visible(turn.state, action.by, it):
        refuse(turn, action, "no-access", it)
        return None
    return it


def identify(turn: Turn, action: Action, deed: Identify) -> None:
    """Write down a name or an address to answer to."""
    it = _seen(turn, action, deed.conversation)
    if it is None:
        return
    name, contact = deed.name.strip(), tidy_contact(deed.contact)
    if contact and not address_kind(contact):
        refuse(turn, action, "address-not-understood", it)
    elif name in ("", it.name) and contact in ("", it.contact):
        done(turn, action, it)
    else:
        turn.emit(Identified(conversation=it.id, by=action.by, name=name, contact=contact))


def merge(turn: Turn, action: Action, deed: Merge) -> None:
    """Say that two conversations are one patron's."""
    it = _seen(turn, action, deed.conversation)
    other = _seen(turn, action, deed.other) if it is not None else None
    if it is None or other is None:
        return
    if it.id == other.id:
        refuse(turn, action, "itself", it)
    elif other.id in it.merged:
        done(turn, action, it)
    else:
        turn.emit(Merged(conversation=it.id, other=other.id, by=action.by))


def unmerge(turn: Turn, action: Action, deed: Unmerge) -> None:
    """Take a merge back."""
    it = _seen(turn, action, deed.conversation)
    if it is None:
        return
    if deed.other not in it.merged:
        refuse(turn, action, "not-merged", it)
    else:
        both = [one for one in (it, turn.state.conversations.get(deed.other)) if one is not None]
        turn.emit(Unmerged(conversation=it.id, other=deed.other, by=action.by))
        for before in both:
            after = turn.state.conversations[before.id]
            if after.live != before.live:
                make_room(turn, after)
            if after.live and after.owner and not there(turn.state, after.owner):
                without_owner(turn, after, after.since)


def block(turn: Turn, action: Action, deed: Block) -> None:
    """Refuse further messages of the address that this patron wrote from last."""
    it = _seen(turn, action, deed.conversation)
    if it is None:
        return
    source = _wrote_from(it)
    standing = turn.state.barred.get(at_key(source.channel, source.address))
    if 0 < deed.until <= turn.at:
        refuse(turn, action, "deadline-passed", it)
    elif standing is not None and standing.until == deed.until and standing.reason == deed.reason:
        done(turn, action, it)
    else:
        turn.emit(
            Blocked(
                conversation=it.id,
                channel=source.channel,
                address=source.address,
                by=action.by,
                reason=deed.reason,
                until=deed.until,
            )
        )


def _wrote_from(it: Conversation) -> Route:
    here = Route(channel=it.channel, address=it.address, named=it.named)
    return next((one for one in (here, *reversed(it.routes)) if not one.named), here)


def unblock(turn: Turn, action: Action, deed: Unblock) -> None:
    """Lift a block."""
    if at_key(deed.channel, deed.address) in turn.state.barred:
        turn.emit(Unblocked(channel=deed.channel, address=deed.address, by=action.by))
    else:
        refuse(turn, action, "not-blocked")


# ---- fold -----------------------------------------------------------------------------------------------------------------------


def identified(state: State, event: Identified, at: int) -> None:
    """Keep what is known now."""
    it = state.conversations[event.conversation]
    it = replace(it, name=event.name or it.name, contact=event.contact or it.contact)
    state.conversations.put(it.id, settled(state, it))


def merged(state: State, event: Merged, at: int) -> None:
    """Let each know of the other."""
    for one, other in ((event.conversation, event.other), (event.other, event.conversation)):
        it = state.conversations.get(one)
        if it is not None and other not in it.merged:
            state.conversations.put(one, replace(it, merged=(*it.merged, other)))


def unmerged(state: State, event: Unmerged, at: int) -> None:
    """Let each forget the other, and its addresses."""
    for one, other in ((event.conversation, event.other), (event.other, event.conversation)):
        it = state.conversations.get(one)
        if it is not None:
            it = replace(it, merged=tuple(each for each in it.merged if each != other))
            state.conversations.put(one, settled(state, _given_back(state, it, other, at)))


def _given_back(state: State, it: Conversation, other: str, at: int) -> Conversation:
    """Return the conversation without what it has from `other`, back at the address that it had used before."""
    for one in (Route(channel=it.channel, address=it.address, lent=it.lent), *it.routes):
        if one.lent == other:
            lead_away(state, it, one)
    own = tuple(one for one in it.routes if one.lent != other)
    if it.lent != other or not own:
        return replace(it, routes=own)
    it = use(state, it, own[-1])
    return replace(it, routes=own[:-1], turn_at=at if it.turn else it.turn_at, nudges=0, nudged_at=0, prompted=0)


def blocked(state: State, event: Blocked, at: int) -> None:
    """Refuse what comes from there."""
    barred = Barred(conversation=event.conversation, by=event.by, at=at, reason=event.reason, until=event.until)
    state.barred.put(at_key(event.channel, event.address), barred)


def unblocked(state: State, event: Unblocked, at: int) -> None:
    """Take again what comes from there."""
    state.barred.drop(at_key(event.channel, event.address))

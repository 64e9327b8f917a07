"""Who the patron is: names, addresses left for an answer, several conversations of one person, blocks.

Anonymous by default. Blocking concerns one address on one channel; what it writes is refused and not kept.
"""

from __future__ import annotations

from msgspec.structs import replace

from bridge.message import Action, Block, Identify, Merge, Unblock, Unmerge
from routing.access import visible
from routing.closing import PHONE
from routing.conversation import ADDRESS, tidy_contact
from routing.deadlines import settled
from routing.events import Blocked, Identified, Merged, Unblocked, Unmerged
from routing.records import Barred, Conversation, at_key
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
    if contact and ADDRESS.fullmatch(contact) is None and PHONE.fullmatch(contact) is None:
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
        turn.emit(Unmerged(conversation=it.id, other=deed.other, by=action.by))


def block(turn: Turn, action: Action, deed: Block) -> None:
    """Refuse further messages of this patron's address."""
    it = _seen(turn, action, deed.conversation)
    if it is None:
        return
    standing = turn.state.barred.get(at_key(it.channel, it.address))
    if 0 < deed.until <= turn.at:
        refuse(turn, action, "deadline-passed", it)
    elif standing is not None and standing.until == deed.until and standing.reason == deed.reason:
        done(turn, action, it)
    else:
        turn.emit(
            Blocked(
                conversation=it.id,
                channel=it.channel,
                address=it.address,
                by=action.by,
                reason=deed.reason,
                until=deed.until,
            )
        )


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
    """Let each forget the other."""
    for one, other in ((event.conversation, event.other), (event.other, event.conversation)):
        it = state.conversations.get(one)
        if it is not None:
            state.conversations.put(one, replace(it, merged=tuple(each for each in it.merged if each != other)))


def blocked(state: State, event: Blocked, at: int) -> None:
    """Refuse what comes from there."""
    barred = Barred(conversation=event.conversation, by=event.by, at=at, reason=event.reason, until=event.until)
    state.barred.put(at_key(event.channel, event.address), barred)


def unblocked(state: State, event: Unblocked, at: int) -> None:
    """Take again what comes from there."""
    state.barred.drop(at_key(event.channel, event.address))

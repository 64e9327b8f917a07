"""What librarians say: answers to the patron, notes for colleagues, read marks.

The first answer claims a waiting conversation. A colleague who joined answers beside its owner, and does not own it by that, not
even while it is on offer to them. A sender who writes while their transfer is on offer takes it back. Notes have no delivery that
could reach a patron. An answer to another address moves the conversation there; where that is a slow channel, the owner has
room for another live one.

An address that somebody left may be a stranger's. So an answer to it does not yet bring that person's other questions here. On a
channel with threads the proof of the thread does. Elsewhere an answer takes the address over, unless it leads to another open
conversation.
"""

from __future__ import annotations

from msgspec.structs import replace

from bridge.contract.message import Action, MarkRead, Note, Say, is_blank
from routing.access import asked, eligible, may_join, speaks, visible
from routing.conversation import SHOWN, file_names, move
from routing.deadlines import settled
from routing.decision import Decision
from routing.deliveries import address_in_use, compose, relay, route, sent_out, unpark
from routing.events import Noted, ReadUpTo, Said, WhyRefused
from routing.offers import offer_waiting_to
from routing.ownership import take
from routing.recipients import beyond, copies_refused, distinct, hindrance, reached_out
from routing.records import Conversation, ReplyRoute, at_key
from routing.refusals import done, held, refuse
from routing.state import State
from routing.transfers import accept_transfer, end_transfer


def say(decision: Decision, action: Action, deed: Say) -> None:
    """Answer the patron, claiming the conversation first where that is possible."""
    it = held(decision, action, deed.conversation)
    if it is None:
        return
    if is_blank(deed.text) and not deed.attachments:
        refuse(decision, action, "empty", it)
        return
    to = route(decision.state, it, decision.at, deed.via)
    if to is None:
        refuse(decision, action, "unknown-address", it)
        return
    cc, bcc = copies_of(it, deed, to)
    strangers = beyond((*cc, *bcc), it.others)
    if (why := _copies_refused(decision, action, it, to, (*cc, *bcc), strangers)) is not None:
        refuse(decision, action, why, it)
        return
    if not _may_answer(decision, action, it):
        return
    _answer(decision, action, deed, to)
    if it.offered and it.offered != action.by:
        offer_waiting_to(decision, it.offered)


def copies_of(it: Conversation, deed: Say, to: ReplyRoute) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the further recipients of an answer: those named, and with `all_recipients` all who stood on the patron's mail."""
    everybody = it.others if deed.all_recipients else ()
    return distinct((*deed.cc, *everybody), deed.bcc, to.address)


def _copies_refused(
    decision: Decision, action: Action, it: Conversation, to: ReplyRoute, copies: tuple[str, ...], strangers: list[str]
) -> WhyRefused | None:
    why = copies_refused(decision.state, to.channel, copies, strangers)
    if why is not None or not strangers:
        return why
    return hindrance(decision.state, action.by, it.library, decision.at, len(strangers))


def _may_answer(decision: Decision, action: Action, it: Conversation) -> bool:
    """See that the librarian is in the conversation, making it so where they may; refuse otherwise."""
    by = action.by
    if it.owner == by:
        if it.handover is not None:
            end_transfer(decision, it, "withdrawn")
        return True
    if by in it.companions:
        return True
    if asked(decision.state, by, it):
        accept_transfer(decision, it, by)
        return True
    if it.owner:
        refuse(decision, action, "taken", it, it.owner)
        return False
    if not eligible(decision.state, by, it):
        refuse(decision, action, "no-access", it)
        return False
    take(decision, it, by, "say")
    return True


def _answer(decision: Decision, action: Action, deed: Say, to: ReplyRoute) -> None:
    it = decision.state.conversations[deed.conversation]
    author = decision.shown(action.by)
    cc, bcc = copies_of(it, deed, to)
    delivery = compose(
        decision,
        it,
        to,
        "text",
        text=deed.text,
        attachments=deed.attachments,
        author=author,
        all_recipients=deed.all_recipients and not it.others,
        cc=cc,
        bcc=bcc,
        title=deed.subject,
    )
    elsewhere = to.channel != it.channel or to.address != it.address
    unproven = elsewhere and not _leads_here(decision.state, it, to)
    event = Said(
        conversation=it.id,
        by=action.by,
        delivery=delivery,
        script=deed.script,
        unproven=unproven,
        files=file_names(delivery),
        faq=deed.faq,
        strangers=len(beyond((*cc, *bcc), it.others)),
    )
    decision.emit(event)
    unpark(decision, delivery)
    if it.live and not decision.state.conversations[it.id].live:
        offer_waiting_to(decision, it.owner)
    for one in (it.owner, *it.companions):
        if one != action.by or action.via == "inbox":
            relay(decision, it, one, "said", librarian=author, text=deed.text)


def _leads_here(state: State, it: Conversation, to: ReplyRoute) -> bool:
    """Say whether what comes from `to` joins this conversation from now on, without proof of a thread."""
    leads_to = state.addresses.get(at_key(to.channel, to.address), "")
    if leads_to == it.id:
        return True
    channel = state.channels.get(to.channel)
    if channel is not None and channel.threads:
        return False
    other = state.conversations.get(leads_to)
    return other is None or other.state == "closed" or other.id in it.merged


def note(decision: Decision, action: Action, deed: Note) -> None:
    """Write for colleagues, also on a closed conversation."""
    it = held(decision, action, deed.conversation, open_only=False)
    if it is None:
        return
    if not visible(decision.state, action.by, it):
        refuse(decision, action, "no-access", it)
    elif is_blank(deed.text):
        refuse(decision, action, "empty", it)
    else:
        decision.emit(Noted(conversation=it.id, id=action.id, by=action.by, text=deed.text, mentions=deed.mentions))
        _tell_note(decision, it, action.by, deed)


def _tell_note(decision: Decision, it: Conversation, by: str, deed: Note) -> None:
    """Carry a note to the messengers of those in it, and of colleagues whom it calls in."""
    called = [one for one in deed.mentions if may_join(decision.state, one, it)]
    for one in dict.fromkeys((it.owner, *it.companions, *called)):
        if one and one != by:
            relay(decision, it, one, "note", librarian=decision.state.roster.shown(by), text=deed.text)


def mark_read(decision: Decision, action: Action, deed: MarkRead) -> None:
    """Remember what those in it have read, and tell the patron where the channel can show it."""
    it = held(decision, action, deed.conversation, open_only=False)
    if it is None:
        return
    if it.read == deed.message:
        done(decision, action, it)
        return
    if not speaks(action.by, it):
        refuse(decision, action, "not-yours", it)
        return
    if it.read == it.last_message:
        done(decision, action, it)  # a colleague in it has read further
        return
    channel = decision.state.channels.get(it.channel)
    delivery = None
    if channel is not None and channel.marks:
        delivery = compose(decision, it, address_in_use(it), "mark", about=deed.message)
    decision.emit(ReadUpTo(conversation=it.id, by=action.by, message=deed.message, delivery=delivery))


# ---- fold ----------------------------------------------------------------------------------------------------------------------


def said(state: State, event: Said, at: int) -> None:
    """It is the patron's turn; an answer sent elsewhere moves the talk there."""
    delivery = event.delivery
    sent_out(state, delivery, at)
    if event.strangers:
        reached_out(state, event.by, at, event.strangers)
    it = state.conversations[event.conversation]
    if delivery.channel != it.channel or delivery.to != it.address:
        if not event.unproven:
            state.addresses.put(at_key(delivery.channel, delivery.to), it.id)
        named = _only_named(state, it, at_key(delivery.channel, delivery.to))
        it = move(
            state, it, ReplyRoute(channel=delivery.channel, address=delivery.to, reply=delivery.reply, named=named)
        )
    it = replace(
        it,
        last_text=event.files or delivery.text[:SHOWN],
        last_by=event.by,
        last_at=at,
        unanswered_since=0,
        answered_at=it.answered_at or at,
        turn="patron",
        turn_at=at,
        nudges=0,
        nudged_at=0,
        prompted=0,
        kept=False,
        deferral=None,
        back_at=0,
        answer=delivery.id,
        reached=False,
        failed=False,
    )
    state.conversations.put(it.id, settled(state, it))


def _only_named(state: State, it: Conversation, key: str) -> bool:
    """Say whether nothing of this patron's has come from an address so far."""
    known = next((one for one in it.routes if at_key(one.channel, one.address) == key), None)
    if known is not None:
        return known.named
    others = (state.conversations.get(one) for one in it.merged)
    return not any(one is not None and at_key(one.channel, one.address) == key and not one.named for one in others)


def noted(state: State, event: Noted, at: int) -> None:
    """Keep nothing: notes are the archive's."""


def read_up_to(state: State, event: ReadUpTo, at: int) -> None:
    """Remember the last message that was read."""
    if event.delivery is not None:
        sent_out(state, event.delivery, at)
    it: Conversation = state.conversations[event.conversation]
    state.conversations.put(it.id, replace(it, read=event.message))

"""Writing first: a librarian begins a conversation with somebody who has not written.

*By which channel.* One of a library that the librarian works for, and only where its network lets us write first
(`ChannelStatus.answers`). To a telephone number that is a text, to a mail address a mail.
*Whose it is.* The librarian's at once: nobody is asked, nobody waits, and no report counts a wait. Its patron isn't there, so it
counts among the slow ones, and no silence ends it.
*One conversation an address.* Where one is open already the librarian is told of it instead. On channels with threads they may
begin another one all the same.
"""

from __future__ import annotations

import re

from bridge.contract.address import is_mail_address
from bridge.contract.message import Action, Begin, ChannelStatus, derive, is_blank
from routing.conversation import file_names
from routing.decision import Decision
from routing.deliveries import address_in_use, compose, relay, unpark
from routing.events import Opened, Said, WhyRefused
from routing.ownership import take
from routing.reach import address_kind, place_of, tidied
from routing.recipients import copies_refused, distinct, hindrance, may_write_first
from routing.records import Conversation, at_key
from routing.refusals import refuse
from routing.state import State

E164 = re.compile(r"\+[1-9][0-9]{6,14}", re.ASCII)  # ITU-T E.164


def begins(state: State, librarian: str, channel: ChannelStatus) -> bool:
    """Say whether a librarian may write first by a channel."""
    library = channel.queue.partition("/")[0]
    return bool(channel.answers) and bool(library) and may_write_first(state, librarian, library)


def begin(decision: Decision, action: Action, deed: Begin) -> None:
    """Open a conversation that is mine with what I write."""
    state = decision.state
    channel = state.channels.get(deed.channel)
    library = channel.queue.partition("/")[0] if channel is not None else ""
    if channel is None or not channel.answers or library not in state.roster.libraries:
        refuse(decision, action, "cannot-begin")
        return
    address = written(state, library, channel, deed.address)
    why = _hindrance(decision, action, deed, library, address)
    if why is not None:
        refuse(decision, action, why)
        return
    there = open_with(state, channel.channel, address)
    if there is not None and not (deed.apart and channel.threads):
        refuse(decision, action, "already-open", there, there.owner)
        return
    _begin(decision, action, deed, channel, address)


def written(state: State, library: str, channel: ChannelStatus, address: str) -> str:
    """Return an address as a channel knows it (RFC 5322, E.164), "" for one that it cannot begin to write to."""
    tidy = tidied(state, library, address)
    kind = address_kind(tidy)
    if not kind or kind not in (channel.answers or ()):
        return ""
    if kind == "phone":
        return tidy if E164.fullmatch(tidy) else ""
    place = place_of(tidy)
    return place if is_mail_address(place) else ""


def open_with(state: State, channel: str, address: str) -> Conversation | None:
    """Return the open conversation to which an address leads, None where there is none."""
    it = state.conversations.get(state.addresses.get(at_key(channel, address), ""))
    return it if it is not None and it.state != "closed" else None


def _hindrance(decision: Decision, action: Action, deed: Begin, library: str, address: str) -> WhyRefused | None:
    state = decision.state
    cc, bcc = distinct(deed.cc, deed.bcc, address)
    if not may_write_first(state, action.by, library):
        return "may-not-begin"
    if is_blank(deed.text) and not deed.attachments:
        return "empty"
    if not address:
        return "address-not-understood"
    if at_key(deed.channel, address) in state.barred:
        return "blocked-address"
    copies = (*cc, *bcc)
    if (why := copies_refused(state, deed.channel, copies, copies)) is not None:
        return why
    return hindrance(state, action.by, library, decision.at, 1 + len(copies))


def _begin(decision: Decision, action: Action, deed: Begin, channel: ChannelStatus, address: str) -> None:
    state = decision.state
    library = state.roster.library(channel.queue.partition("/")[0])
    opened = Opened(
        conversation=derive("conversation", action.id),
        library=library.id,
        queue=channel.queue,
        channel=channel.channel,
        address=address,
        live=False,
        name=deed.name,
        language=library.language,
        subject=deed.subject,
        previous=state.addresses.get(at_key(channel.channel, address), ""),
        by=action.by,
    )
    decision.emit(opened)
    take(decision, state.conversations[opened.conversation], action.by, "begin")
    it = state.conversations[opened.conversation]
    cc, bcc = distinct(deed.cc, deed.bcc, address)
    author = decision.shown(action.by)
    delivery = compose(
        decision,
        it,
        address_in_use(it),
        "text",
        text=deed.text,
        attachments=deed.attachments,
        author=author,
        cc=cc,
        bcc=bcc,
        title=deed.subject,
    )
    copies = len(cc) + len(bcc)
    decision.emit(
        Said(conversation=it.id, by=action.by, delivery=delivery, files=file_names(delivery), strangers=copies)
    )
    unpark(decision, delivery)
    if action.via == "inbox":
        relay(decision, it, action.by, "said", librarian=author, text=deed.text)

"""From the core's state to what a librarian reads in a list: one conversation, one row, for one librarian.

Pure: the same state and librarian give the same row, so a row that is pushed and a row that is fetched cannot differ. A row's
`views` are decided here and nowhere else:

    waiting   it waits, and I may see it
    mine      it is mine, or I have joined it, or offered to me in turn, or a transfer to me
    open      it is not closed, and I may see it
    closed    it was closed within its re-open window, and I may see it
    aside     its message was set aside, and it is my library's
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Literal, cast

import phonenumbers
from msgspec.structs import replace

from bridge.contract.formatting import plain
from bridge.contract.message import ChannelStatus
from bridge.inbox.schema import Availability as Available
from bridge.inbox.schema import (
    CallView,
    ChannelView,
    Companion,
    ConsultTold,
    ConsultView,
    ConversationState,
    Draft,
    MentionTold,
    Row,
    SnoozeView,
    TransferView,
    View,
)
from bridge.inbox.views import aliases
from bridge.inbox.views.access import libraries_of, may_see_archived, sees
from bridge.sql.people.drafts import SavedDraft as Kept
from bridge.sql.people.mentions import Mention
from bridge.sql.transcripts.reader import ConversationSummary
from routing import wording
from routing.access import asked, at_home, consulted, eligible, has_say, helper_of, may_join, speaks
from routing.alike import alias_number
from routing.consulting import may_consult
from routing.events import Consulted, Noted, WhyRefused
from routing.practice_queue import is_practice, real_library, trainees
from routing.records import CallRecord, Consultation, Conversation, Deferral, Handover, whom
from routing.snoozing import may_snooze
from routing.state import State

SHORT = 28  # characters of an address shown in place of a name
LAST = 200
PHONE = re.compile(r"(?:[a-z]{2,20}:)?\+[1-9]\d{4,14}", re.ASCII)


def row(state: State, me: str, it: Conversation) -> Row | None:
    """Return a conversation as `me` sees it in a list, None when `me` may not see it."""
    if not sees(state, me, it):
        return None
    return Row(
        id=it.id,
        views=views(state, me, it, asked(state, me, it)),
        state=_shown_state(it),
        library=it.library,
        library_name=library_name(state, it.library),
        queue=it.queue,
        queue_name=queue_name(state, it.queue),
        channel=it.channel,
        kind=_kind(state, it.channel),
        live=it.live,
        patron=patron_name(state, it),
        alias=_alias(state, it),
        subject=it.subject[:LAST],
        last_text=plain(it.last_text[:LAST]),
        last_at=it.last_at,
        last_by=who(it.last_by),
        opened_at=it.opened_at,
        since=_since(it),
        unanswered_since=_unanswered_since(it),
        snoozed=_snooze(state, it.deferral),
        back_at=it.back_at,
        can_snooze=may_snooze(state, me, it),
        target_s=target_s(state, it.library, it.channel, live=it.live),
        owner=it.owner,
        owner_name=name_of(state, it.owner),
        companions=_companions(state, it),
        joined=me in it.companions,
        can_join=may_join(state, me, it),
        consults=[_consult(state, me, it, one) for one in it.consults],
        call=_call(state, me, it, it.call) if it.call is not None else None,
        consulted=consulted(state, me, it),
        can_consult=may_consult(state, me, it),
        offered_to_me=it.state == "waiting" and it.offered == me,
        offer_expires_at=it.offer_until if it.offered == me else 0,
        can_claim=eligible(state, me, it),
        can_change=has_say(state, me, it),
        transfer=_transfer(state, it.handover, asked(state, me, it)) if it.handover is not None else None,
        unread=int(bool(it.owner) and bool(it.last_message) and it.read != it.last_message),
        gone=it.gone,
        left=it.gone and not it.guessed,
        marked=_marked(it),
        code=it.code,
        aside=it.aside,
        rating=it.rating,
        practice=it.practice,
    )


def target_s(state: State, library: str, channel: str, *, live: bool) -> int:
    """Return within how many seconds a library wants to answer what comes by a channel: chats, texts, mail and forms differ."""
    timers = state.roster.library(library).timers
    if live:
        return timers.target_s
    status = state.channels.get(channel)
    if status is not None and status.live:
        return timers.target_form_s
    return timers.target_mail_s if status is None or status.threads else timers.target_text_s


def mention(state: State, me: str, note: Noted) -> MentionTold | None:
    """Return a note that names `me` as it is told, None when `me` may not see the conversation."""
    it = state.conversations.get(note.conversation)
    if it is None or not sees(state, me, it):
        return None
    return MentionTold(
        position="",
        conversation=it.id,
        line=note.id,
        by=note.by,
        by_name=name_of(state, note.by),
        patron=patron_name(state, it),
        library_name=state.roster.library(it.library).name or it.library,
        text=note.text[:LAST],
        can_join=may_join(state, me, it),
    )


def waiting_mention(state: State, me: str, found: Mention, talk: ConversationSummary | None) -> MentionTold | None:
    """Return a mention that waited for `me`, also in a conversation that only the archive holds; None where it is not theirs to
    see now."""
    told = mention(state, me, Noted(conversation=found.conversation, id=found.line, by=found.by, text=found.text))
    if told is not None:
        return replace(told, waited=True)
    if found.conversation in state.conversations:
        return None
    if talk is None or not may_see_archived(state, me, talk):
        return None
    return MentionTold(
        position="",
        conversation=talk.id,
        line=found.line,
        by=found.by,
        by_name=name_of(state, found.by),
        patron=talk.name or unnamed(state, talk.library, talk.channel, talk.id, talk.address),
        library_name=state.roster.library(talk.library).name or talk.library,
        text=found.text[:LAST],
        waited=True,
    )


def own(state: State, me: str) -> set[str]:
    """Return the conversations in `mine`: owned, joined, offered in turn, or handed over to me."""
    return {*state.mine.get(me, ()), *state.joined.get(me, ()), *state.offers.get(me, ()), *state.handed.get(me, ())}


def views(state: State, me: str, it: Conversation, transfer_to_me: bool) -> list[View]:
    """Return the lists that hold a visible conversation for `me`."""
    if it.practice and me not in (*trainees(it.queue), it.owner, *it.companions):
        return []  # a coordinator comes to it by the page of practice
    if it.state == "closed":
        if it.aside:
            return ["aside"]
        listed = me == helper_of(state, it) or at_home(state, me, it)  # who only owns its follow-up finds it there
        return ["closed"] if listed and it.into not in state.conversations else []
    found: list[View] = [] if _behind(state, me, it) else ["open"]
    if it.state == "waiting":
        found.append("waiting")
    if me in (it.owner, it.offered, *it.companions) or (
        transfer_to_me and it.handover is not None and it.handover.librarian == me
    ):
        found.append("mine")
    return found


def _behind(state: State, me: str, it: Conversation) -> bool:
    """Say whether another row of a patron's merged conversations is shown for this one: my own, else the oldest."""
    if it.state != "active" or not it.merged or speaks(me, it):
        return False
    others = [one for name in it.merged if (one := state.conversations.get(name)) is not None and one.state == "active"]
    return any(speaks(me, one) or (one.opened_at, one.id) < (it.opened_at, it.id) for one in others)


def _shown_state(it: Conversation) -> ConversationState:
    return "offered" if it.state == "waiting" and it.offered else it.state


def _marked(it: Conversation) -> bool:
    """Say whether the patron has heard nothing for three minutes, also when they spoke last."""
    if it.state != "active" or it.deferral is not None:
        return False
    return it.nudges >= 2 if it.turn == "librarian" else it.prompted >= 2 and not it.gone


def _since(it: Conversation) -> int:
    if it.state == "waiting":
        return it.since
    return it.claimed_at if it.state == "active" else it.closed_at


def who(by: str) -> Literal["patron", "librarian", "desk", ""]:
    """Return who wrote last, "" for nobody known."""
    match by:
        case "patron" | "librarian" | "desk" | "":
            return by
        case _:
            return "librarian"


def _transfer(state: State, over: Handover, mine: bool) -> TransferView:
    return TransferView(
        by=over.by,
        by_name=name_of(state, over.by),
        librarian=over.librarian,
        librarian_name=name_of(state, over.librarian),
        queue=over.queue,
        queue_name=queue_name(state, over.queue) if over.queue else "",
        note=over.note,
        expires_at=over.expires_at,
        to_me=mine,
    )


def _call(state: State, me: str, it: Conversation, call: CallRecord) -> CallView:
    mine = speaks(me, it)
    return CallView(
        id=call.id,
        kinds=list(call.kinds),
        by=call.by,
        by_name=name_of(state, call.by),
        at=call.at,
        until=call.until,
        accepted_at=call.accepted_at,
        link=call.link if mine else "",
        can_change=mine,
    )


def _kind(state: State, channel: str) -> str:
    status = state.channels.get(channel)
    return status.kind if status is not None else ""


def _companions(state: State, it: Conversation) -> list[Companion]:
    return [Companion(id=one, name=name_of(state, one)) for one in it.companions]


def _unanswered_since(it: Conversation) -> int:
    return it.unanswered_since if it.state != "closed" and it.deferral is None else 0


def _snooze(state: State, one: Deferral | None) -> SnoozeView | None:
    if one is None:
        return None
    return SnoozeView(by=one.by, by_name=name_of(state, one.by), why=one.why, at=one.at, until=one.until)


def _consult(state: State, me: str, it: Conversation, one: Consultation) -> ConsultView:
    queue = queue_name(state, one.queue) if one.queue else ""
    return ConsultView(
        by=one.by,
        by_name=name_of(state, one.by),
        name=(name_of(state, one.librarian) if one.librarian else queue) or library_name(state, one.library),
        librarian=one.librarian,
        queue=one.queue,
        library=one.library,
        join=one.join,
        at=one.at,
        can_end=may_consult(state, me, it) or one.librarian == me,
    )


def library_name(state: State, library: str) -> str:
    """Return a library's name."""
    real = real_library(library)
    return state.roster.library(real).name or real


def told_consult(state: State, me: str, event: Consulted) -> ConsultTold | None:
    """Return a question to colleagues as `me` is told of it, None when `me` is not asked."""
    it = state.conversations.get(event.conversation)
    if it is None or event.by == me or not consulted(state, me, it):
        return None
    return ConsultTold(
        position="",
        conversation=it.id,
        by=event.by,
        by_name=name_of(state, event.by),
        patron=patron_name(state, it),
        library_name=library_name(state, it.library),
        can_join=may_join(state, me, it),
    )


def asked_about(state: State, me: str) -> set[str]:
    """Return the open conversations that `me` is asked about, by name, as staff of a queue or as a library's."""
    mine = [whom(me, "", ""), *(whom("", queue, "") for queue in state.roster.serves.get(me, ()))]
    mine += [whom("", "", library) for library in libraries_of(state, me)]
    return {name for key in mine for name in state.consulted.get(key, ())}


def refusal_words(state: State, librarian: str, why: str, holder: str = "") -> str:
    """Return why the desk refuses a librarian something, in their library's words: those a messenger's user reads, too."""
    library = state.roster.library(state.roster.home.get(librarian, ""))
    return wording.reason(library, cast(WhyRefused, why), {"holder": holder})


def name_of(state: State, librarian: str) -> str:
    """Return a librarian's name among colleagues; who is gone keeps the id."""
    one = state.roster.librarians.get(librarian)
    return one.name if one is not None else librarian


def queue_name(state: State, queue: str) -> str:
    """Return a queue's name."""
    if is_practice(queue):
        return ""
    service = state.roster.services.get(queue)
    return service.queue.name if service is not None else queue


def patron_name(state: State, it: Conversation) -> str:
    """Return the name a patron gave, else a short form of the address, else a colour and an animal: see `aliases`."""
    if it.name:
        return it.name[:LAST]
    if is_private(state, it.channel):
        return aliases.among_open(state, it)
    return unnamed(state, it.library, it.channel, it.id, it.address)


def unnamed(state: State, library: str, channel: str, conversation: str, address: str) -> str:
    """Return what a patron without a name is called: by the address, where it tells librarians anything."""
    if is_private(state, channel) or address == conversation:  # imported without an address
        return aliases.name(conversation, state.roster.library(library).language)
    return shown_address(state, library, address)


def _alias(state: State, it: Conversation) -> int:
    return 0 if it.name or not is_private(state, it.channel) else alias_number(it.id) + 1


def is_private(state: State, channel: str) -> bool:
    """Say whether librarians are not shown the addresses of a channel."""
    status = state.channels.get(channel)
    return status is not None and status.private


def shown_address(state: State, library: str, address: str, *, whole: bool = False) -> str:
    """Return an address as staff of a library see it: masked where the library wants that, shortened in lists."""
    if state.roster.library(library).mask_addresses:
        return masked(address)
    if PHONE.fullmatch(address):
        return spoken(address)
    return address if whole or len(address) <= SHORT else address[: SHORT - 1] + "…"


@lru_cache(4096)
def spoken(number: str) -> str:
    """Return an E.164 number in the groups that people read it in (ITU-T E.123)."""
    try:
        parsed = phonenumbers.parse(number.rpartition(":")[2])
    except phonenumbers.NumberParseException:
        return number
    return str(phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.INTERNATIONAL))


def masked(address: str) -> str:
    """Return enough of an address to tell two apart, and not enough to write to it."""
    name, at, host = address.partition("@")
    if at:
        return f"{name[:2]}…@{host}"
    return f"…{address[-4:]}" if len(address) > 4 else "…"


def availability(state: State, librarian: str) -> Available:
    """Return where a librarian is present and how much they have."""
    staff = state.staff.get(librarian)
    one = state.roster.librarians.get(librarian)
    live, slow = (one.live, one.slow) if one is not None else (0, 0)
    queues = list(staff.queues) if staff is not None else []
    connected = staff is not None and bool(staff.connections)
    return Available(
        present=is_present(state, librarian),
        connected=connected,
        queues=queues,
        live=(staff.live if staff is not None else 0) or live,
        slow=(staff.slow if staff is not None else 0) or slow,
        live_active=state.load_of(librarian, True),
        slow_active=state.load_of(librarian, False),
    )


def is_present(state: State, librarian: str) -> bool:
    """Say whether a librarian is at the desk: connected, and serving some queue."""
    staff = state.staff.get(librarian)
    return staff is not None and bool(staff.connections and staff.queues)


def channel_view(one: ChannelStatus) -> ChannelView:
    """Return a channel as colleagues see it."""
    return ChannelView(
        channel=one.channel,
        kind=one.kind,
        label=one.label or one.kind,
        icon=one.icon,
        staff=one.staff,
        queue=one.queue,
        live=one.live,
        up=one.up,
        reason=one.reason,
    )


def draft(kept: Kept) -> Draft:
    """Return a kept draft as pages know it."""
    return Draft(conversation=kept.conversation, text=kept.text, at=kept.at, note=kept.kind == "note")

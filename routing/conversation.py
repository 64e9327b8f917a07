"""A patron's message: which conversation it joins, and what the desk makes of a new one.

*Joins.* A proven thread decides, else the address. A message joins the conversation of its address while that is open, or
closed within the re-open window (24 h live, 14 days slow). On channels with threads of their own (mail) another subject is another
question.
What a machine sent (an out-of-office reply) is shown in a closed conversation without opening it again.
A different sender with proof of the thread joins, too, flagged by the adapter. Answers keep going to the patron, under their name.
*Set aside.* What the adapter does not take for a person's (`Message.aside` says why) opens nothing and asks nobody. With proof of
its thread it is shown there. Otherwise it becomes a conversation that is closed at once, with the code `set_aside`. The library's
staff see it in a list of its own. They take it in (`Reopen`) or dismiss it (`Dismiss`). The address does not lead to it until then.
*Closed hours.* The truth is told once, with the next opening; the message is kept (unless the queue says otherwise), and a form
left for later is a follow-up with an address and a deadline. What was not taken is not taken either because
the patron writes once more. Closed is said only when nobody in the whole chain is open,
or nobody is there; a librarian within the grace counts as there, so that a restart closes no desk.
"""

from __future__ import annotations

import re

from msgspec.structs import replace

from bridge.contract.address import mentions_mail_address
from bridge.contract.message import Delivery, Message, derive, is_blank
from routing import history, wording
from routing.access import connected, has_room, helper_of, serving, there
from routing.deadlines import forget_at, settled
from routing.decision import Decision
from routing.deliveries import address_in_use, notify, relay, tell_standing
from routing.desk_view import queue_choice
from routing.events import (
    Closed,
    FollowUpChanged,
    Identified,
    Opened,
    PatronGone,
    Received,
    Reopened,
    Turned,
)
from routing.followups import open_follow_up, planned
from routing.joining import without_owner
from routing.offers import ask, enqueue, offer_waiting_to
from routing.ownership import take
from routing.practice import queue_of
from routing.queue_orders import next_opening
from routing.queue_service import QueueService
from routing.reach import address_kind, offered_kinds, place_of, promised, tidied
from routing.recipients import reached_out
from routing.records import SET_ASIDE, Conversation, FollowUpRecord, ReplyRoute, at_key
from routing.standing import says, standing
from routing.state import State

SHOWN = 160
MOST_OTHERS = 50
ADDRESS_WORDS = 12  # of a message that is about the address in it
AUTOMATIC = "automatic"  # a mark: a machine wrote it
SIGNS = frozenset({"reaction", "reaction-removed", "retracted"})  # marks: it says nothing new
BY_HAND = "answered-by-hand"  # a mark: it asks for no automatic answers, and is a question all the same
OTHER_SENDER = "other-sender"  # a mark: somebody else wrote, with proof of the thread
SUBJECT_PREFIX = re.compile(r"^\s*((re|fwd?|aw|wg|sv|vs|rv|tr|r|i|odp|pd)\s*(\[\d+\])?\s*:\s*)+", re.IGNORECASE)


def receive(decision: Decision, message: Message) -> None:
    """Let a patron's message join its conversation, or begin one."""
    state = decision.state
    key = at_key(message.channel, message.sender)
    if key in state.barred:
        decision.emit(Turned(message=message.id, channel=message.channel, address=message.sender))
        return
    it = _joins(state, message, key, decision.at)
    if it is None and (message.aside or SIGNS.intersection(message.marks)):
        _set_aside(decision, message, state.addresses.get(key, ""))
    elif it is None:
        _begin(decision, message, state.addresses.get(key, ""))
    elif it.state == "closed" and (message.aside or _answers_itself(message)):
        _receive(decision, it.id, message)
    elif it.state == "closed" and not it.code and _not_taken(decision, it.queue, message):
        _add(decision, it, message)
        _decline(decision, state.conversations[it.id])
    elif it.state == "closed":
        decision.emit(Reopened(conversation=it.id))
        _add(decision, it, message)
        place_again(decision, state.conversations[it.id])
    else:
        _add(decision, it, message)
        _take_address(decision, state.conversations[it.id], message)
        if it.state == "active":
            _reach_staff(decision, it, message)
        if state.conversations[it.id].live != it.live:
            make_room(decision, it)
    if it is not None and message.later:
        _leave_form(decision, state.conversations[it.id], message, it.last_text if it.last_by == "patron" else "")


def _answers_itself(message: Message) -> bool:
    return (AUTOMATIC in message.marks and BY_HAND not in message.marks) or not SIGNS.isdisjoint(message.marks)


def _joins(state: State, message: Message, key: str, now: int) -> Conversation | None:
    channel = state.channels.get(message.channel)
    if message.thread:
        proven = state.conversations.get(message.thread)
        if proven is not None and proven.practice is (channel is not None and channel.practice):
            return state.conversations.get(proven.into, proven)
    if message.aside:
        return None
    it = state.conversations.get(state.addresses.get(key, ""))
    if it is None:
        return None
    if it.state == "closed" and 0 < forget_at(state, it) <= now:
        return None
    if channel is not None and channel.threads and it.channel == message.channel:
        return it if not it.subject or _same_subject(message.subject, it.subject) else None
    return it


def _same_subject(one: str, other: str) -> bool:
    return SUBJECT_PREFIX.sub("", one).strip().casefold() == SUBJECT_PREFIX.sub("", other).strip().casefold()


def _add(decision: Decision, it: Conversation, message: Message) -> None:
    if it.gone:
        decision.emit(PatronGone(conversation=it.id, gone=False))
    proven = bool(message.thread) and _proves(decision.state, it, message)
    _receive(decision, it.id, message, proven=proven)
    if OTHER_SENDER not in message.marks:
        _introduce(decision, it, message)


def _receive(decision: Decision, conversation: str, message: Message, *, proven: bool = False) -> None:
    left = mentions_mail_address(message.text)
    files = file_names(message)
    event = Received(conversation=conversation, message=message, proven=proven, left_address=left, files=files)
    decision.emit(event)


def file_names(said: Message | Delivery) -> str:
    """Return the names of the files of a message without words, "" where it has words."""
    if not said.attachments or not is_blank(said.text):
        return ""
    return ", ".join(file.name for file in said.attachments)[:SHOWN]


def _proves(state: State, it: Conversation, message: Message) -> bool:
    """Say whether this is the first word from an address to which an answer went, and which leads nowhere yet."""
    here = it.channel == message.channel and it.address == message.sender
    return here and at_key(it.channel, it.address) not in state.addresses


def _introduce(decision: Decision, it: Conversation, message: Message) -> None:
    name = message.name if message.name != it.name else ""
    contact = _readable(decision.state, it.library, message.contact)
    contact = contact if contact != it.contact else ""
    language = message.language if it.live and message.language != it.language else ""  # chosen while they chat
    if name or contact or language:
        decision.emit(Identified(conversation=it.id, name=name, contact=contact, language=language))


def _readable(state: State, library: str, contact: str) -> str:
    """Return an address that a patron left, "" when it is none: nothing could be answered there, and a better one may stand."""
    contact = tidied(state, library, contact)
    return contact if address_kind(contact) else ""


def _take_address(decision: Decision, it: Conversation, message: Message) -> None:
    """Take the address that a patron writes into the chat after one was asked for, and say so.

    One address, in a message that says little else: an address in the middle of a question may be anybody's.
    """
    if not it.told_wait or not it.live or it.contact or it.state != "waiting" or message.contact:
        return
    written = _written_address(decision.state, it.library, message.text)
    if written and promised(decision.state, it.library, written):
        decision.emit(Identified(conversation=it.id, contact=written))
        notify(decision, decision.state.conversations[it.id], "address-kept", to=address_in_use(it), address=written)


def _written_address(state: State, library: str, text: str) -> str:
    text = text.strip()
    whole = tidied(state, library, text)
    if address_kind(whole):
        return whole
    found = {one.strip(".,;:!?") for one in text.split() if "@" in one}
    only = tidied(state, library, found.pop()) if len(found) == 1 and len(text.split()) <= ADDRESS_WORDS else ""
    return only if address_kind(only) == "mail" else ""


def _reach_staff(decision: Decision, it: Conversation, message: Message) -> None:
    """See that somebody hears it: messengers of those in it; others when its owner has gone home."""
    for companion in it.companions:
        relay(decision, it, companion, "line", text=message.text)
    if connected(decision.state, it.owner):
        owner = decision.state.roster.librarians.get(it.owner)
        if owner is not None and owner.address:
            relay(decision, it, it.owner, "line", text=message.text)
        return
    if not there(decision.state, it.owner):
        without_owner(decision, it, it.since if it.live else decision.at)


def make_room(decision: Decision, it: Conversation) -> None:
    """Go on from the other count: the talk has moved between live and slow channels."""
    holder = it.owner or it.offered
    if holder:
        offer_waiting_to(decision, holder)
    elif decision.state.roster.service(it.queue).queue.policy != "offer":
        ask(decision, it.id)


# ---- a new one -----------------------------------------------------------------------------------------------------------


def _set_aside(decision: Decision, message: Message, previous: str) -> None:
    """Keep a message for staff to see; nobody is asked, and nothing is sent."""
    conversation, _ = _open(decision, message, previous)
    reason = message.aside or "other"
    decision.emit(Closed(conversation=conversation, by="", code=SET_ASIDE, reason=reason, known_until=0))


def _begin(decision: Decision, message: Message, previous: str) -> None:
    conversation, service = _open(decision, message, previous)
    _arrive(decision, decision.state.conversations[conversation], service, message)


def _open(decision: Decision, message: Message, previous: str) -> tuple[str, QueueService]:
    """Begin a conversation with its first message, not yet queued. Return its id, and what serves its queue."""
    state = decision.state
    channel = state.channels.get(message.channel)
    practice = channel is not None and channel.practice
    usual = channel.queue if channel is not None and channel.queue else state.roster.any_queue()
    chosen = message.queue if message.queue in queue_choice(state, usual) else usual
    queue = queue_of(state, message) if practice else chosen
    service = state.roster.service(queue)
    library = service.library.id or queue.partition("/")[0]
    opened = Opened(
        conversation=derive("conversation", message.id),
        library=library,
        queue=queue,
        channel=message.channel,
        address=message.sender,
        live=channel is not None and channel.live and not message.later,
        name=message.name,
        contact=_readable(state, library, message.contact),
        language=message.language or service.library.language,
        subject=message.subject,
        page=message.page,
        answers=message.answers,
        previous=message.thread or previous,
        aside=bool(message.aside),
        practice=practice,
    )
    decision.emit(opened)
    _receive(decision, opened.conversation, message)
    return opened.conversation, service


def _arrive(decision: Decision, it: Conversation, service: QueueService, message: Message) -> None:
    if message.later:
        enqueue(decision, it, it.queue, decision.at, "new")
        _keep_form(decision, decision.state.conversations[it.id], message)
        return
    if _not_taken(decision, it.queue, message):
        _decline(decision, it)
        decision.emit(Closed(conversation=it.id, by="", code="", reason="closed-hours", known_until=0))
        return
    event = _arrival_words(decision.state, service, message, decision.at)[0]
    limit = service.queue.max_waiting
    full = bool(limit) and it.live and decision.state.waiting_in(it.queue) > limit
    enqueue(decision, it, it.queue, decision.at, "new")
    if event:
        tell_standing(decision, decision.state.conversations[it.id], "arrival")
    elif full and decision.state.conversations[it.id].state == "waiting":
        notify(decision, decision.state.conversations[it.id], "full")


def _arrival_words(state: State, service: QueueService, message: Message, now: int) -> tuple[str, str]:
    """Return `closed_words` as they concern a new message: that nobody is there at the moment is no news to who writes a mail."""
    event, opening = closed_words(state, service, now)
    channel = state.channels.get(message.channel)
    return ("" if event == "nobody" and channel is not None and channel.threads else event), opening


def _not_taken(decision: Decision, queue: str, message: Message) -> bool:
    """Say whether a queue turns this message away, which is closed and takes nothing then but forms."""
    service = decision.state.roster.service(queue)
    if service.queue.accept_when_closed or message.later:
        return False
    return bool(_arrival_words(decision.state, service, message, decision.at)[0])


def _decline(decision: Decision, it: Conversation) -> None:
    service = decision.state.roster.service(it.queue)
    opening = closed_words(decision.state, service, decision.at)[1]
    if opening:
        at, told, zone = next_opening(decision.state, service, decision.at)
        opening = wording.opening(service.library, it.language, at, told, zone)
    notify(decision, it, "not-taken", variant="until" if opening else "", opening=opening)


def closed_words(state: State, service: QueueService, now: int) -> tuple[str, str]:
    """Return which notice tells the truth ("" = somebody is there) and the words for the next opening."""
    event = says("arrival", standing(state, service, now))[0]
    return event, next_opening(state, service, now)[1] if event == "closed" else ""


def _keep_form(decision: Decision, it: Conversation, message: Message, before: str = "") -> None:
    """Open the follow-up of a form, unless the conversation has one already, and say that it is kept.

    `before`: what the patron wrote before. That is the question where the form holds only an address.
    """
    kept = decision.state.follow_ups.get(it.follow_up)
    if kept is None:
        only_address = before and message.text.strip() == message.contact.strip()
        question = message.subject or (before if only_address else message.text[:SHOWN])
        open_follow_up(decision, it, replace(planned(decision, it), address=it.contact, question=question))
    elif message.contact and it.contact not in ("", kept.plan.address):
        _readdress(decision, kept, it.contact)
    _thank_for_form(decision, decision.state.conversations[it.id], message)


def _thank_for_form(decision: Decision, it: Conversation, message: Message) -> None:
    """Say that a form is kept, and promise an answer only where one can be sent."""
    if message.contact.strip() and not _readable(decision.state, it.library, message.contact):
        notify(decision, it, "form-kept", variant="misread", to=address_in_use(it))
    elif it.contact and promised(decision.state, it.library, it.contact):
        notify(decision, it, "form-kept", to=address_in_use(it), address=place_of(it.contact))
    elif it.contact or not offered_kinds(decision.state, it.library):
        notify(decision, it, "form-kept", variant="here", to=address_in_use(it))


def _readdress(decision: Decision, one: FollowUpRecord, address: str) -> None:
    """Let the answer go where the patron says last."""
    decision.emit(
        FollowUpChanged(
            id=one.id,
            conversation=one.conversation,
            state=one.state,
            by="",
            owner=one.owner,
            deadline=one.plan.deadline,
            address=address,
        )
    )


def _leave_form(decision: Decision, it: Conversation, message: Message, before: str) -> None:
    """Keep a form that joins a conversation there was: who leaves one does not wait for the answer here."""
    _keep_form(decision, it, message, before)
    if it.live:
        decision.emit(PatronGone(conversation=it.id, gone=True))


def place_again(decision: Decision, it: Conversation) -> None:
    """Give a re-opened conversation to the librarian who had it last, if they serve its queue and have room, else to that queue."""
    state = decision.state
    helper, service = helper_of(state, it), state.roster.service(it.queue)
    if helper and helper in serving(state, it.queue, decision.at) and has_room(state, helper, service, it.live):
        take(decision, it, helper, "reopen")
        return
    enqueue(decision, it, it.queue, decision.at, "reopened")
    event = closed_words(state, service, decision.at)[0]
    if event == "closed" or (event and it.live):
        tell_standing(decision, state.conversations[it.id], "arrival")


# ---- fold --------------------------------------------------------------------------------------------------------------------


def opened(state: State, event: Opened, at: int) -> None:
    """Begin a conversation; a Queued, or a Closed, follows in the same step."""
    it = Conversation(
        id=event.conversation,
        library=event.library,
        queue=event.queue,
        channel=event.channel,
        address=event.address,
        live=event.live,
        opened_at=at,
        name=event.name,
        contact=event.contact,
        language=event.language,
        subject=event.subject,
        page=event.page,
        answers=event.answers,
        previous=event.previous,
        begun_by=event.by,
        practice=event.practice,
        since=at,
        queued_at=at,
        tier_at=at,
        patron_at=at,
    )
    state.conversations.put(it.id, it)
    if not event.aside:
        state.addresses.put(at_key(event.channel, event.address), it.id)
    if event.by:
        reached_out(state, event.by, at)


def received(state: State, event: Received, at: int) -> None:
    """Add the patron's words; it is the librarian's turn."""
    message = event.message
    it = state.conversations[event.conversation]
    left_address = event.left_address if event.left_address is not None else history.left_address(message.text)
    snoozed = it.deferral is not None
    plain = it.state == "active" and it.turn == "librarian" and not snoozed
    if it.channel != message.channel or it.address != message.sender:
        it, plain = _moved(state, it, message), False
        reply = it.reply
    else:
        it, reply = replace(it, named=False) if it.named else it, message.reply or it.reply
    if event.proven:
        state.addresses.put(at_key(it.channel, it.address), it.id)
    turned = it.state == "active" and (it.turn != "librarian" or snoozed)
    it = replace(
        it,
        reply=reply,
        subject=it.subject or message.subject,
        others=_others(it, message) if message.others else it.others,
        last_message=message.id,
        last_text=event.files or message.text[:SHOWN],
        last_by="patron",
        last_at=at,
        patron_at=at,
        asked_at=at,
        reached=it.reached or (it.answer != "" and it.live and not it.failed),
        unanswered_since=it.unanswered_since or (0 if it.state == "closed" else at),
        wrote_after=it.wrote_after or (it.helper != "" and it.state != "closed"),
        left_address=it.left_address or left_address,
        turn="librarian" if turned else it.turn,
        turn_at=at if turned else it.turn_at,
        nudges=0 if turned else it.nudges,
        nudged_at=0 if turned else it.nudged_at,
        deferral=None,
        back_at=0,
    )
    state.conversations.put(it.id, it if plain else settled(state, it))


def _others(it: Conversation, message: Message) -> tuple[str, ...]:
    """Return who else stood on the patron's mails, the last mail's first."""
    known = dict.fromkeys((*message.others, *it.others))
    return tuple(one for one in known if one not in (it.address, message.sender))[:MOST_OTHERS]


def _moved(state: State, it: Conversation, message: Message) -> Conversation:
    """Let the talk go on where the patron writes now, unless a stranger wrote."""
    if OTHER_SENDER in message.marks:
        return it
    state.addresses.put(at_key(message.channel, message.sender), it.id)
    return move(state, it, ReplyRoute(channel=message.channel, address=message.sender, reply=message.reply))


def move(state: State, it: Conversation, to: ReplyRoute) -> Conversation:
    """Return the conversation with `to` as the address in use, the one before it remembered."""
    here = ReplyRoute(channel=it.channel, address=it.address, reply=it.reply, lent=it.lent, named=it.named)
    routes = tuple(one for one in it.routes if at_key(one.channel, one.address) != at_key(to.channel, to.address))
    lent = _lender(state, it, at_key(to.channel, to.address))
    return replace(use(state, it, to), routes=(*routes, here), lent=lent)


def use(state: State, it: Conversation, to: ReplyRoute) -> Conversation:
    """Return the conversation with `to` as the address in use."""
    channel = state.channels.get(to.channel)
    live = channel.live if channel is not None else it.live
    return replace(it, channel=to.channel, address=to.address, reply=to.reply, lent=to.lent, named=to.named, live=live)


def _lender(state: State, it: Conversation, key: str) -> str:
    """Return the merged conversation whose address this is, "" when it is this one's own."""
    for one in it.routes:
        if at_key(one.channel, one.address) == key:
            return one.lent
    others = (state.conversations.get(one) for one in it.merged)
    return next((one.id for one in others if one is not None and at_key(one.channel, one.address) == key), "")


def turned_away(state: State, event: Turned, at: int) -> None:
    """Keep nothing."""


def reopened(state: State, event: Reopened, at: int) -> None:
    """Let it wait again; a Queued or a Claimed follows."""
    it = state.conversations[event.conversation]
    key = at_key(it.channel, it.address)
    if it.code == SET_ASIDE and key not in state.addresses:
        state.addresses.put(key, it.id)  # it is a conversation like any other from now on
    it = replace(
        it,
        state="waiting",
        owner="",
        since=at,
        queued_at=at,
        tier=0,
        tier_at=at,
        told_wait=False,
        unanswered_since=it.last_at if it.code == SET_ASIDE else it.unanswered_since,
        closed_at=0,
        code="",
        aside="",
        claimed_at=0,
        introduced=(),
        wrote_after=False,
        declined=(),
        gone=False,
        gone_at=0,
        guessed=False,
        kept=False,
        parted=True,
    )
    state.conversations.put(it.id, settled(state, it))

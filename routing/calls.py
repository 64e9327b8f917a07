"""Calls: a librarian offers to meet the patron, to talk, or to look at a screen together.

*What.* A meeting is held elsewhere, at an address of the library's own; we send the link and know nothing of what goes on there. A
call here is held in a window of the desk's own (`bridge.calls`); what is seen and heard there never comes by the core.
*Who.* Those who answer in the conversation offer it, one call at a time. The patron accepts or refuses; the window that accepts is
the only one that is let in.
*How long.* The offer of a call here ends after two minutes where the patron sits there, after half an hour where they read it
later. A call ends with its window, with the conversation, when its librarian has gone, and after four hours in any case.
*Silence.* While they talk, nobody is reminded and nobody is taken for gone; afterwards the silence counts from the call's end.
*What is kept.* That it was offered, accepted, refused and ended, for how long, and by which media. Of media nothing.
"""

from __future__ import annotations

from msgspec.structs import replace

from bridge.contract.message import Action, CallAnswer, CallKind, OfferCall, SetCall
from routing import wording
from routing.access import speaks
from routing.deadlines import settled
from routing.decision import Decision
from routing.deliveries import address_in_use, compose, named, notify, route, sent_out, unpark
from routing.events import CallAccepted, CallEnded, CallOffered, WhyCallEnded, WhyRefused
from routing.records import CallRecord, Conversation, at_key
from routing.refusals import done, held, refuse
from routing.state import State

LIVE_OFFER_MS = 120_000
SLOW_OFFER_MS = 1_800_000
MOST_CALL_MS = 4 * 3_600_000
MINUTE_MS = 60_000
MOST_LINK = 500


def offer(decision: Decision, action: Action, deed: OfferCall) -> None:
    """Offer the patron a call, and send them the link."""
    it = held(decision, action, deed.conversation)
    if it is None:
        return
    why = _hindrance(decision.state, action.by, deed, it)
    to = route(decision.state, it, decision.at)
    if why or to is None:
        refuse(decision, action, why or "unknown-address", it, it.owner)
        return
    lasts = LIVE_OFFER_MS if it.live and not it.gone else SLOW_OFFER_MS
    until = 0 if "meeting" in deed.kinds else decision.at + lasts
    values = {**named(decision, action.by), "link": deed.link, "minutes": str(lasts // MINUTE_MS)}
    event, variant = ("meeting-offered", "") if "meeting" in deed.kinds else ("call-offered", deed.kinds[0])
    library = decision.state.roster.library(it.library)
    text = wording.notice(library, event, variant, values, language=it.language)
    if deed.link not in text:
        text = f"{text} {deed.link}".strip()
    delivery = compose(
        decision,
        it,
        to,
        "notice",
        text=text,
        event=event,
        author=values["librarian"],
        about=deed.call,
        expires_at=until,
    )
    delivery = replace(delivery, automatic=False)
    link = deed.link if "meeting" in deed.kinds else ""
    decision.emit(
        CallOffered(
            conversation=it.id,
            call=deed.call,
            by=action.by,
            kinds=deed.kinds,
            delivery=delivery,
            until=until,
            link=link,
        )
    )
    unpark(decision, delivery)


def _hindrance(state: State, by: str, deed: OfferCall, it: Conversation) -> WhyRefused | None:
    if not speaks(by, it):
        return "not-yours" if it.owner else "unclaimed"
    if it.call is not None:
        return "call-goes-on"
    if it.channel in state.partnered:
        return "call-elsewhere"
    alone = "meeting" not in deed.kinds or len(deed.kinds) == 1
    if not deed.kinds or not alone or not deed.call or not deed.link or len(deed.link) > MOST_LINK:
        return "empty"
    return None


def set_call(decision: Decision, action: Action, deed: SetCall) -> None:
    """End a call or take its offer back, or say that the patron came to the meeting."""
    it = held(decision, action, deed.conversation)
    if it is None:
        return
    call = it.call
    if not speaks(action.by, it):
        refuse(decision, action, "not-yours", it, it.owner)
    elif call is None or call.id != deed.call:
        refuse(decision, action, "call-over", it)
    elif deed.to == "ended":
        _end(decision, it, call, "ended" if call.accepted_at else "taken-back", by=action.by)
    elif call.accepted_at or not call.meeting:
        done(decision, action, it)
    else:
        decision.emit(CallAccepted(conversation=it.id, call=call.id, until=decision.at + MOST_CALL_MS, by=action.by))


def answer(decision: Decision, given: CallAnswer) -> None:
    """Take what the patron says to an offer, or that a call here is over; a word about another call changes nothing."""
    state = decision.state
    known = given.conversation or state.addresses.get(at_key(given.channel, given.sender), "")
    it = state.conversations.get(known)
    call = it.call if it is not None else None
    if it is None or call is None or (given.call or call.id, given.line or call.line) != (call.id, call.line):
        return
    if given.answer == "refuse" and not call.accepted_at:
        _end(decision, it, call, "refused")
    elif given.answer == "end" and call.accepted_at:
        _end(decision, it, call, "ended", by=given.by, kinds=given.kinds)
    elif given.answer == "accept" and not call.accepted_at and not call.meeting:
        until = decision.at + MOST_CALL_MS
        decision.emit(CallAccepted(conversation=it.id, call=call.id, until=until, session=given.session))


def end_before(decision: Decision, it: Conversation, by: str) -> None:
    """End the call of a conversation that a librarian is about to end."""
    if it.call is not None:
        _end(decision, it, it.call, "ended" if it.call.accepted_at else "taken-back", by=by)


def run_out(decision: Decision, it: Conversation) -> None:
    """End an offer that nobody answered, or a call that was never ended."""
    if it.call is not None:
        _end(decision, it, it.call, "ended" if it.call.accepted_at else "unanswered")


def end_left(decision: Decision) -> None:
    """End the calls whose conversation, or whose librarian, is gone after this input."""
    named = [getattr(event, field, "") for event in decision.events for field in ("conversation", "other")]
    touched = dict.fromkeys(named)
    for name in touched:
        it = decision.state.conversations.get(name) if name in decision.state.calling else None
        if it is None or it.call is None:
            continue
        if it.state != "active" or not speaks(it.call.by, it):
            _end(decision, it, it.call, "left")


def _end(
    decision: Decision,
    it: Conversation,
    call: CallRecord,
    why: WhyCallEnded,
    *,
    by: str = "",
    kinds: tuple[CallKind, ...] = (),
) -> None:
    seconds = (decision.at - call.accepted_at) // 1000 if call.accepted_at else 0
    decision.emit(
        CallEnded(conversation=it.id, call=call.id, reason=why, by=by, seconds=seconds, kinds=kinds or call.kinds)
    )
    channel = decision.state.channels.get(it.channel)
    if (
        not call.meeting and channel is not None and channel.calls
    ):  # its page shows the offer; mail and texts say nothing
        notify(decision, it, "call-ended", variant="" if call.accepted_at else "unused", to=address_in_use(it))


# ---- fold ------------------------------------------------------------------------------------------------------------------


def offered(state: State, event: CallOffered, at: int) -> None:
    """Remember the call."""
    sent_out(state, event.delivery, at)
    call = CallRecord(
        id=event.call,
        by=event.by,
        kinds=event.kinds,
        at=at,
        until=event.until,
        link=event.link,
        line=event.delivery.id,
    )
    it = state.conversations[event.conversation]
    state.conversations.put(it.id, settled(state, replace(it, call=call)))


def accepted(state: State, event: CallAccepted, at: int) -> None:
    """They talk."""
    it = state.conversations[event.conversation]
    if it.call is not None:
        call = replace(it.call, accepted_at=at, session=event.session, until=event.until)
        state.conversations.put(it.id, settled(state, replace(it, call=call)))


def ended(state: State, event: CallEnded, at: int) -> None:
    """It is over; after a talk the silence counts from now."""
    it = state.conversations[event.conversation]
    talked = it.call is not None and it.call.accepted_at > 0
    it = replace(it, call=None)
    if talked:
        it = replace(it, turn_at=at, nudges=0, nudged_at=0, prompted=0)
    state.conversations.put(it.id, settled(state, it))

"""What goes out to people, where to, and what became of it.

*Where.* An answer goes to the address the patron used last. A patron of a live channel may have left, or
have been away for half an hour. If they gave an address, they are answered there, through the channel that the library named.
A silent patron has not left: the channel says when they do. That counts after the end, too: a librarian may open it again.
*What became of it.* Receipts only move a delivery forward (a late "sent" never overwrites "read"; a delivery that arrived after all
overrides "failed"). Where a text went in parts, a part that failed is the last word: no receipt of another part hides it.
One that comes before its delivery is known is parked and applied then.
"""

from __future__ import annotations

from msgspec.structs import replace

from bridge.contract.message import Attachment, Code, Delivery, Kind, PatronSign, Receipt, Stage
from routing import history, wording
from routing.access import staff_route
from routing.deadlines import settled
from routing.decision import Decision
from routing.events import CopyFailed, Noticed, Parked, PatronGone, Progressed, Recoded, Relayed
from routing.queue_orders import next_opening, order_of
from routing.reach import carrier_to, offered_kinds, place_of
from routing.records import Conversation, DeliveryState, ParkedReceipt, ReplyRoute, at_key
from routing.standing import CLOSED, OFFERS_ADDRESS, Moment, says, standing, tells
from routing.state import State

AWAY_MS = 1_800_000
NOTICE_MS = 300_000
UNREACHED: Code = "unreached"  # the code of a conversation whose answer its patron did not get
RANK = {"": -1, "uncertain": 0, "sent": 1, "failed": 2, "delivered": 3, "read": 4}
LAST_WORD = 5


# ---- where to -----------------------------------------------------------------------------------------------------------


def contact_route(state: State, it: Conversation) -> ReplyRoute | None:
    """Return where an address that the patron left is served, if it is; practice goes to no address."""
    if it.practice:
        return None
    channel = carrier_to(state, it.library, it.contact)
    if not channel or channel == it.channel:
        return None
    address = place_of(it.contact)
    known = next((route for route in it.routes if route.channel == channel and route.address == address), None)
    return known or ReplyRoute(channel=channel, address=address)


def patron_left(state: State, it: Conversation, now: int) -> bool:
    """Say whether the patron of a live channel is no longer there to read an answer."""
    channel = state.channels.get(it.channel)
    if channel is None or not channel.live:
        return False
    return (it.gone and not it.guessed) or not it.live or now - it.patron_at > AWAY_MS


def route(state: State, it: Conversation, now: int, via: str = "") -> ReplyRoute | None:
    """Return where an answer goes; None when `via` (`channel|address`) is not an address of this patron."""
    here = address_in_use(it)
    elsewhere = contact_route(state, it)
    if not via:
        return elsewhere if elsewhere is not None and patron_left(state, it, now) else here
    others = [state.conversations[other] for other in it.merged if other in state.conversations]
    routes = [here, *it.routes, *(ReplyRoute(channel=o.channel, address=o.address, reply=o.reply) for o in others)]
    routes += [elsewhere] if elsewhere is not None else []
    return next((one for one in routes if at_key(one.channel, one.address) == via), None)


def address_in_use(it: Conversation) -> ReplyRoute:
    """Return the address in use. Words for a patron in a live chat go there and are no mail, even if they left an address."""
    return ReplyRoute(channel=it.channel, address=it.address, reply=it.reply)


def unheard(it: Conversation) -> bool:
    """Say whether nobody got the last answer: it failed, or the patron of a live channel had left and has not come back to it."""
    return bool(it.answer) and not it.reached and (it.failed or (it.live and it.gone and not it.guessed))


# ---- what goes out ----------------------------------------------------------------------------------------------------------


def compose(
    decision: Decision,
    it: Conversation,
    to: ReplyRoute,
    kind: Kind,
    *,
    text: str = "",
    attachments: tuple[Attachment, ...] = (),
    author: str = "",
    event: str = "",
    about: str = "",
    all_recipients: bool = False,
    expires_at: int = 0,
    cc: tuple[str, ...] = (),
    bcc: tuple[str, ...] = (),
    title: str = "",
) -> Delivery:
    """Return a delivery to the patron with the next id of this input. Raises ValueError for practice by another channel."""
    if it.practice and to.channel != it.channel:
        raise ValueError(f"practice goes to {it.channel} alone, not to {to.channel}")
    return Delivery(
        id=decision.next_id(),
        channel=to.channel,
        conversation=it.id,
        to=to.address,
        kind=kind,
        at=decision.at,
        text=text,
        attachments=attachments,
        reply=to.reply,
        author=author,
        event=event,
        about=about,
        subject=it.subject,
        language=it.language,
        automatic=kind == "notice",
        all_recipients=all_recipients,
        expires_at=expires_at,
        cc=cc,
        bcc=bcc,
        title=title,
    )


def notify(
    decision: Decision,
    it: Conversation,
    event: str,
    /,
    *,
    variant: str = "",
    passing: bool = False,
    to: ReplyRoute | None = None,
    by: str = "",
    **values: str,
) -> None:
    """Let the desk tell the patron something, in the words of the patron's library; a `passing` word expires in 5 minutes.

    `by`: the librarian whom it names, with their library.
    """
    library = decision.state.roster.library(it.library)
    text = wording.notice(
        library,
        event,
        variant,
        {"library": library.name or library.id, "patron": it.name, **named(decision, by), **values},
        elsewhere=bool(by) and not decision.state.roster.serves_library(by, it.library),
        language=it.language,
    )
    to = to or route(decision.state, it, decision.at)
    if not text or to is None:
        return
    if event in CLOSED and (order := order_of(decision.state, it.queue)) is not None:
        text = f"{text} {order.notice}".strip()
    if event in OFFERS_ADDRESS and it.live and not it.contact:
        offer = wording.offer(library, event, variant, offered_kinds(decision.state, it.library), it.language)
        text = f"{text} {offer}".strip()
    expires = decision.at + NOTICE_MS if passing else 0
    author = decision.shown(by) if by else ""
    delivery = compose(decision, it, to, "notice", text=text, event=event, author=author, expires_at=expires)
    ended = decision.state.conversations.get(it.id, it).state == "closed"
    decision.emit(Noticed(conversation=it.id, delivery=delivery, tells=tells(event, ended=ended)))
    unpark(decision, delivery)


def named(decision: Decision, librarian: str) -> dict[str, str]:
    """Return a librarian's name and library as patrons are told of them."""
    roster = decision.state.roster
    home = roster.home.get(librarian, "")
    name = decision.shown(librarian) or wording.words(roster.library(home), "notice.a-librarian")
    return {"librarian": name, "home": roster.library(home).name or home}


def what_to_say(decision: Decision, it: Conversation, moment: Moment) -> tuple[str, str, str]:
    """Return the event, variant and next opening to tell the patron of at this moment, "" for nothing: see `standing`."""
    state = decision.state
    service = state.roster.service(it.queue)
    event, variant = says(moment, standing(state, service, decision.at, live=it.live))
    at, told, zone = next_opening(state, service, decision.at) if "clos" in event + variant else (0, "", "")
    opening = wording.opening(service.library, it.language, at, told, zone)
    return event, "-".join(filter(None, (variant, "until" if opening else ""))), opening


def tell_standing(decision: Decision, it: Conversation, moment: Moment) -> None:
    """Tell the patron the state of the desk, if there is something to say at this moment."""
    event, variant, opening = what_to_say(decision, it, moment)
    if event:
        notify(decision, it, event, variant=variant, to=address_in_use(it), opening=opening)


def staff_delivery(
    decision: Decision, it: Conversation, librarian: str, kind: Kind, event: str, /, **values: str
) -> Delivery | None:
    """Return a delivery to a librarian's own messenger, None for one who is not there by it, and for practice."""
    to = staff_route(decision.state, librarian)
    if to is None or it.practice:
        return None
    library = decision.state.roster.library(decision.state.roster.home.get(librarian, ""))
    patron = it.name or wording.words(library, "staff.patron")
    text = wording.fill(wording.words(library, f"staff.{event}"), {"patron": patron, "queue": it.queue, **values})
    return compose(decision, it, to, kind, text=text, event=event)


def relay(decision: Decision, it: Conversation, librarian: str, event: str, /, **values: str) -> None:
    """Send a line about the conversation to a librarian's own messenger, if they are connected by it."""
    delivery = staff_delivery(decision, it, librarian, "line", event, **values)
    if delivery is not None:
        decision.emit(Relayed(conversation=it.id, librarian=librarian, delivery=delivery))


# ---- what became of it --------------------------------------------------------------------------------------------------------


def receive_receipt(decision: Decision, receipt: Receipt) -> None:
    """Move a delivery forward, or park the receipt of one that is not known."""
    known = decision.state.deliveries.get(receipt.delivery)
    if receipt.copy and (known is None or receipt.copy.casefold() in known.copies):
        if known is not None:
            decision.emit(
                CopyFailed(
                    conversation=known.conversation,
                    delivery=receipt.delivery,
                    address=receipt.copy,
                    reason=receipt.reason,
                    detail=receipt.detail,
                )
            )
    elif known is None:
        parked = decision.state.parked.get(receipt.delivery)
        if parked is None or _rank(parked) < _rank(receipt):
            decision.emit(
                Parked(
                    delivery=receipt.delivery,
                    stage=receipt.stage,
                    reason=receipt.reason,
                    detail=receipt.detail,
                    network_id=receipt.network_id,
                    partial=receipt.partial,
                )
            )
    elif _rank(known) < _rank(receipt):
        arrived = receipt.partial and known.stage in ("delivered", "read")
        decision.emit(
            Progressed(
                conversation=known.conversation,
                delivery=receipt.delivery,
                stage=receipt.stage,
                reason="in-part" if arrived else receipt.reason,
                detail=receipt.detail,
                network_id=receipt.network_id,
                partial=receipt.partial,
                asks_again=_asks_again(decision.state, known.conversation, receipt.delivery, receipt.stage),
            )
        )
        _not_answered(decision, known.conversation)


def _not_answered(decision: Decision, conversation: str) -> None:
    """Correct a conversation that ended as answered, once it is known that the answer did not arrive."""
    it = decision.state.conversations.get(conversation)
    if it is not None and it.state == "closed" and it.code == "answered" and it.failed:
        decision.emit(Recoded(conversation=it.id, by="", code=UNREACHED, before=it.code))


def receive_receipts(decision: Decision, receipts: tuple[Receipt, ...]) -> None:
    """Take several at once: one step for all that a channel reports together."""
    for receipt in receipts:
        receive_receipt(decision, receipt)


def _rank(one: Receipt | DeliveryState | ParkedReceipt) -> int:
    return LAST_WORD if one.partial else RANK[one.stage]


def unpark(decision: Decision, delivery: Delivery) -> None:
    """Apply the receipt that came before this delivery was known."""
    parked = decision.state.parked.get(delivery.id)
    if parked is not None:
        decision.emit(
            Progressed(
                conversation=delivery.conversation,
                delivery=delivery.id,
                stage=parked.stage,
                reason=parked.reason,
                detail=parked.detail,
                network_id=parked.network_id,
                partial=parked.partial,
                asks_again=_asks_again(decision.state, delivery.conversation, delivery.id, parked.stage),
            )
        )


def _asks_again(state: State, conversation: str, delivery: str, stage: Stage) -> bool:
    """Say whether news of a delivery leaves the question unanswered: the last answer failed, and nothing was written since."""
    it = state.conversations.get(conversation)
    if it is None or delivery != it.answer or stage != "failed":
        return False
    return it.state == "active" and it.last_by != "patron"


def receive_sign(decision: Decision, it: Conversation, sign: PatronSign) -> None:
    """Show that a patron left or is there again; only live channels know."""
    if it.state == "closed" and not (it.answered_at and it.contact):
        return  # it would be answered here in any case
    if it.live and (it.gone == sign.here or (it.guessed and not sign.here)):
        decision.emit(PatronGone(conversation=it.id, gone=not sign.here))


# ---- fold ----------------------------------------------------------------------------------------------------------------------


def sent_out(state: State, delivery: Delivery, at: int) -> None:
    """Remember a delivery, so that its receipts are known."""
    copies = tuple(one.casefold() for one in (*delivery.cc, *delivery.bcc)) if delivery.cc or delivery.bcc else ()
    state.deliveries.put(
        delivery.id,
        DeliveryState(conversation=delivery.conversation, at=delivery.at, channel=delivery.channel, copies=copies),
    )


def noticed(state: State, event: Noticed, at: int) -> None:
    """Remember the notice's delivery, and that the patron was told of the wait."""
    sent_out(state, event.delivery, at)
    told = event.tells if event.tells is not None else history.tells(event.delivery.event)
    if told:
        it = state.conversations[event.conversation]
        it = replace(
            it,
            told_wait=it.told_wait or "wait" in told,
            told_closed=at if "closed" in told else it.told_closed,
            kept=it.kept or "kept" in told,
            parted=it.parted or "parted" in told,
        )
        state.conversations.put(it.id, settled(state, it))


def relayed(state: State, event: Relayed, at: int) -> None:
    """Remember the line's delivery."""
    sent_out(state, event.delivery, at)


def progressed(state: State, event: Progressed, at: int) -> None:
    """Move the delivery forward; a patron who took or read something is there."""
    known = state.deliveries.get(event.delivery)
    if known is None:
        return
    state.deliveries.put(event.delivery, replace(known, stage=event.stage, partial=event.partial))
    state.parked.drop(event.delivery)
    it = state.conversations.get(event.conversation)
    if it is None:
        return
    news = it
    if event.delivery == it.answer:
        news = settled(state, _heard(it, event, at))
    if event.stage in ("delivered", "read") and it.live and it.channel == known.channel:
        news = replace(news, patron_at=at)
    if news is not it:
        state.conversations.put(it.id, news)


def _heard(it: Conversation, event: Progressed, at: int) -> Conversation:
    """Return the conversation after news of its last answer."""
    if event.stage != "failed":
        return replace(it, reached=it.reached or event.stage in ("delivered", "read"), failed=False)
    it = replace(it, reached=False, failed=True)
    if not event.asks_again:
        return it
    return replace(
        it,
        unanswered_since=it.asked_at or it.opened_at,
        turn="librarian",
        turn_at=at,
        nudges=0,
        nudged_at=0,
        prompted=0,
        deferral=None,
    )


def parked(state: State, event: Parked, at: int) -> None:
    """Keep a receipt until its delivery is known, as the newest of those kept."""
    state.parked.drop(event.delivery)
    state.parked.put(
        event.delivery,
        ParkedReceipt(
            stage=event.stage,
            at=at,
            reason=event.reason,
            detail=event.detail,
            network_id=event.network_id,
            partial=event.partial,
        ),
    )


def patron_gone(state: State, event: PatronGone, at: int) -> None:
    """Remember whether the patron is there."""
    it = state.conversations[event.conversation]
    it = replace(
        it,
        gone=event.gone,
        gone_at=at if event.gone else 0,
        guessed=event.guessed,
        patron_at=it.patron_at if event.gone else at,
    )
    state.conversations.put(it.id, settled(state, it))

"""A patron's own data: a librarian has the desk send them the link by which they fetch it.

*Who.* The librarians of the patron's library. What is fetched is for the patron alone, so staff never read the link.
*Where to.* The address in use of the conversation: that it arrives there is the proof. A patron whose channel gives the data by
itself (the web chat's menu) is told so, and gets no link. A partner's patron asks their own library.
*The link.* The words hold `LINK_MARK` in its place. The web process that sends them fills it in
(`bridge.privacy.own_data.links`), so that no stream, table or transcript holds it.
"""

from __future__ import annotations

from msgspec.structs import replace

from bridge.contract.message import LINK_MARK, OWN_DATA_S, Action, OfferOwnData
from routing import wording
from routing.access import at_home
from routing.decision import Decision
from routing.deliveries import address_in_use, compose, sent_out, unpark
from routing.events import OwnDataOffered, WhyRefused
from routing.records import Conversation
from routing.refusals import held, refuse
from routing.state import State

EVENT = "own-data"
MOST_LINK = 500


def offer(decision: Decision, action: Action, deed: OfferOwnData) -> None:
    """Send the link, or say where the patron finds their data; the conversation may be open or closed."""
    state = decision.state
    it = held(decision, action, deed.conversation, open_only=False)
    if it is None:
        return
    why = _hindrance(state, action.by, it, deed)
    if why:
        refuse(decision, action, why, it)
        return
    delivery = compose(
        decision,
        it,
        address_in_use(it),
        "notice",
        text=_words(state, it, deed.link),
        event=EVENT,
        expires_at=decision.at + OWN_DATA_S * 1000,
    )
    delivery = replace(delivery, automatic=False)
    decision.emit(OwnDataOffered(conversation=it.id, by=action.by, delivery=delivery))
    unpark(decision, delivery)


def _hindrance(state: State, by: str, it: Conversation, deed: OfferOwnData) -> WhyRefused | None:
    if not at_home(state, by, it):
        return "no-access"
    if it.channel in state.partnered:
        return "own-data-elsewhere"
    if it.into in state.conversations:
        return "merged"
    return None if LINK_MARK in deed.link and len(deed.link) <= MOST_LINK else "empty"


def _words(state: State, it: Conversation, link: str) -> str:
    library = state.roster.library(it.library)
    status = state.channels.get(it.channel)
    here = status is not None and status.own_data
    values = {"library": library.name or library.id, "link": link, "minutes": str(OWN_DATA_S // 60)}
    text = wording.fill(wording.words(library, f"notice.{EVENT}{'-here' if here else ''}", it.language), values)
    return text if here or link in text else f"{text} {link}".strip()


# ---- fold -------------------------------------------------------------------------------------------------------------------


def offered(state: State, event: OwnDataOffered, at: int) -> None:
    """Remember the delivery, so that what becomes of it is told."""
    sent_out(state, event.delivery, at)

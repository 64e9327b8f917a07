"""The transcript by mail: the patron has it sent to an address of their own, and stays anonymous to the desk (ALA, "Privacy").

*Who.* The person at an address of the conversation, unless it is blocked, while the core holds it.
*When.* Once a librarian has answered. Before that all words are the patron's own, and the library's mail would carry them to
anybody they name. For the same reason a conversation is mailed a few times at most. The mail channel has a limit of its own
for each address.
*Where to.* By the channel that carries answers to addresses (`Library.contact_channel`), where that carries transcripts.
*What it leaves.* The address is in the delivery alone: it is not the patron's contact, no route, in no table here. So no
answer ever goes there, and nothing that comes from there joins the conversation. The delivery has no reply token, either.
*What became of it.* When it failed, the patron is told where they asked. Nobody else is.
"""

from __future__ import annotations

from msgspec.structs import replace

from bridge.contract.message import Receipt, TranscriptWish
from routing import wording
from routing.decision import Decision
from routing.deliveries import compose, notify, sent_out, unpark
from routing.events import Progressed, TranscriptMailed
from routing.reach import named_channel
from routing.records import Conversation, Mailing, ReplyRoute, at_key
from routing.state import DAY, State

MAILINGS = 3  # of one conversation
PATIENCE_MS = DAY  # after which a transcript that could not be sent is given up, and its address with it


def carrier(state: State, library: str) -> str:
    """Return the channel by which this library mails transcripts, "" when it has none."""
    name = named_channel(state, library)
    status = state.channels.get(name)
    return name if status is not None and status.transcripts else ""


def mailable(state: State, channel: str, address: str) -> Conversation | None:
    """Return the conversation that the patron at `address` may have mailed now, None when there is none."""
    key = at_key(channel, address)
    it = state.conversations.get(state.addresses.get(key, ""))
    if it is None or it.practice or key in state.barred or not it.answered_at or len(it.mailed) >= MAILINGS:
        return None
    return it if carrier(state, it.library) else None


def receive(decision: Decision, request: TranscriptWish) -> None:
    """Mail the transcript, if the patron may have it. Otherwise nothing happens: channels are told beforehand."""
    state = decision.state
    it = mailable(state, request.channel, request.sender)
    if it is None:
        return
    library = state.roster.library(it.library)
    values = {"library": library.name}
    plain = compose(
        decision,
        it,
        ReplyRoute(channel=carrier(state, it.library), address=request.address),
        "notice",
        text=wording.notice(library, "transcript", "", values, language=it.language),
        event="transcript",
        about=at_key(request.channel, request.sender),
        expires_at=decision.at + PATIENCE_MS,
    )
    delivery = replace(plain, subject=wording.fill(wording.words(library, "transcript.subject", it.language), values))
    decision.emit(TranscriptMailed(conversation=it.id, delivery=delivery))
    unpark(decision, delivery)


def receive_receipts(decision: Decision, receipts: tuple[Receipt, ...]) -> None:
    """Tell patrons of transcripts that have just failed, where they asked for them."""
    for receipt in receipts:
        if receipt.stage == "failed":
            _failed(decision, receipt.delivery)


def _failed(decision: Decision, delivery: str) -> None:
    known = decision.state.deliveries.get(delivery)
    it = decision.state.conversations.get(known.conversation) if known is not None else None
    asked = next((one for one in it.mailed if one.delivery == delivery), None) if it is not None else None
    news = any(type(event) is Progressed and event.delivery == delivery for event in decision.events)
    if it is not None and asked is not None and news:
        notify(decision, it, "transcript-failed", to=ReplyRoute(channel=asked.channel, address=asked.address))


# ---- fold -------------------------------------------------------------------------------------------------------------------


def mailed(state: State, event: TranscriptMailed, at: int) -> None:
    """Remember that it was mailed and who asked, so that what becomes of it can be told; the address is forgotten."""
    sent_out(state, event.delivery, at)
    it = state.conversations[event.conversation]
    channel, _, address = event.delivery.about.partition("|")
    asked = Mailing(delivery=event.delivery.id, channel=channel, address=address)
    state.conversations.put(it.id, replace(it, mailed=(*it.mailed, asked)))

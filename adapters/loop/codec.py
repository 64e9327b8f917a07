"""Between the loop network's words and Deskbridge's. Pure: nothing here waits, and it can be tested without a network."""

from __future__ import annotations

from collections.abc import Sequence

from adapters.loop.network import LoopLetter, Parcel, Sign
from bridge.contract.message import (
    Action,
    Attachment,
    Claim,
    Delivery,
    Message,
    Rating,
    TranscriptWish,
    action_id,
    message_id,
    rating_id,
    transcript_id,
)


def message(channel: str, letter: LoopLetter, attachments: Sequence[Attachment]) -> Message:
    """Return a letter as the core wants it. The reply token is ours alone: it says which letter is answered."""
    return Message(
        id=message_id(channel, letter.sender, letter.source),
        channel=channel,
        sender=letter.sender,
        source=letter.source,
        text=letter.text,
        attachments=tuple(attachments),
        name=letter.name,
        reply=f"re:{letter.number}",
    )


def parcel(delivery: Delivery, files: Sequence[tuple[str, bytes]]) -> Parcel:
    """Return a delivery as the network carries it. A claim needs the conversation, so offers carry it in `about`."""
    about = delivery.conversation if delivery.kind in ("offer", "line") else delivery.about
    return Parcel(delivery.id, delivery.to, delivery.kind, delivery.text, tuple(files), about)


def rating(channel: str, sign: Sign) -> Rating:
    """Return a person's rating; `about` is the person's own id of it, so saying it twice is one rating."""
    id = rating_id(channel, sign.sender, sign.about)
    return Rating(id=id, channel=channel, sender=sign.sender, source=sign.about, score=sign.score, comment=sign.text)


def request(channel: str, sign: Sign) -> TranscriptWish:
    """Return a person's wish for the transcript at the address that the sign's text is; `about` is the person's own id of it."""
    id = transcript_id(channel, sign.sender, sign.about)
    return TranscriptWish(id=id, channel=channel, sender=sign.sender, source=sign.about, address=sign.text)


def action(sign: Sign) -> Action:
    """Return a librarian's claim as an action; saying it twice is the same action."""
    return Action(id=action_id(sign.sender, f"claim {sign.about}"), by=sign.sender, deed=Claim(conversation=sign.about))

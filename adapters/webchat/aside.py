"""What a patron says beside the conversation: whether it helped, and that they want it mailed. Pure."""

from __future__ import annotations

from adapters.webchat.codec import FrameRefused, Helped, MailIt, clean_text
from bridge.contract.address import is_mail_address
from bridge.contract.message import MAX_COMMENT, Rating, TranscriptWish, rating_id, transcript_id


def read_rating(rate: Helped, channel: str, sender: str) -> Rating:
    """Return the rating of `sender` that a frame carries; raises Refusal."""
    comment = clean_text(rate.text)
    if len(comment) > MAX_COMMENT:
        raise FrameRefused("too-long", rate.id)
    id = rating_id(channel, sender, rate.id)
    return Rating(id=id, channel=channel, sender=sender, source=rate.id, score=rate.score, comment=comment)


def read_wish(mail: MailIt, channel: str, sender: str) -> TranscriptWish:
    """Return the wish of `sender` that a frame carries; raises Refusal. An address is taken as it is or not at all."""
    address = mail.address.strip(" ")
    if not is_mail_address(address):
        raise FrameRefused("address", mail.id)
    id = transcript_id(channel, sender, mail.id)
    return TranscriptWish(id=id, channel=channel, sender=sender, source=mail.id, address=address)

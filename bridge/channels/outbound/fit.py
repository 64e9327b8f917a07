"""What of a delivery a network can carry: kinds, files and lengths, by its capabilities.

An answer's little markup goes on to a network that shows it, and becomes plain words elsewhere.
A text longer than the network takes becomes parts with ids `<id>.<part>.<parts>`; files go with the last one. A file that does not
fit has the whole delivery refused, and the librarian sees the reason.
"""

from __future__ import annotations

import msgspec

from bridge.channels.outbound.split import split
from bridge.contract.adapter import Capabilities, Rejected
from bridge.contract.formatting import plain
from bridge.contract.message import Delivery

TRANSCRIPT = "transcript"  # the event of a notice


def unfit(delivery: Delivery, capabilities: Capabilities) -> Rejected | None:
    """Return why this network cannot carry the delivery, None where it can."""
    if (delivery.kind == "mark" and not capabilities.marks) or (
        delivery.kind in ("offer", "line") and not capabilities.staff
    ):
        return Rejected("undeclared", f"the channel carries no {delivery.kind}")
    if delivery.event == TRANSCRIPT and not capabilities.transcripts:
        return Rejected("undeclared", "the channel carries no transcripts")
    if (delivery.cc or delivery.bcc) and not capabilities.cc:
        return Rejected("undeclared", "the channel carries no copies")
    if all(0 < each.size <= capabilities.max_media for each in delivery.attachments):
        return None
    return Rejected("attachment-too-large" if capabilities.max_media else "no-attachments")


def carried(delivery: Delivery, capabilities: Capabilities) -> list[Delivery]:
    """Return a delivery as this network carries it, in one or more parts."""
    if delivery.kind == "text" and not capabilities.formatting and (spelt := plain(delivery.text)) != delivery.text:
        delivery = msgspec.structs.replace(delivery, text=spelt)
    return in_parts(delivery, capabilities.max_text)


def in_parts(delivery: Delivery, limit: int) -> list[Delivery]:
    """Return a delivery in parts of at most `limit` characters; files go with the last part."""
    if not limit or len(delivery.text) <= limit:
        return [delivery]
    texts = split(delivery.text, limit)
    count = len(texts)
    return [
        msgspec.structs.replace(
            delivery,
            id=f"{delivery.id}.{number}.{count}",
            text=text,
            attachments=delivery.attachments if number == count else (),
        )
        for number, text in enumerate(texts, 1)
    ]

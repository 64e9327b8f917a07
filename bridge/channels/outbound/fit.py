"""What of a delivery a network can carry: kinds, files and lengths, by its capabilities.

A text longer than the network takes becomes parts with ids `<id>.<part>.<parts>`; files go with the last one. A file that does not
fit becomes a link where there is one to give, else the whole delivery is refused with the reason, and the librarian sees it.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from bridge.channels.outbound.split import split
from bridge.contract.adapter import Capabilities, Rejected
from bridge.contract.message import Attachment, Delivery

TRANSCRIPT = "transcript"  # the event of a notice


def fit(
    delivery: Delivery, capabilities: Capabilities, link: Callable[[Attachment], str] | None = None
) -> Delivery | Rejected:
    """Return the delivery as this network can carry it, or why it cannot."""
    if (delivery.kind == "mark" and not capabilities.marks) or (
        delivery.kind in ("offer", "line") and not capabilities.staff
    ):
        return Rejected("undeclared", f"the channel carries no {delivery.kind}")
    if delivery.event == TRANSCRIPT and not capabilities.transcripts:
        return Rejected("undeclared", "the channel carries no transcripts")
    large = [each for each in delivery.attachments if not 0 < each.size <= capabilities.max_media]
    if not large:
        return delivery
    if link is None:
        return Rejected("attachment-too-large" if capabilities.max_media else "no-attachments")
    links = [f"{each.name}: {link(each)}" for each in large]
    kept = tuple(each for each in delivery.attachments if each not in large)
    text = "\n".join([*([delivery.text] if delivery.text else []), *links])
    return msgspec.structs.replace(delivery, text=text, attachments=kept)


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

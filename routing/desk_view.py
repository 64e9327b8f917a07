"""The desk as people may see it: what a channel tells a patron, and who waits. Read-only.

*Open* and *online* are worked out over the whole chain of tiers, hours and presence. The wait is an honest guess from how long the
queue's latest conversations waited, and from the place in the line; it is not told when nothing is known or the knowledge is old.
"""

from __future__ import annotations

from collections.abc import Iterator
from heapq import merge
from typing import Literal, NamedTuple

from bridge.contract.adapter import ChannelDesk
from bridge.contract.chat_form import QueueOffer
from routing.access import eligible, visible
from routing.queue_orders import next_opening, order_of
from routing.rating import rateable, window_s
from routing.reach import offered_kinds
from routing.records import Conversation, at_key
from routing.standing import Standing, standing
from routing.state import State
from routing.transcripts import carrier, mailable
from routing.waiting_list import Entry

PACE_STALE_MS = 4 * 3_600_000

__all__ = ["eligible", "place", "queue_choice", "queue_desk", "view", "visible", "wait_s", "waiting", "waits"]


SHOWN: dict[Standing, Literal["closed", "away", "busy", "here"]] = {
    "closed": "closed",
    "nobody": "away",
    "returning": "away",
    "busy": "busy",
    "free": "here",
}


class QueueDesk(NamedTuple):
    """The state of one queue, in the words of `ChannelDesk.state`, and the wait where somebody is there."""

    state: Literal["closed", "away", "busy", "here"]
    wait_s: int | None


def queue_desk(state: State, queue: str, now: int) -> QueueDesk:
    """Return the state of a queue at `now` ms, as it is told to patrons of live channels who come to it."""
    shown = SHOWN[standing(state, state.roster.service(queue), now)]
    return QueueDesk(shown, wait_s(state, queue, now) if shown in ("busy", "here") else None)


def waits(state: State, channel: str, address: str) -> Conversation | None:
    """Return the conversation in which the patron at `address` waits; None where nobody waits there."""
    it = state.conversations.get(state.addresses.get(at_key(channel, address), "")) if address else None
    return it if it is not None and it.state == "waiting" else None


def view(state: State, channel: str, now: int, address: str = "") -> ChannelDesk:
    """Return the state of the desk for `channel` at `now` ms, and for the patron at `address` in particular."""
    status = state.channels.get(channel)
    it = waits(state, channel, address)
    usual = status.queue if status is not None and status.queue else state.roster.any_queue()
    queue = usual if it is None else it.queue
    service = state.roster.service(queue)
    order = order_of(state, queue)
    how = standing(state, service, now, live=status is None or status.live)
    online = how in ("busy", "free")
    opening, words, zone = next_opening(state, service, now) if how == "closed" else (0, "", "")
    return ChannelDesk(
        open=how != "closed",
        online=online,
        wait_s=wait_s(state, queue, now, it) if online else None,
        place=place(state, it) if it is not None else 0,
        next_opening=opening,
        timezone=zone,
        opening=words,
        busy=how == "busy",
        answers=offered_kinds(state, service.library.id),
        national=bool(service.library.country),
        library=service.library.name,
        accent=service.library.accent,
        previews=service.library.typing_preview and (status is None or status.live),
        language=service.library.language,
        rate_s=window_s(state, service.library.id, live=status is None or status.live),
        rateable=bool(address) and rateable(state, channel, address, now) is not None,
        mails=bool(carrier(state, service.library.id)),
        notice=order.notice if order is not None else "",
        privacy=service.library.chat.privacy_url,
        fields=service.library.chat.fields,
        queues=tuple(_offer(state, one, now) for one in queue_choice(state, queue)) if it is None else (),
        invitation=service.library.chat.invitation if service.library.chat.invitation.after_s else None,
        mailable=bool(address) and mailable(state, channel, address) is not None,
    )


def queue_choice(state: State, usual: str) -> list[str]:
    """Return the queues that patrons who come to the queue `usual` may choose, it first; [] where there is no choice."""
    library = state.roster.service(usual).library
    if not library.chat.choose_queue or len(library.queues) < 2:
        return []
    found = [one for one in state.roster.services if one.partition("/")[0] == library.id]
    return sorted(found, key=lambda one: one != usual)


def _offer(state: State, queue: str, now: int) -> QueueOffer:
    return QueueOffer(id=queue, name=state.roster.service(queue).queue.name, state=queue_desk(state, queue, now).state)


def place(state: State, it: Conversation) -> int:
    """Return a waiting conversation's place among those of its kind in its queue, 1 = next; 0 when it does not wait."""
    if it.state != "waiting":
        return 0
    lines = (line for (live, _), line in state.lines.get(it.queue, {}).items() if live == it.live)
    return 1 + sum(line.ahead_of((it.since, it.id)) for line in lines)


def wait_s(state: State, queue: str, now: int, it: Conversation | None = None) -> int | None:
    """Return how many seconds a patron has still to wait, as far as the last ones tell; None = not known."""
    pace = state.paces.get(queue)
    if pace is None or now - pace.at > PACE_STALE_MS:
        return None
    usual = pace.wait_ms
    if it is not None:
        usual = max(usual - (now - it.queued_at), usual * (place(state, it) - 1) // 4, 0)
    return (usual + 500) // 1000


def waiting(state: State, queue: str) -> Iterator[Entry]:
    """Iterate over who waits in a queue, longest first, as (since ms, conversation id)."""
    return merge(*state.lines.get(queue, {}).values())

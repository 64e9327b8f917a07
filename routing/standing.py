"""The state of the desk for a patron, and the one table of what it may say of that.

Nobody is told "busy", "next" or "somebody will be with you" unless it is so. So each sentence about the desk is chosen
here, by the moment and by the state of the desk over the whole chain of tiers:

    closed      no library of the chain is open, nor is anybody of a partner without hours at the desk
    nobody      one is open, and nobody is at the desk in any tier
    returning   somebody who serves the queue lost the connection a moment ago and may come back
    busy        somebody is there, and nobody who is there has room for another conversation
    free        somebody who is there has room

A question that was told "your message is kept" (`KEEPS`) is kept: the desk itself never closes it as lost.
"""

from __future__ import annotations

from typing import Literal

from routing.access import has_room, returning, serving
from routing.events import Told
from routing.queue_orders import closed_by_order, is_open
from routing.queue_service import QueueService
from routing.state import State

Standing = Literal["closed", "nobody", "returning", "busy", "free"]
Moment = Literal["arrival", "wait", "requeued", "closing"]
Words = tuple[str, str]  # the event and its variant; ("", "") = say nothing

SILENT: Words = ("", "")

SAYS: dict[Moment, dict[Standing, Words]] = {
    "arrival": {
        "closed": ("closed", ""),
        "nobody": ("nobody", ""),
        "returning": SILENT,
        "busy": SILENT,
        "free": SILENT,
    },
    "wait": {
        "closed": ("closed", ""),
        "nobody": ("nobody", ""),
        "returning": ("concierge", ""),
        "busy": ("concierge", "busy"),
        "free": ("concierge", ""),
    },
    "requeued": {
        "closed": ("requeued", "closed"),
        "nobody": ("requeued", "nobody"),
        "returning": ("requeued", "nobody"),
        "busy": ("requeued", "busy"),
        "free": ("requeued", ""),
    },
    "closing": {
        "closed": ("closing", ""),
        "nobody": SILENT,
        "returning": SILENT,
        "busy": SILENT,
        "free": SILENT,
    },
}

KEEPS = frozenset({"closed", "closing", "nobody", "full", "requeued"})
TELLS_WAIT = KEEPS | {"concierge"}  # after these the patron knows that it takes time
CLOSED = frozenset({"closed", "closing"})  # after these the patron knows that the libraries are closed
OFFERS_ADDRESS = TELLS_WAIT - {"full"}  # an address may be left, and the answer goes there


def standing(state: State, service: QueueService, now: int, *, live: bool = True) -> Standing:
    """Return the state of the desk for a patron of `service` at `now` ms, for live or for slow conversations."""
    if closed_by_order(state, service.queue.id):
        return "closed"
    there = list(serving(state, service.queue.id, now))
    if not is_open(state, service, now):
        there = [one for one in there if one in service.unbound]
        if not there:
            return "closed"
    if any(has_room(state, one, service, live) for one in there):
        return "free"
    if there:
        return "busy"
    return "returning" if returning(state, service.queue.id, now) else "nobody"


def says(moment: Moment, how: Standing) -> Words:
    """Return what the desk says at a moment in this state."""
    return SAYS[moment][how]


def tells(event: str, *, ended: bool) -> tuple[Told, ...]:
    """Return what the patron knows after this notice; `ended`: the conversation is closed, and nothing more is promised."""
    if event not in TELLS_WAIT:
        return ()
    told: list[Told] = ["wait"]
    told += ["closed"] if event in CLOSED else []
    told += ["kept"] if event in KEEPS and not ended else []
    told += ["parted"] if event == "requeued" else []
    return tuple(told)

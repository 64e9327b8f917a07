"""A coordinator's order for a queue: closed for now, or open for now, whatever its hours say; until a time or until it is lifted.

A queue that is closed by order offers nothing by itself. What waits in it stays where it is, and a librarian may still claim it.
Patrons are told as they are at closing time, with the coordinator's own sentence behind. All who ask whether a queue is open ask
here: the order counts before the hours (`hours`), so launcher, widget, portal and messengers say the same.
"""

from __future__ import annotations

from routing import hours
from routing.queue_service import QueueService
from routing.records import QueueOrder
from routing.state import State


def order_of(state: State, queue: str) -> QueueOrder | None:
    """Return the order in force for a queue, None where its hours count."""
    return state.queue_orders.get(queue)


def closed_by_order(state: State, queue: str) -> bool:
    """Say whether a coordinator has closed a queue for now."""
    order = state.queue_orders.get(queue)
    return order is not None and not order.open


def is_open(state: State, service: QueueService, now: int) -> bool:
    """Say whether a queue is open at `now` ms: by order, else by the hours of the chain of its tiers."""
    order = state.queue_orders.get(service.queue.id)
    return order.open if order is not None else hours.chain_open(service, now)


def next_opening(state: State, service: QueueService, now: int) -> tuple[int, str, str]:
    """Return when a queue opens after `now`, in ms, in words, and by which time zone; (0, "", "") when open or not known."""
    order = state.queue_orders.get(service.queue.id)
    if order is None:
        return _by_hours(service, now)
    if order.open or not order.until:
        return 0, "", ""
    if hours.chain_open(service, order.until):
        return order.until, order.until_words, service.library.timezone
    return _by_hours(service, order.until)


def _by_hours(service: QueueService, now: int) -> tuple[int, str, str]:
    at, words = hours.next_opening(service, now)
    return at, words, hours.opens_where(service, now)[1]

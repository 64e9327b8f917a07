"""Closing and opening a queue for now: a coordinator's order begins, and ends by another one or when its time is over.

What the order means for everybody who asks is in `queue_orders`. Here patrons who wait are told that the desk has closed, once, and
what waits is offered when it opens again.
"""

from __future__ import annotations

from heapq import merge

from bridge.contract.message import Action, SetQueue
from routing.access import coordinates
from routing.deadlines import settled
from routing.decision import Decision
from routing.deliveries import tell_standing
from routing.events import QueueSet, Reminded
from routing.offers import ask
from routing.queue_orders import closed_by_order, is_open
from routing.records import Conversation, QueueOrder
from routing.refusals import done, refuse
from routing.state import State

MOST_NOTICE = 500  # characters


def set_queue(decision: Decision, action: Action, deed: SetQueue) -> None:
    """Close or open a queue for now, or let its hours count again."""
    state = decision.state
    service = state.roster.services.get(deed.queue)
    if service is None:
        refuse(decision, action, "unknown-queue")
    elif not coordinates(state, action.by, service.library.id):
        refuse(decision, action, "not-coordinator")
    elif deed.opening != "usual" and 0 < deed.until <= decision.at:
        refuse(decision, action, "time-passed")
    elif len(deed.notice) > MOST_NOTICE:
        refuse(decision, action, "too-long")
    elif _is_so(state.queue_orders.get(deed.queue), deed):
        done(decision, action)
    else:
        change(decision, deed, action.by)


def _is_so(order: QueueOrder | None, deed: SetQueue) -> bool:
    if order is None or deed.opening == "usual":
        return order is None and deed.opening == "usual"
    return (order.open, order.until, order.notice) == (deed.opening == "open", deed.until, deed.notice)


def change(decision: Decision, deed: SetQueue, by: str) -> None:
    """Let an order begin or end; `by` "" = its time is over."""
    service = decision.state.roster.service(deed.queue)
    was_open, usual = is_open(decision.state, service, decision.at), deed.opening == "usual"
    was_barred = closed_by_order(decision.state, deed.queue)
    decision.emit(
        QueueSet(
            queue=deed.queue,
            by=by,
            opening=deed.opening,
            until=0 if usual else deed.until,
            until_words="" if usual else deed.until_words,
            notice="" if usual else deed.notice,
        )
    )
    now_open = is_open(decision.state, service, decision.at)
    lifted = was_barred and not closed_by_order(
        decision.state, deed.queue
    )  # also in closed hours: who is there is asked
    for it in _waiting(decision.state, deed.queue):
        if was_open and not now_open and it.live and not it.gone:
            decision.emit(Reminded(conversation=it.id, what="closing"))
            tell_standing(decision, decision.state.conversations[it.id], "closing")
        elif lifted or (now_open and not was_open):
            ask(decision, it.id)


def _waiting(state: State, queue: str) -> list[Conversation]:
    lines = list(merge(*state.lines.get(queue, {}).values()))
    return [state.conversations[conversation] for _, conversation in lines]


# ---- fold ------------------------------------------------------------------------------------------------------------------


def queue_set(state: State, event: QueueSet, at: int) -> None:
    """Keep the order, and work out again what falls due for who waits there."""
    if event.opening == "usual":
        state.queue_orders.drop(event.queue)
    else:
        order = QueueOrder(
            open=event.opening == "open",
            by=event.by,
            at=at,
            until=event.until,
            until_words=event.until_words,
            notice=event.notice,
        )
        state.queue_orders.put(event.queue, order)
    for it in _waiting(state, event.queue):
        after = settled(state, it)
        if after is not it:
            state.conversations.put(it.id, after)

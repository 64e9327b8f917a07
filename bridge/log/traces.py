"""What becomes of one message, as spans: received, made durable, decided, told, written, answered, sent, reported.

Each process sends the spans of its own work. A message's trace is a hash of its id. An answer belongs to the newest message of its
conversation, a delivery to what brought it about. Each process learns both from the log, and remembers the newest alone: answers to
messages from before its start are not traced. Spans hold ids, kinds, queues, stages and outcomes; no words, names or addresses.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import NamedTuple, TypeVar

from bridge.contract.message import Action, Delivery, Say
from bridge.log.follower import Entry
from bridge.runtime.tracing import SpanSender, TracingConfig, span_of, trace_of
from routing.events import Event, Progressed, Queued, Received, Said, Step, Turned, deliveries

REMEMBERED = 10_000  # conversations, steps and deliveries, of each
MS = 1_000_000  # ns

T = TypeVar("T")


class _Place(NamedTuple):
    """A place in a trace; `span` is what comes next has as its parent."""

    trace: int
    span: int


class _Decision(NamedTuple):
    """Something decided that is traced: its own place, its parent, and what is told of it."""

    place: _Place
    parent: int
    about: dict[str, str]
    name: str = "decide"


class MessageTraces:
    """The traces of one process; `process` is its name. Raises MissingTracing."""

    def __init__(self, settings: TracingConfig, process: str) -> None:
        self._sender = SpanSender(settings.endpoint, process)
        self._sample, self._process = settings.sample, process
        self._newest: dict[str, _Place] = {}  # the decision on each conversation's newest message
        self._deliveries: dict[str, _Place] = {}  # what brought each delivery about
        self._steps: dict[str, list[_Decision]] = {}  # by cause
        self._early: dict[str, tuple[int, int, dict[str, str]]] = {}  # what was sent before we read why

    async def close(self) -> None:
        """Send what waits, for a moment."""
        await self._sender.close()

    # ---- at the inlet

    def received(self, message: str, kind: str, began: int, placed: int) -> None:
        """A new message is durable. It came at `began`, and was handed to the store at `placed` (ns)."""
        if trace := trace_of(message, self._sample):
            now, root = time.time_ns(), span_of(trace, "receive", message)
            self._sender.send("receive", (trace, root, 0), began, now, {"message": message, "channel_kind": kind})
            self._sender.send("make durable", (trace, span_of(trace, "store", message), root), placed, now)

    def answered(self, action: Action, began: int) -> None:
        """A librarian's action is durable; it came at `began` (ns)."""
        if isinstance(action.deed, Say) and (newest := self._newest.get(action.deed.conversation)):
            ids = (newest.trace, span_of(newest.trace, "answer", action.id), newest.span)
            self._sender.send("answer", ids, began, time.time_ns(), {"action": action.id})

    # ---- decided

    def committed(self, steps: Sequence[Step]) -> None:
        """The core of this process committed steps."""
        now = time.time_ns()
        for step in steps:
            for place, parent, about, name in self._decisions(step):
                self._sender.send(name, (*place, parent), step.at * MS, now, about)

    def followed(self, entries: Sequence[Entry], *, told: bool) -> None:
        """This process read log entries, and `told` its pages."""
        for entry in entries:
            for step in entry.steps:
                for one in self._decisions(step):
                    if told:
                        self._after("tell the inbox", one, step.at)

    def written(self, entries: Sequence[Entry]) -> None:
        """This process wrote log entries to the archive. It may be far behind: what it writes is not the newest."""
        for entry in entries:
            for step in entry.steps:
                for one in self._steps.get(step.cause, ()):
                    self._after("write the transcript", one, step.at)

    def _after(self, name: str, decision: _Decision, at: int) -> None:
        """Send a span of what this process does with a decision; others may do the same."""
        trace, parent = decision.place
        ids = (trace, span_of(trace, f"{name} {self._process}", str(parent)), parent)
        self._sender.send(name, ids, at * MS, time.time_ns())

    def _decisions(self, step: Step) -> list[_Decision]:
        """Return the decisions of a step that are traced, and remember what others belong to."""
        if (known := self._steps.get(step.cause)) is not None:
            return known
        found = [one for event in step.events if (one := self._decision(step, event)) is not None]
        if found:
            _keep(self._steps, step.cause, found)
            for delivery in deliveries(step):
                self._brought_about(delivery.id, found[0].place)
        return found

    def _decision(self, step: Step, event: Event) -> _Decision | None:
        match event:
            case Received(conversation=conversation, message=message):
                if not (trace := trace_of(message.id, self._sample)):
                    self._newest.pop(conversation, None)
                    return None
                place = _Place(trace, span_of(trace, "decide", step.cause))
                _keep(self._newest, conversation, place)
                queue = next((one.queue for one in step.events if isinstance(one, Queued)), "")
                about = {"outcome": "received", "conversation": conversation, "queue": queue}
                return _Decision(place, span_of(trace, "receive", message.id), about)
            case Turned(message=message):
                if not (trace := trace_of(message, self._sample)):
                    return None
                place = _Place(trace, span_of(trace, "decide", step.cause))
                return _Decision(place, span_of(trace, "receive", message), {"outcome": "turned-away"})
            case Said(conversation=conversation):
                if (newest := self._newest.get(conversation)) is None:
                    return None
                place = _Place(newest.trace, span_of(newest.trace, "decide", step.cause))
                return _Decision(place, span_of(newest.trace, "answer", step.cause), {"outcome": "said"})
            case Progressed(delivery=delivery, stage=stage):
                if (why := self._deliveries.get(delivery)) is None:
                    return None
                place = _Place(why.trace, span_of(why.trace, f"receipt {stage} {step.cause}", delivery))
                return _Decision(place, why.span, {"delivery": delivery, "stage": stage}, "receipt")
            case _:
                return None

    # ---- sent

    def sent(self, delivery: Delivery, outcome: str) -> None:
        """The outcome of a delivery is known."""
        about = {"delivery": delivery.id, "kind": delivery.kind, "outcome": outcome}
        began, now = delivery.at * MS, time.time_ns()
        if (why := self._deliveries.get(delivery.id)) is not None:
            self._send_sent(why, began, now, about)
        else:
            _keep(self._early, delivery.id, (began, now, about))

    def _brought_about(self, delivery: str, why: _Place) -> None:
        _keep(self._deliveries, delivery, why)
        if (early := self._early.pop(delivery, None)) is not None:
            self._send_sent(why, *early)

    def _send_sent(self, why: _Place, began: int, ended: int, about: dict[str, str]) -> None:
        ids = (why.trace, span_of(why.trace, "send", about["delivery"]), why.span)
        self._sender.send("send", ids, began, ended, about)


def _keep(table: dict[str, T], key: str, value: T) -> None:
    """Remember as the newest; the oldest beyond REMEMBERED is forgotten."""
    table.pop(key, None)
    table[key] = value
    if len(table) > REMEMBERED:
        del table[next(iter(table))]

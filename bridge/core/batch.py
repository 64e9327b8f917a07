"""From `in` entries to what one commit will hold: decoded, decided one after the other, and encoded.

Receipts in a row are decided in one step, so the report on many deliveries costs little more than the report on one. If one of
them faults, each is decided alone, so that only that one is set aside.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import msgspec

from bridge.contract.message import Receipt, derive
from bridge.redis.store import InputEntry
from routing import core, wire
from routing.events import Faulted, Given, Step, deliveries
from routing.state import State

TOGETHER = 16  # receipts of one step: a reader of one conversation reads the whole step

Alert = Callable[[Faulted], None]


@dataclass(slots=True)
class CommitBatch:
    """The content of one commit; `inputs` is the number of inputs that it answers."""

    last_input: str = ""
    inputs: int = 0
    steps: list[Step] = field(default_factory=list)
    deliveries: list[tuple[str, bytes]] = field(default_factory=list)
    faulted: list[bytes] = field(default_factory=list)

    def take(self, state: State, entry: InputEntry, alert: Alert) -> Iterator[None]:
        """Decide the inputs of one entry on `state`; yield after each, so that other work gets a turn. `alert` gets the faults."""
        for n, given in _given(entry.payloads):
            if isinstance(given, msgspec.DecodeError):
                self._add(_unreadable(entry, n, given), entry.payloads[n], alert)
            else:
                self._decide(state, entry, n, given, alert)
            yield
        self.last_input = entry.id
        self.inputs += len(entry.payloads)

    def _decide(self, state: State, entry: InputEntry, n: int, given: Given, alert: Alert) -> None:
        step = core.step(state, given, wire.cause(given, entry.id, n), entry.at)
        if isinstance(given, tuple) and any(type(event) is Faulted for event in step.events):
            for each, receipt in enumerate(given, n):
                self._decide(state, entry, each, receipt, alert)
        else:
            self._add(step, entry.payloads[n], alert)

    def _add(self, step: Step, payload: bytes, alert: Alert) -> None:
        self.steps.append(step)
        for event in step.events:
            if type(event) is Faulted:
                self.faulted.append(payload)
                alert(event)
        for delivery in deliveries(step):
            self.deliveries.append((delivery.channel, wire.encode(delivery)))


def _unreadable(entry: InputEntry, n: int, error: msgspec.DecodeError) -> Step:
    cause = derive(entry.id, str(n))
    return Step(cause=cause, at=entry.at, events=(Faulted(input=cause, error=f"not an input: {error}"),))


def _given(payloads: list[bytes]) -> Iterator[tuple[int, Given | msgspec.DecodeError]]:
    """Yield the content of an entry with its place: inputs, receipts in a row together, and payloads that are no input."""
    receipts: list[Receipt] = []
    for n, payload in enumerate(payloads):
        given = _decoded(payload)
        if type(given) is Receipt:
            receipts.append(given)
            if len(receipts) < TOGETHER:
                continue
        if receipts:
            last = n if type(given) is Receipt else n - 1
            yield last + 1 - len(receipts), tuple(receipts)
            receipts = []
        if type(given) is not Receipt:
            yield n, given
    if receipts:
        yield len(payloads) - len(receipts), tuple(receipts)


def _decoded(payload: bytes) -> Given | msgspec.DecodeError:
    try:
        return wire.decode_input(payload)
    except msgspec.DecodeError as error:
        return error

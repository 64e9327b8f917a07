"""What a commit holds of what was handed in: everything once and in order, and nothing lost by a fault beside it."""

from __future__ import annotations

import pytest

from bridge.contract.message import Message, Receipt, Stage, message_id
from bridge.core.batch import TOGETHER, CommitBatch
from bridge.redis.store import InputEntry
from routing import core, deliveries, wire
from routing.decision import Decision
from routing.events import Event, Faulted, Input, Parked, Received
from routing.state import State


def said(n: int) -> Message:
    source = str(n)
    return Message(id=message_id("web", "a", source), channel="web", sender="a", source=source, text=source)


def receipt(n: int, stage: Stage = "sent") -> Receipt:
    return Receipt(delivery=f"d{n}", stage=stage)


def decided(*given: Input | bytes, state: State | None = None) -> CommitBatch:
    payloads = [one if isinstance(one, bytes) else wire.encode(one) for one in given]
    batch = CommitBatch()
    faults: list[Faulted] = []
    for _ in batch.take(state or State.fresh(), InputEntry("5-0", 5, payloads), faults.append):
        pass
    assert len(faults) == len(batch.faulted)
    return batch


def told(batch: CommitBatch) -> list[str]:
    """Return what each event is about, in order."""
    found = []
    for event in _events(batch):
        if isinstance(event, Received):
            found.append(event.message.text)
        elif isinstance(event, Parked):
            found.append(event.delivery)
        elif isinstance(event, Faulted):
            found.append("fault")
    return found


def _events(batch: CommitBatch) -> list[Event]:
    return [event for step in batch.steps for event in step.events]


def test_receipts_in_a_row_are_one_step_and_keep_their_order() -> None:
    batch = decided(said(1), receipt(1), receipt(2), said(2), receipt(3))
    assert told(batch) == ["1", "d1", "d2", "2", "d3"]
    assert [len(step.events) for step in batch.steps][1::2] == [2, 1]
    assert (batch.inputs, batch.last_input) == (5, "5-0")


@pytest.mark.parametrize("many", [TOGETHER - 1, TOGETHER, TOGETHER + 1, 3 * TOGETHER + 2])
def test_a_step_holds_so_many_receipts_and_no_more(many: int) -> None:
    batch = decided(*map(receipt, range(many)))
    assert told(batch) == [f"d{n}" for n in range(many)]
    assert [len(step.events) for step in batch.steps] == [TOGETHER] * (many // TOGETHER) + [many % TOGETHER] * (
        many % TOGETHER > 0
    )
    assert len({step.cause for step in batch.steps}) == len(batch.steps)


def test_the_same_entry_gives_the_same_steps() -> None:
    given: list[Input] = [said(1), *map(receipt, range(40)), said(2)]
    assert decided(*given).steps == decided(*given).steps


def test_one_receipt_at_fault_takes_no_other_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    receive = deliveries.receive_receipt

    def fault(turn: Decision, one: Receipt) -> None:
        receive(turn, one)
        if one.delivery == "d3":
            raise LookupError(one.delivery)

    monkeypatch.setattr(deliveries, "receive_receipt", fault)
    monkeypatch.setitem(core.RULES, Receipt, fault)
    state = State.fresh()
    batch = decided(*map(receipt, range(6)), state=state)
    assert told(batch) == ["d0", "d1", "d2", "fault", "d4", "d5"]
    assert batch.faulted == [wire.encode(receipt(3))]
    assert sorted(state.parked) == ["d0", "d1", "d2", "d4", "d5"]


def test_what_is_no_input_stands_between_receipts() -> None:
    batch = decided(receipt(1), b"rubbish", receipt(2), receipt(3))
    assert told(batch) == ["d1", "fault", "d2", "d3"]
    assert batch.faulted == [b"rubbish"]
    assert batch.inputs == 4

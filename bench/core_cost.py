"""(c) What one input costs the core: decode, decide, fold, encode, at 100, 10,000 and a million open conversations.

A patron's message in an active conversation, an answer, a receipt; a new conversation assigned on arrival, and its end. Messages
go round a hot set of 1,000 conversations. The sizes take turns.
"""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Iterable

from bench.figures import QUICK, REPEATS, Sheet, most, say
from bridge.contract.message import (
    Action,
    ChannelStatus,
    Claim,
    Close,
    Message,
    Presence,
    Receipt,
    Say,
    SetAvailability,
    delivery_id,
)
from routing import core, wire
from routing.events import Input, Step
from routing.organisation import Librarian, Library, Queue
from routing.state import State

HOT = 1_000
STAFF = 200


class Desk:
    """A desk with many open conversations, half of them claimed, and its clock."""

    def __init__(self, opened: int) -> None:
        self.state = State.fresh()
        self.now = 1_700_000_000_000
        self.n = 0
        names = [f"lib{n}" for n in range(STAFF)]
        room = opened // STAFF + 1_000
        self.give(
            Library(
                id="north",
                revision=1,
                name="North",
                queues=(
                    Queue(id="north/ask", name="Ask"),
                    Queue(id="north/turn", name="Turn", policy="longest_idle", offer_s=0),
                ),
                librarians=tuple(Librarian(id=name, name=name, live=room) for name in names),
            )
        )
        self.give(ChannelStatus(channel="web", kind="webchat", queue="north/ask", up=True, live=True))
        self.give(ChannelStatus(channel="turn", kind="webchat", queue="north/turn", up=True, live=True))
        for name in names[:20]:
            self.give(Presence(process="p", connection=name, librarian=name, up=True))
            self.act(name, SetAvailability(queues=("north/turn",)))
        self.conversations: list[tuple[str, str]] = []
        for n in range(opened):
            self.open(n, names[n % STAFF] if n % 2 == 0 else "")

    def give(self, given: Input) -> Step:
        """Fold one input, unmeasured."""
        self.n += 1
        return core.step(self.state, given, wire.cause(given, "1-0", self.n), self.now)

    def act(self, by: str, deed: Claim | Say | Close | SetAvailability) -> Step:
        """Let a librarian do something, unmeasured."""
        return self.give(Action(id=f"a{self.n}", by=by, deed=deed))

    def open(self, n: int, by: str) -> None:
        """Open a conversation, and claim it for `by`."""
        self.now += 5
        self.give(self.message(f"patron{n}"))
        conversation = self.state.addresses[f"web|patron{n}"]
        if by:
            self.act(by, Claim(conversation=conversation))
            if len(self.conversations) < HOT:
                self.conversations.append((conversation, by))

    def message(self, sender: str, channel: str = "web") -> Message:
        """Return a plain message with a new id."""
        self.n += 1
        return Message(
            id=f"m{self.n:020d}",
            channel=channel,
            sender=sender,
            source=str(self.n),
            text="How do I renew a book that somebody else has asked for, please?",
        )

    def measure(self, inputs: Iterable[Input]) -> float:
        """Return microseconds of processor time per input: decode, decide, fold, encode."""
        payloads = [wire.encode(one) for one in inputs]
        state, now = self.state, self.now
        encode, decode, step, cause = wire.encode_steps, wire.decode_input, core.step, wire.cause
        began = time.thread_time()
        for n, payload in enumerate(payloads):
            given = decode(payload)
            now += 1
            encode([step(state, given, cause(given, "2-0", n), now)])
        spent = time.thread_time() - began
        self.now = now
        return spent / len(payloads) * 1e6


def kinds(desk: Desk, count: int) -> dict[str, Callable[[], list[Input]]]:
    """Return, by name, what makes a round of inputs."""
    hot = desk.conversations

    def messages() -> list[Input]:
        return [desk.message(desk.state.conversations[hot[n % len(hot)][0]].address) for n in range(count)]

    def answers() -> list[Input]:
        desk.n += count
        return [
            Action(id=f"s{desk.n}-{n}", by=by, deed=Say(conversation=it, text="At the desk, or in your account."))
            for n in range(count)
            for it, by in (hot[n % len(hot)],)
        ]

    def receipts() -> list[Input]:
        said = answers()
        for one in said:
            desk.give(one)
        return [Receipt(delivery=delivery_id(wire.cause(one, "", 0), 0), stage="delivered") for one in said]

    return {"message": messages, "answer": answers, "receipt": receipts}


def measure_closing(desk: Desk, count: int) -> float:
    """Return microseconds per input of conversations that are assigned on arrival and closed by whoever has them."""
    firsts = [desk.message(f"new{desk.n}", "turn") for _ in range(count // 2)]
    opening = desk.measure(firsts)
    found = [desk.state.conversations[desk.state.addresses[f"turn|{first.sender}"]] for first in firsts]
    closing = desk.measure(Action(id=f"c-{it.id}", by=it.owner, deed=Close(conversation=it.id)) for it in found)
    return (opening + closing) / 2


class Bench:
    """A desk being measured."""

    def __init__(self, opened: int, count: int) -> None:
        self.desk = Desk(opened)
        self.count = count
        self.found: dict[str, list[float]] = {}

    def turn(self) -> None:
        """One repetition of every kind."""
        for name, make in kinds(self.desk, self.count).items():
            self.found.setdefault(name, []).append(self.desk.measure(make()))
        closing = measure_closing(self.desk, min(self.count, 1_000))
        self.found.setdefault("assign and close", []).append(closing)

    def hot(self) -> list[float]:
        """Return microseconds an event of the hot set: messages, answers and receipts alike."""
        return [statistics.fmean(three) for three in zip(*(self.found[name] for name in HOT_KINDS), strict=True)]


HOT_KINDS = ("message", "answer", "receipt")


def over(these: list[float], those: list[float]) -> list[float]:
    """Return the ratios, turn by turn."""
    return [a / b for a, b in zip(these, those, strict=True)]


def measure(sheet: Sheet) -> None:
    """Measure at all sizes, turn by turn, and put down."""
    large, name = (100_000, "100k") if QUICK else (1_000_000, "1m")
    benches: dict[str, Bench] = {}
    for label, opened in (("100", 100), ("10k", 10_000), (name, large)):
        say(f"opening {opened:,} conversations")
        gc.disable()
        benches[label] = Bench(opened, 2_000 if QUICK else 5_000)
        gc.enable()
    gc.freeze()
    for turn in range(REPEATS):
        say(f"cost of an event, turn {turn + 1} of {REPEATS}")
        for bench in benches.values():
            bench.turn()
    for label, bench in benches.items():
        sheet.add(f"cost_per_event_us_{label}", bench.hot(), "us", note="message, answer, receipt; hot set of 1,000")
        sheet.add(f"cost_close_and_assign_us_{label}", bench.found["assign and close"], "us")
    big, small = benches[name], benches["10k"]
    sheet.add(f"cost_ratio_hot_{name}_to_10k", over(big.hot(), small.hot()), "x", most(1.3))
    closing = over(big.found["assign and close"], small.found["assign and close"])
    sheet.add(f"cost_ratio_close_and_assign_{name}_to_10k", closing, "x", most(2))


def main() -> None:
    """Measure in a process of its own."""
    sheet = Sheet()
    measure(sheet)
    sheet.hand_in()


if __name__ == "__main__":
    main()

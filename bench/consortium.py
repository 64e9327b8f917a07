"""(j) What one input costs where 1, 100 and 2,000 libraries are one consortium: decode, decide, fold, encode.

The same stream in each: the same number of conversations, spread over all queues. Each library asks its own desk of two first,
then its neighbour's, then a back-up service of ten who answer for everybody and agreed to it in each queue. Some conversations roll
over to it; librarians come and go; a library gets new hours now and then, as each does once a day. The sizes take turns.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterable

from bench.figures import QUICK, REPEATS, Sheet, most, say
from bridge.contract.message import (
    Action,
    ChannelStatus,
    Claim,
    Close,
    Deed,
    Message,
    Presence,
    Receipt,
    Say,
    SetAvailability,
    Tick,
    delivery_id,
)
from routing import core, wire
from routing.events import Input, Step
from routing.organisation import Agreement, Librarian, Library, Queue, Team, Tier
from routing.state import State

BEGIN = 1_700_000_000_000
HOUR = 3_600_000
BACK_UP = tuple(f"backup-{n}" for n in range(10))
DESK = 2
ROUND = 200  # conversations a round
FLAPS = 20  # librarians who lose their connection for a moment
HOURS_EVERY = 10  # rounds until a library gets new hours: one in about 10,000 inputs


def queue_of(n: int) -> str:
    """Return the queue of library number `n`."""
    return f"l{n}/ask"


def library(n: int, size: int, revision: int = 1) -> Library:
    """Return library number `n` of `size`; its hours move with the revision."""
    name, neighbour = f"l{n}", f"l{(n + 1) % size}"
    tiers = [Tier(teams=(f"{name}/desk",))]
    tiers += [Tier(teams=(f"{neighbour}/desk",))] if size > 1 else []
    tiers.append(Tier(teams=("backup/night",), after_s=120))
    people = tuple(f"{name}-{one}" for one in range(DESK))
    opening = BEGIN + revision * 1000
    return Library(
        id=name,
        revision=revision,
        name=f"Library {n}",
        openings=tuple((opening + day * 24 * HOUR, opening + (day * 24 + 12) * HOUR) for day in range(-1, 60)),
        queues=(Queue(id=queue_of(n), name="Ask", policy="offer" if n % 2 else "fewest_active", tiers=tuple(tiers)),),
        teams=(Team(id=f"{name}/desk", name="Desk", members=people),),
        librarians=tuple(Librarian(id=one, name=one, live=1_000) for one in people),
        agreements=(Agreement(queue=queue_of((n - 1) % size), when="our-hours"),),
    )


def back_up(size: int) -> Library:
    """Return the service that answers for everybody at any time."""
    return Library(
        id="backup",
        revision=1,
        name="Back-up",
        teams=(Team(id="backup/night", name="Night", members=BACK_UP),),
        librarians=tuple(Librarian(id=one, name=one, live=1_000) for one in BACK_UP),
        agreements=tuple(Agreement(queue=queue_of(n)) for n in range(size)),
    )


class Consortium:
    """A consortium at work, and the cost of what it is given."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.state = State.fresh()
        self.now = BEGIN + 24 * HOUR
        self.n = 0
        self.rounds = 0
        self.spent = 0.0
        self.inputs = 0
        self.give(back_up(size))
        for n in range(size):
            self.give(library(n, size))
            self.give(ChannelStatus(channel=f"web{n}", kind="webchat", queue=queue_of(n), up=True, live=True))
        for n in range(size):
            for one in range(DESK):
                self.sign_on(f"l{n}-{one}", (queue_of(n), queue_of((n - 1) % size)) if size > 1 else (queue_of(n),))
        for name in BACK_UP:
            self.sign_on(name, tuple(queue_of(n) for n in range(size)))

    def give(self, given: Input) -> Step:
        """Fold one input, unmeasured."""
        self.n += 1
        return core.step(self.state, given, wire.cause(given, "1-0", self.n), self.now)

    def sign_on(self, librarian: str, queues: tuple[str, ...]) -> None:
        """Let a librarian come and serve."""
        self.give(Presence(process="p", connection=librarian, librarian=librarian, up=True))
        self.give(self.action(librarian, SetAvailability(queues=queues)))

    def action(self, by: str, deed: Deed) -> Action:
        """Return what a librarian does."""
        self.n += 1
        return Action(id=f"a{self.n:019d}", by=by, deed=deed)

    def message(self, sender: str, number: int) -> Message:
        """Return a plain message to library `number`, with a new id."""
        self.n += 1
        text = "How do I renew a book that somebody else has asked for, please?"
        id = f"m{self.n:019d}"
        return Message(id=id, channel=f"web{number}", sender=sender, source=str(self.n), text=text)

    def measure(self, inputs: Iterable[Input]) -> list[Step]:
        """Take the inputs in and count their processor time."""
        payloads = [wire.encode(one) for one in inputs]
        state, now, done = self.state, self.now, list[Step]()
        encode, decode, step, cause = wire.encode_steps, wire.decode_input, core.step, wire.cause
        began = time.thread_time()
        for n, payload in enumerate(payloads):
            given = decode(payload)
            found = step(state, given, cause(given, "2-0", n), now)
            encode([found])
            done.append(found)
        self.spent += time.thread_time() - began
        self.inputs += len(payloads)
        self.now = now + 1
        return done

    def round(self) -> None:
        """Let some conversations go from the first message to the end, with what happens beside."""
        self.rounds += 1
        numbers = [(n * 7 + self.rounds) % self.size for n in range(ROUND)]
        firsts = [self.message(f"p{self.rounds}-{n}", number) for n, number in enumerate(numbers)]
        self.measure(firsts)
        opened = [self.state.addresses[f"{one.channel}|{one.sender}"] for one in firsts]
        self.flap()
        rolls_over = opened[:: ROUND // 10]
        self.claim([one for one in opened if one not in rolls_over], lambda it: f"{it.partition('/')[0]}-0")
        self.now += 175_000
        self.measure([Tick()])
        self.claim(rolls_over, lambda it: BACK_UP[self.rounds % len(BACK_UP)])
        said = [self.action(self.state.conversations[one].owner, Say(conversation=one, text="Yes.")) for one in opened]
        self.measure(said)
        self.measure(Receipt(delivery=delivery_id(wire.cause(one, "", 0), 0), stage="delivered") for one in said)
        self.measure(self.message(one.sender, number) for one, number in zip(firsts, numbers, strict=True))
        self.measure(self.action(self.state.conversations[one].owner, Close(conversation=one)) for one in opened)
        if self.rounds % HOURS_EVERY == 0:
            self.measure([library(self.rounds % self.size, self.size, self.rounds + 1)])

    def claim(self, conversations: list[str], by: Callable[[str], str]) -> None:
        """Let those who wait be claimed, by somebody who may."""
        there = [self.state.conversations[one] for one in conversations]
        self.measure(self.action(it.offered or by(it.queue), Claim(conversation=it.id)) for it in there)

    def flap(self) -> None:
        """Let some librarians lose their connection for a moment, also of the back-up."""
        desks = [f"l{(self.rounds * 13 + n) % self.size}-{n % DESK}" for n in range(FLAPS - 2)]
        for up in (False, True):
            names = dict.fromkeys([*desks, *BACK_UP[:2]])
            self.measure(Presence(process="p", connection=one, librarian=one, up=up) for one in names)

    def take_spent(self) -> float:
        """Return the microseconds per input since the last time."""
        cost = self.spent / self.inputs * 1e6
        self.spent, self.inputs = 0.0, 0
        return cost


def main() -> None:
    """Measure in a process of its own."""
    sheet = Sheet()
    gc.disable()
    sizes = {size: Consortium(size) for size in (1, 100, 2_000)}
    gc.enable()
    gc.freeze()
    found: dict[int, list[float]] = {size: [] for size in sizes}
    for turn in range(REPEATS + 1):
        say(f"routing in a consortium, turn {turn} of {REPEATS}")
        for size, consortium in sizes.items():
            for _ in range(5 if QUICK else 20):
                consortium.round()
            if cost := consortium.take_spent() * bool(turn):  # the first turn warms up
                found[size].append(cost)
    for size, costs in found.items():
        sheet.add(f"routing_us_{size}_libraries", costs, "us", note="per input, each with a back-up service")
    flat = [large / one for large, one in zip(found[2_000], found[1], strict=True)]
    sheet.add("routing_flat_2000_libraries", flat, "x", most(2), "cost per input, 2,000 libraries to 1")
    sheet.hand_in()


if __name__ == "__main__":
    main()

"""A desk simulated from a seed: hundreds of people at once, and after every step a crash and a reload.

As in the daemon, inputs are durable, and a step is committed or not. A new core loads the newest snapshot and folds the log after
it. It goes on from the input after the last one committed. At the end: no message lost or doubled, no delivery twice,
no invariant broken, and the very same log as a core that never crashed.
"""

from __future__ import annotations

from collections import Counter
from random import Random

import msgspec
import pytest

from bridge.contract.message import (
    Accept,
    Action,
    Claim,
    Close,
    Deed,
    FollowUpPlan,
    Join,
    Leave,
    MarkRead,
    Message,
    PatronSign,
    Presence,
    ProcessGone,
    Receipt,
    Reject,
    Release,
    Reopen,
    Say,
    SetAvailability,
    Started,
    Tick,
    TranscriptWish,
    Transfer,
)
from routing import core, wire
from routing.events import Event, Faulted, Input, Received, Refused, Step, Turned, answer, deliveries
from routing.invariants import invariants
from routing.records import Conversation
from routing.state import State
from tests.routing.play import BEGIN, IM, MAIL, SMS, WEB, tables
from tests.routing.test_model import QUEUES, STAFF, TURN, consortium

SNAPSHOT_EVERY = 37


class SimulatedDesk:
    """Durable streams and a core that may die at any moment."""

    def __init__(self) -> None:
        self.inputs: list[tuple[str, int, bytes]] = []
        self.log: list[bytes] = []
        self.snapshot: tuple[int, dict[str, dict[str, object]]] = (0, {})
        self.state = State.fresh()
        self.now = BEGIN

    def ingest(self, given: Input) -> None:
        """Make an input durable."""
        self.inputs.append((f"{self.now}-{len(self.inputs)}", self.now, wire.encode(given)))

    def work(self) -> list[Step]:
        """Decide what is durable and not decided; commit each by itself."""
        done = []
        while len(self.log) < len(self.inputs):
            entry, at, payload = self.inputs[len(self.log)]
            given = wire.decode_input(payload)
            step = core.step(self.state, given, wire.cause(given, entry, 0), at)
            self.log.append(wire.encode_steps([step]))
            done.append(step)
        if len(self.log) - self.snapshot[0] >= SNAPSHOT_EVERY:
            self.snapshot = (len(self.log), tables(self.state))
        return done

    def decide_and_die(self) -> None:
        """Decide the next input and die before the commit."""
        if len(self.log) < len(self.inputs):
            entry, at, payload = self.inputs[len(self.log)]
            given = wire.decode_input(payload)
            core.step(self.state, given, wire.cause(given, entry, 0), at)

    def reload(self) -> None:
        """Begin again from the snapshot and the log behind it."""
        done, kept = self.snapshot
        self.state = State.of(kept)
        for payload in self.log[done:]:
            for step in wire.decode_steps(payload):
                core.apply(self.state, step)

    def tick(self) -> None:
        """Let the clock speak when it is time."""
        due = core.next_deadline(self.state)
        if due is not None and due <= self.now:
            self.ingest(Tick())


class Crowd:
    """People who do what people do, drawn from a seed and from what they see."""

    def __init__(self, seed: int, desk: SimulatedDesk) -> None:
        self.chance = Random(seed)
        self.desk = desk
        self.n = 0
        self.patrons = [f"p{n}" for n in range(12)]

    def act(self) -> Input:
        """Return what somebody does next."""
        draw = self.chance.random()
        if draw < 0.35:
            return self._writes()
        if draw < 0.45:
            return Presence(
                process=self.chance.choice(("p1", "p2")),
                connection="c",
                librarian=self.chance.choice(STAFF),
                up=self.chance.random() < 0.8,
            )
        if draw < 0.5:
            return self._odd()
        if draw < 0.56 and self.desk.state.deliveries:
            name = self.chance.choice(list(self.desk.state.deliveries)[-20:])
            return Receipt(delivery=name, stage=self.chance.choice(("sent", "delivered", "read", "failed")))
        return self._librarian()

    def _writes(self) -> Message:
        self.n += 1
        channel = self.chance.choice(("web", "web", "sms", "mail", "turn"))
        contact = self.chance.choice(("", "", "", "jane@example.org"))
        return Message(
            id=f"m{self.n}",
            channel=channel,
            sender=self.chance.choice(self.patrons),
            source=str(self.n),
            text="Hi",
            contact=contact,
            later=channel == "web" and self.chance.random() < 0.05,
        )

    def _odd(self) -> Input:
        self.n += 1
        who = self.chance.choice(self.patrons)
        return self.chance.choice(
            (
                TranscriptWish(id=f"t{self.n}", channel="web", sender=who, source="t", address="me@example.org"),
                ProcessGone(process="p2"),
                PatronSign(channel="web", sender=who, here=self.chance.random() < 0.5),
                Tick(),
            )
        )

    def _librarian(self) -> Action:
        self.n += 1
        who, deed = self._deed()
        return Action(id=f"a{self.n}", by=who, deed=deed)

    def _deed(self) -> tuple[str, Deed]:
        state, who = self.desk.state, self.chance.choice(STAFF)
        opened = [it for it in state.conversations.values() if it.state != "closed"]
        if not opened or self.chance.random() < 0.12:
            able = [queue for queue in QUEUES if who in state.roster.service(queue).level]
            return who, SetAvailability(queues=tuple(self.chance.sample(able, self.chance.randint(0, len(able)))))
        it = self.chance.choice(opened)
        if not it.owner:
            return who, self.chance.choice((Claim, Accept, Reject, Claim))(conversation=it.id)
        if self.chance.random() < 0.2:
            return self._beside(who, it)
        target = self.chance.choice((*STAFF, *QUEUES))
        deeds: tuple[Deed, ...] = (
            Say(conversation=it.id, text="Hello"),
            Say(conversation=it.id, text="Hello again"),
            Close(conversation=it.id),
            Close(conversation=it.id, code="follow_up_me", follow_up=FollowUpPlan(address="jane@example.org")),
            Release(conversation=it.id),
            MarkRead(conversation=it.id, message=it.last_message),
            Transfer(conversation=it.id, **{"queue" if "/" in target else "librarian": target}),
            Reopen(conversation=it.id),
        )
        taker = it.handover.librarian if it.handover is not None and it.handover.librarian else ""
        if taker and self.chance.random() < 0.5:
            return taker, self.chance.choice((Accept, Reject))(conversation=it.id)
        return self.chance.choice((it.owner, it.owner, it.owner, who)), self.chance.choice(deeds)

    def _beside(self, who: str, it: Conversation) -> tuple[str, Deed]:
        """Return what a colleague of its owner does: one who has joined speaks or leaves, another joins."""
        if not it.companions or self.chance.random() < 0.3:
            return who, Join(conversation=it.id)
        deeds: tuple[Deed, ...] = (Say(conversation=it.id, text="And I"), Leave(conversation=it.id))
        return self.chance.choice(it.companions), self.chance.choice(deeds)


def simulate(seed: int, inputs: int) -> SimulatedDesk:
    """Return the desk after about `inputs` inputs drawn from a seed, without any crash."""
    desk = SimulatedDesk()
    crowd, clock = Crowd(seed, desk), Random(seed + 1)
    given: tuple[Input, ...] = (WEB, SMS, MAIL, IM, TURN, *consortium())
    for one in given:
        desk.ingest(one)
    desk.work()
    for _ in range(inputs):
        desk.now += clock.choice((1, 50, 2_000, 15_000, 15_000, 70_000))
        desk.tick()
        desk.work()
        desk.ingest(crowd.act())
        if clock.random() < 0.01:
            desk.ingest(Started(process="p1"))
        desk.work()
    return desk


def crash_through(calm: SimulatedDesk, seed: int) -> SimulatedDesk:
    """Return a desk given the same inputs, whose core dies after every step and often before its commit."""
    desk, dice = SimulatedDesk(), Random(seed)
    for one in calm.inputs:
        desk.inputs.append(one)
        if dice.random() < 0.5:
            desk.decide_and_die()
            desk.reload()
        desk.work()
        before = tables(desk.state)
        desk.reload()
        assert tables(desk.state) == before
        assert invariants(desk.state) == []
    return desk


def check(desk: SimulatedDesk) -> list[Event]:
    """Check what the whole log must show; return its events."""
    steps = [step for payload in desk.log for step in wire.decode_steps(payload)]
    events = [event for step in steps for event in step.events]
    assert not [event for event in events if isinstance(event, Faulted)]
    inputs = [wire.decode_input(payload) for _, _, payload in desk.inputs]
    written = Counter(one.id for one in inputs if isinstance(one, Message))
    joined = Counter(event.message.id for event in events if isinstance(event, Received))
    joined += Counter(event.message for event in events if isinstance(event, Turned))
    assert joined == written
    ids = Counter(delivery.id for step in steps for delivery in deliveries(step))
    assert set(ids.values()) <= {1}
    for one, step in zip(inputs, steps, strict=True):
        assert (answer(step) is not None) == isinstance(one, Action)
    assert invariants(desk.state) == []
    return events


def seeds(long: bool) -> tuple[range, int]:
    return (range(200), 600) if long else (range(4), 250)


@pytest.mark.timeout(1200)
def test_crashing_after_every_step_changes_nothing(long: bool) -> None:
    several, inputs = seeds(long)
    kinds = set[str]()
    for seed in several:
        calm = simulate(seed, inputs)
        broken = crash_through(calm, seed)
        assert calm.log == broken.log
        assert msgspec.msgpack.encode(tables(calm.state)) == msgspec.msgpack.encode(tables(broken.state))
        kinds |= {type(event).__name__ for event in check(broken)}
    wanted = {
        "Claimed",
        "Said",
        "Closed",
        "Reopened",
        "TransferOffered",
        "TransferEnded",
        "Joined",
        "LeftConversation",
        "Left",
        "Refused",
        "Reminded",
    }
    assert wanted <= kinds, f"the crowd never did {wanted - kinds}"


def test_two_claims_at_once_have_one_winner_in_every_seed() -> None:
    desk = simulate(1, 400)
    refused = [event for event in check(desk) if isinstance(event, Refused) and event.reason == "taken"]
    assert refused
    assert all(event.holder for event in refused)

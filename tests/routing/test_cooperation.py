"""Thirty libraries and five hundred librarians for days on end, with a core that dies now and then; more inputs with --long.

After each input: no fault, one answer to each action, each message in one conversation, no delivery twice, and what must hold of
all that the input touched. Nobody of a partner is asked, or claims, outside what their library agreed to: that is worked out here
once more, plainly, from the libraries alone. Now and then: all invariants, the fold of the written steps, the look-ups afresh.
"""

from __future__ import annotations

from hashlib import blake2b
from random import Random

import pytest

from bridge.contract.message import Action, Message, Started, Tick
from routing import core, wire
from routing.events import Claimed, Event, Faulted, Input, Offered, Received, Step, Turned, answer, deliveries
from routing.hours import is_open
from routing.invariants import invariants, invariants_near
from routing.openings import is_open_at
from routing.organisation import Library
from routing.records import Conversation
from routing.roster import Roster
from routing.state import State
from tests.routing.cooperation import Cooperative
from tests.routing.play import BEGIN, tables

SHORT, LONG = 4_000, 1_000_000
KINDS = {
    "Opened", "Queued", "TierOpened", "Offered", "Revoked", "OfferRejected", "Claimed", "Released", "Joined", "Said",
    "TransferOffered", "TransferEnded", "Closed", "Reopened", "Merged", "Left", "Reminded", "FollowUpOpened",
    "LibraryChanged", "TookOver", "Noticed", "Progressed", "PatronGone",
}  # fmt: skip


class Simulation:
    """The core, the fold of what it wrote, and the eyes on both."""

    def __init__(self, seed: int) -> None:
        self.cooperative = Cooperative(seed)
        self.dice = Random(seed + 1)
        self.state, self.shadow = State.fresh(), State.fresh()
        self.now = BEGIN
        self.inputs = 0
        self.crashes = 0
        self.abroad = 0  # claims by people of partners
        self.kinds: set[str] = set()
        self.written: set[int] = set()
        self.digest = blake2b()
        first: tuple[Input, ...] = (*self.cooperative.channels, *self.cooperative.libraries.values())
        for one in (*first, Started(process="a")):
            self.give(one)

    # ---- one input ---------------------------------------------------------------------------------------------------

    def run(self, inputs: int) -> None:
        """Give so many inputs, with a crash and a full look now and then."""
        end = self.inputs + inputs
        often = 2_500 if inputs > SHORT else 200
        while self.inputs < end:
            self.now += self.dice.choice((1, 50, 500, 2_000, 8_000))
            due = core.next_deadline(self.state)
            if due is not None and due <= self.now:
                self.give(Tick())
                continue
            self.give(self.cooperative.next(self.state, self.now))
            if self.inputs % often == 0:
                self.look()
            if self.dice.random() < 1.5 / often:
                self.crash()
        self.look()

    def decide(self, payload: bytes) -> Step:
        """Return what the core makes of an input."""
        given = wire.decode_input(payload)
        return core.step(self.state, given, wire.cause(given, f"{self.now}-{self.inputs}", 0), self.now)

    def give(self, given: Input) -> None:
        """Decide an input, write it down, and look at what it touched."""
        self.write(given, self.decide(wire.encode(given)))

    def write(self, given: Input, step: Step) -> None:
        """Fold what was decided as a reader of the log does."""
        self.inputs += 1
        payload = wire.encode_steps([step])
        [written] = wire.decode_steps(payload)
        core.apply(self.shadow, written)
        self.digest.update(payload)
        self.cooperative.saw(step)
        self.check(given, step)

    def crash(self) -> None:
        """Decide an input and die before it is written: the next core, from what was written before, decides it alike."""
        self.crashes += 1
        given = self.cooperative.next(self.state, self.now)
        lost = self.decide(wire.encode(given))
        self.state = State.of(tables(self.shadow))
        step = self.decide(wire.encode(given))
        assert step == lost
        self.write(given, step)
        self.give(Started(process=self.dice.choice("abc")))

    # ---- what must hold ----------------------------------------------------------------------------------------------

    def check(self, given: Input, step: Step) -> None:
        """See that the input did what it should, and nothing else."""
        where = f"input {self.inputs}: {given}"
        faults = [event for event in step.events if isinstance(event, Faulted)]
        assert not faults, f"{faults} after {where}"
        assert (answer(step) is not None) == isinstance(given, Action), where
        if isinstance(given, Message):
            got = [event for event in step.events if isinstance(event, Received | Turned)]
            assert len(got) == 1, where
        for delivery in deliveries(step):
            key = hash(delivery.id)
            assert key not in self.written, where
            self.written.add(key)
        self.kinds.update(type(event).__name__ for event in step.events)
        talks = dict.fromkeys(one for event in step.events if (one := getattr(event, "conversation", "")))
        people = dict.fromkeys(one for event in step.events for one in _people(event))
        found = invariants_near(self.state, talks, people)
        assert not found, f"{found} after {where}"
        for event in step.events:
            self.keeps_faith(event, where)

    def keeps_faith(self, event: Event, where: str) -> None:
        """See that a partner's people are asked, and claim, only as their library agreed."""
        if isinstance(event, Offered):
            asked = event.to
        elif isinstance(event, Claimed) and event.how in ("claim", "accept", "assign", "say"):
            asked = (event.by,)
        else:
            return
        it = self.state.conversations.get(event.conversation)
        term = self.state.term.get("core")
        if it is None or term is None or self.now < term.grace_until:
            return  # within the grace the clock has not looked yet
        for one in asked:
            if not _works_for(self.state.libraries, one, it.library):
                self.abroad += 1
                assert self.agreed(it, one), f"{one} answers in {it.queue} unasked, after {where}"

    def agreed(self, it: Conversation, librarian: str) -> bool:
        """Say whether a librarian is in a tier of the queue whose library agreed to answer there now."""
        home = self.state.libraries[it.queue.partition("/")[0]]
        queue = next(one for one in home.queues if one.id == it.queue)
        ours = is_open(home, self.now) if queue.openings is None else is_open_at(queue.openings, self.now)
        for name in (name for tier in queue.tiers[: it.tier + 1] for name in tier.teams):
            partner = self.state.libraries[name.partition("/")[0]]
            members = next((team.members for team in partner.teams if team.id == name), ())
            if librarian not in members:
                continue
            if partner.id == home.id or partner.agreements is None:
                return True
            for one in partner.agreements:
                if one.queue != it.queue or (one.teams and name not in one.teams):
                    continue
                holds = {"always": True, "while-closed": not ours, "our-hours": is_open(partner, self.now)}[one.when]
                if holds:
                    return True
        return False

    def look(self) -> None:
        """Look at everything."""
        found = invariants(self.state)
        assert found == [], f"{found[:5]} after input {self.inputs}"
        assert tables(self.shadow) == tables(self.state)
        fresh = Roster(self.state.libraries)
        for queue in self.cooperative.queues:
            ours, afresh = self.state.roster.service(queue), fresh.service(queue)
            assert ours.level_at(self.now) == afresh.level_at(self.now), queue
            assert (ours.chain, ours.members) == (afresh.chain, afresh.members), queue


def _people(event: Event) -> tuple[str, ...]:
    named = (getattr(event, "by", ""), getattr(event, "librarian", ""))
    to = getattr(event, "to", ())
    return tuple(one for one in (*named, *(to if isinstance(to, tuple) else ())) if one)


def _works_for(libraries: dict[str, Library], librarian: str, library: str) -> bool:
    return librarian.partition("-")[0] == library or librarian in libraries[library].guests


@pytest.mark.timeout(3600)
def test_a_cooperative_at_work_keeps_faith(long: bool) -> None:
    simulation = Simulation(17)
    simulation.run(LONG if long else SHORT)
    assert simulation.kinds >= KINDS, f"nobody ever did {KINDS - simulation.kinds}"
    assert simulation.crashes
    assert simulation.abroad


def test_a_seed_gives_the_same_day_again() -> None:
    digests = []
    for _ in range(2):
        simulation = Simulation(3)
        simulation.run(600)
        digests.append(simulation.digest.hexdigest())
    assert digests[0] == digests[1]

"""A cooperative of 30 libraries and 500 librarians, drawn from a seed: who they are, and what everybody does next.

Hours, presence, agreements, roll-overs, transfers, merges and changes of the libraries come at random, as often as they take time
to be answered. Nothing here decides anything: `test_cooperation.py` gives it to the core.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from random import Random
from typing import Any

from msgspec.structs import replace

from bridge.contract.message import (
    Accept,
    Action,
    Block,
    ChannelStatus,
    Claim,
    Close,
    Deed,
    Erase,
    FollowUpPlan,
    Give,
    Join,
    Leave,
    MarkRead,
    Merge,
    Message,
    Note,
    PatronSign,
    Presence,
    ProcessGone,
    Receipt,
    Recode,
    Reject,
    Release,
    Reopen,
    Say,
    SetAvailability,
    SetQueue,
    Stage,
    Transfer,
    Unmerge,
)
from routing.events import Input, Opened, Step, deliveries
from routing.organisation import Agreement, Librarian, Library, Policy, Queue, Team, Tier, Timers, When
from routing.records import Conversation
from routing.state import State
from tests.routing.play import BEGIN

LIBRARIES = 30
STAFF = 500
PATRONS = 25  # of each library and kind of channel
DAYS = 40
HOUR = 3_600_000
WHENS: tuple[When, ...] = ("always", "while-closed", "our-hours")
POLICIES: tuple[Policy, ...] = ("offer", "offer", "longest_idle", "fewest_active", "round_robin")


def openings(dice: Random) -> tuple[tuple[int, int], ...]:
    """Return hours on most days, from a morning to an afternoon."""
    first, length = dice.uniform(6, 11), dice.uniform(5, 12)
    days = [day for day in range(-1, DAYS) if dice.random() < 0.85]
    return tuple(
        (BEGIN + int((day * 24 + first) * HOUR), BEGIN + int((day * 24 + first + length) * HOUR)) for day in days
    )


class Cooperative:
    """The libraries as they are now, and the people who use them."""

    def __init__(self, seed: int) -> None:
        self.dice = Random(seed)
        self.names = [f"l{n}" for n in range(LIBRARIES)]
        self.people = {name: [f"{name}-{n}" for n in range(STAFF // LIBRARIES + (i < STAFF % LIBRARIES))]
                       for i, name in enumerate(self.names)}  # fmt: skip
        self.staff = [one for people in self.people.values() for one in people]
        self.queues = [f"{name}/{queue}" for name in self.names for queue in ("ask", "law")]
        self.libraries = {name: self._library(name) for name in self.names}
        self.channels = [
            ChannelStatus(channel=f"{name}-{kind}", kind=kind, queue=f"{name}/ask", up=True, live=kind == "webchat",
                          threads=kind == "email")
            for name in self.names for kind in ("webchat", "sms", "email")
        ]  # fmt: skip
        self.n = 0
        self.opened: list[str] = []  # conversations that may be open still
        self.sent: deque[str] = deque(maxlen=40)
        self.doings: tuple[tuple[int, Callable[[State, int], Input]], ...] = (
            (170, self._writes),
            (40, self._sign),
            (90, self._presence),
            (60, self._serves),
            (520, self._deed),
            (60, self._receipt),
            (3, self._library_changes),
            (1, self._rare),
        )
        self.weights = [weight for weight, _ in self.doings]

    # ---- who they are -----------------------------------------------------------------------------------------------

    def _library(self, name: str) -> Library:
        dice, partners = self.dice, self.dice.sample([one for one in self.names if one != name], 3)
        people = tuple(
            Librarian(id=one, name=one, live=dice.randint(1, 4), slow=dice.randint(2, 10)) for one in self.people[name]
        )
        people = (replace(people[0], role="coordinator"), *people[1:])
        half = len(people) // 2
        teams = (
            Team(id=f"{name}/desk", name="Desk", members=tuple(one.id for one in people[:half])),
            Team(id=f"{name}/night", name="Night", members=tuple(one.id for one in people[half:])),
        )
        return Library(
            id=name,
            revision=1,
            name=f"Library {name}",
            openings=openings(dice) if dice.random() < 0.8 else None,
            queues=(self._queue(name, "ask", partners), self._queue(name, "law", partners[:1])),
            teams=teams,
            librarians=people,
            guests=tuple(dice.sample(self.staff, 1)) if dice.random() < 0.3 else (),
            agreements=self._agreements(name),
            contact_channel=f"{name}-email",
            timers=Timers(reopen_live_s=3600, reopen_slow_s=6 * 3600, follow_up_s=12 * 3600),
        )

    def _queue(self, name: str, queue: str, partners: list[str]) -> Queue:
        dice = self.dice
        tiers = [Tier(teams=(f"{name}/desk",), after_s=dice.randint(20, 60))]
        tiers += [Tier(teams=(f"{one}/night", f"{one}/desk")[: dice.randint(1, 2)], after_s=40) for one in partners]
        tiers.append(Tier(teams=("l0/night",), after_s=120))
        return Queue(
            id=f"{name}/{queue}",
            name=queue,
            policy=dice.choice(POLICIES),
            tiers=tuple(tiers),
            offer_s=dice.choice((0, 20, 30)),
            prefer_known=dice.random() < 0.2,
            fair_limit=dice.choice((0, 0, 0, 4)),
            fair_window_s=300,
            openings=openings(dice) if dice.random() < 0.2 else None,
        )

    def _agreements(self, name: str) -> tuple[Agreement, ...] | None:
        if self.dice.random() < 0.1:
            return None
        wanted = [one for one in self.queues if not one.startswith(f"{name}/") and self.dice.random() < 0.7]
        return tuple(Agreement(queue=one, when=self.dice.choice(WHENS)) for one in wanted)

    # ---- what they do ------------------------------------------------------------------------------------------------

    def next(self, state: State, now: int) -> Input:
        """Return what somebody does next, as far as they can see."""
        self.n += 1
        [(_, doing)] = self.dice.choices(self.doings, self.weights)
        return doing(state, now)

    def saw(self, step: Step) -> None:
        """Remember what there is to do something with."""
        self.opened += [event.conversation for event in step.events if isinstance(event, Opened)]
        self.sent.extend(one.id for one in deliveries(step))

    def _some(self, state: State) -> Conversation | None:
        while self.opened:
            at = self.dice.randrange(len(self.opened))
            it = state.conversations.get(self.opened[at])
            if it is not None and (it.state != "closed" or self.dice.random() < 0.1):
                return it
            if it is None or it.state == "closed":
                self.opened[at] = self.opened[-1]
                self.opened.pop()
        return None

    def _writes(self, state: State, now: int) -> Input:
        name, kind = self.dice.choice(self.names), self.dice.choice(("webchat", "webchat", "webchat", "sms", "email"))
        sender = f"p{self.dice.randrange(PATRONS)}"
        contact = f"{sender}@example.org" if self.dice.random() < 0.15 else ""
        later = kind == "webchat" and self.dice.random() < 0.03
        return Message(id=f"m{self.n}", channel=f"{name}-{kind}", sender=sender, source=str(self.n), text="Hi",
                       contact=contact, later=later)  # fmt: skip

    def _sign(self, state: State, now: int) -> Input:
        it = self._some(state)
        if it is None:
            return self._writes(state, now)
        return PatronSign(channel=it.channel, sender=it.address, here=self.dice.random() < 0.5)

    def _presence(self, state: State, now: int) -> Input:
        who, process = self.dice.choice(self.staff), self.dice.choice("abc")
        return Presence(process=process, connection=who, librarian=who, up=self.dice.random() < 0.7)

    def _serves(self, state: State, now: int) -> Input:
        who = self.dice.choice(self.staff)
        able = list(state.roster.serves.get(who, ()))
        queues = self.dice.sample(able, min(len(able), self.dice.choice((0, 1, 2, 3, 8))))
        return self._action(who, SetAvailability(queues=tuple(queues)))

    def _receipt(self, state: State, now: int) -> Input:
        if not self.sent:
            return self._writes(state, now)
        stages: tuple[Stage, ...] = ("sent", "delivered", "delivered", "read", "failed")
        return Receipt(delivery=self.dice.choice(self.sent), stage=self.dice.choice(stages))

    def _action(self, who: str, deed: Deed) -> Action:
        return Action(id=f"a{self.n}", by=who, deed=deed)

    def _deed(self, state: State, now: int) -> Input:
        it = self._some(state)
        if it is None:
            return self._writes(state, now)
        members = state.roster.service(it.queue).members or (self.dice.choice(self.staff),)
        if it.state == "closed":
            deeds: tuple[Deed, ...] = (Reopen(conversation=it.id), Recode(conversation=it.id, code="answered"))
            return self._action(it.helper or self.dice.choice(members), self.dice.choice(deeds))
        if not it.owner:
            who = it.offered if it.offered and self.dice.random() < 0.7 else self.dice.choice(members)
            return self._action(who, self.dice.choice((Claim, Claim, Accept, Reject))(conversation=it.id))
        if it.handover is not None and self.dice.random() < 0.5:
            taker = it.handover.librarian or self.dice.choice(
                state.roster.service(it.handover.queue).members or members
            )
            return self._action(taker, self.dice.choice((Accept, Accept, Reject))(conversation=it.id))
        if self.dice.random() < 0.08:
            return self._action(self.dice.choice(self.people[it.library]), self._of_a_colleague(state, it))
        by = it.owner if self.dice.random() < 0.9 else self.dice.choice(self.staff)
        return self._action(by, self._of_the_owner(state, it))

    def _of_the_owner(self, state: State, it: Conversation) -> Deed:
        draw, dice = self.dice.random(), self.dice
        if draw < 0.45:
            return Say(conversation=it.id, text="Yes.")
        if draw < 0.75:
            code = dice.choice(("", "", "answered", "follow_up_me", "follow_up_library", "lost_call", "practice"))
            plan = FollowUpPlan(address="jane@example.org") if code.startswith("follow") else None
            return Close(conversation=it.id, code=code, follow_up=plan)
        if draw < 0.85:
            to = {"queue": dice.choice(self.queues)} if dice.random() < 0.5 else {"librarian": dice.choice(self.staff)}
            return Transfer(conversation=it.id, **to)
        deeds: tuple[Deed, ...] = (
            MarkRead(conversation=it.id, message=it.last_message),
            Note(conversation=it.id, text="See above."),
            Release(conversation=it.id),
            Release(conversation=it.id),
        )
        return dice.choice(deeds)

    def _of_a_colleague(self, state: State, it: Conversation) -> Deed:
        """Return what somebody of the patron's library does beside the owner, or for them."""
        dice = self.dice
        others = [one for one in state.opened.get(it.queue, ()) if one != it.id][:5]
        deeds: list[Deed] = [
            Join(conversation=it.id),
            Join(conversation=it.id),
            Leave(conversation=it.id),
            Say(conversation=it.id, text="And one thing more."),
            Give(conversation=it.id, librarian=dice.choice(self.staff)),
        ]
        deeds += [Merge(conversation=it.id, other=dice.choice(others))] if others else []
        deeds += [Unmerge(conversation=it.id, other=it.merged[0])] * 3 if it.merged else []
        return dice.choice(deeds)

    def _library_changes(self, state: State, now: int) -> Input:
        """An agreement is made or taken back, hours move, people leave or come back, a team changes."""
        dice = self.dice
        name = dice.choice(self.names)
        one = self.libraries[name]
        people = list(one.librarians)
        at = dice.randrange(1, len(people))
        people[at] = replace(people[at], active=not people[at].active)
        changes: tuple[dict[str, Any], ...] = (
            {"agreements": self._agreements(name)},
            {"agreements": self._agreements(name)},
            {"openings": openings(dice) if dice.random() < 0.9 else None},
            {"librarians": tuple(people)},
            {"teams": tuple(replace(team, members=tuple(dice.sample(self.people[name], 8))) for team in one.teams)},
            {"queues": (self._queue(name, "ask", dice.sample(self.names, 2)), one.queues[1])},
        )
        self.libraries[name] = replace(one, revision=one.revision + 1, **dice.choice(changes))
        return self.libraries[name]

    def _rare(self, state: State, now: int) -> Input:
        it, dice = self._some(state), self.dice
        queue = dice.choice(self.queues)
        boss = self.people[queue.partition("/")[0]][0]
        order = SetQueue(
            queue=queue, opening=dice.choice(("closed", "open", "usual")), until=now + dice.choice((0, HOUR))
        )
        if order.until == now:
            order = replace(order, until=0)
        choices: list[Input] = [ProcessGone(process=dice.choice("abc")), self._action(boss, order)]
        if it is not None:
            choices.append(Erase(id=f"e{self.n}", conversation=it.id) if dice.random() < 0.5 else
                           self._action(it.owner or boss, Block(conversation=it.id, until=now + HOUR)))  # fmt: skip
        return dice.choice(choices)

"""A desk under anything that people and the clock may do, in any order: the invariants hold, and every action is answered.

A Hypothesis machine draws what happens; After each input `Play.give` checks the invariants, and that the fold over the
written steps is the live state. Each action has its one answer. On top: no fault at all, and each message in one conversation.
"""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)
from msgspec.structs import replace

from bridge.contract.message import (
    LINK_MARK,
    Accept,
    Acknowledge,
    Announce,
    Block,
    Claim,
    Close,
    Consult,
    Deed,
    Dismiss,
    EndAnnouncement,
    EndConsult,
    Erase,
    FollowUpPlan,
    Forget,
    Give,
    Join,
    Leave,
    MarkRead,
    Merge,
    Note,
    OfferOwnData,
    Opening,
    PatronSign,
    PlaceLibrarian,
    Presence,
    ProcessGone,
    Receipt,
    Recode,
    Reject,
    Release,
    Reopen,
    Say,
    SetAvailability,
    SetFollowUp,
    SetQueue,
    SignOutLibrarian,
    Snooze,
    Started,
    Transfer,
    Unblock,
    Unmerge,
    Wake,
)
from routing import core
from routing.events import Received, Turned, deliveries
from routing.organisation import Librarian, Library, Queue, Team, Tier, Timers
from routing.records import at_key
from routing.state import State
from tests.routing.play import IM, MAIL, SMS, WEB, Play, tables

STAFF = ("ana", "ben", "sue", "tom")
QUEUES = ("north/ask", "north/law", "north/turn", "south/ask")
PATRONS = ("p1", "p2", "p3", "p4")
CHANNELS = ("web", "sms", "mail", "turn")
CODES = ("", "answered", "follow_up_library", "follow_up_me", "lost_call", "practice", "nonsense")
STAGES = ("uncertain", "sent", "delivered", "read", "failed")
TURN = WEB.__class__(channel="turn", kind="webchat", queue="north/turn", up=True, live=True)

staff = st.sampled_from(STAFF)


def consortium() -> tuple[Library, Library]:
    """Two libraries: tiers over both, one queue that assigns with an offer, one round robin with a fair limit."""
    home = Tier(teams=("north/desk",), after_s=40)
    back = Tier(teams=("south/night",), after_s=60)
    north = Library(
        id="north",
        revision=1,
        name="North",
        queues=(
            Queue(id="north/ask", name="Ask", tiers=(home, back)),
            Queue(id="north/law", name="Law", policy="fewest_active", offer_s=0, prefer_known=True),
            Queue(
                id="north/turn", name="Turn", policy="round_robin", tiers=(home, back), fair_limit=3, fair_window_s=120
            ),
        ),
        teams=(Team(id="north/desk", name="Desk", members=("ana", "ben")),),
        librarians=(
            Librarian(id="ana", name="Ana", live=2, slow=2, address="im|ana@example.org"),
            Librarian(id="ben", name="Ben", live=1, slow=1, role="coordinator"),
        ),
        contact_channel="mail",
    )
    south = Library(
        id="south",
        revision=1,
        name="South",
        queues=(Queue(id="south/ask", name="Ask", policy="longest_idle"),),
        teams=(Team(id="south/night", name="Night", members=("sue", "tom")),),
        librarians=(Librarian(id="sue", name="Sue", live=1), Librarian(id="tom", name="Tom", coordinator=True)),
    )
    return north, south


class DeskMachine(RuleBasedStateMachine):
    """Everybody at once."""

    talks = Bundle("talks")

    def __init__(self) -> None:
        super().__init__()
        self.play = Play(*consortium(), channels=(WEB, SMS, MAIL, IM, TURN))
        self.written: Counter[str] = Counter()
        self.revision = 1

    # ---- patrons ------------------------------------------------------------------------------------------------------

    @rule(
        target=talks,
        who=st.sampled_from(PATRONS),
        channel=st.sampled_from(CHANNELS),
        text=st.sampled_from(("Hi", "me@example.org", "thanks")),
        contact=st.sampled_from(("", "", "p@example.org")),
        subject=st.sampled_from(("", "Loans")),
        later=st.booleans(),
    )
    def writes(self, who: str, channel: str, text: str, contact: str, subject: str, later: bool) -> str:
        later = later and channel == "web"
        self.play.write(f"{who}@{channel}", text, contact=contact, subject=subject, later=later, name=who)
        self.written[self.play.log[-1].cause] += 1
        return self.play.id_of(f"{who}@{channel}")

    @rule(who=st.sampled_from(PATRONS), here=st.booleans())
    def leaves_or_returns(self, who: str, here: bool) -> None:
        self.play.give(PatronSign(channel="web", sender=who, here=here))

    @rule(who=st.sampled_from(PATRONS), channel=st.sampled_from(CHANNELS), score=st.integers(0, 4))
    def rates(self, who: str, channel: str, score: int) -> None:
        self.play.rate(f"{who}@{channel}", score, "so")

    @rule(who=st.sampled_from(PATRONS), channel=st.sampled_from(CHANNELS))
    def has_it_mailed(self, who: str, channel: str) -> None:
        """To an address that is in no table afterwards."""
        self.play.mail(f"{who}@{channel}", "hidden@example.org")
        assert "hidden@example.org" not in repr(tables(self.play.state))

    @rule(stage=st.sampled_from(STAGES), back=st.integers(0, 5))
    def receipt(self, stage: str, back: int) -> None:
        names = list(self.play.state.deliveries)
        name = names[-1 - back] if back < len(names) else f"unheard-{back}"
        self.play.give(Receipt(delivery=name, stage=stage))  # type: ignore[arg-type] # drawn from the stages

    # ---- librarians ----------------------------------------------------------------------------------------------------

    @rule(who=staff, process=st.sampled_from(("p1", "p2")), messenger=st.booleans(), up=st.booleans())
    def comes_or_goes(self, who: str, process: str, messenger: bool, up: bool) -> None:
        connection = f"im|{who}@example.org/1" if messenger else who
        self.play.give(Presence(process=process, connection=connection, librarian=who, up=up))

    @rule(who=staff, queues=st.sets(st.sampled_from(QUEUES)), live=st.integers(0, 3))
    def serves(self, who: str, queues: set[str], live: int) -> None:
        able = [queue for queue in sorted(queues) if who in self.play.state.roster.service(queue).level]
        self.play.act(who, SetAvailability(queues=tuple(able), live=live))

    @rule(who=staff, it=talks, kind=st.sampled_from((Claim, Accept, Reject, Release, Reopen, Block, Join, Leave)))
    def simple(self, who: str, it: str, kind: type[Claim]) -> None:
        self.play.act(who, kind(conversation=it))

    @rule(who=staff, it=talks)
    def says(self, who: str, it: str) -> None:
        self.play.act(who, Say(conversation=it, text="Hello"), via="im" if who == "ana" else "inbox")

    @rule(it=talks, who=staff)
    def a_colleague_joins_and_says(self, it: str, who: str) -> None:
        one = self.play.state.conversations.get(it)
        if one is not None and one.state == "active":
            self.play.act(who, Join(conversation=it))
            self.play.act(who, Say(conversation=it, text="And I"))

    @rule(it=talks, who=staff)
    def the_owner_is_cut_off_while_a_colleague_is_in_it(self, it: str, who: str) -> None:
        one = self.play.state.conversations.get(it)
        if one is None or not one.owner:
            return
        self.play.give(Presence(process="p1", connection=who, librarian=who, up=True))
        self.play.act(who, Join(conversation=it))
        for process, connection in self.play.state.staff[one.owner].connections:
            self.play.give(Presence(process=process, connection=connection, librarian=one.owner, up=False))
        self.play.wait(45_000)

    @rule(it=talks)
    def the_first_who_joined_leaves(self, it: str) -> None:
        one = self.play.state.conversations.get(it)
        if one is not None and one.companions:
            self.play.act(one.companions[0], Leave(conversation=it))

    @rule(it=talks)
    def the_owner_says(self, it: str) -> None:
        one = self.play.state.conversations.get(it)
        if one is not None and one.owner:
            self.play.act(one.owner, Say(conversation=it, text="Hello"))

    @rule(
        who=staff,
        it=talks,
        why=st.sampled_from(("no-answer", "patron", "later")),
        until=st.sampled_from((0, 0, 60_000)),
    )
    def snoozes(self, who: str, it: str, why: str, until: int) -> None:
        one = self.play.state.conversations.get(it)
        who = one.owner if one is not None and one.owner else who
        until = self.play.now + until if until else 0
        self.play.act(who, Snooze(conversation=it, why=why, until=until))  # type: ignore[arg-type] # drawn from the reasons

    @rule(it=talks)
    def the_owner_wakes_it(self, it: str) -> None:
        one = self.play.state.conversations.get(it)
        if one is not None and one.owner:
            self.play.act(one.owner, Wake(conversation=it))

    @rule(who=staff, it=talks)
    def notes_and_reads(self, who: str, it: str) -> None:
        self.play.act(who, Note(conversation=it, text="hm"))
        self.play.act(who, MarkRead(conversation=it, message="m"))

    @rule(it=talks, who=staff, to=st.sampled_from(STAFF + QUEUES + ("north",)), ends=st.booleans(), join=st.booleans())
    def consults(self, it: str, who: str, to: str, ends: bool, join: bool) -> None:
        whom = {"queue" if "/" in to else "library" if to == "north" else "librarian": to}
        deed: Deed = EndConsult(conversation=it, **whom) if ends else Consult(conversation=it, **whom, join=join)
        self.play.act(who, deed)

    @rule(it=talks, to=st.sampled_from(STAFF + QUEUES))
    def transfers(self, it: str, to: str) -> None:
        one = self.play.state.conversations.get(it)
        who = one.owner if one is not None and one.owner else "ana"
        deed: Deed = Transfer(conversation=it, **{"queue" if "/" in to else "librarian": to})
        self.play.act(who, deed)

    @rule(it=talks, code=st.sampled_from(CODES), address=st.sampled_from(("", "p@example.org")), anybody=staff)
    def closes(self, it: str, code: str, address: str, anybody: str) -> None:
        one = self.play.state.conversations.get(it)
        who = one.owner if one is not None and one.owner else anybody
        self.play.act(who, Close(conversation=it, code=code, follow_up=FollowUpPlan(address=address)))

    @rule(who=staff, it=talks, code=st.sampled_from(CODES))
    def recodes(self, who: str, it: str, code: str) -> None:
        self.play.act(who, Recode(conversation=it, code=code))

    @rule(target=talks, patron=st.sampled_from(PATRONS), why=st.sampled_from(("automatic", "list")))
    def a_mail_is_set_aside(self, patron: str, why: str) -> str:
        self.play.write(f"{patron}@mail", "Issue 12 is out", aside=why, subject=why)
        self.written[self.play.log[-1].cause] += 1
        return self.play.id_of(f"{patron}@mail")

    @rule(it=talks, who=staff)
    def it_is_not_for_the_desk(self, it: str, who: str) -> None:
        self.play.act(who, Dismiss(conversation=it))

    @rule(who=staff, one=talks, other=talks)
    def merges(self, who: str, one: str, other: str) -> None:
        self.play.act(who, Merge(conversation=one, other=other))

    @rule(it=talks, who=staff)
    def a_merge_is_taken_back(self, it: str, who: str) -> None:
        one = self.play.state.conversations.get(it)
        if one is not None and one.merged:
            self.play.act(who, Unmerge(conversation=it, other=one.merged[0]))

    @rule(it=talks, which=st.integers(0, 2))
    def the_owner_says_it_elsewhere(self, it: str, which: int) -> None:
        """At an address that the patron used before, or of a conversation that is merged."""
        one = self.play.state.conversations.get(it)
        if one is None or not one.owner:
            return
        others = [self.play.state.conversations[each] for each in one.merged if each in self.play.state.conversations]
        places = [at_key(each.channel, each.address) for each in one.routes]
        places += [at_key(each.channel, each.address) for each in others]
        if places:
            self.play.act(one.owner, Say(conversation=it, text="Here", via=places[which % len(places)]))

    @rule(who=staff, it=talks, follow_up=st.booleans(), ordered=st.booleans())
    def forgets(self, who: str, it: str, follow_up: bool, ordered: bool) -> None:
        if ordered:
            self.play.give(Erase(id=f"order-{self.play.now}-{it}", conversation=it, follow_up=follow_up))
        else:
            self.play.act(who, Forget(conversation=it, follow_up=follow_up))

    @rule(who=staff, it=talks)
    def has_own_data_sent(self, who: str, it: str) -> None:
        self.play.act(who, OfferOwnData(conversation=it, link=f"https://desk.example/own-data/{LINK_MARK}"))

    @rule(who=staff, stage=st.sampled_from(("new", "open", "pending", "closed")), owner=st.sampled_from(("", *STAFF)))
    def follow_up(self, who: str, stage: str, owner: str) -> None:
        for name in list(self.play.state.follow_ups):
            self.play.act(who, SetFollowUp(follow_up=name, state=stage, owner=owner))  # type: ignore[arg-type] # drawn

    @rule(who=staff, patron=st.sampled_from(PATRONS))
    def unblocks(self, who: str, patron: str) -> None:
        self.play.act(who, Unblock(channel="web", address=patron))

    # ---- a coordinator --------------------------------------------------------------------------------------------------

    @rule(queue=st.sampled_from(QUEUES), opening=st.sampled_from(("usual", "closed", "open")), lasting=st.booleans())
    def orders_a_queue(self, queue: str, opening: Opening, lasting: bool) -> None:
        until = 0 if lasting else self.play.now + 60_000
        self.play.act("ben", SetQueue(queue=queue, opening=opening, until=until, notice="For now."))

    @rule(it=talks, to=staff)
    def gives(self, it: str, to: str) -> None:
        self.play.act("ben", Give(conversation=it, librarian=to))

    @rule(who=staff, queues=st.sets(st.sampled_from(QUEUES)))
    def moves_a_colleague(self, who: str, queues: set[str]) -> None:
        able = [queue for queue in sorted(queues) if who in self.play.state.roster.service(queue).level]
        self.play.act("ben", PlaceLibrarian(librarian=who, queues=tuple(able)))

    @rule(who=staff)
    def signs_a_colleague_out(self, who: str) -> None:
        self.play.act("ben", SignOutLibrarian(librarian=who))

    @rule(who=staff, ends=st.booleans())
    def tells_all_staff(self, who: str, ends: bool) -> None:
        told = list(self.play.state.announcements)
        for one in told:
            self.play.act(who, EndAnnouncement(announcement=one) if ends else Acknowledge(announcement=one))
        if not told:
            self.play.act("ben", Announce(text="The lift is broken.", until=self.play.now + 90_000, library="north"))

    # ---- the desk --------------------------------------------------------------------------------------------------------

    @rule(process=st.sampled_from(("p1", "p2")))
    def process_dies(self, process: str) -> None:
        self.play.give(ProcessGone(process=process))

    @rule(tiers=st.booleans(), quick=st.booleans(), gone=st.sampled_from(((), ("ben",), ("sue",), ("ana", "ben"))))
    def the_libraries_change(self, tiers: bool, quick: bool, gone: tuple[str, ...]) -> None:
        """Other tiers and timers, somebody deactivated: it holds for what is under way."""
        self.revision += 1
        for library in consortium():
            queues = tuple(replace(queue, tiers=queue.tiers if tiers else queue.tiers[:1]) for queue in library.queues)
            people = tuple(replace(one, active=one.id not in gone) for one in library.librarians)
            timers = Timers(remind_s=20, mark_s=30, close_silent_s=0, reopen_live_s=60) if quick else Timers()
            changed = replace(library, revision=self.revision, queues=queues, librarians=people, timers=timers)
            self.play.give(changed)
        self.play.wait(0)  # by the new rules something may have fallen due already

    @rule()
    def fails_over(self) -> None:
        self.play.state = State.of(tables(self.play.state))
        self.play.give(Started(process="p1"))

    @rule(ms=st.sampled_from((1, 1_000, 20_000, 45_000, 100_000, 400_000, 90_000_000)))
    def time_passes(self, ms: int) -> None:
        self.play.wait(ms)

    @rule(it=consumes(talks))
    def forget_a_name(self, it: str) -> None:
        """Let the machine talk about others."""

    @rule(target=talks)
    def all_open(self) -> object:
        opened = [it.id for it in self.play.state.conversations.values() if it.state != "closed"]
        return multiple(*opened[:2])

    # ---- what must hold ----------------------------------------------------------------------------------------------------

    @invariant()
    def no_faults(self) -> None:
        assert self.play.faults() == []

    @invariant()
    def nothing_is_overdue(self) -> None:
        """What fell due by what just happened is done by the tick that the runner adds at once."""
        self.play.wait(0)
        due = core.next_deadline(self.play.state)
        assert due is None or due > self.play.now

    def teardown(self) -> None:
        """Each message went to exactly one conversation or was turned away; no delivery id comes twice."""
        joined = Counter(
            event.message.id if isinstance(event, Received) else event.message
            for step in self.play.log
            for event in step.events
            if isinstance(event, Received | Turned)
        )
        assert joined == self.written
        ids = Counter(delivery.id for step in self.play.log for delivery in deliveries(step))
        assert all(number == 1 for number in ids.values())


@pytest.mark.timeout(1200)
def test_anything_in_any_order(long: bool) -> None:
    run_state_machine_as_test(
        DeskMachine,
        settings=settings(
            max_examples=3_000 if long else 80,
            stateful_step_count=80 if long else 50,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )

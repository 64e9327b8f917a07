"""Every rule of the collected routing semantics: played here, or left out with a reason (`RULED_OUT`).

The numbers are the ids of the collection (corpora/routing_semantics.jsonl).
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from bridge.contract.message import Action, Claim
from routing import core, desk_view
from routing.assign import rotation
from routing.events import Refused, answer
from routing.organisation import Librarian, Queue
from routing.state import State
from tests.corpora import rows
from tests.routing.play import BEGIN, MAIL, SMS, WEB, Play, assigning, north, tables

Case = Callable[[], None]
CASES: set[str] = set()

# Rules of other desks that this one leaves out, and why.
RULED_OUT = {
    "routing/15": "a conversation held by a bot: there are no bots at this desk; a librarian answers",
    "routing/16": "moving to a team clears the assignee: here a transfer is an offer, and stays with its sender until somebody"
    ' accepts (practice: "returns to the sender, never to limbo")',
    "routing/17": "moving to a team assigns one of its members at once: the member is asked first, as above",
    "routing/25": "assigning to somebody who is idle: librarians opt in to each queue; nobody guesses from the keyboard",
    "routing/33": "bots first: there are no bots at this desk",
    "routing/34": "no bots, no bot rule: there are no bots at this desk",
}


def case(*numbers: str) -> Callable[[Case], Case]:
    """Mark a test with the rules that it plays."""

    def keep(test: Case) -> Case:
        CASES.update(f"routing/{number}" for number in numbers)
        return test

    return keep


def five(**changes: object) -> Play:
    """A round robin of m0..m4; who is present is said in the case."""
    staff = tuple(Librarian(id=f"m{n}", name=f"M{n}", live=50) for n in range(5))
    library = assigning("round_robin", **changes)
    return Play(north(librarians=staff, queues=library.queues))


def staffed(play: Play, *names: str) -> Play:
    for n, name in enumerate(names):
        play.script(f"> {name} comes p1.{name}{n}\n> {name} serves north/ask")
    return play


def order(play: Play) -> list[str]:
    return list(rotation(play.state, play.state.roster.service("north/ask")))


@case("01")
def test_picked_goes_to_the_end() -> None:
    play = staffed(five(), "m0", "m4").script("> p1: hi")
    assert play.owner("p1") == "m0"
    assert order(play) == ["m1", "m2", "m3", "m4", "m0"]


@case("02")
def test_strict_rotation_among_the_allowed() -> None:
    play = staffed(five(), "m3", "m2").script("> p1: hi\n> p2: hi")
    assert [play.owner("p1"), play.owner("p2")] == ["m2", "m3"]
    assert order(play) == ["m0", "m1", "m4", "m2", "m3"]


@case("03", "36")
def test_nobody_there_stays_waiting() -> None:
    play = five().script("> p1: hi\n< opened; received; queued; noticed event=nobody")
    assert play.of("p1").state == "waiting"
    staffed(play, "m3")
    assert play.owner("p1") == "m3"


@case("04", "05")
def test_rotation_is_mended_to_present_members() -> None:
    play = staffed(five(), "m0", "m1").script("> p1: hi")
    play.state.rotations.put("north/ask", ("gone", "m1", "m4"))
    play.state.journal.clear()
    assert order(play) == ["m1", "m4", "m0", "m2", "m3"]
    play.state.rotations.drop("north/ask")
    play.state.journal.clear()
    assert order(play) == ["m0", "m1", "m2", "m3", "m4"]


@case("06")
def test_no_assignment_where_the_queue_offers_to_all() -> None:
    play = staffed(Play(), "ana").script("> p1: hi\n< opened; received; queued; offered to=ana assigned=False")
    assert play.of("p1").owner == ""


@case("07", "08")
def test_never_reassigned_and_closed_ones_stay_closed() -> None:
    play = Play(assigning()).script(
        """
        > p1: hi
        > p2: hi
        > ana claims p2
        > ana closes p2 as=answered
        > ana comes
        > ana serves north/ask
        """
    )
    assert play.owner("p1") == "ana"
    play.script("> ben comes p1.c2\n> ben serves north/ask\n< connected; availability")
    assert play.owner("p1") == "ana"
    assert play.of("p2").state == "closed"


@case("09")
def test_limit_two_of_three() -> None:
    play = Play(assigning()).script("> p1: a\n> p2: b\n> p3: c\n> ana comes\n> ana serves north/ask live=2")
    assert [play.owner(one) for one in ("p1", "p2", "p3")] == ["ana", "ana", ""]


@case("10", "11")
def test_one_slot_longest_waiting() -> None:
    play = Play(assigning()).script(
        "> p1: a\n> +5s\n> p2: b\n> +5s\n> p1: still me\n> ana comes\n> ana serves north/ask live=1"
    )
    assert [play.owner("p1"), play.owner("p2")] == ["ana", ""]


@case("12")
def test_fair_limit() -> None:
    play = Play(assigning("fewest_active", fair_limit=2, fair_window_s=3600))
    staffed(play, "ana").script("> p1: a\n> p2: b\n> ana closes p1\n> ana closes p2")
    staffed(play, "ben").script("> p3: c")
    assert play.owner("p3") == "ben"
    play.script("> ben goes p1.ben0\n> +1min\n> p4: d")
    assert play.owner("p4") == ""
    play.script("> +1h")
    assert play.owner("p4") == "ana"


@case("13")
def test_even_without_a_fair_limit() -> None:
    for policy in ("round_robin", "fewest_active", "longest_idle"):
        play = staffed(Play(assigning(policy)), "ana", "ben", "cem")
        for name in ("ana", "ben", "cem"):
            play.script(f"> {name} serves north/ask live=9")
        play.script("\n".join(f"> p{n}: hi" for n in range(20)))
        numbers = [play.state.load_of(name, True) for name in ("ana", "ben", "cem")]
        assert max(numbers) - min(numbers) <= 1, policy


@case("14")
def test_assigned_again_only_when_reopened() -> None:
    play = staffed(Play(assigning()), "ana").script(
        """
        > p1: a
        > ana closes p1
        > ana serves nothing
        > ben comes p1.b
        > ben serves north/ask
        > p1: b
        """
    )
    assert play.owner("p1") == "ben"
    play.script("> p1: c\n< received")


@case("18")
def test_moved_to_a_queue_the_owner_serves_too() -> None:
    play = staffed(Play(), "ana", "ben").script(
        "> p1: a\n> ana claims p1\n> ben serves north/law\n> ana transfers p1 to north/law"
    )
    assert play.owner("p1") == "ana"


@case("19", "37", "38")
def test_a_team_without_anybody_present() -> None:
    play = staffed(Play(assigning()), "ana").script("> ana serves nothing\n> p1: a")
    assert play.of("p1").state == "waiting"
    assert set(play.state.roster.service("north/ask").members) == {"ana", "ben", "cem"}
    play.script("> ana goes p1.ana0\n> +31s\n> p2: b")
    assert play.of("p2").state == "waiting"


@case("20")
def test_by_hand_is_told_exactly_once() -> None:
    staffed(Play(), "ana").script(
        """
        > p1: a
        < opened; received; queued; offered
        > ana claims p1
        < claimed by=ana; noticed
        > ana releases p1
        < released by=ana; queued reason=released
        """
    )


@case("21", "23", "42")
def test_only_who_is_available() -> None:
    library = assigning()
    staff = (*library.librarians, Librarian(id="dee", name="Dee", active=False))
    play = staffed(Play(north(queues=library.queues, librarians=staff)), "ana", "ben")
    play.script(
        """
        > dee comes p1.d
        > dee serves north/ask
        < connected; refused reason=unknown-librarian
        > ben serves nothing
        > p1: a
        > p2: b
        """
    )
    assert [play.owner("p1"), play.owner("p2")] == ["ana", "ana"]


@case("22")
def test_at_the_limit_it_waits() -> None:
    play = Play(assigning()).script("> ana comes\n> ana serves north/ask live=2\n> p1: a\n> p2: b\n> p3: c")
    assert [play.owner(one) for one in ("p1", "p2", "p3")] == ["ana", "ana", ""]
    play.script("> ana closes p1\n< noticed; closed; claimed conversation=p3 by=ana how=assign; noticed")


@case("24", "44")
def test_there_but_not_opted_in() -> None:
    Play(assigning()).script("> ana comes\n> p1: a\n< connected; opened; received; queued; noticed event=nobody")


@case("26", "48")
def test_told_when_nobody_takes_messages() -> None:
    library = north(queues=(Queue(id="north/ask", name="Ask", accept_when_closed=False),))
    play = Play(library).script("> p1: a\n< opened; received; noticed event=not-taken; closed reason=closed-hours")
    play.script("> p1: b\n< received; noticed event=not-taken\n> p1@mail: c\n< opened; received; queued")
    staffed(play, "ana").script("> p1: c\n< reopened; received; queued reason=reopened; offered to=ana")


@case("27")
def test_accepted_without_anybody() -> None:
    Play(assigning()).script("> p1: a\n< opened; received; queued; noticed event=nobody")


def known(present: str, prefer: bool = True) -> Play:
    play = staffed(Play(assigning("fewest_active", prefer_known=prefer)), "ana")
    play.script("> p1: a\n> ana closes p1\n> +25h\n> p2: x\n> p3: y")
    assert play.id_of("p1") not in play.state.conversations
    return staffed(play, *present.split()).script("> p1: again")


@case("28")
def test_known_librarian_regardless_of_load() -> None:
    assert known("ben").owner("p1") == "ana"


@case("29")
def test_known_librarian_away() -> None:
    play = staffed(Play(assigning(prefer_known=True)), "ana").script(
        "> p1: a\n> ana closes p1\n> +25h\n> ana serves nothing"
    )
    assert staffed(play, "ben").script("> p1: again").owner("p1") == "ben"


@case("30")
def test_known_librarian_not_preferred() -> None:
    assert known("ben", prefer=False).owner("p1") == "ben"


@case("31")
def test_fewest_active() -> None:
    play = staffed(Play(assigning("fewest_active")), "ana").script("> p1: a\n> p2: b")
    staffed(play, "ben").script("> p3: c\n> p4: d")
    assert [play.owner("p3"), play.owner("p4")] == ["ben", "ben"]


@case("32", "35")
def test_longest_idle() -> None:
    play = staffed(Play(assigning()), "ben", "ana").script("> p1: a\n> p2: b")
    assert [play.owner("p1"), play.owner("p2")] == ["ben", "ana"]
    play.script("> p3: c\n> p4: d")
    assert [play.owner("p3"), play.owner("p4")] == ["ben", "ana"]


@case("39")
def test_two_claim_at_once() -> None:
    play = staffed(Play(), "ana", "ben").script("> p1: a")
    play.drop()
    it = play.id_of("p1")
    steps = [play.give(Action(id=f"claim-{by}", by=by, deed=Claim(conversation=it))) for by in ("ben", "ana")]
    answers = [answer(step) for step in steps]
    assert play.owner("p1") == "ben"
    assert isinstance(answers[1], Refused)
    assert answers[1].holder == "ben"


@case("40")
def test_every_member_once_a_round() -> None:
    play = staffed(Play(assigning("round_robin", offer_s=20)), "ana", "ben", "cem")
    play.script(
        """
        > p1: a
        < opened; received; queued; offered to=ana assigned=True
        > ana rejects p1
        < offer-rejected by=ana; offered to=ben
        > +20s
        < revoked to=ben reason=timeout; offered to=cem
        > cem rejects p1
        < offer-rejected
        > +29s
        < nothing
        > +1s
        < queued reason=requeued; offered to=ana
        """
    )


@case("41")
def test_the_rotation_survives_a_restart() -> None:
    play = staffed(Play(assigning("round_robin")), "ana", "ben", "cem").script("> p1: a")
    loaded = State.of(tables(play.state))
    assert rotation(loaded, loaded.roster.service("north/ask")) == ("ben", "cem", "ana")


@case("43")
def test_offered_to_all_first_message_claims() -> None:
    staffed(Play(), "ana", "ben", "cem").script(
        """
        > p1: a
        < opened; received; queued; offered to=ana,ben,cem
        > cem says p1: Hello
        < claimed by=cem how=say; noticed; said
        > ana claims p1
        < refused reason=taken holder=cem
        """
    )


@case("45")
def test_online_with_one_there() -> None:
    play = Play()
    assert not desk_view.view(play.state, "web", play.now).online
    staffed(play, "ana")
    assert desk_view.view(play.state, "web", play.now).online
    play.script("> ana serves nothing")
    assert not desk_view.view(play.state, "web", play.now).online


@case("46")
def test_concierge() -> None:
    play = staffed(Play(), "ana").script(
        """
        > p1: a
        < opened; received; queued; offered
        > +75s
        < reminded what=concierge; noticed event=concierge
        > +10min
        < nothing
        """
    )
    assert play.of("p1").state == "waiting"


@case("47")
def test_a_text_message_while_offline() -> None:
    play = Play().script(
        "> p1@sms: a\n< opened live=False; received; queued; noticed event=nobody channel=sms automatic=True"
    )
    play.script("> p1@sms: b\n< received")
    before = play.of("p1@sms").since
    play.script(
        """
        > +8h
        > ana comes
        > ana serves north/ask
        < connected; availability; offered to=ana
        > ana says p1@sms: Good morning
        < claimed; said channel=sms
        """
    )
    assert play.log[-1].at - before >= 8 * 3_600_000


@case("49")
def test_transfer_stays_with_the_sender_until_taken() -> None:
    staffed(Play(), "ana", "ben").script(
        """
        > p1: a
        > ana claims p1
        > ana transfers p1 to ben: a law question
        < opened; received; queued; offered; claimed; noticed; transfer-offered by=ana librarian=ben; noticed event=transfer
        > ana says p1: one moment
        < transfer-ended reason=withdrawn; said by=ana
        > ana transfers p1 to ben
        < transfer-offered; noticed
        > ben says p1: Hello, I can help
        < claimed by=ben how=transfer; noticed event=transferred; said by=ben
        > ana says p1: wait
        < refused reason=taken holder=ben
        """
    )


@case("50")
def test_transfer_to_a_queue_asks_all_its_staff() -> None:
    play = staffed(Play(), "ana", "ben", "cem").script(
        """
        > ben serves north/law
        > cem serves north/law
        > p1: a
        > ana claims p1
        > ana transfers p1 to north/law
        """
    )
    assert all(desk_view.visible(play.state, one, play.of("p1")) for one in ("ben", "cem"))
    play.script(
        "> cem accepts p1\n< queued queue=north/law reason=transferred; claimed by=cem; noticed event=transferred"
    )
    assert play.of("p1").queue == "north/law"
    assert play.of("p1").entered == "north/ask"


@case("51")
def test_place_and_wait_are_told() -> None:
    play = staffed(Play(), "ana").script("> p0: z\n> +30s\n> ana claims p0\n> p1: a\n> p2: b\n> p3: c")
    places = [desk_view.view(play.state, "web", play.now, one).place for one in ("p1", "p2", "p3")]
    assert places == [1, 2, 3]
    waits = [desk_view.view(play.state, "web", play.now, one).wait_s for one in ("p1", "p2", "p3")]
    assert waits == sorted(w for w in waits if w is not None)
    play.script("> p1 leaves\n> +2min")
    assert play.of("p1").state == "closed"
    assert desk_view.view(play.state, "web", play.now, "p2").place == 1


@case("52")
def test_no_ghost_offer_when_the_patron_left() -> None:
    play = staffed(Play(assigning(offer_s=600)), "ana").script(
        """
        > p1: a
        < opened; received; queued; offered to=ana assigned=True
        > p1 leaves
        < patron-gone gone=True
        > +119s
        < reminded what=concierge; noticed
        > +1s
        < closed code=lost_call reason=patron-left; revoked to=ana reason=closed
        """
    )
    assert play.state.load_of("ana", True) == 0


def test_a_rule_is_played_or_ruled_out_and_not_both() -> None:
    assert RULED_OUT
    assert not CASES & set(RULED_OUT)


def test_every_rule_of_the_collection_is_played_or_ruled_out() -> None:
    """A collection that numbers its rules otherwise cannot be judged by their names, nor can rules that were added since."""
    wanted = {row["id"] for row in rows("routing_semantics")}
    decided = CASES | set(RULED_OUT)
    if not wanted & decided:
        pytest.skip("another collection: none of its rules is known by its number")
    newest = max(decided)
    assert {number for number in wanted - decided if number < newest} == set()


def test_the_channels_of_the_cases_are_what_they_say() -> None:
    assert WEB.live
    assert not SMS.live
    assert MAIL.threads
    assert core.next_deadline(State.fresh()) is None
    assert Play().now == BEGIN

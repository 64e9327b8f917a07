"""A colleague joins a conversation: both answer, one owns it, and the patron is not left alone when the owner goes."""

from __future__ import annotations

import pytest

from bridge.contract.message import MarkRead, Note
from routing.events import LeftConversation, deliveries
from routing.organisation import Librarian, Queue
from routing.records import Conversation
from tests.routing.play import Play, cooperative, north

TALKING = """
    > ana comes p1.a
    > ana serves north/ask
    > ben comes p1.b
    > cem comes p1.c
    > pat name=Pat: Hi
    > ana claims pat
"""
JOINED = TALKING + "\n    > ben joins pat\n"


def talking() -> Play:
    return Play().script(TALKING)


def joined() -> Play:
    return Play().script(JOINED)


def company(play: Play, who: str = "pat") -> tuple[str, tuple[str, ...]]:
    it = play.of(who)
    return it.owner, it.companions


def test_the_patron_is_told_by_name_and_the_owner_stays() -> None:
    play = talking().script(
        """
        > ben joins pat
        < joined by=ben; noticed event=joined text=Ben_has_joined_us_and_can_answer_too.
        > ben joins pat
        < done by=ben
        > ana joins pat
        < done by=ana
        """
    )
    assert company(play) == ("ana", ("ben",))


def test_a_colleague_who_is_not_opted_in_anywhere_may_join_and_needs_no_room() -> None:
    play = Play(north(librarians=(Librarian(id="ana", name="Ana"), Librarian(id="ben", name="Ben", live=1)))).script(
        TALKING.replace("> cem comes p1.c", "> ben serves north/ask")
    )
    play.script("> ben joins pat\n> joe: Me too\n< joined; noticed; opened; received; queued; offered to=ana,ben")
    assert play.state.load_of("ben", True) == 0


def test_both_answer_and_the_patron_reads_both_names() -> None:
    play = joined().script(
        """
        > ben says pat: I know that map
        < said by=ben author=Ben to=pat
        > ana says pat: Ask him anything
        < said by=ana author=Ana to=pat
        """
    )
    assert company(play) == ("ana", ("ben",))


def test_the_others_are_refused_as_before() -> None:
    joined().script(
        """
        > cem says pat: Me too
        < refused reason=taken holder=ana
        > cem reads pat
        < refused reason=not-yours
        """
    )


def test_who_joined_marks_read_and_does_not_take_back_what_the_owner_read() -> None:
    play = joined()
    first = play.of("pat").last_message
    play.script("> pat: And the shelf?\n> ben reads pat\n< received; read-up-to by=ben kind=mark")
    assert play.of("pat").read == play.of("pat").last_message != first
    play.act("ana", MarkRead(conversation=play.id_of("pat"), message=first))
    assert play.of("pat").read == play.of("pat").last_message


def test_an_answer_of_either_ends_the_silence() -> None:
    joined().script("> pat: Well?\n> +100s\n> ben says pat: Wait\n> +100s\n< received; said")


@pytest.mark.parametrize("deed", ["closes pat", "transfers pat to cem", "releases pat"])
def test_only_the_owner_ends_it_or_passes_it_on(deed: str) -> None:
    reason = "taken" if deed.startswith("closes") else "not-yours"
    play = joined().script(f"> ben {deed}\n< refused reason={reason} holder=ana")
    assert company(play) == ("ana", ("ben",))


def test_leaving() -> None:
    play = joined().script(
        """
        > ana quits pat
        < refused reason=yours
        > ben quits pat
        < left-conversation by=ben reason=left
        > ben quits pat
        < refused reason=not-joined
        > ben says pat: Still me
        < refused reason=taken holder=ana
        """
    )
    assert company(play) == ("ana", ())


def test_the_patron_is_told_once_of_each_colleague() -> None:
    joined().script(
        """
        > ben quits pat
        > ben joins pat
        < left-conversation; joined
        > cem joins pat
        < joined by=cem; noticed text=Cem_has_joined_us_and_can_answer_too.
        """
    )


def test_nobody_joins_what_waits_or_is_closed() -> None:
    talking().script(
        """
        > joe: Hello
        < opened; received; queued; offered
        > ben joins joe
        < refused reason=unclaimed
        > ana closes pat
        < noticed event=goodbye; closed
        > ben joins pat
        < refused reason=closed
        """
    )


def test_a_stranger_is_refused_and_whoever_a_transfer_asks_comes_in_and_says_so() -> None:
    play = Play(*cooperative()).script(
        """
        > ana comes p1.a
        > ana serves north/ask
        > sue comes p1.s
        > sue serves north/ask
        > pat: Hi
        > ana claims pat
        > tom joins pat
        < connected; availability; connected; availability; opened; received; queued; offered; claimed; noticed; refused
        > tom joins pat
        < refused reason=no-access
        > ana transfers pat to sue
        > sue joins pat
        < transfer-offered; noticed; joined by=sue; noticed text=Sue_from_South_Library_has_joined_us_and_can_answer_too.
        > sue says pat: Good evening
        < said by=sue
        """
    )
    assert company(play) == ("ana", ("sue",))
    play.script(
        "> sue rejects pat\n< transfer-ended by=ana; noticed event=transfer-back\n> sue says pat: Still here\n< said by=sue"
    )


def test_slow_channels_patrons_are_not_told() -> None:
    talking().script(
        "> mel@sms: Hi\n> ana claims mel@sms\n> ben joins mel@sms\n< opened; received; queued; offered; claimed; joined"
    )


def test_a_patron_who_has_gone_is_not_told() -> None:
    talking().script("> pat leaves\n> ben joins pat\n< patron-gone; joined")


# ---- how it ends ------------------------------------------------------------------------------------------------------------


def test_closing_ends_it_and_reopening_does_not_bring_it_back() -> None:
    play = joined().script("> ana closes pat\n< noticed; closed\n> ben quits pat\n< refused reason=closed")
    assert company(play) == ("", ())
    assert "ben" not in play.state.joined
    play.script("> ana reopens pat\n< reopened; claimed\n> ben joins pat\n< joined; noticed event=joined")


def test_going_back_to_the_queue_ends_it() -> None:
    play = joined().script(
        "> ben serves north/ask\n> ana releases pat\n< availability; released; queued; offered to=ben"
    )
    assert company(play) == ("", ())


def test_a_transfer_to_who_joined_makes_him_the_owner() -> None:
    play = joined().script(
        """
        > ana transfers pat to ben
        < transfer-offered; noticed
        > ben says pat: I am still only beside her
        < said by=ben
        > ben accepts pat
        < claimed by=ben how=transfer; noticed event=transferred
        """
    )
    assert company(play) == ("ben", ())


@pytest.mark.parametrize("to", ["cem", "north/law"])
def test_a_transfer_to_somebody_else_leaves_him_in_it(to: str) -> None:
    play = joined().script(f"> cem serves north/law\n> ana transfers pat to {to}\n> cem accepts pat")
    assert company(play) == ("cem", ("ben",))


@pytest.mark.parametrize("patron", ["pat", "mel@sms"])
def test_being_away_beyond_the_grace_ends_it(patron: str) -> None:
    play = talking().script("> mel@sms: Hi\n> ana claims mel@sms")
    play.script(f"> ben joins {patron}\n> ben goes p1.b\n> +29s\n> ben comes p1.b\n> +30s")
    assert company(play, patron) == ("ana", ("ben",))
    play.script("> ana says pat: Wait\n> ben goes p1.b\n> +30s")
    assert [(event.by, event.reason) for event in play.drop() if isinstance(event, LeftConversation)] == [
        ("ben", "away")
    ]
    assert company(play, patron) == ("ana", ())


def test_who_joins_without_being_connected_has_the_grace_to_come() -> None:
    play = talking().script("> ben goes p1.b\n> +1min\n> ben joins pat\n> +29s")
    assert company(play) == ("ana", ("ben",))
    play.script("> +1s\n< left; left-conversation by=ben")


def test_a_dismissed_librarian_is_in_nothing() -> None:
    play = joined()
    staff = (Librarian(id="ana", name="Ana"), Librarian(id="ben", name="Ben", active=False))
    play.give(north(revision=2, librarians=staff))
    assert company(play) == ("ana", ())


# ---- the owner goes --------------------------------------------------------------------------------------------------------


def test_the_owner_goes_and_who_joined_first_goes_on() -> None:
    play = joined().script(
        """
        > cem joins pat
        > ana goes p1.a
        > +30s
        < joined; noticed; disconnected; left librarian=ana; claimed by=ben how=successor; noticed event=successor
        """
    )
    assert company(play) == ("ben", ("cem",))
    assert play.of("pat").helper == "ben"


def test_who_is_cut_off_himself_is_passed_over() -> None:
    play = joined().script("> cem joins pat\n> ben goes p1.b\n> ana goes p1.a\n> +30s")
    assert company(play) == ("cem", ())


def test_with_everybody_gone_it_waits_ahead_of_newer_ones() -> None:
    play = joined().script("> cem goes p1.c\n> ben goes p1.b\n> ana goes p1.a\n> +30s")
    assert (play.of("pat").state, company(play)) == ("waiting", ("", ()))


def test_a_transfer_on_offer_returns_and_who_joined_goes_on() -> None:
    play = joined().script("> ana transfers pat to cem\n> ana goes p1.a\n> +30s")
    assert company(play) == ("ben", ())
    assert play.of("pat").handover is None


def test_it_may_go_beyond_his_capacity() -> None:
    staff = (Librarian(id="ana", name="Ana"), Librarian(id="ben", name="Ben", live=1), Librarian(id="cem", name="Cem"))
    play = Play(north(librarians=staff)).script(JOINED)
    play.script("> joe: Hi\n> ben serves north/ask\n> ben claims joe\n> ana goes p1.a\n> +30s")
    assert play.owner("pat") == play.owner("joe") == "ben"


def test_a_slow_one_stays_its_owners_until_the_patron_writes() -> None:
    play = talking().script("> mel@sms: Hi\n> ana claims mel@sms\n> ben joins mel@sms\n> ana goes p1.a\n> +30s")
    assert company(play, "mel@sms") == ("ana", ("ben",))
    play.script("> mel@sms: Anybody?\n< received; claimed by=ben how=successor")


def test_a_patron_who_has_gone_is_not_told_who_goes_on() -> None:
    joined().script("> pat leaves\n> ana goes p1.a\n> +30s\n< patron-gone; disconnected; left; claimed by=ben")


def test_an_answer_elsewhere_makes_room_for_the_owner_and_not_for_who_wrote_it() -> None:
    queue = Queue(id="north/ask", name="Ask", policy="longest_idle", offer_s=0)
    staff = (Librarian(id="ana", name="Ana", live=1), Librarian(id="ben", name="Ben", live=1))
    play = Play(north(librarians=staff, queues=(queue,), contact_channel="mail")).script(
        """
        > ana comes p1.a
        > ana serves north/ask
        > ben comes p1.b
        > pat contact=pat@example.org: Hi
        > joe: Hi
        > ben joins pat
        > ben says pat via=mail|pat@example.org: The scan is attached
        """
    )
    assert play.owner("joe") == "ana"


# ---- on their own messengers -----------------------------------------------------------------------------------------------


def by_messenger() -> Play:
    staff = tuple(Librarian(id=one, name=one.title(), address=f"im|{one}@example.org") for one in ("ana", "ben", "cem"))
    return Play(north(librarians=staff)).script(
        """
        > ana comes p1.im|ana@example.org/phone
        > ana serves north/ask
        > ben comes p1.im|ben@example.org
        > cem comes p1.im|cem@example.org
        > pat name=Pat: Hi
        > ana claims pat by=im
        """
    )


def test_the_lines_go_to_everybody_in_it() -> None:
    by_messenger().script(
        """
        > ben joins pat by=im
        < joined; relayed librarian=ana text=Ben_has_joined_this_conversation.; noticed event=joined
        > pat: And now?
        < received; relayed librarian=ben text=Pat:_And_now?; relayed librarian=ana
        > ben says pat by=im: A moment
        < said by=ben; relayed librarian=ana text=Ben:_A_moment
        > ana says pat by=im: Thanks
        < said by=ana; relayed librarian=ben text=Ana:_Thanks
        > cem notes pat: I have the book
        < noted; relayed librarian=ana; relayed librarian=ben text=Note_by_Cem:_I_have_the_book
        > ben quits pat by=im
        < left-conversation; relayed librarian=ana text=Ben_has_left_this_conversation._It_stays_yours.
        > ben joins pat by=im
        > ana closes pat by=im
        < joined; relayed; noticed event=goodbye; closed; relayed librarian=ben text=Closed.
        """
    )


def test_a_note_calls_in_whom_it_names() -> None:
    play = by_messenger()
    step = play.act("ana", Note(conversation=play.id_of("pat"), text="@Cem, maps?", mentions=("cem", "nobody")))
    assert [(one.to, one.text) for one in deliveries(step)] == [("cem@example.org", "Note by Ana: @Cem, maps?")]


def test_yesterdays_records_have_no_company() -> None:
    it = joined().of("pat")
    old = {field: getattr(it, field) for field in it.__struct_fields__ if field not in ("companions", "introduced")}
    assert Conversation(**old).companions == ()

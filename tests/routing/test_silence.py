"""Silences, on live channels only: remind, mark, ask whether the patron is still there, close with a warning first."""

from __future__ import annotations

from msgspec.structs import replace

from bridge.contract.message import Tick
from routing import core
from routing.organisation import Timers
from routing.state import State
from tests.routing.play import Play, north, tables

TALKING = """
    > ana comes
    > ana serves north/ask
    > {who}: Hi
    > ana claims {who}
"""


def talking(who: str = "pat", **timers: int) -> Play:
    play = Play(north(timers=Timers(**timers)))
    play.script(TALKING.format(who=who))
    play.now = play.of(who).turn_at
    return play


def test_the_librarian_is_reminded_then_marked() -> None:
    talking().script(
        """
        > +149s
        < nothing
        > +1s
        < reminded what=remind
        > +30s
        < reminded what=mark
        > +1h
        < nothing
        """
    )


def test_more_words_of_the_patron_do_not_put_the_reminder_off() -> None:
    talking().script(
        """
        > +2min
        > pat: Hello?
        < received
        > +30s
        < reminded what=remind
        """
    )


def test_a_silent_patron_is_asked_and_the_chat_closed_a_minute_later() -> None:
    talking().script(
        """
        > ana says pat: Which library?
        < said
        > +239s
        < reminded what=remind; reminded what=mark
        > +1s
        < reminded what=still-there; noticed event=still-there; patron-gone gone=True
        > +59s
        < nothing
        > +1s
        < reminded what=patron-gone; noticed event=closed-silent; closed by= code=answered by_default=True reason=patron-gone
        """
    )


def test_a_word_of_the_patron_keeps_the_chat_open() -> None:
    talking().script(
        """
        > ana says pat: Which library?
        > +4min
        < said; reminded; reminded; reminded; noticed; patron-gone gone=True
        > pat: the main one
        < patron-gone gone=False; received
        > +150s
        < reminded what=remind
        > ana says pat: Thanks
        > +4min
        < said; reminded what=remind; reminded what=mark; reminded what=still-there; noticed; patron-gone
        """
    )


def test_one_moment_is_no_answer() -> None:
    play = talking().script(
        """
        > ana says pat: One moment, I am looking
        > +149s
        < said
        > +1s
        < reminded what=remind
        > ana says pat: Still looking
        > +150s
        < said; reminded what=remind
        > +30s
        < reminded what=mark
        > pat: Thank you
        > +150s
        < received; reminded what=remind
        """
    )
    assert (play.of("pat").nudges, play.of("pat").turn) == (1, "librarian")


def test_nobody_is_reminded_of_a_patron_who_left() -> None:
    talking().script(
        """
        > ana says pat: One moment
        > pat leaves
        > +239s
        < said; patron-gone
        > +1s
        < reminded what=still-there; noticed
        """
    )


def test_who_is_asked_whether_he_is_there_has_heard_something() -> None:
    talking(still_there_s=120, close_silent_s=200).script(
        "> ana says pat: Hm\n> +4min\n< said; reminded what=still-there; noticed; patron-gone; reminded; noticed; closed"
    )


ASKED = """
    > pat contact=jane@example.org: Hi again
    > ana says pat: Which library?
    > +4min
    < received; identified; said; reminded; reminded; reminded what=still-there; noticed; patron-gone guessed=True
"""


def test_who_is_silent_but_there_is_answered_there() -> None:
    talking().script(ASKED).script("> receipt pat read\n> ana says pat: Or any\n< progressed; said channel=web to=pat")


def test_who_leaves_after_a_silence_is_answered_at_the_address_he_left() -> None:
    talking().script(ASKED).script(
        """
        > pat leaves
        < patron-gone gone=True guessed=False
        > pat leaves
        < nothing
        > ana says pat: Here it is
        < said channel=mail to=jane@example.org
        """
    )


def test_who_left_an_address_and_went_is_not_asked_there_whether_he_is_still_there() -> None:
    talking().script(
        """
        > pat contact=jane@example.org: Hi again
        > ana says pat: Which library?
        > pat leaves
        < received; identified; said; patron-gone
        > +4min
        < reminded what=still-there; noticed event=still-there channel=web to=pat
        > +1min
        < reminded; noticed event=closed-silent channel=web to=pat; follow-up-opened; closed code=follow_up_library
        """
    )


def test_who_left_an_address_and_the_line_is_not_told_there_to_stay_in_it() -> None:
    Play().script("> ana comes\n> ana serves north/ask\n> pat contact=jane@example.org: Hi\n> pat leaves").script(
        "> +75s\n< reminded what=concierge; noticed event=concierge channel=web to=pat\n> +1h\n< follow-up-opened"
    )


def test_who_left_an_address_and_the_page_gets_the_answer_there_and_no_greeting() -> None:
    """Nor any other word of who comes and goes in a chat that they have left."""
    Play().script("> ana comes\n> ben comes\n> pat contact=jane@example.org: Hi\n> pat leaves").script(
        """
        > ana claims pat
        < claimed; noticed event=greeting channel=web to=pat
        > ana transfers pat to ben
        > ben accepts pat
        < transfer-offered; claimed; noticed event=transferred channel=web to=pat
        > ben says pat: Here it is
        < said channel=mail to=jane@example.org
        """
    )


def test_who_has_been_quiet_for_half_an_hour_is_told_in_the_chat_who_comes_and_goes() -> None:
    Play().script("> ana comes p1.a\n> ben comes p1.b\n> pat contact=jane@example.org: Hi\n> ana claims pat").script(
        """
        > +31min
        < reminded; reminded
        > ana transfers pat to ben
        < transfer-offered; noticed event=transfer channel=web
        > ana releases pat
        > ben joins pat
        < transfer-ended; joined; noticed event=joined channel=web
        > ana goes p1.a
        > +30s
        < disconnected; left; claimed how=successor; noticed event=successor channel=web
        > ben goes p1.b
        > +30s
        < disconnected; left; queued; noticed event=requeued channel=web
        """
    )


def test_slow_channels_are_left_alone() -> None:
    talking("pat@sms").script("> ana says pat@sms: Yes\n< said\n> +13d\n< nothing")


def test_each_step_can_be_switched_off() -> None:
    talking(remind_s=0, mark_s=0, still_there_s=0).script("> +1h\n> ana says pat: Hm\n> +1h\n< said")
    talking(remind_s=0).script("> +170s\n< nothing\n> +10s\n< reminded what=mark")
    talking(close_silent_s=0, remind_s=0, mark_s=0).script(
        "> ana says pat: Hm\n> +1h\n< said; reminded what=still-there; noticed; patron-gone"
    )
    talking(still_there_s=0).script("> ana says pat: Hm\n> +1h\n< said; reminded what=remind; reminded what=mark")


def test_after_an_outage_the_warning_still_comes_first() -> None:
    play = talking().script("> ana says pat: Which library?\n< said")
    play.now += 600_000
    play.script(
        """
        > core restarts
        < took-over
        > ana comes p2.c9
        < connected
        > +29s
        < nothing
        > +1s
        < reminded; reminded; reminded what=still-there; noticed; patron-gone
        > +59s
        < nothing
        > +1s
        < reminded what=patron-gone; noticed; closed
        """
    )


def test_the_owner_is_free_again_after_an_automatic_end() -> None:
    play = talking().script("> ana says pat: Hm\n> +6min")
    assert play.state.load_of("ana", True) == 0
    assert play.of("pat").state == "closed"


def test_who_wrote_to_a_librarian_is_no_lost_call() -> None:
    play = talking().script(
        """
        > pat: The blue one
        > ana releases pat
        > pat leaves
        < received; released; queued; patron-gone
        > +1h
        < reminded what=concierge; noticed
        """
    )
    assert play.of("pat").state == "waiting"


def test_who_comes_back_to_what_was_answered_is_no_lost_call() -> None:
    play = talking().script(
        """
        > ana says pat: On the second floor
        > ana closes pat
        > ana serves nothing
        < said; noticed; closed code=answered; availability
        > pat: Found it, thank you
        > pat leaves
        < reopened; received; queued reason=reopened; noticed event=nobody; patron-gone
        > +1h
        < nothing
        > ana claims pat
        > ana closes pat
        < claimed; noticed; closed code=answered
        """
    )
    assert play.of("pat").code == "answered"


def test_who_writes_into_the_line_after_a_librarian_had_it_is_no_lost_call() -> None:
    play = talking().script("> ana releases pat\n> pat: The blue one\n> pat leaves\n> +1h")
    assert play.of("pat").state == "waiting"


def test_who_is_only_silent_is_not_given_up() -> None:
    talking(close_silent_s=0).script(
        """
        > ana says pat: This takes a while
        > +7min
        < said; reminded; reminded; reminded what=still-there; noticed; patron-gone
        > ana releases pat
        > +1min
        < released; queued
        > pat leaves
        > +119s
        < patron-gone guessed=False; reminded what=concierge; noticed
        > +1s
        < closed code=lost_call reason=patron-left
        """
    )


def test_who_left_before_he_was_put_back_into_the_line_has_his_minutes() -> None:
    talking().script(
        """
        > pat leaves
        > +140s
        > ana releases pat
        < patron-gone; released; queued
        > +119s
        < reminded what=concierge; noticed
        > +1s
        < closed code=lost_call
        """
    )


def test_a_form_left_while_waiting_is_not_given_up() -> None:
    play = Play().script(
        """
        > pat: Hi
        > pat later=1: please answer me later
        < opened; received; queued; noticed event=nobody; received; follow-up-opened; patron-gone
        > +1h
        < nothing
        """
    )
    assert play.of("pat").state == "waiting"


def test_a_deadline_of_an_older_release_rings_in_vain_once() -> None:
    play = talking().script("> pat: The blue one\n> ana releases pat\n> pat leaves\n> +2min")
    it = play.of("pat")
    older = tables(play.state)
    older["conversations"][it.id] = replace(it, due=play.now + 60_000)
    play.state = State.of(older)
    assert core.next_deadline(play.state) == play.now + 60_000
    assert core.step(play.state, Tick(), "t", play.now + 60_000).events == ()
    assert core.next_deadline(play.state) is None


def test_patron_leaves_and_comes_back() -> None:
    talking().script(
        """
        > pat leaves
        < patron-gone gone=True
        > pat leaves
        < nothing
        > pat returns
        < patron-gone gone=False
        > nobody leaves
        < nothing
        """
    )

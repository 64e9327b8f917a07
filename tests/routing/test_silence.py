"""Silences, on live channels only: remind, mark, ask whether the patron is still there, close with a warning first."""

from __future__ import annotations

from routing.organisation import Timers
from tests.routing.play import Play, north

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
        < nothing
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
        < said; reminded; noticed; patron-gone gone=True
        > pat: the main one
        < patron-gone gone=False; received
        > +150s
        < reminded what=remind
        > ana says pat: Thanks
        > +4min
        < said; reminded what=still-there; noticed; patron-gone
        """
    )


ASKED = """
    > pat contact=jane@example.org: Hi again
    > ana says pat: Which library?
    > +4min
    < received; identified; said; reminded what=still-there; noticed; patron-gone gone=True guessed=True
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


def test_slow_channels_are_left_alone() -> None:
    talking("pat@sms").script("> ana says pat@sms: Yes\n< said\n> +13d\n< nothing")


def test_each_step_can_be_switched_off() -> None:
    talking(remind_s=0, mark_s=0, still_there_s=0).script("> +1h\n> ana says pat: Hm\n> +1h\n< said")
    talking(remind_s=0).script("> +170s\n< nothing\n> +10s\n< reminded what=mark")
    talking(close_silent_s=0).script(
        "> ana says pat: Hm\n> +1h\n< said; reminded what=still-there; noticed; patron-gone"
    )


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
        < reminded what=still-there; noticed; patron-gone
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

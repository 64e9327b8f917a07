"""What an adapter does not take for a person's: kept, listed, asked of nobody, and one action away from being a conversation."""

from __future__ import annotations

from typing import Any

from bridge.contract.message import Message, message_id
from routing.deadlines import DAY_MS
from tests.routing.play import Play, cooperative, north

ASIDE = (
    "> news@mail subject=Issue_12 aside=list: Issue 12 is out\n< opened; received; closed code=set_aside reason=list"
)


def test_it_is_kept_and_nobody_is_asked_or_told() -> None:
    play = Play().script(f"> ana comes\n> ana serves north/ask\n< connected; availability\n{ASIDE}\n> +1d\n< nothing")
    it = play.of("news@mail")
    assert (it.state, it.code, it.aside) == ("closed", "set_aside", "list")
    assert play.state.deliveries == {}
    assert play.state.waiting_in("north/ask") == 0


def test_it_is_taken_in_as_an_ordinary_conversation_of_the_librarian() -> None:
    play = Play().script(
        f"""
        > ana comes
        < connected
        {ASIDE}
        > ana reopens news@mail
        < reopened by=ana; claimed by=ana how=reopen
        > ana says news@mail: Thank you
        < said
        > news@mail subject=Issue_12: You are welcome
        < received
        """
    )
    it = play.of("news@mail")
    assert (it.state, it.owner, it.aside, it.code) == ("active", "ana", "", "")


def test_who_takes_it_in_sees_that_it_is_unanswered() -> None:
    play = Play().script(f"> ana comes\n< connected\n{ASIDE}\n> ana reopens news@mail\n< reopened; claimed")
    it = play.of("news@mail")
    assert it.unanswered_since == it.last_at


def test_it_is_dismissed_once_and_may_still_be_taken_in() -> None:
    play = Play().script(
        f"""
        > ana comes
        < connected
        {ASIDE}
        > ana dismisses news@mail
        < dismissed by=ana
        > ana dismisses news@mail
        < done
        """
    )
    assert play.of("news@mail").aside == ""
    play.script(
        "> ana reopens news@mail\n< reopened; claimed\n> ana dismisses news@mail\n< refused reason=not-set-aside"
    )


def test_another_library_may_not_dismiss_it() -> None:
    play = Play(*cooperative()).script(f"> sue comes\n< connected\n{ASIDE}\n> sue dismisses news@mail")
    assert play.of("news@mail").aside == "list"


def test_it_waits_as_long_as_the_library_keeps_transcripts() -> None:
    play = Play(north(retention_days=30)).script(f"{ASIDE}\n> +29d\n< nothing")
    assert play.of("news@mail").aside == "list"
    play.script("> +1d\n< forgotten")
    assert Play(north(retention_days=0)).script(f"{ASIDE}\n> +400d\n< nothing").of("news@mail").aside == "list"


def test_a_persons_own_conversation_is_not_led_astray_by_it() -> None:
    """An automatic answer from an address that has an open conversation does not take the address over."""
    play = Play().script(
        """
        > pat@mail subject=Loan: When is it due?
        < opened; received; queued
        > pat@mail subject=Automatic_reply aside=automatic: I am away
        < opened; received; closed code=set_aside
        > pat@mail subject=Loan: Please?
        < received
        """
    )
    assert play.of("pat@mail").state == "waiting"


def proven(play: Play, who: str, text: str, **more: Any) -> Message:
    """Return a mail of `who` with proof of the latest conversation."""
    thread = play.id_of(who)
    sender, _, channel = who.rpartition("@")
    identity = message_id(channel, sender, text)
    return Message(id=identity, channel=channel, sender=sender, source=text, text=text, thread=thread, **more)


def test_with_proof_of_its_thread_it_is_shown_there_and_opens_nothing_again() -> None:
    play = Play().script("> ana comes\n> pat@mail subject=A: A question\n> ana claims pat@mail\n> ana closes pat@mail")
    play.give(proven(play, "pat@mail", "I am away", aside="automatic", marks=("automatic",)))
    it = play.of("pat@mail")
    assert (it.state, it.last_text) == ("closed", "I am away")


def test_a_form_that_asks_for_no_automatic_answer_opens_a_closed_conversation_again() -> None:
    play = Play().script(
        """
        > ana comes
        > pat@mail subject=Contact_form: A question
        > ana claims pat@mail
        > ana closes pat@mail
        < connected; opened; received; queued; claimed; closed
        > pat@mail subject=Contact_form marks=automatic,answered-by-hand: Another question
        < reopened; received; queued reason=reopened
        """
    )
    assert play.of("pat@mail").state == "waiting"


def test_a_reaction_opens_no_closed_conversation_again_and_none_by_itself() -> None:
    play = Play().script(
        """
        > ana comes
        > pat@mail subject=A: A question
        > ana claims pat@mail
        > ana closes pat@mail
        < connected; opened; received; queued; claimed; closed
        > pat@mail subject=A marks=reaction: 👍
        < received
        > eve@mail marks=retracted: (took back an earlier message)
        < opened; received; closed code=set_aside reason=other
        """
    )
    assert play.of("pat@mail").state == "closed"


def test_days_are_those_of_the_calendar() -> None:
    assert DAY_MS == 24 * 3_600_000

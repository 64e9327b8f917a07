"""The plain life of a conversation: it waits, somebody claims it, they talk, it ends."""

from __future__ import annotations

from bridge.contract.message import Attachment
from routing.events import deliveries
from tests.routing.play import Play, north

DESK = """
    > ana comes
    > ana serves north/ask
    > ben comes p1.c2
    > ben serves north/ask
"""


def desk() -> Play:
    return Play().script(DESK)


def test_offered_to_all_claimed_by_one() -> None:
    desk().script(
        """
        > pat name=Pat: When do you close?
        < opened library=north live=True; received; queued queue=north/ask reason=new; offered to=ana,ben
        > ana claims pat
        < claimed by=ana how=claim; noticed event=greeting
        > ben claims pat
        < refused reason=taken holder=ana
        > ana claims pat
        < done by=ana
        > ana says pat: At eight.
        < said by=ana kind=text to=pat channel=web author=Ana text=At_eight.
        > pat: Thanks
        < received
        > ana reads pat
        < read-up-to kind=mark
        > ana closes pat as=answered
        < noticed event=goodbye; closed by=ana code=answered by_default=False
        """
    )


def test_the_first_answer_claims() -> None:
    desk().script(
        """
        > pat: Hello?
        > ben says pat: Hello!
        < opened; received; queued; offered; claimed by=ben how=say; noticed event=greeting; said by=ben
        > ana says pat: Me too
        < refused reason=taken holder=ben
        """
    )


def test_longest_waiting_first_and_back_ahead_of_newer() -> None:
    play = desk().script(
        """
        > one: 1
        > two: 2
        > ana claims one
        > three: 3
        > ana releases one
        """
    )
    order = [play.state.conversations[c].address for _, c in play.state.lines["north/ask"][True, 0]]
    assert order == ["one", "two", "three"]


def test_release_tells_and_queues() -> None:
    desk().script(
        """
        > pat: Hi
        > ana claims pat
        < opened; received; queued; offered; claimed; noticed
        > ben releases pat
        < refused reason=not-yours holder=ana
        > ana releases pat
        < released by=ana; queued reason=released; offered to=ben
        > ana rejects pat
        < done
        > ben rejects pat
        < offer-rejected by=ben
        """
    )


def test_notes_reach_no_patron() -> None:
    play = desk().script(
        """
        > pat: Hi
        > ana claims pat
        < opened; received; queued; offered; claimed; noticed
        > ben notes pat: careful, a journalist
        < noted by=ben
        """
    )
    assert all("journalist" not in delivery.text for step in play.log for delivery in deliveries(step))


def test_messages_while_active_and_after_the_end() -> None:
    desk().script(
        """
        > pat: Hi
        > ana claims pat
        > ana closes pat
        < opened; received; queued; offered; claimed; noticed event=greeting; noticed event=goodbye; closed by_default=True
        > pat: one more thing
        < reopened by=; received; claimed by=ana how=reopen
        > ana closes pat
        > +25h
        < noticed; closed; forgotten
        > pat: hello again
        < opened; received; queued; offered
        """
    )


def test_slow_channels_join_within_fourteen_days() -> None:
    desk().script(
        """
        > pat@sms: Hi
        > ana says pat@sms: Hi there
        < opened live=False; received; queued; offered; claimed; said channel=sms to=pat
        > ana closes pat@sms
        < closed
        > +13d
        > pat@sms: and another question
        < reopened; received; claimed by=ana
        > ana closes pat@sms
        > +14d
        < closed; forgotten
        """
    )


def test_mail_with_another_subject_is_another_question() -> None:
    play = desk().script(
        """
        > pat@mail subject=Loans: How long?
        < opened; received; queued; offered
        > pat@mail subject=RE:Loans: I meant books
        < received
        > pat@mail subject=Opening: When?
        < opened; received; queued; offered
        """
    )
    assert play.of("pat@mail").previous != ""


def test_proof_of_a_thread_decides() -> None:
    play = desk().script(
        """
        > pat@mail subject=Loans: How long?
        < opened; received; queued; offered
        """
    )
    first = play.id_of("pat@mail")
    play.write("colleague@mail", "Me too", thread=first, marks=("other-sender",))
    assert [type(event).__name__ for event in play.drop()] == ["Received"]
    assert play.state.conversations[first].address == "pat"
    play.script("""
        > ana says pat@mail: Four weeks
        < claimed; said to=pat
    """)


def test_somebody_else_in_the_thread_does_not_rename_the_patron() -> None:
    play = desk().script("> pat@mail subject=Loans name=Pat: How long?")
    other = {"name": "Prof", "contact": "prof@example.org", "marks": ("other-sender",)}
    play.write("prof@mail", "Me too", thread=play.id_of("pat@mail"), **other)
    assert (play.of("pat@mail").name, play.of("pat@mail").contact) == ("Pat", "")


def test_a_librarian_nobody_knows_is_refused() -> None:
    desk().script(
        """
        > pat: Hi
        > eve claims pat
        < opened; received; queued; offered; refused reason=unknown-librarian
        > eve says pat: let me in
        < refused reason=unknown-librarian
        """
    )


def test_a_queue_nobody_configured_waits_visibly() -> None:
    library = north(queues=())
    Play(library).script(
        """
        > ana comes
        > pat: Hi
        < connected; opened library=north; received; queued queue=north/ask; noticed event=nobody
        > ana claims pat
        < claimed; noticed
        """
    )


def test_a_message_before_any_library_is_kept() -> None:
    play = Play(north())
    play.write("pat@unheard-of", "Is anybody there?")
    assert play.of("pat@unheard-of").state == "waiting"
    assert play.of("pat@unheard-of").queue == "north/ask"


def test_lists_show_the_names_of_files_that_come_without_words() -> None:
    play = Play()
    files = tuple(
        Attachment(digest="0" * 64, media_type="image/png", size=1, name=name) for name in ("map.png", "key.png")
    )
    play.write("pat", "", attachments=files)
    assert play.of("pat").last_text == "map.png, key.png"
    play.write("pat", "Where is that?", attachments=files)
    assert play.of("pat").last_text == "Where is that?"


def test_the_desk_speaks_the_language_that_the_patron_chose_meanwhile() -> None:
    """In a chat alone; who says nothing of a language keeps theirs."""
    play = Play().script("> pat language=de: Hallo\n> ana comes\n> ana serves north/ask\n> ana claims pat")
    play.script("> pat language=fr: Bonjour\n< received; identified language=fr")
    play.script("> pat: Merci\n< received")
    (it,) = play.state.conversations.values()
    assert it.language == "fr"

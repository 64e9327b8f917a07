"""Forgetting at a patron's request, as the core does it: who may, what must be over first, and that nothing of it is held."""

from __future__ import annotations

import msgspec

from bridge.contract.message import Erase, Forget
from routing.organisation import Librarian, Library
from tests.routing.play import Play, assigning, north, tables

SECRET = "jane@secret.example"

ENDED = """
    > cora comes
    > ana comes
    > ana serves north/ask
    > pat name=Jane contact=jane@secret.example: About jane@secret.example
    > ana claims pat
    > ana says pat: Yes, jane@secret.example
    > ana closes pat as=answered
"""


def coordinated(library: Library | None = None) -> tuple[Library, Library]:
    """North, which Cora coordinates, and South, which Sue does."""
    library = library or north()
    people = (*library.librarians, Librarian(id="cora", name="Cora", coordinator=True))
    south = Library(
        id="south", revision=1, name="South", librarians=(Librarian(id="sue", name="Sue", coordinator=True),)
    )
    return msgspec.structs.replace(library, librarians=people), south


def ended() -> Play:
    return Play(*coordinated()).script(ENDED)


def held(play: Play) -> str:
    """Everything that a snapshot would hold, as text."""
    return str({name: table for name, table in tables(play.state).items() if name != "libraries"})


def test_nothing_of_it_is_held_any_more() -> None:
    play = ended()
    assert SECRET in held(play)
    play.script("> cora forgets pat\n< erased conversation=pat by=cora places=web|pat")
    assert SECRET not in held(play)
    assert "web|pat" not in held(play)
    assert play.state.erasures == 1


def test_only_a_coordinator_of_its_library_may() -> None:
    ended().script(
        """
        > ana forgets pat
        < refused reason=no-access
        > sue forgets pat
        < refused reason=no-access
        > ana forgets somebody-long-gone
        < refused reason=no-access
        > cora forgets somebody-long-gone
        < erased conversation=somebody-long-gone by=cora
        """
    )


def test_what_is_not_over_is_not_forgotten() -> None:
    Play(*coordinated()).script(
        """
        > cora comes
        > ana comes
        > ana serves north/ask
        > pat: Hi
        < connected; connected; availability; opened; received; queued; offered
        > cora forgets pat
        < refused reason=not-closed
        > ana claims pat
        < claimed; noticed
        > cora forgets pat
        < refused reason=not-closed
        """
    )


def test_an_open_follow_up_is_given_up_only_in_so_many_words() -> None:
    play = ended().script("> ana reopens pat\n> ana closes pat as=follow_up_library to=jane@secret.example")
    talk = play.id_of("pat")
    play.script("> cora forgets pat\n< refused reason=follow-up-open")
    play.drop()
    play.act("cora", Forget(conversation=talk, follow_up=True))
    assert [type(event).__name__ for event in play.drop()] == ["FollowUpChanged", "Erased"]
    assert SECRET not in held(play)
    assert not play.state.follow_ups


def test_a_block_and_an_acquaintance_of_its_address_go_with_it() -> None:
    play = Play(*coordinated(assigning(prefer_known=True))).script(
        """
        > cora comes
        > ana comes
        > ana serves north/ask
        > pat: Hi
        > ana says pat: Hello
        > ana blocks pat
        > ana closes pat as=answered
        > +40d
        """
    )
    talk = play.id_of("pat")
    assert talk not in play.state.conversations
    assert "web|pat" in play.state.barred
    assert "web|pat" in play.state.known
    play.act("cora", Forget(conversation=talk, places=("web|pat",)))
    assert "web|pat" not in held(play)
    play.script("> pat: Me again\n< opened; received; queued; claimed; noticed")


def test_those_it_was_merged_with_stay_and_are_alone_again() -> None:
    play = ended()
    talk = play.id_of("pat")
    play.script(
        f"""
        > pat@sms: It is me, Jane
        > ana claims pat@sms
        > ana merges pat@sms pat
        > cora forgets {talk}
        < opened; received; queued; offered; claimed; merged; erased
        """
    )
    assert play.of("pat@sms").merged == ()
    assert play.of("pat@sms").state == "active"


def test_the_operator_may_order_it_under_the_same_conditions() -> None:
    play = ended().script("> ana reopens pat")
    talk = play.id_of("pat")
    play.drop()
    play.give(Erase(id="order-1", conversation=talk))
    assert [type(event).__name__ for event in play.drop()] == ["Refused"]
    play.script("> ana closes pat as=answered")
    play.drop()
    play.give(Erase(id="order-2", conversation=talk))
    assert [type(event).__name__ for event in play.drop()] == ["Erased"]
    assert SECRET not in held(play)


def test_a_later_message_begins_anew() -> None:
    play = ended()
    talk = play.id_of("pat")
    play.script("> cora forgets pat\n< erased\n> pat: Hello, somebody new\n< opened; received; queued; offered")
    assert play.of("pat").previous == ""
    assert play.id_of("pat") != talk


def test_what_went_on_in_another_leaves_no_address_there() -> None:
    """Else its address would be known for as long as the other one is, and lead nowhere after that."""
    play = ended().script("> mel: Hi\n> ana claims mel\n> mel: One thing more\n> ana merges mel pat")
    one = play.of("mel").merged[0]
    assert play.state.conversations[one].into == play.of("mel").id
    play.give(Erase(id="order", conversation=one))
    assert "web|pat" not in held(play)
    play.script("> mel: And so on\n> ana closes mel as=answered\n> +25h")
    assert play.state.addresses == {}

"""Conversations of other desks: home is told what becomes of them, takes them back, and names the person who answers."""

from __future__ import annotations

from bridge.contract.message import Action, ChannelStatus, Claim, Close, Delivery, Recall, Release, Say, Transfer
from routing.events import Closed, Erased, Event, Noticed, Relayed, Said
from tests.routing.play import IM, MAIL, SMS, WEB, Play, north

PEER = ChannelStatus(channel="peer", kind="partner", queue="north/ask", up=True, live=True, staff=True, partners=True)


def desk() -> Play:
    play = Play(north(), channels=(WEB, SMS, MAIL, IM, PEER))
    return play.script("> ana comes\n> ana serves north/ask")


def told(play: Play) -> list[tuple[str, str, str, str]]:
    """Return what home was told since the last look."""
    found = [event.delivery for event in play.drop() if isinstance(event, Relayed) and event.librarian == ""]
    return [(one.to, one.event, one.author, one.about.partition(" ")[0]) for one in found]


def recall(play: Play, **fields: object) -> list[Event]:
    play.drop()
    play.give(Recall(id="r1", channel="peer", sender="p/1", **fields))  # type: ignore[arg-type]  # its own fields
    return play.drop()


def test_home_is_told_who_has_it_that_nobody_has_and_how_it_ended() -> None:
    play = desk()
    play.write("p/1@peer", "Where is the map room?")
    play.drop()
    it = play.id_of("p/1@peer")
    play.act("ana", Claim(conversation=it))
    assert told(play) == [("p/1", "partner-claimed", "Ana", "")]
    play.act("ana", Release(conversation=it))
    assert told(play) == [("p/1", "partner-waiting", "", "")]
    play.act("ana", Say(conversation=it, text="On the second floor."))
    assert told(play) == [("p/1", "partner-claimed", "Ana", "")]
    play.act("ana", Close(conversation=it, code="answered"))
    assert told(play) == [("p/1", "partner-closed", "Ana", "answered")]


def test_patrons_of_other_channels_are_told_nothing_of_this() -> None:
    play = desk()
    play.write("pat", "Hello")
    play.act("ana", Claim(conversation=play.id_of("pat@web")))
    assert told(play) == []


def test_what_home_takes_back_is_over_and_home_is_not_told_of_it() -> None:
    play = desk()
    play.write("p/1@peer", "Where is the map room?")
    play.act("ana", Claim(conversation=play.id_of("p/1@peer")))
    happened = recall(play)
    assert [(event.code, event.reason) for event in happened if isinstance(event, Closed)] == [("recalled", "recalled")]
    assert not [event for event in happened if isinstance(event, Relayed | Noticed)]
    assert recall(play) == []


def test_what_home_takes_back_ends_with_homes_code_where_it_means_the_same() -> None:
    for given, kept in (("answered", "answered"), ("follow_up_me", "recalled"), ("no such code", "recalled")):
        play = desk()
        play.write("p/1@peer", "Where is the map room?")
        assert [event.code for event in recall(play, code=given) if isinstance(event, Closed)] == [kept]


def test_what_home_takes_back_while_it_is_on_offer_is_over() -> None:
    play = desk().script("> ben comes\n> ben serves north/ask")
    play.write("p/1@peer", "Where is the map room?")
    it = play.id_of("p/1@peer")
    play.act("ana", Claim(conversation=it))
    play.act("ana", Transfer(conversation=it, librarian="ben"))
    assert [event.reason for event in recall(play) if isinstance(event, Closed)] == ["recalled"]


def test_what_home_forgets_is_forgotten_here_open_or_not() -> None:
    play = desk()
    play.write("p/1@peer", "Where is the map room?")
    it = play.id_of("p/1@peer")
    happened = recall(play, forget=True, conversation=it)
    assert [event.conversation for event in happened if isinstance(event, Erased)] == [it]
    assert it not in play.state.conversations


def test_a_conversation_of_another_channel_is_not_recalled() -> None:
    play = desk()
    play.write("pat", "Hello")
    it = play.id_of("pat@web")
    assert recall(play, conversation=it) == []
    assert play.state.conversations[it].state == "waiting"


def test_the_person_at_a_partners_desk_is_named_and_their_library() -> None:
    play = desk()
    play.write("pat", "Hello")
    play.drop()
    say = Say(conversation=play.id_of("pat@web"), text="Good evening")
    play.give(Action(id="a1", by="ana", deed=say, via="peer", name="Bob"))
    happened = play.drop()
    answers: list[Delivery] = [event.delivery for event in happened if isinstance(event, Said)]
    assert [one.author for one in answers] == ["Bob"]
    assert [event.delivery.text for event in happened if isinstance(event, Noticed)] == [
        "Hello, I'm Bob. Let me look at your question."
    ]

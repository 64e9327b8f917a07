"""A librarian may live in an instant messenger: offers and lines go to their own address, answers come back as actions."""

from __future__ import annotations

from msgspec.structs import replace

from routing.events import deliveries
from routing.organisation import Librarian
from tests.routing.play import Play, assigning, north, tag_of

STAFF = (
    Librarian(id="ana", name="Ana", address="im|ana@example.org"),
    Librarian(id="ben", name="Ben", address="im|ben@example.org"),
    Librarian(id="cem", name="Cem"),
)

THERE = """
    > ana comes p1.im|ana@example.org/phone
    > ana serves north/ask
    > ben comes p1.browser
    > ben serves north/ask
"""


def desk() -> Play:
    return Play(north(librarians=STAFF)).script(THERE)


def test_offers_go_to_the_messenger_and_the_loser_is_told() -> None:
    desk().script(
        """
        > pat name=Pat: Where is the map room?
        < opened; received; queued; offered to=ben; offered to=ana
        > ben claims pat
        < claimed by=ben; revoked to=ana reason=claimed text=Answered_by_Ben. kind=line channel=im; noticed
        """
    )


def test_the_words_of_an_offer() -> None:
    play = desk().script("> pat name=Pat: Where is the map room?")
    offer = next(one for one in deliveries(play.log[-1]) if one.kind == "offer")
    assert offer.text == "Pat is waiting (north/ask): Where is the map room?"
    assert (offer.channel, offer.author) == ("im", "")


def test_patron_and_owner_talk_through_the_messenger() -> None:
    desk().script(
        """
        > pat: Hi
        < opened; received; queued; offered; offered kind=offer
        > ana claims pat by=im
        < claimed by=ana; noticed
        > pat: Hello?
        < received; relayed librarian=ana kind=line text=A_patron:_Hello?
        > ana says pat by=im: Good morning
        < said channel=web to=pat
        > ana says pat: from the browser
        < said; relayed librarian=ana text=Ana:_from_the_browser
        > ben notes pat: she asked before
        < noted; relayed librarian=ana text=Note_by_Ben:_she_asked_before
        > +3min
        < reminded what=remind; relayed text=A_patron_hasn't_heard_from_you_for_some_minutes.; reminded what=mark
        > +1min
        < reminded what=still-there; noticed; patron-gone; relayed librarian=ana
        """
    )


def test_a_refusal_is_told_in_words() -> None:
    desk().script("> pat: Hi\n> ben claims pat").script(
        """
        > ana claims pat by=im
        < refused holder=ben; relayed text=Not_done:_Ben_has_this_conversation_already.
        """
    )


def test_notes_and_staff_lines_never_go_to_a_patron() -> None:
    play = desk().script(
        "> pat: Hi\n> ana claims pat by=im\n> ben notes pat: secret\n> ana transfers pat to ben: secret too"
    )
    to_patron = [one for step in play.log for one in deliveries(step) if one.to == "pat"]
    assert to_patron
    assert all("secret" not in one.text and one.kind not in ("offer", "line") for one in to_patron)


def test_who_transfers_from_a_messenger_is_told_what_became_of_it() -> None:
    play = desk().script(
        """
        > pat: Hi
        > ana claims pat by=im
        > ana transfers pat to ben by=im
        > ana says pat by=im: No, wait
        < opened; received; queued; offered; offered; claimed; noticed; transfer-offered; noticed; transfer-ended; said
        > ana transfers pat to ben by=im
        > ben rejects pat
        < transfer-offered; noticed; transfer-ended reason=rejected; relayed librarian=ana event=transfer-rejected; noticed
        > ana transfers pat to ben by=im
        > +60s
        < transfer-offered; noticed; transfer-ended reason=timeout; relayed librarian=ana event=transfer-timeout; noticed
        > ana transfers pat to ben by=im
        > ben goes p1.browser
        > +30s
        < transfer-offered; noticed; disconnected; left; transfer-ended; relayed librarian=ana event=transfer-away; noticed
        > ben comes p1.browser
        > ana transfers pat to ben by=im
        > ben accepts pat
        < connected; transfer-offered; noticed; claimed; noticed; relayed librarian=ana text=Ben_has_taken_over.
        """
    )
    assert play.owner("pat") == "ben"


def test_who_is_deactivated_is_told_nothing_of_a_transfer() -> None:
    play = desk().script("> pat: Hi\n> ana claims pat by=im\n> ana transfers pat to ben by=im")
    gone = replace(STAFF[0], active=False)
    step = play.give(north(revision=2, librarians=(gone, *STAFF[1:])))
    assert "transfer-ended" in [tag_of(event) for event in step.events]
    assert not [one for one in deliveries(step) if one.kind == "line"]


def test_offers_in_turn_come_by_messenger() -> None:
    library = assigning(offer_s=30)
    Play(north(librarians=STAFF, queues=library.queues)).script(THERE).script(
        """
        > pat: Hi
        < opened; received; queued; offered to=ana assigned=True kind=offer channel=im
        > +30s
        < revoked to=ana reason=timeout text=It's_no_longer_offered_to_you.; offered to=ben
        """
    )


def test_back_by_messenger_within_the_grace_he_is_told_what_came_meanwhile() -> None:
    play = desk().script("> old: Hi\n> core restarts\n> new: Hello")
    play.script(
        """
        > ana comes p1.im|ana@example.org/phone
        < connected; offered conversation=new to=ana kind=offer
        > ana comes p1.im|ana@example.org/desk
        > ben comes p1.browser
        < connected; connected
        """
    )


def test_a_messenger_beside_the_browser_is_told_what_waits() -> None:
    desk().script("> ana goes p1.im|ana@example.org/phone\n> ana comes p1.browser\n> pat: Hi").script(
        "> ana comes p1.im|ana@example.org/phone\n< connected; offered conversation=pat to=ana kind=offer"
    )


def test_gone_from_the_messenger_is_gone() -> None:
    desk().script(
        "> ana goes p1.im|ana@example.org/phone\n> pat: Hi\n< disconnected; opened; received; queued; offered to=ben"
    )


def test_who_has_room_again_is_told_by_messenger_what_came_when_he_had_none() -> None:
    desk().script("> ben serves nothing\n> ana serves north/ask live=1\n> old: Hi\n> ana claims old by=im").script(
        """
        > new: Hello
        > sms@sms: Good morning
        < opened; received; queued; opened; received; queued; offered to=ana
        > ana closes old by=im
        < noticed; closed; offered conversation=new to=ana kind=offer
        > ana claims new by=im
        > ana releases new by=im
        < claimed; noticed; released; queued
        """
    )

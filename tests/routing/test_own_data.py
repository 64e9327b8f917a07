"""The link to a patron's own data: who may have it sent, where it goes, and that no word of the core's holds its secret."""

from __future__ import annotations

from msgspec.structs import replace

from bridge.contract.message import LINK_MARK, OWN_DATA_S, OfferOwnData
from routing.events import OwnDataOffered, Refused, deliveries
from tests.routing.play import IM, MAIL, SMS, WEB, Play, cooperative

LINK = f"https://desk.example/own-data/{LINK_MARK}"


def asked(who: str, by: str = "ana", link: str = LINK) -> Play:
    """Let a patron ask, Ana answer, and somebody have the link sent."""
    play = Play(*cooperative(), channels=(replace(WEB, own_data=True), SMS, MAIL, IM))
    play.script(f"> ana comes\n> ana serves north/ask\n> {who} name=Pat: What do you have of me?\n> ana claims {who}")
    play.drop()
    play.act(by, OfferOwnData(conversation=play.id_of(who), link=link))
    return play


def test_it_goes_to_the_address_in_use_and_works_for_as_long_as_it_says() -> None:
    for who in ("pat@mail", "pat@sms", "pat@im"):
        play = asked(who)
        (event,) = play.drop()
        assert isinstance(event, OwnDataOffered)
        assert deliveries(play.log[-1]) == [event.delivery]
        sent = event.delivery
        assert (sent.channel, sent.to, sent.event, sent.automatic) == (who[4:], "pat", "own-data", False)
        assert LINK in sent.text
        assert "30 minutes" in sent.text
        assert sent.expires_at == play.now + OWN_DATA_S * 1000


def test_where_the_patron_s_page_gives_the_data_they_are_told_so_and_get_no_link() -> None:
    (event,) = asked("pat").drop()
    assert isinstance(event, OwnDataOffered)
    assert LINK_MARK not in event.delivery.text
    assert "My data" in event.delivery.text


def test_only_the_patron_s_library_has_it_sent_and_never_without_the_mark() -> None:
    for by, link, why in (("sue", LINK, "no-access"), ("ana", "https://elsewhere.example/", "empty")):
        (event,) = asked("pat@mail", by, link).drop()
        assert isinstance(event, Refused)
        assert event.reason == why

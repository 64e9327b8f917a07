"""What a coordinator orders for now: queues closed and opened, conversations given, people moved and signed out, notices."""

from __future__ import annotations

from typing import Any

import pytest

from bridge.contract.message import (
    Acknowledge,
    Announce,
    Deed,
    EndAnnouncement,
    Give,
    PlaceLibrarian,
    SetQueue,
    SignOutLibrarian,
)
from routing.desk_view import view
from routing.events import Offered, Refused, answer
from routing.organisation import Librarian, Library, Queue, Team, Tier
from tests.routing.play import BEGIN, Play, north

HOUR = 3_600_000


def libraries(**changes: Any) -> tuple[Library, Library]:
    """North with Cora as its coordinator, and South with a coordinator of its own."""
    people = (*north().librarians, Librarian(id="cora", name="Cora", coordinator=True))
    eve = Librarian(id="eve", name="Eve", coordinator=True)
    south = Library(
        id="south", revision=1, name="South", queues=(Queue(id="south/ask", name="Ask"),), librarians=(eve,)
    )
    return north(librarians=people, **changes), south


def begun(**changes: Any) -> Play:
    """Ana and Ben at work; Cora and Eve look on."""
    return Play(*libraries(**changes)).script(
        """
        > ana comes p1.a
        > ana serves north/ask
        > ben comes p1.b
        > ben serves north/ask
        > cora comes p1.c
        > eve comes p1.e
        """
    )


def refused(play: Play, by: str, deed: Deed) -> str:
    """Let somebody try, and return why it was refused ("" when it was done)."""
    found = answer(play.act(by, deed))
    return found.reason if isinstance(found, Refused) else ""


def desk(play: Play) -> tuple[bool, bool, str, int]:
    """What patrons are told of the desk by web."""
    shown = view(play.state, "web", play.now)
    return shown.open, shown.online, shown.notice, shown.next_opening


def names(play: Play) -> list[str]:
    """What happened since the last look."""
    return [type(one).__name__ for one in play.drop()]


def test_a_closed_queue_is_closed_for_patrons_until_its_time_is_over() -> None:
    play = begun()
    assert desk(play) == (True, True, "", 0)
    play.script("> pat: Hello")
    until = play.now + HOUR
    deed = SetQueue(queue="north/ask", opening="closed", until=until, until_words="today 15:00", notice="Fire drill.")
    play.drop()
    play.act("cora", deed)
    assert desk(play) == (False, False, "Fire drill.", until)
    assert names(play) == ["QueueSet", "Reminded", "Noticed"]
    told = play.log[-1].events[-1].delivery.text  # type: ignore[union-attr]  # the notice
    assert "today 15:00" in told
    assert told.count("Fire drill.") == 1
    play.script(
        """
        > jo: Hi
        < opened; received; queued; noticed event=closed
        > ana claims pat
        < claimed by=ana how=claim; noticed event=greeting
        > +1h
        < reminded what=remind; reminded what=mark; queue-set by= opening=usual; offered to=ana,ben
        """
    )
    assert desk(play) == (True, True, "", 0)


def test_a_queue_that_assigns_gives_nothing_out_while_it_is_closed() -> None:
    play = begun(queues=(Queue(id="north/ask", name="Ask", policy="longest_idle", offer_s=0),))
    play.act("cora", SetQueue(queue="north/ask", opening="closed"))
    play.script("> pat: Hello\n< opened; received; queued; noticed event=closed")
    play.act("cora", SetQueue(queue="north/ask", opening="usual"))
    assert names(play) == ["QueueSet", "Claimed", "Noticed"]
    assert play.owner("pat") == "ana"


def test_a_queue_is_opened_beyond_its_hours() -> None:
    play = begun(openings=())
    assert desk(play)[:2] == (False, False)
    play.act("cora", SetQueue(queue="north/ask", opening="open", until=play.now + HOUR))
    assert desk(play)[:2] == (True, True)
    play.script(
        """
        > pat: Hello
        < opened; received; queued; offered to=ana,ben
        > +1h
        < reminded what=concierge; noticed event=concierge; queue-set by=; reminded what=closing; noticed event=closing
        """
    )


def test_a_conversation_is_given_whether_it_waits_or_somebody_has_it() -> None:
    play = begun().script("> pat: Hello")
    play.drop()
    play.act("cora", Give(conversation=play.id_of("pat"), librarian="ben"))
    assert names(play) == ["HandedOver", "Claimed", "Noticed"]
    assert play.owner("pat") == "ben"
    play.script("> ben transfers pat to ana\n< transfer-offered; noticed")
    play.drop()
    play.act("cora", Give(conversation=play.id_of("pat"), librarian="cora"))
    assert names(play) == ["TransferEnded", "HandedOver", "Claimed", "Noticed"]
    assert play.owner("pat") == "cora"


def test_hindrances_of_giving() -> None:
    play = begun().script("> pat: Hello\n> ben goes p1.b\n> +31s")
    it = play.id_of("pat")
    assert refused(play, "cora", Give(conversation=it, librarian="ben")) == "absent"
    assert refused(play, "cora", Give(conversation=it, librarian="eve")) == "unknown-target"
    assert refused(play, "cora", Give(conversation="none", librarian="ana")) == "unknown-conversation"


def test_a_person_is_moved_between_the_queues_of_their_teams() -> None:
    play = begun()
    play.drop()
    play.act("cora", PlaceLibrarian(librarian="ana", queues=("north/law",)))
    assert play.state.staff["ana"].queues == ("north/law",)
    assert refused(play, "cora", PlaceLibrarian(librarian="ana", queues=("south/ask",))) == "unknown-queue"
    assert refused(play, "cora", PlaceLibrarian(librarian="cem", queues=("north/law",))) == "absent"


def test_signed_out_goes_the_way_of_a_lost_connection() -> None:
    play = begun().script("> pat: Hello\n> ana claims pat")
    play.drop()
    play.act("cora", SignOutLibrarian(librarian="ana"))
    assert play.state.staff["ana"].connections == ()
    play.script("> +30s\n< left; queued reason=lost-librarian; offered to=ben; noticed event=requeued")


def test_a_notice_is_seen_by_each_and_ends() -> None:
    play = begun()
    play.act("cora", Announce(text="The lift is broken.", until=play.now + HOUR, library="north"))
    (one,) = play.state.announcements
    assert refused(play, "eve", Acknowledge(announcement=one)) == "unknown-notice"
    assert refused(play, "ana", Acknowledge(announcement=one)) == ""
    assert list(play.state.acknowledged[one]) == ["ana"]
    play.script("> +1h\n< announcement-ended by=")
    assert not play.state.announcements
    assert not play.state.acknowledgements


@pytest.mark.parametrize(
    "deed",
    [
        SetQueue(queue="north/ask", opening="closed"),
        Give(conversation="pat", librarian="ana"),
        PlaceLibrarian(librarian="ana", queues=("north/law",)),
        SignOutLibrarian(librarian="ana"),
        Announce(text="Hello.", until=1 << 50, library="north"),
        Announce(text="Hello.", until=1 << 50),
    ],
    ids=lambda deed: type(deed).__name__,
)
@pytest.mark.parametrize("by", ["ana", "eve"])
def test_only_a_librarys_own_coordinator_orders(by: str, deed: Deed) -> None:
    play = begun().script("> pat: Hello")
    deed = Give(conversation=play.id_of("pat"), librarian="ana") if isinstance(deed, Give) else deed
    assert refused(play, by, deed) == "not-coordinator"
    one = answer(play.act("cora", Announce(text="Hello.", until=1 << 50, library="north")))
    assert refused(play, by, EndAnnouncement(announcement=getattr(one, "id", ""))) == "not-coordinator"


def test_when_an_order_ends_the_tiers_that_are_open_are_asked_and_no_other() -> None:
    """The next team's time had not come when the queue was closed."""
    tiers = (Tier(teams=("north/desk",), after_s=40), Tier(teams=("north/late",)))
    teams = (Team(id="north/desk", name="Desk", members=("ana",)), Team(id="north/late", name="Late", members=("ben",)))
    play = begun(queues=(Queue(id="north/ask", name="Ask", tiers=tiers),), teams=teams)
    play.script("> pat: Hello\n> +5s")
    assert play.of("pat").tier == 0
    play.act("cora", SetQueue(queue="north/ask", opening="closed"))
    play.drop()
    play.act("cora", SetQueue(queue="north/ask", opening="usual"))
    assert [one.to for one in play.drop() if isinstance(one, Offered)] == [("ana",)]


def test_when_an_order_ends_in_closed_hours_those_who_are_there_are_asked() -> None:
    """As in closed hours without an order: a text is kept, and goes to who is at the desk."""
    later = ((BEGIN + 10 * HOUR, BEGIN + 20 * HOUR),)
    play = begun(queues=(Queue(id="north/ask", name="Ask", policy="longest_idle", offer_s=0),), openings=later)
    play.act("cora", SetQueue(queue="north/ask", opening="closed"))
    play.script("> pat@sms: Hello")
    assert play.owner("pat@sms") == ""
    play.act("cora", SetQueue(queue="north/ask", opening="usual"))
    assert play.owner("pat@sms") == "ana"

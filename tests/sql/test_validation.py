"""A library that cannot be as it is written is refused with the field named: from a file, from the interface, from the editor."""

from __future__ import annotations

import re
from typing import Any, cast

import msgspec
import pytest
from msgspec.structs import replace
from sqlalchemy import update

from bridge.contract.chat_form import ChatInvitation, FormField
from bridge.sql import tables
from bridge.sql.archive import Archive
from bridge.sql.people.calendar import Calendar, faults, overlaps
from bridge.sql.people.organisation import Faulty, LibraryEntry
from bridge.sql.people.organisation_file import parse
from bridge.sql.people.validation import own_faults
from routing.organisation import (
    Agreement,
    ChatSettings,
    CodeChoice,
    CounterSettings,
    Librarian,
    Library,
    Queue,
    Script,
    Team,
    Tier,
    Timers,
    When,
)

NORTH = Library(
    id="north",
    revision=0,
    name="North Library",
    queues=(Queue(id="north/ask", name="Ask", tiers=(Tier(teams=("north/desk",)), Tier(teams=("south/night",)))),),
    teams=(Team(id="north/desk", name="Desk", members=("ana", "tom")),),
    librarians=(Librarian(id="ana", name="Ana"),),
)
SOUTH = Library(
    id="south",
    revision=0,
    name="South Library",
    queues=(Queue(id="south/ask", name="Ask", tiers=(Tier(teams=("south/night",)),)),),
    teams=(Team(id="south/night", name="Night", members=("tom",)),),
    librarians=(Librarian(id="tom", name="Tom"),),
)
CHANNELS = {"north-mail": "north/ask", "south-mail": "south/ask", "shared": ""}


def _tiers(*tiers: Tier) -> dict[str, Any]:
    return {"queues": (Queue(id="north/ask", name="Ask", tiers=tiers),)}


WRONG: dict[str, dict[str, Any]] = {
    "queues[1].tiers[2].teams": _tiers(Tier(teams=("north/desk",)), Tier(teams=("north/dekc",))),
    "queues[1].tiers[1].teams": _tiers(Tier(teams=("nowhere/desk",))),
    "queues[1].tiers[1].after_s": _tiers(Tier(teams=("north/desk",), after_s=-1)),
    "queues[1].offer_s": {"queues": (replace(NORTH.queues[0], offer_s=-30),)},
    "queues[1].concierge_s": {"queues": (replace(NORTH.queues[0], concierge_s=10**30),)},
    "teams[1].members": {"teams": (Team(id="north/desk", name="Desk", members=("ana", "annabel")),)},
    "timers.close_silent_s": {"timers": Timers(close_silent_s=-300)},
    "timers.remind_s": {"timers": Timers(remind_s=10**12)},
    "librarians[1].live": {"librarians": (Librarian(id="ana", name="Ana", live=-1),)},
    "librarians[2].id": {"librarians": (Librarian(id="ana", name="Ana"), Librarian(id=" ", name="Nobody"))},
    "agreements[1].queue": {"agreements": (Agreement(queue="north/ask"),)},
    "agreements[2].queue: there is no queue": {
        "agreements": (Agreement(queue="south/ask"), Agreement(queue="south/aks"))
    },
    "agreements[1].teams": {"agreements": (Agreement(queue="south/ask", teams=("south/night",)),)},
    "agreements[1].when": {"agreements": (Agreement(queue="south/ask", when=cast(When, "now")),)},
    "agreements[2].teams": {
        "agreements": (
            Agreement(queue="south/ask", teams=("north/desk",)),
            Agreement(queue="south/ask", when="our-hours"),
        )
    },
    "default_code": {"default_code": "anwsered"},
    "language": {"language": "my own"},
    "name": {"name": "  "},
    "accent": {"accent": "blue"},
    "policy_url": {"policy_url": "javascript:alert(1)"},
    "queues[1].name": {"queues": (replace(NORTH.queues[0], name=""),)},
    "queues[1].tiers": _tiers(),
    "queues[1].tiers[1].teams: 'north/desk' stands twice": _tiers(Tier(teams=("north/desk", "north/desk"))),
    "teams[2].name: 'Desk' stands twice": {"teams": (*NORTH.teams, Team(id="north/other", name="Desk"))},
    "teams[1].id": {"teams": (Team(id="south/desk", name="Desk"),)},
    "scripts[1].text: {isbn} is never filled in here": {"scripts": (Script(key="a", title="A", text="The {isbn}."),)},
    "scripts[2].key: 'a' stands twice": {"scripts": (Script(key="a", title="A", text="A"),) * 2},
    "scripts[1].title": {"scripts": (Script(key="a", title="", text="A"),)},
    "scripts[1].text: a text is needed": {"scripts": (Script(key="a", title="A", text=" "),)},
    "wording.notice.goodbye": {"wording": {"notice.goodbye": "Bye until {opening}."}},
    "wording.notice.hullo": {"wording": {"notice.hullo": "Hullo"}},
    "codes[1].offered": {"codes": (CodeChoice(code="answered", offered=False),)},
    "codes[1].code": {"codes": (CodeChoice(code="solved"),)},
    "descriptive[2]": {"descriptive": ("loans", "loans")},
    "counter.places[2]: 'Desk' stands twice": {"counter": CounterSettings(places=("Desk", "Desk"))},
    "counter.patron_types[1]": {"counter": CounterSettings(patron_types=(" ",))},
    "counter.code_kinds: 'loans' is no": {"counter": CounterSettings(code_kinds={"loans": "reference"})},
    "contact_channel": {"contact_channel": "south-mail"},
    "contact_channel: there is no channel": {"contact_channel": "north-male"},
}


@pytest.fixture
async def loaded(archive: Archive) -> Archive:
    """Two libraries that are as they should be."""
    await archive.organisation().load(
        [_entry(NORTH), _entry(SOUTH)], channels=CHANNELS
    )  # together: one names the other
    return archive


def _entry(library: Library) -> LibraryEntry:
    return LibraryEntry(library=library, calendar=Calendar())


@pytest.mark.parametrize("field", WRONG)
async def test_what_cannot_be_is_refused_with_its_field(loaded: Archive, field: str) -> None:
    organisation = loaded.organisation()
    wrong = replace(NORTH, **WRONG[field])
    with pytest.raises(Faulty, match="north: " + re.escape(field)):
        await organisation.put(wrong, Calendar(), channels=CHANNELS)
    with pytest.raises(Faulty, match="north: " + re.escape(field)):
        await organisation.load([_entry(wrong)], channels=CHANNELS)
    assert await organisation.revisions() == {"north": 1, "south": 1}


async def test_hours_that_overlap_name_their_day_and_their_place(loaded: Archive) -> None:
    calendar = Calendar(weekly={"friday": ["09:00-13:00", "12:00-18:00"]}, dates={"2031-01-02": ["20:00-02:00", "9-5"]})
    with pytest.raises(Faulty, match=re.escape("north: hours.weekly.friday[2]")):
        await loaded.organisation().put(NORTH, calendar)
    assert [one.field for one in faults(calendar, "UTC")] == ["hours.dates.2031-01-02[2]"]
    assert overlaps(Calendar(weekly={"friday": ["20:00-02:00", "09:00-20:00"]})) == []


async def test_a_moment_of_the_desk_has_a_script_that_may_be_empty_or_tell_the_opening(loaded: Archive) -> None:
    scripts = (
        Script(key="goodbye", title="Bye", text=""),
        Script(key="closed", title="Closed", text="Until {opening}."),
    )
    await loaded.organisation().put(replace(NORTH, scripts=scripts), Calendar())


async def test_a_queue_that_a_channel_brings_messages_to_stays(loaded: Archive) -> None:
    queues = (replace(NORTH.queues[0], id="north/other"),)
    with pytest.raises(Faulty, match="north: queues: the channel 'north-mail' brings"):
        await loaded.organisation().put(replace(NORTH, queues=queues), Calendar(), channels=CHANNELS)


async def test_a_channel_of_its_own_or_of_all_carries_answers(loaded: Archive) -> None:
    organisation = loaded.organisation()
    for name in ("north-mail", "shared", ""):
        await organisation.put(replace(NORTH, contact_channel=name), Calendar(), channels=CHANNELS)


async def test_what_others_changed_meanwhile_does_not_stand_in_the_way(loaded: Archive) -> None:
    """A team that South dropped, a librarian who left, a channel that was taken out of the configuration."""
    organisation = loaded.organisation()
    north = replace(NORTH, contact_channel="north-mail")
    await organisation.put(north, Calendar(), channels=CHANNELS)
    south = replace(SOUTH, queues=(replace(SOUTH.queues[0], tiers=(Tier(teams=("south/day",)),)),))
    south = replace(south, teams=(Team(id="south/day", name="Day"),), librarians=())
    await organisation.put(south, Calendar(), channels=CHANNELS)
    await organisation.put(north, Calendar(), channels={})


async def test_hours_are_worked_out_for_a_library_that_was_taken_with_a_fault(loaded: Archive) -> None:
    data = msgspec.msgpack.encode(replace(NORTH, revision=1, timers=Timers(remind_s=-5)))
    async with loaded.engine.begin() as sql:
        await sql.execute(update(tables.library).where(tables.library.c.id == "north").values(data=data))
    assert [one.id for one in await loaded.organisation().refresh(["north"])] == ["north"]


def test_a_file_names_all_of_it_at_once() -> None:
    text = """
[[library]]
id = "north"
name = "North Library"
default_code = "nonsense"
queues = [{ id = "north/ask", name = "Ask", offer_s = -1, tiers = [{ teams = ["north/desk"], after_s = -2 }] }]
"""
    with pytest.raises(Faulty) as refused:
        parse(text)
    said = "\n".join(refused.value.faults)
    for field in ("queues[1].offer_s", "queues[1].tiers[1].after_s", "default_code"):
        assert f"library north: {field}" in said


FIELD = FormField(key="role", label="You are")


@pytest.mark.parametrize(
    ("chat", "field"),
    [
        (ChatSettings(privacy_url="javascript:alert(1)"), "privacy_url"),
        (ChatSettings(fields=(FIELD, FIELD)), "fields[2].key"),
        (ChatSettings(fields=(FormField(key="A B", label="Role"),)), "fields[1].key"),
        (ChatSettings(fields=(FormField(key="role", label=" "),)), "fields[1].label"),
        (ChatSettings(fields=(FormField(key="role", label="Role", choices=("a", "a")),)), "fields[1].choices"),
        (ChatSettings(fields=tuple(FormField(key=f"q{n}", label="Q") for n in range(7))), "fields"),
        (ChatSettings(invitation=ChatInvitation(after_s=1)), "invitation.after_s"),
        (ChatSettings(invitation=ChatInvitation(pages=("catalogue",))), "invitation.pages"),
        (ChatSettings(invitation=ChatInvitation(text="x" * 121)), "invitation.text"),
    ],
)
def test_what_a_chat_cannot_ask_or_say_names_its_field(chat: ChatSettings, field: str) -> None:
    assert [one.field for one in own_faults(replace(NORTH, chat=chat))] == [f"chat.{field}"]
    assert own_faults(replace(NORTH, chat=ChatSettings(fields=(FIELD,)))) == []

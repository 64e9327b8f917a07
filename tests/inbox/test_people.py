"""Coordinators and administrators edit people in the inbox: list, invite, deactivate, remove, guests; history, undo, libraries."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import pytest
import pytest_asyncio

from bridge.sql.people.calendar import Calendar
from routing.organisation import Librarian, Library
from tests.inbox.conftest import Browsers
from tests.inbox.desk import Client, Desk, until
from tests.inbox.desk import desk as running

pytestmark = pytest.mark.asyncio

NEW = "another horse battery"


@pytest_asyncio.fixture
async def desk(tmp_path: Any) -> AsyncIterator[Desk]:
    """A desk of one test, since its people change; Ada administers it."""
    async with running(tmp_path) as found:
        library = Library(
            id="centre", revision=0, name="Centre", librarians=(Librarian(id="ada", name="Ada", role="administrator"),)
        )
        services = found.services
        await services.gathering.ingest([await services.organisation.put(library, Calendar())])
        accounts = services.archive.accounts
        await accounts.sign_in("ada", await accounts.add("ada", "ada", "centre"))
        await accounts.change_password("ada", NEW, old=None)
        await _known(found, "ada")
        yield found


@pytest_asyncio.fixture
async def browsers(desk: Desk) -> AsyncIterator[Browsers]:
    async with AsyncExitStack() as stack:
        yield Browsers(desk, stack)


async def _known(desk: Desk, name: str, *, listed: bool = True) -> None:
    await until(lambda: (name in desk.services.replica.state.roster.home) is listed, f"{name} is listed: {listed}")


async def _done(asked: Any) -> Any:
    status, found = await asked
    assert status in (200, 204), found
    return found


async def _add(desk: Desk, client: Client, library: str, name: str, **more: Any) -> None:
    await _done(client.post(f"/organisation/{library}/people", {"id": name, "name": name.title()} | more))
    await _known(desk, name)


async def _changes(client: Client, where: str = "/organisation/north/changes") -> list[dict[str, Any]]:
    return list((await _done(client.get(where)))["changes"])


async def test_an_invited_librarian_chooses_a_password_and_is_in(desk: Desk, browsers: Browsers) -> None:
    cora, zoe = await browsers.of("cora"), await browsers.of()
    await _add(desk, cora, "north", "zoe", teams=["north/desk"], languages=["de"], subjects=["maps"], live=2)
    invitation = await _done(cora.post("/organisation/north/people/zoe/invitation"))
    found = await _done(zoe.post("/invitation", {"secret": invitation["secret"]}))
    assert (found["login"], found["name"], found["library_name"]) == ("zoe", "Zoe", "North Library")
    waiting = await _done(cora.get("/organisation/north/accounts"))
    assert [(one["librarian"], one["by_name"]) for one in waiting["invitations"]] == [("zoe", "Cora Cruz")]
    asked = {"secret": invitation["secret"], "password": "password"}
    assert (await zoe.post("/invitation/accept", asked))[1]["error"] == "weak-password"
    me = await _done(zoe.post("/invitation/accept", asked | {"password": NEW}))
    assert (me["id"], me["role"], me["must_change_password"]) == ("zoe", "librarian", False)
    zoe.csrf = me["csrf"]
    await _done(zoe.put("/presence", {"queues": ["north/reference"]}))
    again = await (await browsers.of()).post("/invitation/accept", asked | {"password": NEW})
    assert (again[0], again[1]["error"]) == (410, "used")
    assert "zoe" in (await _done(cora.get("/organisation/north/accounts")))["signed_up"]


async def test_an_invitation_is_in_no_answer_that_is_kept_and_strangers_get_none(
    desk: Desk, browsers: Browsers
) -> None:
    cora, eve = await browsers.of("cora"), await browsers.of("eve")
    first = await _done(cora.post("/organisation/north/people/ana/invitation", key="the-same-key"))
    second = await _done(cora.post("/organisation/north/people/ana/invitation", key="the-same-key"))
    assert first["secret"] != second["secret"]
    assert (await eve.post("/organisation/south/people/ana/invitation"))[0] == 404, "north's person"
    assert (await (await browsers.of()).post("/invitation", {"secret": first["secret"]}))[0] == 410
    ada = await browsers.of("ada")
    await _done(ada.put("/organisation/north/people/ben", {"name": "Ben", "role": "administrator"}))
    await until(lambda: desk.services.replica.state.roster.librarians["ben"].role == "administrator", "it is known")
    assert (await cora.post("/organisation/north/people/ben/invitation"))[0] == 403, "no way in as an administrator"


async def test_who_is_deactivated_is_out_and_what_they_held_waits_again(desk: Desk, browsers: Browsers) -> None:
    cora, ana = await browsers.of("cora"), await browsers.of("ana")
    talk = await desk.patron("of-ana", "hello?")
    await ana.deed(talk, "claim")
    page = await ana.live()
    await page.until(lambda message: message["t"] == "hello")
    await _done(cora.post("/organisation/north/people/ana/deactivate"))
    await page.until(lambda message: message["t"] == "signed-out")
    assert (await ana.get("/me"))[0] == 401
    it = desk.services.replica.state.conversations[talk]
    assert (it.state, it.owner) == ("waiting", "")
    assert (await (await browsers.of()).post("/login", {"name": "ana", "password": "correct horse battery"}))[0] == 401
    [change, *_] = await _changes(cora)
    assert (change["who_name"], change["differences"][0]["path"]) == ("Cora Cruz", ["librarians", "ana", "active"])
    await _done(cora.post(f"/organisation/north/changes/{change['n']}/undo", {}))
    await until(lambda: desk.services.replica.state.roster.librarians["ana"].active, "she is back")
    assert (await (await browsers.of()).post("/login", {"name": "ana", "password": "correct horse battery"}))[0] == 200


async def test_nobody_shuts_themselves_out(browsers: Browsers) -> None:
    cora = await browsers.of("cora")
    person = "/organisation/north/people/cora"
    for asked in (
        cora.post(f"{person}/deactivate"),
        cora.call("DELETE", person, headers=cora.headers()),
        cora.put(person, {"name": "Cora", "role": "librarian"}),
    ):
        assert (await asked)[1]["error"] == "oneself"


async def test_a_change_that_somebody_overtook_is_undone_in_part(desk: Desk, browsers: Browsers) -> None:
    cora = await browsers.of("cora")
    person, ben = "/organisation/north/people/ben", {"name": "Ben Berg", "shown": "Ben"}
    await _done(cora.put(person, ben | {"live": 5, "slow": 7}))
    [first, *_] = await _changes(cora)
    await _done(cora.put(person, ben | {"live": 9, "slow": 7}))
    status, clash = await cora.post(f"/organisation/north/changes/{first['n']}/undo", {})
    assert (status, clash["fields"], clash["all"]) == (409, [["librarians", "ben", "live"]], False)
    await _done(cora.post(f"/organisation/north/changes/{first['n']}/undo", {"partly": True}))
    people = (await _done(cora.get("/organisation/north")))["library"]["librarians"]
    assert [(one["live"], one["slow"]) for one in people if one["id"] == "ben"] == [(9, 20)]
    assert [one["undone_by"] > 0 for one in await _changes(cora)][:3] == [False, False, True]


async def test_history_is_for_coordinators_of_that_library_and_shows_no_secret(desk: Desk, browsers: Browsers) -> None:
    cora, ada = await browsers.of("cora"), await browsers.of("ada")
    document = await _done(cora.get("/organisation/north"))
    secret = "https://calendar.example/private.ics?key=hush"
    await _done(cora.put("/organisation/north", document | {"library": document["library"] | {"policy_url": secret}}))
    [change, *_] = await _changes(cora)
    assert change["differences"][0]["after"] == "https://calendar.example/…"
    assert (await (await browsers.of("eve")).get("/organisation/north/changes"))[0] == 404
    assert (await cora.get("/changes"))[0] == 403
    assert {one["library"] for one in await _changes(ada, "/changes")} == {"north", "south", "centre"}
    n = change["n"]
    assert (await (await browsers.of("eve")).post(f"/organisation/south/changes/{n}/undo", {}))[0] == 404


async def test_an_administrator_makes_a_library_from_nothing_and_removes_it(desk: Desk, browsers: Browsers) -> None:
    ada, state = await browsers.of("ada"), desk.services.replica
    made = {"id": "west", "name": "West", "language": "de", "coordinator": "wim", "coordinator_name": "Wim"}
    assert (await ada.post("/libraries", made | {"timezone": "Mars/Base"}))[1]["faults"][0]["field"] == "timezone"
    await _done(ada.post("/libraries", made | {"timezone": "Europe/Berlin"}))
    await _known(desk, "wim")
    assert state.state.roster.service("west/reference").members == ("wim",)
    assert (await ada.post("/libraries", made))[0] == 409
    await _done(ada.post("/organisation/west/people/wim/invitation"))
    document = await _done(ada.get("/organisation/north"))
    [queue] = document["library"]["queues"]
    tiers = [*queue["tiers"], {"teams": ["west/desk"], "after_s": 40}]
    await _done(
        ada.put(
            "/organisation/north", document | {"library": document["library"] | {"queues": [queue | {"tiers": tiers}]}}
        )
    )
    stands = await _done(ada.get("/libraries/west/removal"))
    assert [(one["library_name"], one["field"]) for one in stands["places"]] == [
        ("North Library", "queues[1].tiers[2].teams")
    ]
    assert (await ada.post("/libraries/west/removal", {}))[1]["error"] == "faulty"
    await _done(ada.post("/libraries/west/removal", {"clear": True}))
    await until(lambda: "west" not in state.state.roster.libraries, "the core takes it")
    assert "west" not in [one["id"] for one in (await _done(ada.get("/organisation")))["libraries"]]
    [removed, *_] = await _changes(ada, "/changes")
    assert (removed["what"], removed["library_name"], removed["undoable"]) == ("removed", "West", True)
    await _done(ada.post(f"/changes/{removed['n']}/undo", {}))
    await until(lambda: "west" in state.state.roster.libraries, "it is back")


async def test_a_library_with_open_conversations_or_channels_stays(desk: Desk, browsers: Browsers) -> None:
    ada = await browsers.of("ada")
    await desk.patron("waits", "hello?", channel="south-web")
    stands = await _done(ada.get("/libraries/south/removal"))
    assert (stands["open"], stands["channels"]) == (1, ["south-web"])
    status, problem = await ada.post("/libraries/south/removal", {"clear": True})
    assert (status, problem["error"]) == (409, "open")
    assert (await ada.post("/libraries/centre/removal", {}))[1]["error"] == "oneself"


async def test_a_guest_is_listed_and_let_go_by_the_library_that_has_them(desk: Desk, browsers: Browsers) -> None:
    eve, dora, state = await browsers.of("eve"), await browsers.of("dora"), desk.services.replica
    assert (await eve.put("/organisation/south/guests/nobody", None))[1]["faults"][0]["field"] == "guests[1]"
    await _done(eve.put("/organisation/south/guests/ana", None))
    await until(lambda: state.state.roster.works["ana"] == ("north", "south"), "she serves both")
    assert (await dora.put("/organisation/south/guests/ben", None))[0] == 403
    assert (await eve.put("/organisation/south/people/ana", {"name": "Ana"}))[0] == 404, "north's person"
    await _done(eve.call("DELETE", "/organisation/south/guests/ana", headers=eve.headers()))
    await until(lambda: state.state.roster.works["ana"] == ("north",), "she serves one")

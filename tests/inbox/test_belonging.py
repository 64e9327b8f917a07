"""A librarian who left a library cannot be taken over by another: name, account and past conversations are the old library's."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import pytest_asyncio
from msgspec.structs import replace

from routing.organisation import Librarian
from tests.inbox.conftest import Browsers
from tests.inbox.desk import PASSWORD, Client, Desk, until
from tests.inbox.desk import desk as running


@pytest_asyncio.fixture
async def desk(tmp_path: Any) -> AsyncIterator[Desk]:
    """A desk of its own for each test: people move here."""
    async with running(tmp_path) as found:
        yield found


@pytest_asyncio.fixture
async def browsers(desk: Desk) -> AsyncIterator[Browsers]:
    """Browsers on the desk of this test."""
    async with AsyncExitStack() as stack:
        yield Browsers(desk, stack)


async def _save(desk: Desk, client: Client, library: str, change: Any) -> tuple[int, Any]:
    """Edit a library's librarians and save; wait until this process knows, where it was taken."""
    _, document = await client.get(f"/organisation/{library}")
    document["library"]["librarians"] = change(document["library"]["librarians"])
    status, found = await client.put(f"/organisation/{library}", document)
    if status == 200:
        await until(
            lambda: desk.services.replica.state.libraries[library].revision == found["revision"], "the core knows"
        )
    return status, found


def _without(name: str) -> Any:
    return lambda people: [one for one in people if one["id"] != name]


def _with(name: str) -> Any:
    return lambda people: [*people, {"id": name, "name": name.title(), "since": 1}]


async def _closed_by(desk: Desk, browsers: Browsers, name: str) -> str:
    """Return a conversation of north that a librarian answered and closed."""
    conversation = await desk.patron("a patron of north", "a private matter")
    who = await browsers.of(name)
    await who.deed(conversation, "claim")
    await who.deed(conversation, "messages", {"text": "Here it is."})
    await who.deed(conversation, "close", {"code": "answered"})
    return conversation


async def _changes(client: Client, library: str) -> list[tuple[str, str, str]]:
    status, found = await client.get(f"/organisation/{library}/people")
    assert status == 200, found
    return [(one["what"], one["librarian"], one["other_name"]) for one in found["changes"]]


async def test_a_leaver_cannot_be_listed_by_another_library_and_both_are_told(desk: Desk, browsers: Browsers) -> None:
    cora, eve = await browsers.of("cora"), await browsers.of("eve")
    assert (await _save(desk, cora, "north", _without("ana")))[0] == 200
    status, problem = await _save(desk, eve, "south", _with("ana"))
    assert (status, problem["error"]) == (422, "not-yours")
    assert "librarians" in problem["detail"]
    assert "'ana'" in problem["detail"]
    assert (await eve.post("/organisation/south/librarians/ana/code"))[0] == 404
    assert await _changes(cora, "north") == [("refused-there", "ana", "South Library"), ("left", "ana", "")]
    assert await _changes(eve, "south") == [("refused-here", "ana", "North Library")]
    assert (await eve.post("/organisation/south/librarians/ana/release"))[0] == 404
    assert (await eve.get("/organisation/north/people"))[0] == 404
    assert (await _save(desk, cora, "north", _with("ana")))[0] == 200, "the library itself takes them back"


async def test_even_where_the_core_lags_behind_no_code_is_made(desk: Desk, browsers: Browsers) -> None:
    """The account's own library decides, also against the list that this process holds."""
    cora, eve = await browsers.of("cora"), await browsers.of("eve")
    assert (await _save(desk, cora, "north", _without("ana")))[0] == 200
    libraries = desk.services.replica.state.libraries
    forged = next(one for one in await desk.services.organisation.current() if one.id == "south")
    people = (*forged.librarians, Librarian(id="ana", name="Ana"))

    await desk.services.gathering.ingest([replace(forged, revision=forged.revision + 1, librarians=people)])
    await until(lambda: any(one.id == "ana" for one in libraries["south"].librarians), "the core takes it")
    assert (await eve.post("/organisation/south/librarians/ana/code"))[0] == 404


async def test_who_moved_sees_nothing_that_they_had_before(desk: Desk, browsers: Browsers) -> None:
    cora, eve, old = await browsers.of("cora"), await browsers.of("eve"), await browsers.of("ana")
    conversation = await _closed_by(desk, browsers, "ana")
    await old.put(f"/conversations/{conversation}/draft", {"text": "a private draft"})
    assert (await _save(desk, cora, "north", _without("ana")))[0] == 200
    assert (await cora.get("/organisation/north/people"))[1]["leavers"] == [{"id": "ana", "released": False}]
    assert (await cora.post("/organisation/north/librarians/ana/release"))[0] == 204
    assert (await _save(desk, eve, "south", _with("ana")))[0] == 200
    status, given = await eve.post("/organisation/south/librarians/ana/code")
    assert status == 200
    assert (await old.get("/me"))[0] == 401, "old sessions ended"
    new = await browsers.of()
    assert (await new.post("/login", {"name": "ana", "password": PASSWORD}, key=""))[0] == 401, "so did the password"
    status, me = await new.post("/login", {"name": "ana", "code": given["code"]}, key="")
    assert (status, me["libraries"]) == (200, ["south"])
    await desk.services.archive.accounts.change_password("ana", "another battery staple", old=None)
    new = await browsers.of("ana")
    for path in (f"/conversations/{conversation}", f"/conversations/{conversation}/lines"):
        assert (await new.get(path))[0] == 404
    assert await new.rows("closed") == []
    assert (await new.get("/search?q=private"))[1]["hits"] == []
    assert (await new.get("/drafts"))[1]["drafts"] == []
    assert (await cora.get(f"/conversations/{conversation}"))[0] == 200
    assert await _changes(eve, "south") == [("moved-here", "ana", "North Library")]
    told = await _changes(cora, "north")
    assert told == [("moved-away", "ana", "South Library"), ("released", "ana", ""), ("left", "ana", "")]


async def test_a_library_does_not_release_who_works_for_it(desk: Desk, browsers: Browsers) -> None:
    cora = await browsers.of("cora")
    assert (await cora.post("/organisation/north/librarians/ana/release"))[0] == 404

"""The operator's page: what it shows, and what becomes of inputs that could not be decided."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import pytest
import pytest_asyncio

from bridge.contract.message import Message, message_id
from bridge.sql.people.account_events import EventsAsked
from bridge.sql.people.calendar import Calendar
from routing import wire
from routing.organisation import Librarian, Library
from tests.inbox.conftest import Browsers
from tests.inbox.desk import PASSWORD, Client, Desk, until

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module", autouse=True)
async def administrator(desk: Desk) -> None:
    centre = Library(
        id="centre", revision=0, name="Centre", librarians=(Librarian(id="ada", name="Ada", role="administrator"),)
    )
    services = desk.services
    await services.gathering.ingest([await services.organisation.put(centre, Calendar())])
    accounts = services.archive.accounts
    await accounts.sign_in("ada", await accounts.add("ada", "ada", "centre"))
    await accounts.change_password("ada", PASSWORD, old=None)
    await until(lambda: "ada" in services.replica.state.roster.home, "Ada is listed")


async def dead(desk: Desk, without: str = "") -> str:
    """Return the id of the newest dead letter, once there is another one than `without`."""
    for _ in range(1000):
        found = await desk.services.store.dead_letters(1)
        if found and found[0].id != without:
            return found[0].id
        await asyncio.sleep(0.02)
    raise AssertionError("nothing was set aside")


async def letters(client: Client) -> list[dict[str, Any]]:
    status, shown = await client.get("/operations")
    assert status == 200
    return list(shown["letters"])


async def test_a_letter_is_retried_or_dropped_by_an_administrator_and_both_are_audited(
    desk: Desk, browsers: Browsers
) -> None:
    ada, cora = await browsers.of("ada"), await browsers.of("cora")
    await desk.services.store.ingest([("", b"\xc1 a secret word, and no input")])
    await dead(desk)
    (letter,) = await letters(ada)
    assert (letter["kinds"], letter["channels"]) == (["unreadable"], [])
    assert "not an input" in letter["errors"][0]
    assert "secret" not in str(await ada.get("/operations"))
    for deed in ("retry", "drop"):
        assert (await cora.post(f"/operations/letters/{letter['id']}/{deed}", {}))[0] == 403
        for id in ("-", "+", "1-1", "x" * 50):
            assert (await ada.post(f"/operations/letters/{id}/{deed}", {}))[0] == 404

    assert (await ada.post(f"/operations/letters/{letter['id']}/retry", {}))[0] == 204
    assert await dead(desk, without=letter["id"])
    (again,) = await letters(ada)
    assert (await ada.post(f"/operations/letters/{again['id']}/drop", {}))[0] == 204
    assert await letters(ada) == []
    events = await desk.services.archive.account_events.found(EventsAsked(libraries=["centre"]))
    noted = [(event.by, event.what, event.detail) for event in events]
    assert {("ada", "letter-retried", letter["id"]), ("ada", "letter-dropped", again["id"])} <= set(noted)


async def test_a_letter_that_can_be_decided_now_reaches_the_desk_once(desk: Desk, browsers: Browsers) -> None:
    ada = await browsers.of("ada")
    store = desk.services.store
    id = message_id("web", "late", "one")
    said = wire.encode(Message(id=id, channel="web", sender="late", source="one", text="Was I heard?"))
    await store._command("XADD", store.keys.dead, "*", "seq", "1", "faulted", msgspec.msgpack.encode([said]))
    (letter,) = await letters(ada)
    assert (letter["kinds"], letter["channels"]) == (["message"], ["web"])
    assert await store.retry_dead(letter["id"])
    assert not await store.retry_dead(letter["id"])
    state = desk.services.replica.state
    await until(lambda: "web|late" in state.addresses, "the patron is heard")


async def test_parts_streams_and_channels_are_told(desk: Desk, browsers: Browsers) -> None:
    status, shown = await (await browsers.of("ada")).get("/operations")
    assert status == 200
    assert {one["channel"] for one in shown["channels"]} == set(desk.services.channels)
    assert {one["state"] for one in shown["channels"]} == {"elsewhere"}
    assert shown["redis"].split(" ")[0] in ("Redis", "Valkey")
    assert shown["database"] == "sqlite"

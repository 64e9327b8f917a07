"""The operator's page: an administrator tries a dead letter again, and deletes it, by keyboard. Others have no way there."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import expect

from bridge.channels.channel import ChannelHealth
from bridge.redis.holders import Holder
from bridge.sql.people.calendar import Calendar
from routing.organisation import Librarian, Library
from tests.browser.conftest import People
from tests.browser.librarian import LOOKS
from tests.inbox.desk import PASSWORD, Desk, until

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(240),
    pytest.mark.xdist_group("browser-inbox"),
]


@pytest_asyncio.fixture(scope="module", loop_scope="module", autouse=True)
async def administered(desk: Desk) -> None:
    """Give the desk an administrator, Ada, and a channel that waits for the operator."""
    services = desk.services
    people = (Librarian(id="ada", name="Ada Ames", role="administrator"),)
    kept = await services.organisation.put(
        Library(id="centre", revision=0, name="Consortium", librarians=people), Calendar()
    )
    await services.gathering.ingest([kept])
    await until(lambda: "ada" in services.replica.state.roster.home, "the core takes it")
    accounts = services.archive.accounts
    await accounts.sign_in("ada", await accounts.add("ada", "ada", "centre"))
    await accounts.change_password("ada", PASSWORD, old=None)
    blocked = ChannelHealth(state="blocked", reason="credentials", failures=3)
    object.__setattr__(services, "channel_health", lambda: {"mail": blocked})
    assert services.health is not None
    assert services.leases is not None
    services.health.part("channel mail", required=False).down("blocked credentials")
    services.leases.holders = {
        "": Holder(process="p", host="alder", since=1_790_000_000_000, took_ms=5_300),
        "mail": Holder(process="p", host="birch", since=1_790_000_100_000),
    }


async def letter(desk: Desk) -> None:
    """Hand in what nobody can decide."""
    before = len(await desk.services.store.dead_letters(10))
    await desk.services.store.ingest([("", b"\xc1 no input")])
    async with asyncio.timeout(30):
        while len(await desk.services.store.dead_letters(10)) == before:
            await asyncio.sleep(0.05)


async def test_a_dead_letter_is_tried_again_and_deleted_by_keyboard(desk: Desk, people: People) -> None:
    await letter(desk)
    ada, ana = await people.of("ada", here=False), await people.of("ana")
    page = ada.page
    for one in (ana, ada):
        await one.page.keyboard.press("Control+k")
        await one.page.keyboard.type("operations")
    await expect(page.get_by_role("option", name="Go to Operations")).to_be_visible()
    await expect(ana.page.get_by_role("option", name="Go to Operations")).to_be_disabled()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("row", name="mail email")).to_contain_text("Waits for you")
    letters = page.get_by_role("region", name="Dead letters")
    await expect(letters).to_contain_text("Not readable")
    await letters.get_by_role("button", name="Try again").focus()
    first = await letters.get_by_role("button", name="Try again").inner_text()
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("It was handed in again.").first).to_be_visible()
    again = letters.get_by_role("button", name="Try again")
    await expect(again).not_to_have_text(first)
    await letters.get_by_role("button", name="Delete").focus()
    await page.keyboard.press("Enter")
    sure = page.get_by_role("alertdialog", name="Delete this letter?")
    await sure.get_by_role("button", name="Delete").focus()
    await page.keyboard.press("Enter")
    await expect(letters).to_contain_text("None.")
    assert await desk.services.store.dead_letters(10) == []
    assert ada.complaints == []


@pytest.mark.parametrize("look", LOOKS)
async def test_the_page_looks_right(
    look: dict[str, Any], desk: Desk, people: People, request: pytest.FixtureRequest
) -> None:
    if not await desk.services.store.dead_letters(1):
        await letter(desk)
    ada = await people.of("ada", here=False, **look)
    await ada.go("operations")
    await expect(ada.page.get_by_role("region", name="Dead letters")).to_contain_text("Not readable")
    await ada.look(f"{request.node.callspec.id}-operations")

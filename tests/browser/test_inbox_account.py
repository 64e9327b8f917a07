"""A patron proves who they are on a page of its own; the librarian sees the loans, renews one, and the access ends by itself."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from bridge.account.access import GRANT_S, AccountAccess
from bridge.account.settings import AccountConfig
from tests.browser.chat import violations
from tests.browser.conftest import People
from tests.browser.librarian import LOOKS, PAGES
from tests.inbox.desk import Desk
from tests.inbox.desk import desk as running
from tests.peers.sip2 import CARD, PIN, sip_library

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(240),
    pytest.mark.xdist_group("browser-inbox"),
]
CLOCK = [1_800_000_000.0]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def desk(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Desk]:
    """A desk whose north has a library system."""
    async with sip_library() as library:
        library.renewable = {"B1"}
        config = AccountConfig(
            library="north", kind="sip2", host="127.0.0.1", port=library.port, login="desk", password="terminal-4711"
        )
        access = AccountAccess([config], clock=lambda: CLOCK[0])
        async with running(tmp_path_factory.mktemp("desk"), pages=PAGES, accounts=access) as found:
            yield found


@pytest.mark.parametrize("look", LOOKS)
async def test_a_patron_shows_their_account_and_a_loan_is_renewed(
    desk: Desk, people: People, browser: Browser, look: dict[str, Any]
) -> None:
    conversation = await desk.patron(f"borrower-{look}", "Can you renew my book?")
    ana = await people.of("ana", **look)
    page, name = ana.page, f"account-{look['viewport']['width']}-{look['color_scheme']}"
    await ana.open(conversation)
    await page.keyboard.press("c")
    await ana.composer.wait_for()
    await page.keyboard.press("Escape")
    if look["viewport"]["width"] < 500:
        await page.keyboard.press("i")
    await page.get_by_text("Library account", exact=True).click()
    await page.get_by_role("button", name="Ask to see it").focus()
    await page.keyboard.press("Enter")
    await expect(ana.composer).to_be_focused()
    link = next(word for word in (await ana.composer.input_value()).split() if "/account/" in word)
    patron = await browser.new_page(**look)
    try:
        await patron.goto(link)
        await patron.get_by_label("Library card number").focus()
        await patron.keyboard.type(CARD)
        await patron.keyboard.press("Tab")
        await patron.keyboard.type("wrong")
        await patron.keyboard.press("Enter")
        await expect(patron.get_by_role("alert")).to_contain_text("don't belong together")
        assert await violations(patron) == []
        await ana.look(f"{name}-offered")
        await patron.get_by_label("Library card number").fill(CARD)
        await patron.get_by_label("PIN or password").fill(PIN)
        await patron.get_by_label("what I owe").check()
        await patron.get_by_role("button", name="Check, and show").click()
        await expect(patron.get_by_role("heading")).to_have_text("The librarian can see your account now")
        assert await violations(patron) == []
        assert await patron.evaluate("document.documentElement.scrollWidth <= innerWidth")
    finally:
        await patron.close()
    if look["viewport"]["width"] < 500:
        await page.keyboard.press("Escape")
        await ana.open(conversation, "mine")
        await page.keyboard.press("i")
    await expect(page.get_by_text("Owed: 2.50 EUR")).to_be_visible()
    await ana.look(f"{name}-seen")
    await page.get_by_role("button", name="Renew Arithmetic").click()
    await page.get_by_role("alertdialog").get_by_role("button", name="Renew", exact=True).click()
    await expect(page.get_by_text("Arithmetic is renewed until 2027-01-21.")).to_be_visible()
    CLOCK[0] += GRANT_S
    await expect(page.get_by_text("The patron's permission has ended.")).to_be_visible()
    await expect(page.get_by_text("Owed: 2.50 EUR")).to_have_count(0)
    await ana.look(f"{name}-ended")

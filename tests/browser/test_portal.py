"""The library's public page: a coordinator writes it in the inbox, and everybody reads it, with a keyboard, without script."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Literal

import pytest
from playwright.async_api import Page, expect

from tests.browser.chat import VANISHED, violations
from tests.browser.conftest import People
from tests.inbox.desk import Desk

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(240),
    pytest.mark.xdist_group("browser-inbox"),
]
SHOTS = os.environ.get("DESKBRIDGE_SHOTS", "")
LOOKS: tuple[tuple[int, Literal["dark", "light"]], ...] = ((360, "dark"), (1280, "light"))
FITS = "document.documentElement.scrollWidth <= innerWidth"


async def held(page: Page, name: str) -> None:
    """Hold a page to what every page must be: nothing for axe to find, nothing wider than the window."""
    for width, scheme in LOOKS:
        await page.set_viewport_size({"width": width, "height": 800})
        await page.emulate_media(color_scheme=scheme)
        if SHOTS:
            await page.screenshot(path=Path(SHOTS) / f"portal-{name}-{width}-{scheme}.png", full_page=True)
        assert [each["id"] for each in await violations(page)] == [], (name, width, scheme)
        assert await page.evaluate(FITS), (name, width, scheme)
    await page.emulate_media(forced_colors="active")
    assert await page.evaluate(VANISHED) == [], name
    await page.emulate_media(forced_colors="none")


async def test_a_coordinator_writes_the_public_page(desk: Desk, people: People) -> None:
    cora = await people.of("cora", here=False)
    await cora.go("library/north/portal")
    main = cora.page.get_by_role("main")
    await main.get_by_label("One line below the name").fill("Books, and people who know them.")
    await main.get_by_label("Welcome").fill("Ask us **anything**.")
    await main.get_by_label("Telephone").fill("call us")
    await main.get_by_label("Email address").fill("ask@north.example")
    await main.get_by_label("Street").fill("12 Market Place")
    await main.get_by_label("Search address").fill("https://catalogue.example/find?q={words}")
    await main.get_by_role("button", name="Add a link").focus()
    await cora.page.keyboard.press("Enter")
    await cora.page.keyboard.type("Renew a loan")
    await cora.page.keyboard.press("Tab")
    await cora.page.keyboard.type("https://catalogue.example/me")
    await main.get_by_role("button", name="Start from our text").first.click()
    await expect(main.get_by_label("Privacy notice")).to_have_value(re.compile("What we keep"))
    await main.get_by_role("button", name="Save", exact=True).click()
    phone = main.get_by_label("Telephone")
    await expect(phone).to_be_focused()
    await expect(main.get_by_text("is not a telephone number")).to_be_visible()
    await phone.fill("+44 1632 960010")
    await cora.look("portal-editor")
    await main.get_by_role("button", name="Save", exact=True).click()
    await expect(cora.page.get_by_text("Everything is saved.")).to_be_visible()
    assert cora.complaints == []
    async with cora.page.expect_popup() as popup:
        await main.get_by_role("link", name="Open the page").click()
    page = await popup.value
    await expect(page.get_by_text("Books, and people who know them.")).to_be_visible()
    await expect(page.get_by_role("link", name="+44 1632 960010")).to_have_attribute("href", "tel:+441632960010")
    await held(page, "library")
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    await page.get_by_role("link", name="Privacy").click()
    await expect(page.get_by_role("heading", name="What we keep")).to_be_visible()
    await held(page, "privacy")
    await page.get_by_role("link", name="Deutsch").click()
    await expect(page.get_by_role("heading", name="Datenschutz")).to_be_visible()
    await page.goto(re.sub(r"/library/.*", "/nothing-here", page.url))
    await held(page, "nothing")
    await expect(page.get_by_role("main").get_by_role("link")).to_have_attribute("href", "/")
    await page.close()

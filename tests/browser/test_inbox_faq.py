"""A coordinator makes an entry of the FAQ from a talk, looks it over and publishes it; the next patron gets it by one key."""

from __future__ import annotations

import asyncio

import pytest
from playwright.async_api import expect

from bridge.sql.faq.counts import today
from tests.browser.conftest import People
from tests.inbox.desk import Desk

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(240),
    pytest.mark.xdist_group("browser-inbox"),
]


async def test_a_talk_becomes_an_entry_that_answers_the_next_patron(desk: Desk, people: People) -> None:
    talk = await desk.patron(
        "faq-jane", "Hello, my name is Jane Roe. Can I borrow a telescope? My card is 2123456789", name="Jane"
    )
    cora = await people.of("cora")
    page = cora.page
    await cora.open(talk)
    await page.get_by_role("button", name="Claim").first.click()
    await cora.composer.fill("Yes: telescopes are at the desk, for two weeks.")
    await page.keyboard.press("Control+Enter")
    await expect(
        page.get_by_role("listitem").get_by_text("Answered: Yes: telescopes")
    ).to_be_visible()  # the desk has it
    await page.keyboard.press("Escape")
    await page.keyboard.press("Control+k")
    await page.keyboard.type("Make an entry")
    await page.get_by_role("option", name="Make an entry of the FAQ").wait_for()
    await page.keyboard.press("Enter")
    title = page.get_by_label("Question", exact=True)
    await expect(title).to_have_value("Can I borrow a telescope?")
    await expect(page.get_by_text("2123456789")).to_be_visible()  # among what was taken out
    assert "Jane" not in await page.get_by_role("textbox", name="Answer").input_value()
    save = page.get_by_role("button", name="Save")
    await expect(save).to_be_disabled()
    await page.get_by_label("nobody can be recognised").check()
    await page.get_by_label("Who reads it").select_option("public")
    await cora.look("faq-second-look")
    await save.press("Enter")
    await expect(page.get_by_role("link", name="Public page")).to_be_visible()
    await page.set_viewport_size({"width": 360, "height": 740})
    await cora.look("faq-editor-360")
    await page.get_by_role("link", name="All entries").click()
    await expect(page.get_by_role("link", name="Can I borrow a telescope?")).to_be_visible()
    await cora.look("faq-list-360")
    await page.set_viewport_size({"width": 1280, "height": 800})
    other = await desk.patron("faq-max", "can I borow a telescpe please")
    await cora.open(other)
    await page.get_by_role("button", name="Claim").first.click()
    await expect(cora.composer).to_be_focused()
    await page.keyboard.press("Escape")
    await page.keyboard.press(".")
    await expect(cora.composer).to_have_value(
        "Yes: telescopes are at the desk, for two weeks.\n" + f"{desk.url}/faq/north/en/can-i-borrow-a-telescope"
    )
    await cora.look("faq-beside-chat")
    await page.keyboard.press("Control+Enter")
    await expect(cora.log).to_contain_text("can-i-borrow-a-telescope")
    counts = desk.services.archive.faq_counts
    entry = (await desk.services.archive.faq.of_library("north"))[0]
    async with asyncio.timeout(30):  # the page shows what was said before the desk has it
        while (await counts.of_library("north", today())).get(entry.id) != {"used": 1}:
            await asyncio.sleep(0.05)

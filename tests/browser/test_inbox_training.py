"""A trainee's session from the training page to the sheet, who reads it, and a coordinator's scenario from a fault to its try."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from tests.browser.conftest import People
from tests.inbox.desk import Desk

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(240),
    pytest.mark.xdist_group("browser-inbox"),
]


async def test_a_trainee_rehearses_with_hints_and_shares_the_sheet(desk: Desk, people: People) -> None:
    ana = await people.of("ana")
    page = ana.page
    await page.keyboard.press("Control+k")
    await page.keyboard.type("Go to training")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="A guided first day")).to_be_visible()
    await ana.look("training")
    await page.get_by_role("link", name="Begin", exact=True).press("Enter")
    await page.get_by_role("button", name="Start", exact=True).press("Enter")
    log = page.get_by_role("log", name="Practice conversation")
    await expect(log.locator(".said:not(.own)")).not_to_have_count(0)
    await expect(page.get_by_role("complementary", name="Hints").get_by_role("listitem")).not_to_have_count(0)
    await page.get_by_label("Speed of the clock").select_option("20")
    answer = page.get_by_label("Your answer (practice)")
    await answer.fill("Hello, this is Ana. Our hours: https://north.example/hours. Is there anything else?")
    before = await log.locator(".said:not(.own)").count()
    await page.keyboard.press("Control+Enter")
    await expect(log.locator(".said:not(.own)")).not_to_have_count(before)
    await ana.look("training-rehearsal")
    await page.set_viewport_size({"width": 360, "height": 740})
    await ana.look("training-rehearsal-360")
    await page.get_by_role("button", name="End it").click()
    await page.get_by_role("button", name="Show my sheet").click()
    await expect(page.get_by_role("heading", name="Approachability", exact=True)).to_be_visible()
    await expect(page.get_by_text("A source was given as a link").locator("xpath=..")).to_contain_text("Yes")
    await ana.look("training-sheet-360")
    await page.set_viewport_size({"width": 1280, "height": 800})
    await ana.look("training-sheet")
    address = page.url
    ben = await people.of("ben")
    await ben.page.goto(address)
    await expect(ben.page.get_by_role("alert")).to_be_visible()
    await expect(ben.page.get_by_role("heading", name="Approachability")).to_have_count(0)
    await page.get_by_label("One colleague sees it").select_option("ben")
    await expect(page.get_by_text("It's shared.").first).to_be_visible()
    await ben.page.get_by_role("button", name="Try again").click()
    await expect(ben.page.get_by_text("Ana Alves shares this sheet with you")).to_be_visible()
    assert not desk.services.replica.state.conversations, "a rehearsal is no conversation of the desk"


async def test_a_coordinator_mends_a_scenario_tries_it_and_saves_it(people: People) -> None:
    cora = await people.of("cora")
    page = cora.page
    await cora.go("training/edit")
    await page.get_by_label("Title").fill("Maps of the harbour")
    await page.get_by_label("Opening words").fill("i need a map")
    await page.get_by_label("Words that answer the question").fill("map room")
    await page.get_by_role("button", name="Try it").click()
    await expect(page.get_by_role("alert")).to_contain_text("ends.thanks")
    await page.get_by_label("Thanks").fill("Thanks!")
    await page.get_by_role("button", name="Add a fact").click()
    await page.get_by_label("Short name of the fact").fill("year")
    await page.get_by_label("Questions that ask for it").fill("which year")
    await page.get_by_label("What the patron says then").fill("Around 1900.")
    await page.get_by_label("What they say to other questions").fill("No idea.")
    await cora.look("training-editor")
    await page.get_by_role("button", name="Try it").click()
    await page.get_by_role("button", name="Start", exact=True).click()
    await expect(page.get_by_role("log")).to_contain_text("i need a map")
    await page.get_by_label("Speed of the clock").select_option("20")
    await page.get_by_label("Your answer (practice)").fill("Which year do you need?")
    await page.keyboard.press("Control+Enter")
    await expect(page.get_by_role("log")).to_contain_text("Around 1900.")
    await page.get_by_role("button", name="Save", exact=True).click()
    await expect(page.get_by_text("Version 1, by Cora Cruz")).to_be_visible()
    await page.set_viewport_size({"width": 360, "height": 740})
    await cora.look("training-editor-360")
    await page.get_by_role("link", name="All scenarios").click()
    await expect(page.get_by_role("heading", name="Maps of the harbour")).to_be_visible()
    await cora.look("training-360")

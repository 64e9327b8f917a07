"""Practice in the inbox: begun on the training page, served, marked, counted on a sheet; and a patron played by hand."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import expect

from tests.browser.conftest import People
from tests.browser.librarian import Librarian
from tests.inbox.desk import Desk
from tests.training.practice_desk import practising

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(240),
    pytest.mark.xdist_group("browser-inbox"),
]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def desk(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Desk]:
    """A desk where staff practise."""
    async with practising(tmp_path_factory.mktemp("practice")) as found:
        yield found.as_desk()


async def entered(people: People, name: str, **context: Any) -> Librarian:
    """Return a browser with a session that exists already: the demonstration's people have passwords of their own."""
    found = await people.of("", **context)
    token, _ = await found.desk.services.archive.accounts.open_session(name)
    await found.page.context.add_cookies([{"name": "deskbridge", "value": token, "url": found.desk.url}])
    await found.page.goto(f"{found.desk.url}/inbox/")
    await found.page.locator(".rail").wait_for()
    return found


async def test_practice_goes_through_the_inbox_to_its_sheet(people: People) -> None:
    ben = await entered(people, "ben", color_scheme="dark")
    page = ben.page
    await ben.go("training/play/-/open-sunday")
    await page.get_by_role("button", name="Practise in the inbox").click()
    await page.get_by_role("article").filter(has_text="Practice").first.wait_for()
    await ben.look("practice-list")
    await page.get_by_role("article").get_by_role("link").first.click()
    await page.get_by_role("button", name=re.compile("^(Accept|Claim)")).first.click()
    await expect(page.get_by_role("button", name="Transfer")).to_be_visible()
    await expect(page.locator("header .practice-mark")).to_be_visible()
    await ben.composer.fill("Hello! Which building do you mean?")
    await ben.composer.press("Control+Enter")
    await expect(ben.log.get_by_role("listitem").filter(has_text="Which building")).to_have_count(1)
    await expect(
        ben.log.get_by_role("listitem").filter(has_text=re.compile("next to the station|The main building"))
    ).not_to_have_count(0)
    await expect(page.get_by_role("region", name="Write").get_by_text("Practice")).to_be_visible()
    await ben.look("practice-conversation")
    await page.set_viewport_size({"width": 360, "height": 740})
    await ben.look("practice-conversation-360")
    await page.set_viewport_size({"width": 1280, "height": 800})
    await page.get_by_role("button", name="End", exact=True).click()
    await page.get_by_role("dialog").get_by_role("button", name="End conversation").click()
    await expect(page.get_by_role("dialog")).to_have_count(0)
    await ben.go("training")
    await page.get_by_role("button", name="Show my sheet: Open on Sunday?").first.click()
    await expect(page.get_by_role("heading", name="Approachability", exact=True)).to_be_visible()


async def test_a_colleague_plays_the_patron_and_gives_the_part_back(people: People) -> None:
    ben = await entered(people, "ben")
    await ben.go("training/play/-/open-sunday")
    await ben.page.get_by_label("Who plays the patron").select_option("ana")
    await ben.page.get_by_role("button", name="Practise in the inbox").click()
    ana = await entered(people, "ana")
    await ana.go("training")
    await ana.page.get_by_role("link", name="Play the patron").click()
    await ana.page.get_by_label("What you write as the patron").fill("Is anybody there?")
    await ana.page.get_by_role("button", name="Write", exact=True).click()
    await expect(ana.page.get_by_role("log").get_by_text("Is anybody there?")).to_be_visible()
    await ben.page.get_by_role("article").filter(has_text="Is anybody there?").wait_for()
    await ana.look("practice-seat")
    await ana.page.set_viewport_size({"width": 360, "height": 740})
    await ana.look("practice-seat-360")
    await ana.page.get_by_role("button", name="Give the part back to the script").click()
    await expect(ana.page.get_by_text("You don't play this patron now.")).to_be_visible()

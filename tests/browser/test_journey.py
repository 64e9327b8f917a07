"""The whole house in browsers: a patron on a phone, one at a desk, two librarians, and everything real between them."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, FrameLocator, Page, expect

from tests.browser.chat import chromium, violations, watch
from tests.browser.picture import png
from tests.journeys.house import House
from tests.journeys.librarian import PASSWORD
from tests.journeys.librarian import Librarian as Account

pytestmark = [pytest.mark.timeout(300), pytest.mark.xdist_group("browser-journey")]
SHOTS = os.environ.get("DESKBRIDGE_SHOTS", "")
ORDINARY = ("401 (Unauthorized)", "409 (Conflict)")
CLAIM = "document.querySelector('.acts .main')?.click()"
PHONE: dict[str, Any] = {"viewport": {"width": 360, "height": 740}, "has_touch": True}
DESK: dict[str, Any] = {"viewport": {"width": 1280, "height": 800}}


class Street:
    """A running house, and browsers on its doors."""

    def __init__(self, house: House, browser: Browser, stack: AsyncExitStack) -> None:
        self.house = house
        self._browser = browser
        self._stack = stack
        self._complaints: list[str] = []

    @property
    def complaints(self) -> list[str]:
        """What any page complained of."""
        return [each for each in self._complaints if not any(word in each for word in ORDINARY)]

    async def page(self, path: str, **context: Any) -> Page:
        """A clean browser on one page of the house."""
        found = await self._browser.new_context(locale="en-GB", **context)
        self._stack.push_async_callback(found.close)
        page = await found.new_page()
        watch(page, self._complaints, (self.house.url,))
        await page.goto(self.house.url + path)
        return page

    async def patron(self, path: str = "/", **context: Any) -> tuple[Page, FrameLocator]:
        """A patron on a library's page, with the chat open; "/" is the only library's."""
        page = await self.page(path, **context)
        launcher = page.locator("deskbridge-chat button")
        await launcher.focus()
        await page.keyboard.press("Enter")
        frame = page.frame_locator("iframe")
        await expect(frame.get_by_role("textbox", name="Your message")).to_be_focused()
        return page, frame

    async def librarian(self, name: str, *, here: bool = True) -> Page:
        """A librarian at the inbox, present at every queue unless told otherwise, by keyboard."""
        account = Account(self.house.url, name)
        await account.sign_in(self.house.codes[name])
        await account.close()
        page = await self.page("/inbox", **DESK)
        await page.get_by_label("Name").fill(name)
        await page.get_by_label("Password", exact=True).fill(PASSWORD)
        await page.keyboard.press("Enter")
        await page.get_by_role("navigation", name="Desk").wait_for()
        await page.get_by_role("button", name="chats.").wait_for()
        if not here:
            return page
        await page.keyboard.press("p")
        boxes = page.get_by_role("dialog").get_by_role("checkbox")
        await boxes.first.wait_for()
        for box in await boxes.all():
            await box.focus()
            if not await box.is_checked():
                await page.keyboard.press("Space")
        await page.locator("[form=presence]").focus()
        await page.keyboard.press("Enter")
        await page.get_by_role("button", name=re.compile("Available")).wait_for()
        return page

    async def clean(self, page: Page, name: str) -> None:
        """Hold a page and its frames to having nothing for axe to find."""
        if SHOTS:
            await page.screenshot(path=Path(SHOTS) / f"journey-{name}.png")
        for document in page.frames:
            found = await violations(document)
            assert [(each["id"], each["nodes"][0]["html"][:200]) for each in found] == [], name


@pytest_asyncio.fixture
async def street(tmp_path: Path) -> AsyncIterator[Street]:
    with House(tmp_path / "house") as house:
        await house.start()
        async with AsyncExitStack() as stack:
            yield Street(house, await stack.enter_async_context(chromium()), stack)


async def write(frame: FrameLocator, text: str) -> None:
    """Write as the patron does on a phone, where Enter is a new line."""
    await frame.get_by_role("textbox", name="Your message").fill(text)
    await frame.get_by_role("button", name="Send").click()
    await expect(frame.get_by_role("log")).to_contain_text(text)


async def open_talk(page: Page, words: str) -> None:
    """Open the waiting conversation that says `words`, through the palette."""
    await expect(page.get_by_text(words).first).to_be_visible()
    await page.get_by_text(words).first.click()
    await expect(page.get_by_role("log")).to_contain_text(words)


async def test_patron_and_two_librarians_from_the_first_word_to_the_last(street: Street) -> None:
    """Both claim at once and one wins; they talk, transfer, note and close; nothing for axe to find on the way."""
    ana, ben = await street.librarian("ana"), await street.librarian("ben")
    phone, chat = await street.patron(**PHONE)
    await street.clean(phone, "patron-first")
    await write(chat, "Is the reading room open on Sunday?")
    for page in (ana, ben):
        await open_talk(page, "Is the reading room open on Sunday?")
    await street.clean(phone, "patron-waiting")
    await street.clean(ana, "librarian-preview")
    await asyncio.gather(*(page.evaluate(CLAIM) for page in (ana, ben)))
    mine = ana.get_by_role("button", name="Transfer")
    await expect(mine.or_(ana.get_by_text("with Ben Librarian").first)).to_be_visible()
    winner, loser, colleague = (ana, ben, "Ben Librarian") if await mine.count() else (ben, ana, "Ana Librarian")
    await expect(loser.get_by_role("button", name="Claim", exact=True)).to_have_count(0)

    composer = winner.get_by_role("region", name="Write").get_by_role("textbox")
    await composer.fill("Yes, from one o'clock.")
    await winner.keyboard.press("Control+Enter")
    await expect(chat.get_by_role("log").get_by_text("Yes, from one o'clock.")).to_have_count(1)
    await write(chat, "And can I bring coffee?")
    await expect(winner.get_by_role("log")).to_contain_text("And can I bring coffee?")
    await street.clean(phone, "patron-talking")
    await street.clean(winner, "librarian-talking")

    await winner.get_by_role("button", name="Note").click()
    await composer.fill("Second time she asks about coffee.")
    await winner.get_by_role("button", name="Save note").click()
    await expect(winner.get_by_role("article", name="Staff note by")).to_contain_text("coffee")

    await winner.get_by_role("button", name="Transfer").click()
    await winner.get_by_role("dialog").get_by_role("radio", name=colleague).check()
    await winner.get_by_label("Note for your colleague").fill("Please go on.")
    await street.clean(winner, "librarian-transfer")
    await winner.get_by_role("button", name="Offer transfer").click()
    await loser.locator(".acts").get_by_role("button", name="Accept").first.click()
    answer = loser.get_by_role("region", name="Write").get_by_role("textbox")
    await answer.fill("Coffee is welcome with a lid.")
    await loser.keyboard.press("Control+Enter")
    await expect(chat.get_by_role("log").get_by_text("Coffee is welcome with a lid.")).to_have_count(1)
    await expect(chat.get_by_role("log")).not_to_contain_text("Second time she asks")

    await loser.get_by_role("button", name="End", exact=True).click()
    await street.clean(loser, "librarian-end")
    await loser.get_by_role("button", name="End conversation").click()
    await expect(loser.get_by_role("button", name="Reopen")).to_be_visible()
    await street.clean(phone, "patron-ended")
    await street.clean(loser, "librarian-ended")
    assert street.complaints == []


async def test_a_patron_talks_with_two_librarians_at_once(street: Street) -> None:
    """The second joins the first: the patron is told once, reads who says what, and hears of no change when they take turns."""
    ana, ben = await street.librarian("ana"), await street.librarian("ben")
    phone, chat = await street.patron(**PHONE)
    log = chat.get_by_role("log")
    await write(chat, "Which edition should I read?")
    for page in (ana, ben):
        await open_talk(page, "Which edition should I read?")
    await ana.keyboard.press("c")
    await expect(ana.get_by_role("button", name="Transfer")).to_be_visible()
    await ben.locator(".acts").get_by_role("button", name="Join", exact=True).focus()
    await ben.keyboard.press("Enter")
    await expect(log.get_by_text("Ben has joined us and can answer too.")).to_have_count(1)
    await expect(ana.get_by_text("Yours. Joined by Ben Librarian.")).to_be_visible()

    for page, words in ((ana, "The second, I think."), (ben, "Yes, the second."), (ana, "It has an index.")):
        composer = page.get_by_role("region", name="Write").get_by_role("textbox")
        await composer.focus()
        await page.keyboard.type(words)
        await page.keyboard.press("Control+Enter")
        await expect(log.get_by_text(words)).to_have_count(1)
    await write(chat, "Thank you both!")
    for page in (ana, ben):
        await expect(page.get_by_role("log")).to_contain_text("Thank you both!")
    by = await log.locator(".line:not(.mine) .by bdi").all_text_contents()
    assert [name.split(" ")[0] for name in by] == ["Ana", "Ana", "Ben", "Ana"]
    said = await log.locator(".line:not(.mine) .bubble").all_text_contents()
    assert said[1:] == ["The second, I think.", "Yes, the second.", "It has an index."]
    assert "Ana" in said[0]  # who comes first greets; it is her line, as what she writes is
    await expect(log.get_by_text("joined")).to_have_count(1)
    await expect(log.get_by_text("is helping you now")).to_have_count(0)
    await street.clean(phone, "patron-two-librarians")
    await street.clean(ben, "librarian-joined")

    await ana.keyboard.press("Escape")
    await ana.keyboard.press("e")
    await ana.get_by_role("button", name="End conversation").focus()
    await ana.keyboard.press("Enter")
    await expect(ben.get_by_text("This conversation is closed.")).to_be_visible()
    await expect(ben.get_by_role("button", name="Leave", exact=True)).to_have_count(0)
    assert street.complaints == []


async def test_a_picture_goes_with_an_answer(street: Street, tmp_path: Path) -> None:
    """Chosen by keyboard, drawn in the transcript, and the patron saves exactly what was sent."""
    ana = await street.librarian("ana")
    desk, chat = await street.patron(**DESK)
    await write(chat, "Could you send me the plan?")
    await open_talk(ana, "Could you send me the plan?")
    await ana.evaluate(CLAIM)
    await expect(ana.get_by_role("button", name="Transfer")).to_be_visible()
    picture = tmp_path / "plan.png"
    picture.write_bytes(png())
    async with ana.expect_file_chooser() as chooser:
        await ana.get_by_role("button", name="Attach").focus()
        await ana.keyboard.press("Enter")
    await (await chooser.value).set_files(picture)
    await expect(ana.get_by_role("button", name="Remove plan.png")).to_be_visible()
    await ana.get_by_role("region", name="Write").get_by_role("textbox").fill("Here it is.")
    await ana.keyboard.press("Control+Enter")
    await expect(ana.get_by_role("log").get_by_role("img", name="plan.png")).to_have_count(1)
    await ana.wait_for_function("() => document.querySelector('[role=log] img').naturalWidth > 0")
    await street.clean(ana, "librarian-picture")
    await expect(chat.get_by_role("log").get_by_text("Here it is.")).to_have_count(1)
    async with desk.expect_download() as download:
        await chat.get_by_role("button", name="plan.png").focus()
        await desk.keyboard.press("Enter")
    await street.clean(desk, "patron-picture")
    got = await (await download.value).path()
    assert await asyncio.to_thread(got.read_bytes) == png()
    assert street.complaints == []


async def test_a_killed_house_costs_neither_side_a_word(street: Street) -> None:
    """The daemon dies between two messages; both sides write meanwhile; after the restart all of it is there once."""
    ana = await street.librarian("ana")
    desk, chat = await street.patron(**DESK)
    await write(chat, "Before the storm")
    await open_talk(ana, "Before the storm")
    await ana.evaluate(CLAIM)
    await expect(ana.get_by_role("button", name="Transfer")).to_be_visible()
    street.house.kill()
    await chat.get_by_role("textbox", name="Your message").fill("During the storm")
    await desk.keyboard.press("Enter")
    composer = ana.get_by_role("region", name="Write").get_by_role("textbox")
    await composer.fill("We hear you")
    await ana.keyboard.press("Control+Enter")
    await street.house.start()
    for log in (chat.get_by_role("log"), ana.get_by_role("log")):
        await expect(log.get_by_text("During the storm")).to_have_count(1, timeout=60_000)
        await expect(log.get_by_text("We hear you")).to_have_count(1, timeout=60_000)
    await write(chat, "After the storm")
    await expect(ana.get_by_role("log").get_by_text("After the storm")).to_have_count(1)

"""A telephone in one browser, the inbox in another, and between them the daemon and the server that answers like Twilio."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from bridge.testing.limits import PNG
from bridge.testing.phone import Phone
from bridge.testing.twilio import Twilio
from tests.browser.chat import SHOTS, chromium, violations, watch
from tests.browser.test_journey import Street, open_talk
from tests.journeys.house import House

pytestmark = [pytest.mark.timeout(300), pytest.mark.xdist_group("browser-phone")]
OURS = "+15005550100"


class Town:
    """A running daemon with a number, a telephone's page, and browsers."""

    def __init__(self, street: Street, twilio: Twilio, phone: Page, complaints: list[str]) -> None:
        self.street = street
        self.twilio = twilio
        self.phone = phone
        self.complaints = complaints

    async def text(self, words: str) -> None:
        """Text on the telephone."""
        await self.phone.get_by_label("Text message").fill(words)
        await self.phone.keyboard.press("Enter")
        await expect(self.phone.get_by_role("log")).to_contain_text(words)


@pytest_asyncio.fixture
async def town(tmp_path: Path) -> AsyncIterator[Town]:
    twilio = Twilio([OURS])
    twilio.reports = ("sent", "delivered")
    page = Phone(twilio)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(twilio)
        (tmp_path / "token").write_text(twilio.token)
        house = House(tmp_path / "house", more=channel(twilio, tmp_path / "token"))
        (tmp_path / "house").mkdir()
        stack.enter_context(house)
        text = (house.folder / "deskbridge.toml").read_text()
        (house.folder / "deskbridge.toml").write_text(text.replace("%house%", house.url))
        twilio.inbound = f"{house.url}/channels/text/inbound"
        await house.start()
        browser = await stack.enter_async_context(chromium())
        context = await browser.new_context(locale="en-GB", viewport={"width": 390, "height": 780})
        stack.push_async_callback(context.close)
        phone, complaints = await context.new_page(), list[str]()
        watch(phone, complaints, (twilio.url,))
        await phone.goto(f"{page.url}?number=14155550123")
        yield Town(Street(house, browser, stack), twilio, phone, complaints)


def channel(twilio: Twilio, token: Path) -> str:
    """Return the channel's part of the configuration; `%house%` is where the daemon will be."""
    return (
        '[[channel]]\nname = "text"\nkind = "sms"\nqueue = "north/reference"\n'
        f'account_sid = "{twilio.account}"\nauth_token_file = "{token}"\nnumbers = ["{OURS}"]\n'
        f'api = "{twilio.url}"\nrate = 100.0\npublic_url = "%house%"\n'
    )


async def test_a_conversation_by_text_with_a_picture_each_way(town: Town, tmp_path: Path) -> None:
    """The picture goes both ways, STOP and START are honoured and shown, and axe finds nothing on the telephone."""
    picture = tmp_path / "shelf.png"
    picture.write_bytes(PNG)
    ana = await town.street.librarian("ana")
    await town.phone.get_by_label("Picture").set_input_files(picture)
    await town.text("Is this shelf still there?")
    await open_talk(ana, "Is this shelf still there?")
    await expect(ana.get_by_role("log").locator("img")).to_have_count(1)
    await ana.get_by_role("button", name="Claim", exact=True).click()
    composer = ana.get_by_role("region", name="Write").get_by_role("textbox")
    await composer.fill("It moved here:")
    await ana.get_by_role("region", name="Write").locator("input[type=file]").set_input_files(picture)
    await expect(ana.get_by_role("region", name="Write")).to_contain_text("shelf.png")
    await ana.keyboard.press("Control+Enter")
    log = town.phone.get_by_role("log")
    await expect(log.get_by_text("It moved here:")).to_have_count(1)
    await expect(log.locator(".line:not(.mine) img")).to_have_count(1)
    assert (
        await log.locator(".line:not(.mine) img").evaluate("each => each.decode().then(() => each.naturalWidth)") == 1
    )

    await town.text("STOP")
    await expect(log).to_contain_text("no more texts")
    await expect(ana.get_by_role("log")).to_contain_text("wants no more texts")
    sent = len(town.twilio.records)
    await composer.fill("Did you find it?")
    await composer.press("Control+Enter")
    await expect(ana.get_by_role("log")).to_contain_text("asked not to receive texts")
    assert len(town.twilio.records) == sent

    await town.text("START")
    await expect(ana.get_by_role("log")).to_contain_text("wants texts again")
    await composer.fill("Good to hear from you again.")
    await composer.press("Control+Enter")
    await expect(log.get_by_text("Good to hear from you again.")).to_have_count(1)
    await expect(log.get_by_text("Did you find it?")).to_have_count(0)
    found = await violations(town.phone, frames=True)
    assert [(each["id"], each["nodes"][0]["html"][:200]) for each in found] == []
    if SHOTS:
        await town.phone.screenshot(path=Path(SHOTS) / "phone.png")
    assert town.complaints == []
    assert town.street.complaints == []

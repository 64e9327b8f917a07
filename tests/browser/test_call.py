"""A call from its offer to its end, in two browsers with made-up cameras, through a real coturn that relays all of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Page, async_playwright, expect

from tests.browser.chat import ARGS, CHROMIUM
from tests.browser.test_journey import PHONE, Street, open_talk, write
from tests.journeys.house import House
from tests.peers.coturn import SECRET, Coturn

pytestmark = [
    pytest.mark.timeout(300),
    pytest.mark.xdist_group("browser-call"),
    pytest.mark.skipif(bool(Coturn.missing()), reason=Coturn.missing()),
]
FAKE = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream", "--auto-accept-this-tab-capture"]

# What came in, and by which kind of way: WebRTC's own figures (W3C webrtc-stats).
FIGURES = """async () => {
  const found = { frames: 0, sound: 0, ways: [] };
  const report = await window.callStats();
  for (const one of report?.values() ?? []) {
    if (one.type === "inbound-rtp" && one.kind === "video") found.frames += one.framesDecoded ?? 0;
    if (one.type === "inbound-rtp" && one.kind === "audio") found.sound += one.packetsReceived ?? 0;
    if (one.type === "candidate-pair" && one.state === "succeeded" && one.nominated) {
      found.ways.push(report.get(one.localCandidateId)?.candidateType, report.get(one.remoteCandidateId)?.candidateType);
    }
  }
  return found;
}"""


@pytest_asyncio.fixture
async def street(tmp_path: Path) -> AsyncIterator[Street]:
    folder = tmp_path / "house"
    folder.mkdir()
    (folder / "turn-secret").write_text(SECRET)
    (folder / "turn-secret").chmod(0o600)
    with Coturn() as coturn:
        urls = ", ".join(f'"{url}"' for url in coturn.urls)
        with House(folder, ("ana",), more=f'[calls]\nturn = [{urls}]\nsecret_file = "turn-secret"\n') as house:
            await house.start()
            async with AsyncExitStack() as stack:
                playwright = await stack.enter_async_context(async_playwright())
                browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=[*ARGS, *FAKE])
                stack.push_async_callback(browser.close)
                yield Street(house, browser, stack)


async def figures(page: Page, **least: int) -> dict[str, Any]:
    """Return what a page gets, once that is at least so much."""
    while True:
        found: dict[str, Any] = await page.evaluate(FIGURES)
        if all(found[name] >= enough for name, enough in least.items()) and found["ways"]:
            return found
        await asyncio.sleep(0.1)


async def test_voice_camera_and_screen_go_both_ways_and_only_through_the_relay(street: Street) -> None:
    ana = await street.librarian("ana")
    phone, chat = await street.patron(**PHONE)
    await write(chat, "The database shows me an error.")
    await open_talk(ana, "The database shows me an error.")
    await ana.get_by_role("button", name="Claim", exact=True).click()
    await ana.get_by_role("button", name="More").click()
    await ana.get_by_role("menuitem", name="Talk and see").click()
    await street.clean(ana, "call-dialog")
    await ana.get_by_role("radio", name="Video").check()
    async with ana.context.expect_page() as opened:
        await ana.get_by_role("button", name="Offer it").click()
    hers = await opened.value
    await expect(hers.get_by_role("heading")).to_contain_text("Call with")

    await expect(chat.get_by_role("button", name="No, thanks")).to_be_visible()
    await street.clean(phone, "call-widget")
    await street.clean(ana, "call-bar")
    async with phone.context.expect_page() as opened:
        await chat.get_by_role("link", name="Open the call").click()
    theirs = await opened.value
    await expect(theirs.get_by_role("heading")).to_contain_text("Ana offers a video call")
    assert "#" not in theirs.url
    await street.clean(theirs, "call-offer-360")
    await theirs.get_by_role("button", name="Join").click()
    await expect(theirs.get_by_text("You can't be seen or heard by Ana.")).to_be_visible()
    for page in (theirs, hers):
        for what in ("Turn microphone on", "Turn camera on"):
            await page.get_by_role("button", name=what).click()
    await expect(theirs.get_by_text("You show and say to Ana: your voice, your camera.")).to_be_visible()
    await expect(hers.get_by_text("You get from the patron: their voice, their camera.")).to_be_visible()
    for page in (theirs, hers):
        found = await figures(page, frames=10, sound=10)
        assert set(found["ways"]) == {"relay"}
    await hers.get_by_role("button", name="Show my screen").click()
    await expect(theirs.get_by_label("The screen of Ana")).to_be_visible()
    await street.clean(theirs, "call-360")
    await hers.get_by_role("button", name="Take a picture").click()
    await expect(hers.get_by_role("img", name="Arrow keys move the ring")).to_be_focused()
    await hers.keyboard.press("ArrowRight")
    await street.clean(hers, "call-picture")
    await hers.get_by_role("button", name="Send it into").click()
    await expect(chat.get_by_role("button", name="picture.png")).to_be_visible()
    await hers.get_by_role("button", name="End the call").click()
    for page in (theirs, hers):
        await expect(page.get_by_role("heading")).to_have_text("The call has ended")
    await expect(ana.get_by_role("log")).to_contain_text("The call ended after")
    assert street.complaints == []
    for secret in (SECRET, "candidate:", "a=ice-pwd"):
        assert secret not in street.house.log

"""A patron finds the answer without asking: while they write, with no keystroke sent; and on the pages, which need no script."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from msgspec.structs import replace
from playwright.async_api import Page, expect

from bench.faq import entries
from bridge.sql.archive import Archive
from bridge.sql.faq.counts import today
from tests.browser.test_journey import Street, street

__all__ = ["street"]
pytestmark = [pytest.mark.timeout(300), pytest.mark.xdist_group("browser-journey")]
RENEW = "How do I renew my books?"
PHONE: dict[str, Any] = {
    "viewport": {"width": 360, "height": 740},
    "color_scheme": "dark",
    "java_script_enabled": False,
}


def sent_by(page: Page) -> list[str]:
    """Return what the page sends from now on: addresses, bodies and frames."""
    sent: list[str] = []
    page.on("request", lambda request: sent.append(f"{request.url} {request.post_data or ''}"))
    page.on("websocket", lambda line: line.on("framesent", lambda said: sent.append(str(said))))
    return sent


async def test_a_patron_finds_the_answer_without_asking(street: Street) -> None:
    archive = await Archive.open(f"sqlite:///{street.house.folder / 'data' / 'archive.sqlite'}")
    try:
        kept = [await archive.faq.save(replace(one, library="north"), "cora") for one in entries()]
        await beside_the_chat(street)
        await on_the_pages(street)
        renew = next(one.id for one in kept if one.texts[0].title == RENEW)
        async with asyncio.timeout(60):  # the daemon writes counts every few seconds
            while await counted(archive, renew) != {"solved": 1, "view": 1, "helpful": 1}:
                await asyncio.sleep(0.1)
    finally:
        await archive.close()
    assert street.complaints == []


async def counted(archive: Archive, entry: str) -> dict[str, int]:
    """Return what was counted of an entry today."""
    return (await archive.faq_counts.of_library("north", today())).get(entry, {})


async def beside_the_chat(street: Street) -> None:
    """Write a first message with typos, and be answered by the nearest entry."""
    page, frame = await street.patron(viewport={"width": 1280, "height": 800})
    sent = sent_by(page)
    field = frame.get_by_role("textbox", name="Your message")
    await field.press_sequentially("can I renwe my bokos", delay=5)
    answers = frame.get_by_role("group", name="Answers")
    await expect(answers.get_by_role("link").first).to_have_text(RENEW)
    await expect(answers.get_by_role("link")).to_have_count(await answers.get_by_role("listitem").count())
    await street.clean(page, "faq-beside-chat")
    await answers.get_by_role("button", name=f"This answered it: {RENEW}").press("Enter")
    await expect(frame.get_by_text("Good to know.")).to_be_visible()
    await expect(field).to_have_value("")
    assert any("titles.json" in one for one in sent)
    assert not [one for one in sent if "renwe" in one or "bokos" in one]


async def on_the_pages(street: Street) -> None:
    """Search and read without script, on a phone, and say that it helped."""
    page = await street.page("/faq/north/", **PHONE)
    await page.get_by_role("searchbox").fill("renwe bokos")
    await page.keyboard.press("Enter")
    await page.get_by_role("link", name=RENEW).click()
    await expect(page.get_by_role("heading", level=1)).to_have_text(RENEW)
    await page.get_by_role("button", name="Yes").press("Enter")
    await expect(page.get_by_text("Thank you.")).to_be_visible()
    seen = await street.page("/faq/north/", viewport={"width": 360, "height": 740}, forced_colors="active")
    for name, path in (("home", ""), ("results", "search?q=books"), ("entry", "en/how-do-i-renew-my-books?told=no")):
        await seen.goto(f"{street.house.url}/faq/north/{path}")
        assert await seen.evaluate("document.documentElement.scrollWidth <= innerWidth"), name
        await street.clean(seen, f"faq-{name}")

"""What hands do in the inbox: a key pressed early, a thumb on a small screen, a list that is left for another."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from playwright.async_api import expect

from tests.browser.conftest import People
from tests.browser.librarian import Librarian
from tests.inbox.desk import Desk

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(240),
    pytest.mark.xdist_group("browser-inbox"),
]

PHONE: dict[str, Any] = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True}
TARGET = 44.0  # px for a finger (pages.md)
# What can be pressed and is hidden by something that lies over its middle.
COVERED = """[...document.querySelectorAll(".head button, .composer button, .rail a, .rail button")].filter((one) => {
  const { left, top, width, height } = one.getBoundingClientRect();
  return width && !one.contains(document.elementFromPoint(left + width / 2, top + height / 2));
}).map((one) => one.ariaLabel || one.textContent)"""
# What is too small for a finger; what lies in a sentence or fills a row may be.
SMALL = """(least) => [...document.querySelectorAll("button, select, summary, .check")].filter((one) => {
  const { width, height } = one.getBoundingClientRect();
  return width && (width < least || height < least);
}).map((one) => `${one.ariaLabel || one.textContent} ${one.offsetWidth}x${one.offsetHeight}`)"""


async def claim(librarian: Librarian, conversation: str) -> None:
    """Open and claim, by key."""
    await librarian.open(conversation)
    await librarian.page.keyboard.press("c")
    await expect(librarian.page.get_by_role("button", name="Transfer")).to_be_visible()
    await expect(librarian.composer).to_be_focused()
    await librarian.page.keyboard.press("Escape")


async def test_a_quick_undo_takes_back_the_deed_just_begun(desk: Desk, people: People) -> None:
    """The row is there by the live line before the request is answered: `z` then means this deed, not the one before."""
    first = await desk.patron("undo-1", "The first question", name="Fay First")
    second = await desk.patron("undo-2", "The second question", name="Sam Second")
    ana = await people.of("ana")
    await claim(ana, first)
    answered = asyncio.Event()

    async def held(route: Any) -> None:
        answer = await route.fetch()
        await answered.wait()
        await route.fulfill(response=answer)

    await ana.page.route("**/claim", held)
    await ana.open(second)
    await ana.page.keyboard.press("c")
    await expect(ana.page.get_by_role("button", name="Transfer")).to_be_visible()
    await ana.page.keyboard.press("Escape")  # out of the composer, which has the focus at once
    await ana.page.keyboard.press("z")
    answered.set()
    await expect(ana.page.get_by_role("button", name="Claim", exact=True)).to_be_visible()
    await ana.go("mine")
    await expect(ana.page.get_by_role("article").filter(has_text="Fay First")).to_be_visible()
    await expect(ana.page.get_by_role("article").filter(has_text="Sam Second")).to_have_count(0)
    await ana.page.keyboard.press("z")
    await expect(ana.page.get_by_role("article").filter(has_text="Fay First")).to_have_count(0)


async def test_what_is_told_covers_nothing_on_a_phone(desk: Desk, people: People) -> None:
    """The line that says what was done is between the messages and the composer; every button can still be pressed."""
    tom = await desk.patron("thumb", "Where is the lift?", name="Tom Thumb")
    ana = await people.of("ana", **PHONE)
    await claim(ana, tom)
    await expect(ana.page.get_by_text("Tom Thumb is yours.").first).to_be_visible()
    assert await ana.page.evaluate(COVERED) == []
    await ana.look("phone-told")
    await ana.page.get_by_role("button", name="Undo").click()
    await expect(ana.page.get_by_text("Back in the queue").first).to_be_visible()
    await ana.page.get_by_role("button", name="Back to the list").click()
    await expect(ana.page.get_by_role("heading", level=1)).to_be_visible()
    assert await ana.page.evaluate(COVERED) == []
    await ana.look("phone-told-list")


async def test_a_finger_hits_what_it_means(desk: Desk, people: People) -> None:
    """On a touch screen all controls of a conversation and of its dialogs are at least 44 px."""
    mia = await desk.patron("finger", "Where is the lift?", name="Mia Finger")
    ana = await people.of("ana", **PHONE)
    await claim(ana, mia)
    assert await ana.page.evaluate(SMALL, TARGET) == []
    for key in ("e", "t", "p"):
        await ana.page.keyboard.press(key)
        await ana.page.get_by_role("dialog").wait_for()
        assert await ana.page.evaluate(SMALL, TARGET) == []
        await ana.page.keyboard.press("Escape")
        await expect(ana.page.get_by_role("dialog")).to_have_count(0)


async def test_another_list_begins_at_its_top(desk: Desk, people: People) -> None:
    """Who changes from Mine to All open sees what needs somebody most, though rows of the first stand far down in the second."""
    mine = [await desk.patron(f"top-mine-{n}", "Mine and answered", name=f"Mine {n}") for n in range(3)]
    ana = await people.of("ana")
    for conversation in mine:
        await claim(ana, conversation)
        await ana.page.keyboard.press("r")
        await ana.composer.fill("Answered.")
        await ana.page.keyboard.press("Control+Enter")
        await expect(ana.log.get_by_text("Answered.")).to_have_count(1)
        await ana.page.keyboard.press("Escape")
    for n in range(12):
        await desk.patron(f"top-{n}", "Still waiting", name=f"Waiting {n}")
    await ana.go("open")
    await expect(ana.page.get_by_role("article").filter(has_text="Waiting 0")).to_be_visible()
    await ana.go("mine")
    await expect(ana.page.get_by_role("article").filter(has_text="Mine 2")).to_be_visible()
    await ana.go("open")
    await expect(ana.page.get_by_role("article").filter(has_text="Waiting 0")).to_be_visible()
    await ana.page.evaluate("new Promise((then) => requestAnimationFrame(() => requestAnimationFrame(then)))")
    assert await ana.page.evaluate("document.querySelector('.list .box').scrollTop") == 0


@pytest.mark.parametrize("width", [360, 1280])
async def test_what_is_passed_to_me_is_found_by_key_and_says_so(width: int, desk: Desk, people: People) -> None:
    """`u` leads to the offer before all that waits, and the page says who passes it; there is one way to take it: accept."""
    view: dict[str, Any] = {"viewport": {"width": width, "height": 740}}
    pam = await desk.patron(f"pass-{width}", "Who knows about parish registers?", name=f"Pam {width}")
    await desk.patron(f"wait-{width}", "And I wait", name=f"Will {width}")
    ben, ana = await people.of("ben", **view), await people.of("ana", **view)
    await claim(ben, pam)
    await ben.page.keyboard.press("t")
    await ben.page.get_by_role("dialog").get_by_role("radio", name="Ana Alves").check()
    await ben.page.get_by_role("button", name="Offer transfer").click()
    await ana.go("mine")
    bar = ana.page.get_by_role("region", name="Offers to you")
    for place in (ana.page.get_by_role("main"), bar):
        offer = place.get_by_role("article").filter(has_text=f"Pam {width}")
        await expect(offer.get_by_role("button", name="Accept")).to_be_visible()
    await ana.go("waiting")
    await ana.page.keyboard.press("u")
    await expect(ana.page.get_by_text("Ben Berg is passing this to you.")).to_be_visible()
    await expect(ana.page.get_by_text("Ben Berg is offering this to you.")).to_be_visible()
    await expect(ana.page.get_by_role("button", name="Accept and answer")).to_be_visible()
    await expect(ana.page.get_by_role("button", name="Join", exact=True)).to_have_count(0)
    await expect(ana.page.get_by_role("heading", name=f"Pam {width}")).to_be_visible()
    await expect(bar.get_by_role("article")).to_have_count(0)  # what is open is not said twice
    await ana.look(f"passed-{width}")
    await ana.page.get_by_role("button", name="Accept and answer").click()
    await expect(ana.composer).to_be_focused()

"""The list for eight hours: rows of one height that stay where they are, snoozing, going on, and drafts that aren't lost."""

from __future__ import annotations

import asyncio
import base64
from typing import Any

import pytest
from playwright.async_api import Locator, Route, expect

from bridge.inbox.views import aliases
from tests.browser.conftest import People
from tests.browser.librarian import LOOKS, Librarian
from tests.browser.test_inbox_conversation import claim
from tests.inbox.desk import Desk

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(240),
    pytest.mark.xdist_group("browser-inbox"),
]
PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
# Whether the page asks before it is left.
LEAVES = """(() => {
  const leaving = new Event("beforeunload", { cancelable: true });
  dispatchEvent(leaving);
  return leaving.defaultPrevented;
})()"""


def row(librarian: Librarian, text: str) -> Locator:
    """The row of a list that says this."""
    return librarian.page.locator(".list article").filter(has_text=text)


async def uniform(librarian: Librarian) -> None:
    """All rows in sight have one height, and one sign of time each."""
    rows = librarian.page.get_by_role("article")
    heights = await rows.evaluate_all("all => all.map((one) => one.offsetHeight)")
    assert len(set(heights)) == 1, heights
    signs = await rows.evaluate_all("all => all.map((one) => one.querySelectorAll('.timer, .sign, time').length)")
    assert set(signs) == {1}, signs


async def top(one: Locator) -> float:
    """How far below the head of the list a row begins: bars above all panes may come and go."""
    return float(
        await one.evaluate("one => one.getBoundingClientRect().y - one.closest('.box').getBoundingClientRect().y")
    )


@pytest.mark.parametrize("look", LOOKS)
async def test_rows_have_one_height_one_sign_and_names_that_can_be_spoken(
    look: dict[str, Any], desk: Desk, people: People
) -> None:
    mark = f"{look['viewport']['width']} {look['color_scheme']}"
    ana = await people.of("ana", **look)
    asked = [await desk.patron(f"calm {n} {mark}", f"Question {n} {mark}" + " and more" * n) for n in range(4)]
    await desk.patron(f"dora {mark}", f"From elsewhere {mark}", name="A patron whose name is long enough to be cut")
    await ana.open(asked[0])
    await claim(ana)
    await ana.page.keyboard.press("r")
    await ana.page.keyboard.type("I began to write")
    await ana.page.keyboard.press("Escape")
    await ana.open(asked[1])
    await claim(ana)
    await ana.page.keyboard.press("d")
    await ana.go("mine")
    await expect(row(ana, f"Question 1 {mark}")).to_contain_text("no answer needed")
    await expect(row(ana, f"Question 0 {mark}")).to_contain_text("draft")
    await uniform(ana)
    await ana.look(f"calm-mine-{look['viewport']['width']}-{look['color_scheme']}")
    await ana.go("open")
    await expect(row(ana, f"Question 3 {mark}")).to_contain_text(aliases.name(asked[3], "en"))
    await uniform(ana)
    await ana.look(f"calm-{look['viewport']['width']}-{look['color_scheme']}")


async def test_a_list_stands_still_while_the_pointer_is_in_it(desk: Desk, people: People) -> None:
    """A row that goes leaves its place, one that comes above is told and pushes nothing; later the order is true again."""
    names = [f"Still {n}" for n in range(4)]
    asked = [await desk.patron(name, f"{name} asks", name=name) for name in names]
    ana = await people.of("ana")
    for conversation in asked[1:3]:
        await ana.open(conversation)
        await claim(ana)
    await ana.go("mine")
    await row(ana, "Still 2 asks").hover()
    async with desk.client() as browser:
        ben = await browser.enter("ben")
        begins = await top(row(ana, "Still 2 asks"))
        await ben.deed(asked[0], "claim")
        await ben.deed(asked[0], "transfer", {"librarian": "ana"})
        await ana.page.get_by_role("button", name="1 new above").wait_for()
        assert await top(row(ana, "Still 2 asks")) == pytest.approx(begins, abs=1)
        await ana.page.get_by_role("button", name="1 new above").click()
        await expect(ana.page.locator(".list article").first).to_contain_text("Still 0")
        await ben.deed(asked[0], "release", {"transfer": True})
    await ana.go("waiting")
    await row(ana, "Still 3 asks").hover()
    begins = await top(row(ana, "Still 3 asks"))
    first = ana.page.locator(".list article").first
    gone = await first.inner_text()
    conversation = (await first.get_by_role("link").get_attribute("href") or "").rpartition("/")[2]
    assert "Still 3" not in gone
    async with desk.client() as browser:
        await (await browser.enter("ben")).deed(conversation, "claim")
    await expect(ana.page.get_by_text("Not in this list any more")).to_be_visible()
    assert await top(row(ana, "Still 3 asks")) == pytest.approx(begins, abs=1)
    await ana.page.mouse.move(800, 300)
    await expect(ana.page.get_by_text("Not in this list any more")).to_have_count(0)


async def test_snooze_undo_and_going_on_by_keyboard(desk: Desk, people: People) -> None:
    """`s` snoozes and `z` takes it back; a toast covers no list; what ends leads to what needs me next."""
    names = ("Snooze One", "Snooze Two")
    one, two = [await desk.patron(name, f"{name} asks", name=name) for name in names]
    ana = await people.of("ana")
    for conversation in (two, one):
        await ana.open(conversation)
        await claim(ana)
    await ana.go(f"mine/{one}")
    await ana.page.keyboard.press("s")
    dialog = ana.page.get_by_role("dialog", name="Snooze Snooze One")
    await expect(dialog.get_by_role("button", name="For 15 minutes")).to_be_focused()
    await ana.look("snooze-1280-light")
    await ana.page.keyboard.press("Enter")
    await expect(row(ana, "Snooze One asks")).to_contain_text("until")
    toast = ana.page.get_by_role("region", name="Messages").get_by_text("Snooze One is snoozed")
    await toast.wait_for()
    covers, listed = await toast.bounding_box(), await ana.page.locator(".list").bounding_box()
    assert covers
    assert listed
    assert covers["x"] > listed["x"] + listed["width"]
    await ana.page.keyboard.press("z")
    await expect(row(ana, "Snooze One asks").locator(".timer")).to_be_visible()
    await ana.page.keyboard.press("e")
    ending = ana.page.get_by_role("dialog")
    await ending.get_by_label("When a conversation is done").select_option(label="Open the next one that needs me")
    await ending.get_by_role("button", name="End conversation").click()
    shown = ana.page.locator(".thread h1")
    await expect(shown).not_to_have_text("Snooze One")
    await expect(ana.page.get_by_role("dialog")).to_have_count(0)
    following = await shown.inner_text()
    await expect(row(ana, following).first.locator(".timer")).to_be_visible()
    await ana.page.keyboard.press("d")
    await expect(shown).not_to_have_text(following)


async def test_what_is_begun_stays_and_the_page_warns_before_it_loses_it(desk: Desk, people: People) -> None:
    asked = await desk.patron("Dana Draft", "Send me the map", name="Dana Draft")
    ana = await people.of("ana")
    await ana.open(asked)
    await claim(ana)
    assert not await ana.page.evaluate(LEAVES)
    await ana.page.locator("input[type=file]").set_input_files(
        {"name": "map.png", "mimeType": "image/png", "buffer": PIXEL}
    )
    await ana.page.get_by_role("button", name="Remove map.png").wait_for()
    await ana.go("mine")
    await expect(row(ana, "Send me the map")).to_contain_text("draft")
    assert await ana.page.evaluate(LEAVES), "the browser asks first"
    await ana.open(asked, "mine")
    await ana.page.get_by_role("button", name="Remove map.png").wait_for()
    await ana.page.keyboard.press("e")
    await expect(ana.page.get_by_text("Attached and not sent: map.png")).to_be_visible()
    await ana.look("draft-end-1280-light")
    await ana.page.keyboard.press("Escape")
    await ana.page.get_by_role("button", name="Remove map.png").click()
    assert not await ana.page.evaluate(LEAVES)


@pytest.mark.parametrize("look", LOOKS)
async def test_what_loads_has_a_shape_and_what_is_empty_says_what_to_do(
    look: dict[str, Any], desk: Desk, people: People
) -> None:
    ana = await people.of("ana", here=False, **look)
    where = f"{look['viewport']['width']}-{look['color_scheme']}"
    let_go = asyncio.Event()

    async def held(route: Route) -> None:
        await let_go.wait()
        await route.continue_()

    await ana.page.route("**/assets/Settings-*.js", held)
    await ana.go("settings")
    await ana.page.locator(".skeleton").wait_for()
    await ana.look(f"skeleton-{where}")
    let_go.set()
    await expect(ana.page.get_by_role("heading", name="Settings")).to_be_visible()
    await expect(ana.page.get_by_label("When a conversation is done")).to_have_value("stay")
    await ana.go("aside")
    await expect(ana.page.get_by_role("button", name="Search all conversations")).to_be_visible()
    await ana.look(f"empty-{where}")

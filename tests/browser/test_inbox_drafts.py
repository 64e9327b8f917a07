"""What librarians begin to write: kept when the page is closed or reloaded, and the same in all their windows."""

from __future__ import annotations

import asyncio

import pytest
from playwright.async_api import expect

from tests.browser.conftest import People
from tests.inbox.desk import DEADLINE, Desk

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(240),
    pytest.mark.xdist_group("browser-inbox"),
]

# Faster than drafts are saved while one writes: a reply, a note, back to the reply, and the page ends.
AT_ONCE = """(() => {
    const modes = document.querySelectorAll(".composer .mode");
    const write = (text) => {
        const field = document.querySelector(".composer textarea");
        field.value = text;
        field.dispatchEvent(new InputEvent("input", { bubbles: true }));
    };
    const drawn = () => new Promise((done) => requestAnimationFrame(done));
    write("Yes, on the second");
    modes[1].click();
    drawn().then(drawn).then(() => {
        write("Ask her name.");
        modes[0].click();
    }).then(drawn).then(() => location.replace("about:blank"));
})()"""


async def test_what_was_begun_a_moment_before_the_page_ends_is_kept(desk: Desk, people: People) -> None:
    hasty = await desk.patron("hasty", "Is there a quiet room?", name="Hanna Hasty")
    ana = await people.of("ana")
    await ana.open(hasty)
    await ana.page.keyboard.press("c")
    await expect(ana.composer).to_be_focused()
    await ana.page.evaluate(AT_ONCE)
    await ana.page.wait_for_url("about:blank")
    async with asyncio.timeout(DEADLINE):
        while len(await desk.services.archive.drafts.of("ana")) < 2:
            await asyncio.sleep(0.02)
    await ana.page.goto(f"{desk.url}/inbox/#/mine/{hasty}")
    for mode, text in (("Reply", "Yes, on the second"), ("Note", "Ask her name.")):
        await ana.page.get_by_role("region", name="Write").get_by_role("button", name=mode).click()
        await expect(ana.composer).to_have_value(text)
    assert ana.complaints == []


async def test_what_was_sent_from_one_window_does_not_stand_unsent_in_another(desk: Desk, people: People) -> None:
    """Begun in one, gone on with in a second, sent from there: the first never offers it to be sent once more."""
    twice = await desk.patron("two windows", "May I bring tea?", name="Tom Twice")
    other = await desk.patron("two windows too", "hello?", name="Otto Other")
    one, two = await people.of("ana"), await people.of("ana")
    await one.open(twice)
    await one.page.keyboard.press("c")
    await expect(one.composer).to_be_focused()
    async with one.page.expect_response("**/draft"):
        await one.page.keyboard.type("Yes, in a")
    await two.open(twice, "mine")
    await expect(two.composer).to_have_value("Yes, in a")
    await one.open(other)
    async with two.page.expect_response("**/draft"):
        await two.composer.press_sequentially(" mug.")
    await one.open(twice, "mine")
    await expect(one.composer).to_have_value("Yes, in a mug.")
    await one.open(other)
    async with two.page.expect_response("**/draft"):
        await two.page.keyboard.press("Control+Enter")
    await expect(two.log.get_by_text("Yes, in a mug.")).to_have_count(1)
    await one.open(twice, "mine")
    await expect(one.log.get_by_text("Yes, in a mug.")).to_have_count(1)
    await expect(one.composer).to_have_value("")
    assert one.complaints == two.complaints == []


async def test_two_windows_that_write_at_once_keep_both_and_ask(desk: Desk, people: People) -> None:
    asked = await desk.patron("both windows", "May I bring tea?", name="Bo Both")
    one, two = (
        await people.of("ana"),
        await people.of("ana", viewport={"width": 360, "height": 740}, color_scheme="dark"),
    )
    await one.open(asked)
    await one.page.keyboard.press("c")
    await expect(one.page.get_by_role("button", name="Transfer")).to_be_visible()
    await two.open(asked, "mine")
    await expect(two.composer).to_be_visible()
    async with one.page.expect_response("**/draft"):
        await one.composer.press_sequentially("Yes, in a mug.")
    await two.composer.press_sequentially("No, please.")
    await expect(two.page.get_by_text("started writing in another window")).to_contain_text("Yes, in a mug.")
    await expect(two.composer).to_have_value("No, please.")
    await two.look("draft-clash")
    async with two.page.expect_response("**/draft"):
        await two.page.get_by_role("button", name="Keep both").click()
    await expect(two.composer).to_have_value("Yes, in a mug.\nNo, please.")
    await expect(two.composer).to_be_focused()
    await expect(one.composer).to_have_value("Yes, in a mug.")
    await one.composer.press_sequentially(" A big one.")
    await expect(one.page.get_by_text("started writing in another window")).to_be_visible()
    await one.look("draft-clash-wide")
    await one.page.get_by_role("button", name="Use the other text").click()
    await expect(one.composer).to_have_value("Yes, in a mug.\nNo, please.")

"""Two librarians in one conversation, as both see it, by keyboard alone."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from playwright.async_api import Route, expect

from tests.browser.conftest import People
from tests.browser.librarian import LOOKS, Librarian, lines_of
from tests.inbox.desk import Desk, until

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(240),
    pytest.mark.xdist_group("browser-inbox"),
]


# The button is pressed, and what it asks goes out when `joins` is called.
JOIN_WAITS = """() => {
  const ask = window.fetch;
  window.fetch = async (...asked) => {
    if (String(asked[0]).endsWith("/join")) await new Promise((go) => (window.joins = go));
    return ask(...asked);
  };
}"""


async def have(one: Librarian, conversation: str) -> None:
    """Claim a conversation by keyboard."""
    await one.open(conversation)
    await one.page.keyboard.press("c")
    await expect(one.composer).to_be_focused()
    await one.page.keyboard.press("Escape")


async def say(one: Librarian, words: str) -> None:
    """Answer from the composer, which has the focus."""
    await expect(one.composer).to_be_focused()
    await one.page.keyboard.type(words)
    await one.page.keyboard.press("Control+Enter")
    await expect(one.log.get_by_text(words)).to_have_count(1)
    await one.page.keyboard.press("Escape")


async def test_a_colleague_joins_answers_and_leaves_by_keyboard_alone(desk: Desk, people: People) -> None:
    """The owner sees who came and who writes; Mine shows it as joined; only the owner can end it; undo leads back in."""
    jo = await desk.patron("jo", "Which of the two is older?", name="Jo Join")
    ana, ben = await people.of("ana"), await people.of("ben")
    await have(ana, jo)
    await ben.open(jo, "open")
    await expect(ben.page.get_by_text("or join and answer too")).to_be_visible()
    await ben.page.keyboard.press("s")
    await expect(ben.page.get_by_text("Ana Alves has it. Joined by you.")).to_be_visible()
    await expect(ana.page.get_by_text("Yours. Joined by Ben Berg.")).to_be_visible()
    await expect(ben.page.get_by_text("Reply to Jo Join by Web chat")).to_be_visible()
    await expect(ben.page.get_by_role("button", name="End", exact=True)).to_have_count(0)
    await expect(ben.page.get_by_role("button", name="Transfer")).to_have_count(0)

    await expect(ben.composer).to_be_focused()
    await ben.page.keyboard.type("The left one, I")
    await expect(ana.page.get_by_text("Ben Berg is writing. Wait, or write a note.")).to_be_visible()
    await ben.page.keyboard.type(" think.")
    await ben.page.keyboard.press("Control+Enter")
    await ben.page.keyboard.press("Escape")
    await expect(ana.log.get_by_text("The left one, I think.")).to_have_count(1)
    await ana.page.keyboard.press("r")
    await say(ana, "By ten years.")
    await expect(ben.log.get_by_text("By ten years.")).to_have_count(1)
    said = [(line.author_id, line.text) for line in await lines_of(desk, jo, 6) if line.who == "librarian"]
    assert said == [("ben", "The left one, I think."), ("ana", "By ten years.")]

    mine = ben.page.get_by_role("region", name="Conversations: Mine").or_(ben.page.get_by_role("main"))
    await expect(mine.get_by_role("article").filter(has_text="Jo Join").get_by_text("you joined")).to_be_visible()
    await ben.page.keyboard.press("l")
    await expect(ben.page.get_by_text("Ana Alves has this conversation.")).to_be_visible()
    await expect(ana.page.get_by_text("Joined by")).to_have_count(0)
    await expect(ben.page.get_by_role("region", name="Messages from the desk")).to_contain_text("You left Jo Join.")
    await ben.page.keyboard.press("z")
    await expect(ben.composer).to_be_focused()
    await ben.page.keyboard.press("Escape")
    await expect(ana.page.get_by_text("Yours. Joined by Ben Berg.")).to_be_visible()
    await ben.page.keyboard.press("Control+k")
    await ben.page.keyboard.type("leave the conv")
    await ben.page.keyboard.press("Enter")
    await expect(ana.page.get_by_text("Joined by")).to_have_count(0)
    assert ana.complaints == ben.complaints == []


async def test_an_answer_that_was_overtaken_changes_nothing(desk: Desk, people: People) -> None:
    """The answer to Ana's message is held up until Ben has left: what the live line told meanwhile is kept."""
    amy = await desk.patron("amy", "Is it lent?", name="Amy Apace")
    ana, ben = await people.of("ana"), await people.of("ben")
    await have(ana, amy)
    await ben.open(amy, "open")
    await ben.page.keyboard.press("s")
    await expect(ana.page.get_by_text("Yours. Joined by Ben Berg.")).to_be_visible()
    released, came = asyncio.Event(), asyncio.Event()

    async def late(route: Route) -> None:
        answer = await route.fetch()
        await released.wait()
        await route.fulfill(response=answer)
        came.set()

    await ana.page.route("**/messages", late)
    await ana.page.keyboard.press("r")
    await say(ana, "Until Monday.")
    await expect(ben.log.get_by_text("Until Monday.")).to_have_count(1)
    await ben.page.keyboard.press("Escape")
    await ben.page.keyboard.press("l")
    await expect(ana.page.get_by_text("Joined by")).to_have_count(0)
    async with ana.page.expect_response("**/messages"):
        released.set()
    await came.wait()
    await ana.page.wait_for_timeout(500)
    await expect(ana.page.get_by_text("Joined by")).to_have_count(0)


async def test_what_a_button_does_for_colleagues_is_said(desk: Desk, people: People) -> None:
    hint = await desk.patron("hint", "Hello?", name="Hilda Hint")
    ana, ben = await people.of("ana"), await people.of("ben")
    await have(ana, hint)
    await ben.open(hint, "open")
    join = ben.page.locator(".acts").get_by_role("button", name="Join", exact=True)
    await expect(join).to_have_attribute(
        "title", "You can answer too. It stays your colleague's, and the patron is told your name"
    )
    await join.focus()
    await ben.page.keyboard.press("Enter")
    leave = ben.page.locator(".acts").get_by_role("button", name="Leave", exact=True)
    await expect(leave).to_have_attribute("title", "Your colleague goes on alone. The patron isn't told")


async def call_in(one: Librarian, words: str) -> None:
    """Write a note that names Ben in the open conversation, by keyboard."""
    await one.page.keyboard.press("n")
    await expect(one.composer).to_be_focused()
    await one.page.keyboard.type(f"{words}, @be")
    await one.page.get_by_role("option").first.wait_for()
    await one.page.keyboard.press("Enter")
    await one.page.keyboard.press("Control+Enter")
    await one.page.get_by_role("article", name="Staff note by").first.wait_for()
    await one.page.keyboard.press("Escape")


async def test_a_call_offers_to_join(desk: Desk, people: People) -> None:
    """A note calls Ben while Ben is elsewhere: one key on the call, and Ben writes to the patron."""
    cal = await desk.patron("cal", "Do you have maps of 1790?", name="Cal Called")
    ana, ben = await people.of("ana"), await people.of("ben")
    await have(ana, cal)
    await call_in(ana, "Maps are yours")
    call = ben.page.get_by_role("region", name="Messages from the desk")
    await expect(call.get_by_text("Ana Alves mentions you in a note: Cal Called")).to_be_visible()
    await call.get_by_role("button", name="Join", exact=True).focus()
    await ben.page.keyboard.press("Enter")
    await say(ben, "I have three of them.")
    await expect(call.get_by_text("mentions you in a note")).to_have_count(0)
    assert desk.services.replica.state.conversations[cal].companions == ("ben",)
    assert ana.complaints == ben.complaints == []


async def test_who_comes_too_late_is_told_why(desk: Desk, people: People) -> None:
    """The button is pressed while the owner ends it: the desk refuses, and the page says so."""
    lou = await desk.patron("lou", "Bye", name="Lou Late")
    ben = await people.of("ben")
    async with desk.client() as ana:
        await (await ana.enter("ana")).deed(lou, "claim")
        await ben.open(lou, "open")
        await expect(ben.page.locator(".acts").get_by_role("button", name="Join", exact=True)).to_be_visible()
        await ben.page.evaluate(JOIN_WAITS)
        await ben.page.keyboard.press("s")
        async with asyncio.timeout(30):
            while not await ben.page.evaluate("Boolean(window.joins)"):
                await asyncio.sleep(0.05)
        await ana.deed(lou, "close", {})
        await ben.page.evaluate("window.joins()")
        await expect(ben.page.get_by_role("region", name="Messages from the desk")).to_contain_text(
            "This conversation is closed."
        )
    await until(lambda: desk.services.replica.state.conversations[lou].companions == ())


@pytest.mark.parametrize("look", LOOKS)
async def test_company_is_accessible(
    look: dict[str, Any], desk: Desk, people: People, request: pytest.FixtureRequest
) -> None:
    """Called, before joining, in it, as the owner sees it, in the lists: nothing for axe to find, nothing wider than the window."""
    name = request.node.callspec.id
    ben, ana = await people.of("ben", **look), await people.of("ana", **look)
    wil = await desk.patron(
        f"wil-{name}", "Would the second edition do as well, do you think?", name="Wilhelmina Witherspoon-Featherstone"
    )
    await have(ana, wil)
    await call_in(ana, "You know the editions")
    await expect(ben.page.get_by_role("button", name="Open", exact=True)).to_be_visible()
    await ben.look(f"{name}-called-in")
    await ben.open(wil, "open")
    await expect(ben.page.locator(".acts").get_by_role("button", name="Join", exact=True)).to_be_visible()
    await ben.look(f"{name}-joinable")
    await ben.page.keyboard.press("s")
    await say(ben, "It would, from page 40 on.")
    await ana.page.keyboard.press("r")
    await say(ana, "And it is on the shelf.")
    await expect(ben.log.get_by_text("And it is on the shelf.")).to_have_count(1)
    await ben.look(f"{name}-joined")
    await expect(ana.log.get_by_text("It would, from page 40 on.")).to_have_count(1)
    await ana.look(f"{name}-company")
    for one, view in ((ben, "mine"), (ana, "open")):
        await one.go(view)
        await expect(one.page.get_by_text("joined").first).to_be_visible()
        await one.look(f"{name}-company-{view}")

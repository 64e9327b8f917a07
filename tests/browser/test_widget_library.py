"""What a library asks and offers in its chat: its own questions, a queue, a privacy notice, and an invitation beside the button."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Locator, expect

from bridge.contract.adapter import ChannelDesk
from bridge.contract.chat_form import ChatInvitation, FormField, QueueOffer
from tests.browser.chat import DESK, PHONE, Chat, chatting

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(240),
    pytest.mark.xdist_group("browser"),
]
ASKS = ChannelDesk(
    open=True,
    online=True,
    library="Northfield Public Library",
    privacy="https://library.example/privacy",
    fields=(
        FormField(key="role", label="You are", choices=("Student", "Guest"), required=True),
        FormField(key="course", label="Course"),
    ),
    queues=(QueueOffer(id="north/ask", name="Ask", state="here"), QueueOffer(id="north/law", name="Law", state="away")),
)
NOBODY = ChannelDesk(open=True, online=False, invitation=ChatInvitation(after_s=1))
INVITES = ChannelDesk(open=True, online=True, invitation=ChatInvitation(after_s=1, pages=("/catalogue/*",)))


@pytest.mark.parametrize(
    "look", [{**PHONE, "color_scheme": "dark"}, {**DESK, "color_scheme": "light"}], ids=["phone", "desk"]
)
async def test_the_library_s_questions_come_first_and_name_what_is_missing(
    look: dict[str, Any], browser: Browser, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    async with chatting(tmp_path, browser, **look) as chat:
        chat.ring.show(ASKS)
        await chat.visit()
        await chat.open()
        await chat.frame.get_by_label("You are").wait_for()
        await chat.frame.get_by_role("textbox", name="Your message").fill("Where are the maps?")
        await chat.page.keyboard.press("Enter")
        await expect(chat.frame.get_by_role("alert")).to_have_text("Please fill in: You are")
        await expect(chat.frame.get_by_label("You are")).to_be_focused()
        await chat.shot(f"{request.node.callspec.id}-50-form")
        assert await chat.flaws() == []
        await chat.frame.get_by_label("You are").select_option("Student")
        await chat.frame.get_by_label("Whom would you like to ask?").select_option("Law (nobody is there right now)")
        await expect(chat.frame.get_by_role("link", name="Privacy notice").first).to_have_attribute(
            "href", ASKS.privacy
        )
        message = await chat.write("Where are the maps?")
        assert [(one.label, one.text) for one in message.answers] == [("You are", "Student")]
        assert message.queue == "north/law"
        await expect(chat.frame.get_by_label("You are")).to_have_count(0)
        assert chat.complaints == []


async def look(chat: Chat, path: str, *, body: str = "") -> Locator:
    """Visit a page, let its seconds pass, and return the invitation."""
    async with chat.page.expect_response("**/invite.js"):
        await chat.visit(path)
    if body:
        await chat.page.evaluate("html => document.querySelector('main').insertAdjacentHTML('beforeend', html)", body)
    await chat.page.clock.run_for(5_000)
    return chat.page.locator("deskbridge-chat section")


async def test_an_invitation_comes_once_and_covers_nothing(browser: Browser, tmp_path: Path) -> None:
    """Not on other pages, not over the page's words, not where nobody is; no frame and no cookie comes with it."""
    async with chatting(tmp_path, browser, reduced_motion="reduce", **DESK) as chat:
        await chat.page.clock.install()
        await chat.show(NOBODY)
        await chat.show(INVITES)
        await expect(await look(chat, "/page")).to_have_count(0)
        full = "<p>" + "Words of the page. " * 900 + "</p>"
        await expect(await look(chat, "/catalogue/full", body=full)).to_have_count(0)
        assert await chat.page.evaluate("localStorage.length") == 0
        card = await look(chat, "/catalogue/maps")
        await expect(card).to_be_visible()
        await chat.shot("60-invitation")
        assert await chat.flaws() == []
        assert (len(chat.page.frames), await chat.page.context.cookies()) == (1, [])
        await chat.page.evaluate("html => document.querySelector('main').insertAdjacentHTML('beforeend', html)", full)
        await chat.page.clock.run_for(2_000)
        await expect(card).to_be_hidden()
        await expect(await look(chat, "/catalogue/maps")).to_have_count(0)
        await chat.page.evaluate("localStorage.clear()")
        card = await look(chat, "/catalogue/maps")
        await card.get_by_role("button", name="Ask a librarian").press("Enter")
        await chat.frame.get_by_role("textbox", name="Your message").wait_for()
        await expect(card).to_have_count(0)
        assert chat.complaints == []


async def test_nobody_is_invited_to_where_nobody_is(chat: Chat) -> None:
    await chat.show(NOBODY)
    await chat.visit("/catalogue/maps")
    url = f"{chat.ring.url}/channels/here/status"
    assert "invitation" not in await chat.page.evaluate("url => fetch(url).then((answer) => answer.json())", url)

"""The transcript by mail in the browser: where it is offered, one address, what became of it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from playwright.async_api import Browser, Route, expect

from bridge.contract.adapter import ChannelDesk
from bridge.contract.message import Message
from tests.browser.chat import LOOKS, PHONE, Chat, chatting
from tests.browser.test_rating import goodbye

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(240),
    pytest.mark.xdist_group("browser"),
]
OPEN = ChannelDesk(open=True, online=True, library="Northfield Public Library", mails=True, mailable=True)
ADDRESS = "jane@elsewhere.example"
FIELD = "Send the transcript to this email address"


async def talk(chat: Chat, *, alone: bool = False, answered: bool = True, desk: ChannelDesk = OPEN) -> Message:
    """Talk until a librarian has answered."""
    await chat.show(desk)
    if alone:
        await chat.alone()
    else:
        await chat.visit()
        await chat.open()
    message = await chat.write("Do you have a map of the old harbour?")
    if answered:
        await chat.answer(message, "On the second floor, in the map room.")
    return message


def field(chat: Chat) -> Any:
    return chat.frame.get_by_label(FIELD)


def button(chat: Chat, name: str) -> Any:
    return chat.frame.locator("form.mail, div.mail").get_by_role("button", name=name)


async def ask(chat: Chat, address: str = ADDRESS) -> None:
    """Ask by the menu."""
    await chat.frame.get_by_role("button", name="More").click()
    await chat.frame.locator("#menu").get_by_role("button", name="Send by email").click()
    await expect(field(chat)).to_be_focused()
    await field(chat).fill(address)
    await button(chat, "Send transcript").click()


async def stocked(chat: Chat) -> None:
    """Wait for the part with the menu: it comes with the first message, also where nobody opens the menu."""
    part = "performance.getEntriesByType('resource').map((one) => one.name).find((name) => name.includes('/assets/Later-'))"
    await chat.document.wait_for_function(part)
    await chat.document.evaluate(f"import({part}).then(() => undefined)")


async def wished(chat: Chat, count: int = 1) -> list[str]:
    await chat.ring.until(lambda: len(chat.ring.transcript_requests()) >= count, f"{count} wishes")
    return [each.address for each in chat.ring.transcript_requests()]


@pytest.mark.parametrize("look", LOOKS)
async def test_every_state_is_clear_and_accessible(
    look: dict[str, Any], browser: Browser, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    name = request.node.callspec.id
    async with chatting(tmp_path, browser, **look) as chat:

        async def look_at(state: str) -> None:
            await chat.shot(f"{name}-{state}")
            assert await chat.flaws() == []
            for document in chat.page.frames:
                assert await document.evaluate("document.documentElement.scrollWidth <= innerWidth")

        message = await talk(chat)
        await goodbye(chat, message)
        await look_at("60-mail-offered")
        await chat.frame.locator(".ended").get_by_role("button", name="Send by email").click()
        await expect(field(chat)).to_be_focused()
        await look_at("61-mail-form")
        await field(chat).fill("jane")
        await button(chat, "Send transcript").click()
        await expect(chat.frame.get_by_text("This isn't an email address.")).to_be_visible()
        await look_at("62-mail-wrong")
        await field(chat).fill(ADDRESS)
        await button(chat, "Send transcript").click()
        await expect(chat.frame.get_by_text(f"The transcript is on its way to {ADDRESS}.")).to_be_visible()
        await expect(button(chat, "Close")).to_be_focused()
        await look_at("63-mail-on-its-way")
        assert await wished(chat) == [ADDRESS]
        failed = "The transcript couldn't be emailed. Please check the address, or copy or print it instead."
        await chat.answer(message, failed, kind="notice", event="transcript-failed", author="")
        await expect(field(chat)).to_be_visible()
        await expect(chat.frame.get_by_text("This chat has ended.")).to_be_visible()
        await look_at("64-mail-failed")
        assert chat.complaints == []


async def test_by_keyboard_alone_from_the_menu_during_the_chat(chat: Chat) -> None:
    """Escape closes the form and not the chat; the focus goes back to where it came from."""
    await talk(chat)
    keyboard = chat.page.keyboard
    await chat.frame.get_by_role("button", name="More").focus()
    await keyboard.press("Enter")
    await chat.frame.get_by_role("button", name="Send by email").focus()
    await keyboard.press("Enter")
    await expect(field(chat)).to_be_focused()
    await keyboard.press("Escape")
    await expect(field(chat)).to_have_count(0)
    await expect(chat.frame.get_by_role("button", name="More")).to_be_focused()
    await keyboard.press("Enter")
    await chat.frame.get_by_role("button", name="Send by email").focus()
    await keyboard.press("Enter")
    await keyboard.type(ADDRESS)
    await keyboard.press("Enter")
    await expect(button(chat, "Close")).to_be_focused()
    await keyboard.press("Enter")
    await expect(chat.frame.get_by_role("button", name="More")).to_be_focused()
    assert await wished(chat) == [ADDRESS]


@pytest.mark.parametrize("why", ["no mail channel", "nobody answered"])
async def test_it_is_not_offered_where_it_cannot_be(why: str, chat: Chat) -> None:
    desk = replace(OPEN, mails=False) if why == "no mail channel" else OPEN
    message = await talk(chat, answered=why != "nobody answered", desk=desk)
    await goodbye(chat, message)
    await expect(chat.frame.locator(".ended").get_by_role("button", name="Print")).to_be_visible()
    await expect(chat.frame.get_by_role("button", name="Send by email", include_hidden=True)).to_have_count(0)


async def test_a_refusal_is_said_and_the_address_can_be_mended(chat: Chat) -> None:
    await talk(chat, desk=replace(OPEN, mailable=False))
    await ask(chat)
    await expect(chat.frame.get_by_text("It can't be emailed any more.")).to_be_visible()
    await expect(field(chat)).to_be_focused()
    chat.ring.show(OPEN)
    await button(chat, "Send transcript").click()
    await expect(chat.frame.get_by_text("on its way to")).to_be_visible()
    assert await wished(chat) == [ADDRESS]


async def test_asked_for_without_a_line_it_is_handed_in_once_and_then_forgotten(chat: Chat) -> None:
    """The house is away: kept, also over a reload, under one id; what is stored afterwards names no address."""
    await talk(chat, alone=True)
    await stocked(chat)
    config = chat.ring.runner().channel.config
    await chat.ring.stop()
    await expect(chat.frame.get_by_text("No connection.")).to_be_visible()
    await ask(chat)
    await expect(chat.frame.get_by_text("Sending …")).to_be_visible()
    await chat.shot("65-mail-offline")
    await chat.ring.start(config)
    await chat.alone()
    await expect(chat.frame.get_by_text("on its way to")).to_be_visible()
    assert await wished(chat) == [ADDRESS]
    assert ADDRESS not in str(await chat.document.evaluate("JSON.stringify({...localStorage, ...sessionStorage})"))


async def test_a_menu_that_had_not_come_when_the_line_went_comes_when_it_is_back(chat: Chat) -> None:
    """It says that it is on its way meanwhile, and needs no second press and no reload."""
    held = asyncio.Event()

    async def hold(route: Route) -> None:
        await held.wait()
        await route.abort()

    await chat.page.route("**/assets/Later-*", hold, times=1)
    await talk(chat, alone=True)
    config = chat.ring.runner().channel.config
    await chat.ring.stop()
    held.set()
    await expect(chat.frame.get_by_text("No connection.")).to_be_visible()
    await chat.frame.get_by_role("button", name="More").click()
    await expect(chat.frame.locator("#menu").get_by_text("Loading")).to_be_visible()
    await chat.ring.start(config)
    await chat.frame.locator("#menu").get_by_role("button", name="Send by email").click(timeout=60_000)
    await expect(field(chat)).to_be_focused()


@pytest.mark.parametrize("state", ["half written", "on its way"])
async def test_who_comes_after_a_chat_was_forgotten_is_not_asked_for_an_address(state: str, chat: Chat) -> None:
    """On a shared computer nothing of the one before stays, neither the address nor the form for it; the focus stays, too."""
    await talk(chat, alone=True)
    await ask(chat, ADDRESS if state == "on its way" else "jane@")
    if state == "on its way":
        await expect(chat.frame.get_by_text(f"on its way to {ADDRESS}")).to_be_visible()
    await chat.frame.get_by_role("button", name="More").click()
    await chat.frame.get_by_role("button", name="Forget this chat").click()
    await chat.frame.get_by_role("button", name="Really forget?").click()
    await chat.write("I am somebody else")
    await expect(chat.frame.get_by_text("Sent", exact=True)).to_be_visible()
    await expect(chat.frame.locator(".mail")).to_have_count(0)
    await expect(chat.frame.get_by_role("textbox", name="Your message")).to_be_focused()
    assert "jane" not in await chat.page.content()


async def test_by_long_poll_it_is_taken_too(browser: Browser, tmp_path: Path) -> None:
    async with chatting(tmp_path, browser, **PHONE) as chat:
        await chat.page.add_init_script(
            "window.WebSocket = class { constructor() { setTimeout(() => this.onclose?.()) } close() {} }"
        )
        await talk(chat)
        await ask(chat)
        await expect(chat.frame.get_by_text("on its way to")).to_be_visible()
        assert await wished(chat) == [ADDRESS]

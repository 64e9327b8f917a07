"""A chat that ended: the patron says whether it helped, or does not; and takes the transcript away, copied or printed."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from playwright.async_api import Browser, expect

from bridge.contract.adapter import ChannelDesk
from bridge.contract.message import Message
from tests.browser.chat import LOOKS, PHONE, Chat, chatting

WHOLE_BROWSER = True  # the clipboard
pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(240),
    pytest.mark.xdist_group("browser"),
]
OPEN = ChannelDesk(open=True, online=True, library="Northfield Public Library", rate_s=86_400, rateable=True)
QUESTION = "Did this chat help you?"


async def end(
    chat: Chat, *, answered: bool = True, alone: bool = False, desk: ChannelDesk = OPEN, ago_s: int = 0
) -> Message:
    """Talk until the librarian says goodbye."""
    await chat.show(desk)
    if alone:
        await chat.alone()
    else:
        await chat.visit()
        await chat.open()
    message = await chat.write("Do you have a map of the old harbour?")
    if answered:
        await chat.answer(message, "On the second floor, in the map room.")
    await goodbye(chat, message, ago_s)
    return message


async def goodbye(chat: Chat, message: Message, ago_s: int = 0) -> None:
    at = int((time.time() - ago_s) * 1000)
    await chat.ring.answer(message, "Thank you for asking us.", kind="notice", event="goodbye", author="", at=at)
    await expect(chat.frame.get_by_text("This chat has ended.")).to_be_visible()


def group(chat: Chat) -> Any:
    return chat.frame.get_by_role("group", name=QUESTION)


async def given(chat: Chat, count: int) -> list[tuple[int, str]]:
    await chat.ring.until(lambda: len(chat.ring.ratings()) >= count, f"{count} ratings")
    return [(each.score, each.comment) for each in chat.ring.ratings()]


@pytest.mark.parametrize("look", LOOKS)
async def test_every_state_of_a_rating_is_clear_and_accessible(
    look: dict[str, Any], browser: Browser, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    name = request.node.callspec.id
    async with chatting(tmp_path, browser, **look) as chat:

        async def look_at(state: str) -> None:
            await chat.shot(f"{name}-{state}")
            assert await chat.flaws() == []
            for document in chat.page.frames:
                assert await document.evaluate("document.documentElement.scrollWidth <= innerWidth")

        await end(chat)
        await expect(group(chat)).to_be_in_viewport()
        await look_at("50-rate")
        for label in await chat.frame.locator(".step").all():
            box = await label.bounding_box()
            assert box is not None
            assert min(round(box["width"]), round(box["height"])) >= 44, box
        await chat.frame.get_by_label("Partly").check()
        words = chat.frame.get_by_label("Anything the library should know?")
        await words.fill("The map was there, the legend was not.")
        await expect(chat.frame.get_by_role("button", name="Send rating")).to_be_in_viewport()
        await look_at("51-rate-words")
        await chat.frame.get_by_role("button", name="Send rating").click()
        await expect(chat.frame.get_by_role("status").first).to_have_text("Thank you. The library has your rating.")
        await expect(chat.frame.get_by_text("You said it helped partly.")).to_be_visible()
        await look_at("52-rated")
        await chat.frame.get_by_role("button", name="Change").click()
        await look_at("53-rate-again")
        assert await given(chat, 1) == [(2, "The map was there, the legend was not.")]
        assert chat.complaints == []


async def test_rating_and_changing_it_by_keyboard_alone(chat: Chat) -> None:
    """Tab in, arrows choose, Tab to the words, Enter sends; the focus stays where the next step is."""
    await end(chat)
    keyboard = chat.page.keyboard
    await chat.frame.get_by_role("button", name="Print").focus()
    await keyboard.press("Tab")
    await expect(chat.frame.get_by_role("button", name="Begin a new chat")).to_be_focused()
    await keyboard.press("Tab")
    await expect(chat.frame.get_by_label("Yes")).to_be_focused()
    await keyboard.press("Space")
    await keyboard.press("ArrowDown")
    await expect(chat.frame.get_by_label("Partly")).to_be_checked()
    await keyboard.press("Tab")
    await keyboard.type("Half of it.")
    await keyboard.press("Tab")
    await expect(chat.frame.get_by_role("button", name="Send rating")).to_be_focused()
    await keyboard.press("Enter")
    await expect(chat.frame.get_by_role("button", name="Change")).to_be_focused()
    await expect(chat.frame.get_by_text("Half of it.")).to_be_visible()
    await keyboard.press("Enter")
    await expect(chat.frame.get_by_label("Partly")).to_be_focused()
    await keyboard.press("ArrowUp")
    await keyboard.press("Enter")
    await expect(chat.frame.get_by_text("You said it helped.")).to_be_visible()
    await expect(chat.frame.get_by_role("button", name="Change")).to_be_focused()
    assert await given(chat, 2) == [(2, "Half of it."), (3, "Half of it.")]


async def test_who_skips_is_not_asked_again_and_may_go_on(chat: Chat) -> None:
    """Also after a reload; a later end asks once more."""
    message = await end(chat, alone=True)
    await chat.frame.get_by_role("button", name="Skip").click()
    await expect(group(chat)).to_have_count(0)
    await expect(chat.frame.get_by_role("textbox", name="Your message")).to_be_focused()
    await chat.alone()
    await expect(chat.frame.get_by_text("This chat has ended.")).to_be_visible()
    await expect(group(chat)).to_have_count(0)
    await chat.write("One more thing")
    await chat.answer(message, "Yes?")
    await goodbye(chat, message)
    await expect(group(chat)).to_be_visible()
    assert chat.ring.ratings() == []


async def test_what_was_given_is_seen_after_a_reload_and_in_another_window(chat: Chat) -> None:
    """It comes from the house, also where this browser had kept nothing of it; a new end is asked about anew."""
    message = await end(chat, alone=True)
    async with chat.page.expect_popup() as opening:
        await chat.page.evaluate("void open(location.href)")
    second = await opening.value
    await expect(second.get_by_role("group", name=QUESTION)).to_be_visible()
    await chat.frame.get_by_label("No", exact=True).check()
    await chat.frame.get_by_label("Anything the library should know?").fill("The line broke.")
    await chat.frame.get_by_role("button", name="Send rating").click()
    await expect(second.get_by_text("You said it didn't help.")).to_be_visible()
    await expect(second.get_by_text("The line broke.")).to_be_visible()
    await chat.alone()
    await expect(chat.frame.get_by_text("You said it didn't help.")).to_be_visible()
    await expect(chat.frame.get_by_text("The line broke.")).to_be_visible()
    await chat.write("One more thing")
    await expect(chat.frame.get_by_text("You said")).to_have_count(0)
    await chat.answer(message, "Here it is.")
    await goodbye(chat, message)
    await expect(group(chat)).to_be_visible()
    assert await given(chat, 1) == [(1, "The line broke.")]


@pytest.mark.parametrize("why", ["switched off", "nobody answered", "too long ago"])
async def test_nobody_is_asked_where_there_is_nothing_to_rate(why: str, chat: Chat) -> None:
    desk = replace(OPEN, rate_s=0) if why == "switched off" else OPEN
    await end(chat, answered=why != "nobody answered", desk=desk, ago_s=90_000 if why == "too long ago" else 0)
    await expect(chat.frame.get_by_role("button", name="Print")).to_be_visible()
    await expect(group(chat)).to_have_count(0)


async def test_a_refusal_is_said_and_nothing_is_offered_again(chat: Chat) -> None:
    """The window passed while the page stood open."""
    await end(chat, desk=replace(OPEN, rateable=False))
    await chat.frame.get_by_label("Yes").check()
    await chat.frame.get_by_role("button", name="Send rating").click()
    await expect(chat.frame.get_by_text("This chat can no longer be rated.")).to_be_visible()
    await expect(chat.frame.get_by_role("status").first).not_to_contain_text("Thank you")
    await chat.frame.get_by_role("button", name="Skip").click()
    await expect(group(chat)).to_have_count(0)
    assert chat.ring.ratings() == []


async def test_a_rating_given_without_a_line_arrives_once(chat: Chat) -> None:
    """The house is away: kept, also over a reload, and handed in when it is back, under one id."""
    await end(chat, alone=True)
    config = chat.ring.runner().channel.config
    await chat.ring.stop()
    await expect(chat.frame.get_by_text("No connection.")).to_be_visible()
    await chat.frame.get_by_label("Yes").check()
    await chat.frame.get_by_role("button", name="Send rating").click()
    await expect(chat.frame.get_by_text("You said it helped.")).to_be_visible()
    await expect(chat.frame.get_by_text("Sending …")).to_be_visible()
    await chat.shot("54-rate-offline")
    await chat.ring.start(config)
    await chat.alone()
    assert await given(chat, 1) == [(3, "")]
    await expect(chat.frame.get_by_text("You said it helped.")).to_be_visible()
    await expect(chat.frame.get_by_text("Sending …")).to_have_count(0)
    assert await given(chat, 1) == [(3, "")]


async def test_by_long_poll_it_is_taken_too(browser: Browser, tmp_path: Path) -> None:
    async with chatting(tmp_path, browser, **PHONE) as chat:
        await chat.page.add_init_script(
            "window.WebSocket = class { constructor() { setTimeout(() => this.onclose?.()) } close() {} }"
        )
        await end(chat)
        await chat.frame.get_by_label("Yes").check()
        await chat.frame.get_by_role("button", name="Send rating").click()
        await expect(chat.frame.get_by_role("status").first).to_have_text("Thank you. The library has your rating.")
        assert await given(chat, 1) == [(3, "")]


# ---- the transcript, to take away ----

WANTED = ("You: Do you have a map of the old harbour?", "Ada Librarian: On the second floor, in the map room.")


@pytest.mark.parametrize("alone", [True, False], ids=["page", "frame"])
async def test_the_transcript_is_copied_and_the_focus_stays(alone: bool, chat: Chat) -> None:
    """Also in a frame of another origin, where the clipboard API is not allowed."""
    await end(chat, alone=alone)
    button = chat.frame.locator(".ended").get_by_role("button", name="Copy transcript")
    await button.focus()
    await chat.page.keyboard.press("Enter")
    await expect(chat.frame.get_by_role("status").first).to_have_text("Transcript copied.")
    await expect(button).to_be_focused()
    box = chat.frame.get_by_role("textbox", name="Your message")
    await box.focus()
    await chat.page.keyboard.press("Control+v")
    copied = await box.input_value()
    assert copied.startswith("Northfield Public Library\n")
    assert all(line in copied for line in WANTED)


async def test_what_is_printed_is_the_transcript(chat: Chat) -> None:
    """All of it with its date, on as many sheets as it needs, legible without colours, and no button, form or box to write in."""
    message = await end(chat, alone=True)
    for n in range(30):
        await chat.ring.answer(message, f"Sheet {n}: " + "harbour " * 40)
    await expect(chat.frame.get_by_text("Sheet 29")).to_be_attached()
    await goodbye(chat, message)
    await chat.page.emulate_media(media="print")
    await chat.shot("55-print")
    await expect(chat.frame.locator(".printed")).to_be_visible()
    for shown in ("Do you have a map", "Sheet 0:", "Sheet 29:", "This chat has ended."):
        await expect(chat.frame.get_by_text(shown)).to_be_visible()
    for gone in (".light", ".rating", ".again", ".composer", "header .icon"):
        assert not any([await each.is_visible() for each in await chat.frame.locator(gone).all()])
    ink = "getComputedStyle(document.querySelector('.mine .bubble')).color === getComputedStyle(document.body).color"
    assert await chat.document.evaluate(ink)
    assert await chat.document.evaluate("document.documentElement.scrollHeight > 3 * innerHeight")

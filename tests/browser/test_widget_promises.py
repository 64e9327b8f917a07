"""What the widget promises of an answer elsewhere: only what a channel of the library can keep."""

from __future__ import annotations

import re

import pytest
from msgspec.structs import replace
from playwright.async_api import expect

from bridge.contract.adapter import ChannelDesk
from tests.browser.chat import Chat

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(240),
    pytest.mark.xdist_group("browser"),
]
LIBRARY = "Northfield Public Library"
PROMISE = re.compile(r"e-?mail|phone|\baddress|answer there|text you", re.IGNORECASE)
# The states of the desk that a patron can meet, before a question and while it waits; no channel answers elsewhere.
DESKS = {
    "open": ChannelDesk(open=True, online=True, answers=""),
    "away": ChannelDesk(open=True, online=False, answers=""),
    "closed": ChannelDesk(open=False, online=False, next_opening=1_900_000_000_000, answers=""),
    "down": ChannelDesk(open=True, online=True, down=True, answers=""),
}


async def stand(chat: Chat, state: str, place: int = 0) -> None:
    """Have the desk be so, and wait until the page has heard: each state names its library otherwise."""
    library = f"Northfield {state} {place}"
    chat.ring.show(replace(DESKS[state], library=library, place=place))
    await expect(chat.frame.get_by_role("heading", level=1)).to_have_text(library)


async def says_nothing_of_it(chat: Chat, state: str) -> None:
    words = await chat.frame.locator("body").inner_text()
    assert not PROMISE.search(words), (state, words)
    fields = await chat.frame.get_by_role("textbox").evaluate_all(
        "all => all.map(one => one.labels?.[0]?.innerText ?? '')"
    )
    assert not any(PROMISE.search(label) for label in fields), (state, fields)


async def test_no_state_promises_an_answer_elsewhere_where_no_channel_can_send_it(chat: Chat) -> None:
    await chat.alone()
    for state in DESKS:
        await stand(chat, state)
        await says_nothing_of_it(chat, f"{state}, before")
    await stand(chat, "open")
    message = await chat.write("Where are the maps?")
    for state in DESKS:
        await stand(chat, state, 1)
        await says_nothing_of_it(chat, f"{state}, waiting")
    await chat.answer(message, "On the second floor.")
    await chat.frame.get_by_role("button", name="More").click()
    await says_nothing_of_it(chat, "menu")
    await chat.page.keyboard.press("Escape")
    await chat.ring.answer(message, "Goodbye, and come again.", kind="notice", event="goodbye")
    await chat.frame.get_by_text("This chat has ended.").wait_for()
    await says_nothing_of_it(chat, "ended")


async def test_who_waits_where_nobody_is_reads_why_an_address_is_asked_for(chat: Chat) -> None:
    await chat.show(ChannelDesk(open=True, online=True, library=LIBRARY))
    await chat.alone()
    await chat.write("Where are the maps?")
    await chat.show(ChannelDesk(open=True, online=False, place=1, library=LIBRARY, answers="mail-phone", national=True))
    await expect(chat.frame.get_by_text("You needn't wait here: leave an address")).to_be_visible()
    await chat.shot("waiting-address")
    assert await chat.flaws() == []
    await chat.frame.get_by_label("Email or phone for the answer").fill("0171 234 5678")
    await chat.page.keyboard.press("Enter")
    await chat.shot("waiting-address-sure")
    await chat.frame.get_by_role("button", name="Yes, send").click()
    message = await chat.ring.message("0171 234 5678")
    assert (message.later, message.contact) == (True, "0171 234 5678")

"""A patron is offered a call in the chat: the link opens its page, and *No, thanks* is told once, until the call is over."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from bridge.contract.adapter import ChannelDesk
from tests.browser.chat import Chat

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(240),
    pytest.mark.xdist_group("browser"),
]
LINK = "https://desk.example/call/#main.kq3B.c1.patron..c2VhbA"


async def test_an_offer_is_refused_and_goes_when_it_is_over(chat: Chat) -> None:
    await chat.show(ChannelDesk(open=True, online=True, library="Northfield Public Library"))
    await chat.visit()
    await chat.open()
    message = await chat.write("The database shows me an error.")
    words = f"Ana offers to look at your screen with you. To begin, open this page: {LINK}"
    offer = await chat.ring.answer(message, words, kind="notice", event="call-offered")
    link = chat.frame.get_by_role("link", name="Open the call")
    await expect(link).to_have_attribute("href", LINK)
    refuse = chat.frame.get_by_role("button", name="No, thanks")
    await refuse.focus()
    await chat.page.keyboard.press("Enter")
    await chat.ring.until(chat.ring.call_answers, "the refusal")
    (given,) = chat.ring.call_answers()
    assert (given.line, given.sender, given.answer) == (offer.id, message.sender, "refuse")
    await chat.ring.answer(message, "The offer of a call is over.", kind="notice", event="call-ended")
    await expect(refuse.or_(link)).to_have_count(0)
    assert await chat.flaws() == []
    assert chat.complaints == []

"""A chat that nobody answered, all the way round: an address, a follow-up, an answer by mail, and the reply in the same talk."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from tests.browser.chat import chromium
from tests.browser.test_journey import PHONE, Street, write
from tests.email.site import MAILBOX, Site, words
from tests.email.test_transcripts import Mailing
from tests.peers.dovecot import Dovecot
from tests.peers.exim import Exim

pytestmark = [pytest.mark.timeout(300), pytest.mark.xdist_group("browser-journey")]
PAT = "pat@library.localhost"


@pytest_asyncio.fixture
async def mailing(tmp_path: Path) -> AsyncIterator[tuple[Street, Site]]:
    for peer in (Dovecot, Exim):
        if why := peer.missing():
            pytest.skip(why)
    with Mailing(tmp_path) as site:
        await site.house.start()
        async with AsyncExitStack() as stack:
            yield Street(site.house, await stack.enter_async_context(chromium()), stack), site


async def leave_address(street: Street) -> None:
    """Ask where nobody is at the desk, leave an address instead of waiting, and go."""
    phone, chat = await street.patron(**PHONE)
    await write(chat, "Where are the maps of the harbour?")
    await expect(chat.get_by_text("You needn't wait here: leave an address")).to_be_visible()
    await chat.get_by_label("Email for the answer").fill(PAT)
    await chat.get_by_role("button", name="Send question").click()
    await expect(chat.get_by_text(f"We'll write to {PAT}. Is that right?")).to_be_visible()
    await street.clean(phone, "follow-up-sure")
    await chat.get_by_role("button", name="Yes, send").click()
    await expect(chat.get_by_role("log")).to_contain_text(f"send the answer to {PAT}")
    await phone.context.close()


async def answer(ana: Page, street: Street) -> None:
    """Find the follow-up, take it, and answer: by mail, as the list says."""
    await ana.keyboard.press("4")
    card = ana.get_by_role("main").get_by_role("listitem").filter(has_text=PAT)
    await expect(card).to_contain_text("goes by: Email")
    await expect(card).to_contain_text("Where are the maps of the harbour?")
    await expect(card).to_contain_text("Nobody yet")
    await street.clean(ana, "follow-up-list")
    await card.get_by_role("button", name="Take it").click()
    await expect(card).to_contain_text("Ana")
    await card.get_by_role("link").click()
    await expect(ana.get_by_role("log")).to_contain_text("Where are the maps of the harbour?")
    await ana.keyboard.press("c")
    composer = ana.get_by_role("region", name="Write").get_by_role("textbox")
    await expect(composer).to_be_focused()
    await composer.fill("On the second floor, in the map room.")
    await ana.keyboard.press("Control+Enter")
    await expect(ana.get_by_role("log")).to_contain_text("On the second floor")


async def test_a_chat_nobody_answered_is_answered_by_mail_and_the_reply_joins_it(mailing: tuple[Street, Site]) -> None:
    street, site = mailing
    await leave_address(street)
    ana = await street.librarian("ana")
    await answer(ana, street)
    [got] = await site.mails("pat", 1)
    assert words(got).startswith("On the second floor, in the map room.")

    await ana.keyboard.press("Escape")
    await ana.get_by_role("button", name="End", exact=True).click()
    dialog = ana.get_by_role("dialog")
    await dialog.get_by_role("radio", name="Answered", exact=False).first.check()
    await street.clean(ana, "follow-up-end")
    await dialog.get_by_role("button", name="End conversation").click()
    await expect(dialog).to_have_count(0)
    await ana.keyboard.press("4")
    await ana.get_by_role("button", name="Closed", exact=True).click()
    card = ana.get_by_role("main").get_by_role("listitem").filter(has_text=PAT)
    await expect(card).to_contain_text("Answered")
    await expect(ana.get_by_role("button", name="All 0")).to_be_visible()

    reply = (
        f"From: {PAT}\r\nTo: {got['Reply-To']}\r\nSubject: Re: {got['Subject']}\r\nIn-Reply-To: {got['Message-ID']}\r\n"
        f"References: {got['Message-ID']}\r\nMessage-ID: <thanks@library.localhost>\r\n\r\nThank you, found them!\r\n"
    )
    site.dovecot.deliver(MAILBOX, reply.encode(), sender=PAT)
    await card.get_by_role("link").click()
    log = ana.get_by_role("log")
    await expect(log).to_contain_text("Thank you, found them!", timeout=30_000)
    await expect(log).to_contain_text("Where are the maps of the harbour?")
    await expect(log.get_by_text(re.compile("On the second floor"))).to_have_count(1)
    await street.clean(ana, "follow-up-reply")
    assert street.complaints == []

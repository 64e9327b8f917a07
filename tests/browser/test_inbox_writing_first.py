"""Writing first, copies, sending on and giving, as librarians do it: by keyboard, looked at in every dialog."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import pytest
from playwright.async_api import expect

from bridge.contract.message import Delivery
from bridge.log.follower import START
from routing.events import Forwarded, Said
from tests.browser.conftest import People
from tests.browser.librarian import LOOKS, Librarian
from tests.inbox.desk import DEADLINE, Desk

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(240),
    pytest.mark.xdist_group("browser-inbox"),
]


async def sent(desk: Desk, conversation: str, count: int) -> Delivery:
    """Return the count-th delivery of a conversation's librarians, once it is there."""
    async with asyncio.timeout(DEADLINE):
        while True:
            steps = await desk.services.tail.steps(conversation, START)
            events = [event for _, step in steps for event in step.events]
            found = [event.delivery for event in events if isinstance(event, Said | Forwarded)]
            if len(found) >= count:
                return found[count - 1]
            await asyncio.sleep(0.02)


async def begin(cora: Librarian, address: str, subject: str, text: str) -> None:
    """Fill in the dialog, by keyboard."""
    await cora.page.keyboard.press(";")
    dialog = cora.page.get_by_role("dialog")
    await dialog.get_by_label("To", exact=True).fill(address)
    await dialog.get_by_label("Subject").fill(subject)
    await dialog.get_by_label("Message").fill(text)


@pytest.mark.parametrize("look", LOOKS)
async def test_a_mail_that_begins_something_and_what_follows(desk: Desk, people: People, look: dict[str, Any]) -> None:
    cora = await people.of("cora", here=False, **look)
    page, dialog = cora.page, cora.page.get_by_role("dialog")
    tag = f"{look['viewport']['width']}-{look['color_scheme']}"
    jane = f"jane.{tag}@example.org"
    await page.get_by_role("button", name="New message").wait_for()
    await begin(cora, jane, "Your book", "It is here.")
    await dialog.get_by_role("button", name="Add Cc or Bcc").click()
    await dialog.get_by_label("Cc", exact=True).fill("bob@example.org, kim")
    await dialog.get_by_label("Bcc", exact=True).fill("dora@example.org")
    await expect(dialog.get_by_text("kim isn't an email address.")).to_be_visible()
    await cora.look(f"begin-fault-{tag}")
    await dialog.get_by_label("Cc", exact=True).fill("bob@example.org; kim@example.org")
    await expect(dialog.get_by_text(f"Goes to {jane} and 3 more")).to_be_visible()
    await cora.look(f"begin-{tag}")
    await dialog.get_by_role("button", name="Send").press("Enter")
    await page.wait_for_url(re.compile("#/mine/"))
    talk = page.url.rpartition("/")[2]
    first = await sent(desk, talk, 1)
    assert (first.to, first.cc, first.bcc) == (jane, ("bob@example.org", "kim@example.org"), ("dora@example.org",))
    await expect(cora.log.get_by_text("Bcc: dora@example.org")).to_be_visible()

    await cora.go("waiting")
    await begin(cora, jane, "Your book again", "One thing more.")
    await dialog.get_by_role("button", name="Send").press("Enter")
    await expect(dialog.get_by_text("has an open conversation with this address")).to_be_visible()
    await cora.look(f"begin-open-{tag}")
    await dialog.get_by_role("button", name="Go on in it").press("Enter")
    await page.wait_for_url(re.compile(f"#/mine/{talk}"))
    await expect(cora.composer).to_have_value("One thing more.")

    others = ("bob@example.org", "eve@example.org")
    also = tuple(f"also to {one}" for one in others)
    again: dict[str, Any] = {"subject": "Re: Your book", "thread": talk, "others": others, "marks": also}
    await desk.patron(jane, "Thank you all", channel="mail", **again)
    await page.get_by_role("button", name="Reply to all (2 more)").press("Enter")
    await expect(page.get_by_text(re.compile("Cc: bob@example.org and eve@example.org"))).to_be_visible()
    await page.get_by_role("button", name="Cc, Bcc, subject").press("Enter")
    await page.get_by_role("region", name="Write").get_by_label("Subject").fill("Two things")
    await cora.look(f"reply-all-{tag}")
    await page.get_by_role("textbox", name=re.compile("^Reply to")).press("Control+Enter")
    reply = await sent(desk, talk, 2)
    assert (reply.cc, reply.title) == (others, "Two things")
    await expect(page.get_by_role("button", name="Reply to all (2 more)")).to_be_visible()

    await page.get_by_role("button", name="More actions").click()
    await page.get_by_role("menuitem", name="Forward or send transcript").click()
    await dialog.get_by_label("To", exact=True).fill("expert@example.org")
    await dialog.get_by_label("Your words with it").fill("Do you know this?")
    await cora.look(f"forward-{tag}")
    await dialog.get_by_role("button", name="Send on").press("Enter")
    onward = await sent(desk, talk, 3)
    assert onward.to == "expert@example.org"
    assert onward.text.startswith("Do you know this?\n\n---------- Forwarded message ----------\nFrom: ")
    assert onward.text.endswith("Thank you all")
    await expect(cora.log.get_by_text("Cora Cruz forwarded a message to expert@example.org")).to_be_visible()
    ben = await people.of("ben", here=False)
    await ben.open(talk, "open")
    await expect(ben.log.get_by_text("Cc: bob@example.org, kim@example.org").first).to_be_visible()
    assert await ben.log.get_by_text("dora@example.org").count() == 0

    if look["viewport"]["width"] == 360:
        return
    await page.get_by_role("button", name="More actions").click()
    await page.get_by_role("menuitem", name="Give to a colleague").click()
    await dialog.get_by_role("radio", name=re.compile("^Ana Alves")).check()
    await expect(dialog.get_by_text("Ana Alves isn't here now.")).to_be_visible()
    await cora.look(f"give-{tag}")
    await dialog.get_by_role("radio", name=re.compile("^Ben Berg")).check()
    await dialog.get_by_role("button", name="Give").press("Enter")
    await expect(ben.page.get_by_role("region", name="Messages from the desk")).to_contain_text("is yours now")

"""What a device keeps of a chat, and for how long: a control that ends it, a date, public computers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from playwright.async_api import Browser, Page, expect

from bridge.testing.scene import eventually
from tests.browser.chat import DESK, Chat, chatting

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(240),
    pytest.mark.xdist_group("browser"),
]
DAY_MS = 86_400_000


async def kept(chat: Chat, shelf: str = "localStorage") -> Any:
    """Return what the browser keeps of the chat."""
    return json.loads(await chat.document.evaluate(f"{shelf}.getItem('deskbridge:here')") or "null")


async def change(chat: Chat, script: str, shelf: str = "localStorage") -> None:
    """Change what the browser keeps; `held` is that."""
    await chat.document.evaluate(
        f"""() => {{ const held = JSON.parse({shelf}.getItem("deskbridge:here")); {script};
        {shelf}.setItem("deskbridge:here", JSON.stringify(held)); }}"""
    )


async def opens(chat: Chat, token: str) -> bool:
    """Say whether the daemon still opens a chat for a token."""
    url = f"{chat.ring.url}/channels/here/poll"
    async with (
        aiohttp.ClientSession(headers={"Authorization": f"Bearer {token}"}) as session,
        session.post(url, json={"wait": False}) as answer,
    ):
        return answer.status == 200


async def revoked(chat: Chat, token: str) -> bool:
    async def gone() -> bool:
        return not await opens(chat, token)

    return await eventually(gone, 30)


async def test_end_is_in_sight_and_ends_the_chat_everywhere(chat: Chat) -> None:
    """By keyboard alone; it asks once more, and Escape leaves everything as it was."""
    await chat.alone()
    end = chat.frame.get_by_role("button", name="End", exact=True)
    await expect(end).to_have_count(0)
    first = await chat.write("my secret question")
    await expect(chat.frame.get_by_text("Sent", exact=True)).to_be_visible()
    token = (await kept(chat))["token"]
    await end.focus()
    await chat.page.keyboard.press("Enter")
    await expect(chat.frame.get_by_role("button", name="End chat")).to_be_focused()
    await chat.page.keyboard.press("Escape")
    await expect(chat.frame.get_by_role("button", name="End chat")).to_have_count(0)
    await expect(chat.frame.get_by_text("my secret question")).to_be_visible()
    assert await opens(chat, token)
    await end.click()
    await chat.frame.get_by_role("button", name="End and forget it here").click()
    await expect(chat.frame.get_by_text("my secret question")).to_have_count(0)
    await expect(chat.frame.get_by_role("textbox", name="Your message")).to_be_focused()
    assert await chat.document.evaluate("[localStorage.length, sessionStorage.length]") == [0, 0]
    assert await revoked(chat, token)
    await chat.ring.until(lambda: False in chat.ring.signs(first.sender), "the librarian told")
    assert (await chat.write("somebody else")).sender != first.sender
    assert [each for each in chat.complaints if "401" not in each] == []


async def test_a_chat_that_is_ended_without_a_connection_is_revoked_when_there_is_one(chat: Chat) -> None:
    await chat.alone()
    await chat.write("my secret question")
    await expect(chat.frame.get_by_text("Sent", exact=True)).to_be_visible()
    token = (await kept(chat))["token"]
    config = chat.ring.runner().channel.config
    await chat.ring.stop()
    await expect(chat.frame.get_by_text("No connection.")).to_be_visible()
    await chat.frame.get_by_role("button", name="End", exact=True).click()
    await chat.frame.get_by_role("button", name="End and forget it here").click()
    assert await kept(chat) is None
    await chat.ring.start(config)
    assert await revoked(chat, token)


async def test_a_chat_that_was_revoked_elsewhere_is_shown_no_more(chat: Chat) -> None:
    """What is half written is the patron's still, and begins another chat."""
    await chat.alone()
    first = await chat.write("my secret question")
    await expect(chat.frame.get_by_text("Sent", exact=True)).to_be_visible()
    token = (await kept(chat))["token"]
    await chat.frame.get_by_role("textbox", name="Your message").fill("and one thing more")
    headers = {"Authorization": f"Bearer {token}"}
    async with aiohttp.ClientSession(headers=headers) as session:
        assert (await session.post(f"{chat.ring.url}/channels/here/end")).status == 200
    await expect(chat.frame.get_by_text("my secret question")).to_have_count(0)
    assert "token" not in await kept(chat)
    await chat.frame.get_by_role("textbox", name="Your message").press("Enter")
    assert (await chat.ring.message("and one thing more")).sender != first.sender


@pytest.mark.parametrize("days", [29, 31])
async def test_the_browser_keeps_a_chat_for_thirty_days(chat: Chat, days: int) -> None:
    await chat.alone()
    await chat.write("a month ago")
    await expect(chat.frame.get_by_text("Sent", exact=True)).to_be_visible()
    token = (await kept(chat))["token"]
    await change(chat, f"held.at = Date.now() - {days * DAY_MS}")
    await chat.alone()
    await expect(chat.frame.get_by_text("a month ago")).to_have_count(int(days < 30))
    if days > 30:
        assert await kept(chat) is None
        assert await revoked(chat, token)


async def test_what_an_earlier_version_kept_opens_still(chat: Chat) -> None:
    """It had no date: it counts from now, and the daemon judges by its own."""
    await chat.alone()
    await chat.write("before the upgrade")
    await expect(chat.frame.get_by_text("Sent", exact=True)).to_be_visible()
    await change(chat, "delete held.at")
    await chat.alone()
    await expect(chat.frame.get_by_text("before the upgrade")).to_be_visible()


async def test_at_public_computers_a_chat_ends_with_its_tab(browser: Browser, tmp_path: Path) -> None:
    """It survives a reload. Another tab, and the same one opened again later, find nothing; nor does what was kept before."""
    async with chatting(tmp_path, browser, {"public_computers": True}, **DESK) as chat:
        await chat.alone()
        await expect(chat.frame.get_by_text("Others use this computer too")).to_be_visible()
        await chat.document.evaluate(
            "localStorage.setItem('deskbridge:here', JSON.stringify({token: 'x', unsent: [], at: Date.now()}))"
        )
        await chat.alone()
        await chat.write("my secret question")
        await expect(chat.frame.get_by_text("Sent", exact=True)).to_be_visible()
        assert await chat.document.evaluate("localStorage.length") == 0
        token = (await kept(chat, "sessionStorage"))["token"]
        await chat.alone()
        await expect(chat.frame.get_by_text("my secret question")).to_be_visible()
        async with chat.page.context.expect_page() as opened:
            await chat.page.evaluate("void open(location.href, '_blank', 'noopener')")
        other: Page = await opened.value
        await other.locator(".light:not(.connecting)").wait_for()
        await expect(other.get_by_text("my secret question")).to_have_count(0)
        await other.close()
        await chat.page.goto("about:blank")
        await chat.page.add_init_script(
            "sessionStorage.setItem('deskbridge:here:left', String(Date.now() - 3_600_000))"
        )
        await chat.alone()
        await expect(chat.frame.get_by_text("You can stay anonymous.")).to_be_visible()
        await expect(chat.frame.get_by_text("my secret question")).to_have_count(0)
        assert await revoked(chat, token)

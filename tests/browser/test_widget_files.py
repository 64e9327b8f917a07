"""Files of a chat: added while others are on their way, and fetched over a line that breaks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import FilePayload, Route, expect

from bridge.contract.message import Attachment
from tests.browser.chat import Chat

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(240),
    pytest.mark.xdist_group("browser"),
]


async def pick(chat: Chat, name: str) -> None:
    """Choose a picture in the file picker."""
    picture = FilePayload(name=name, mimeType="image/png", buffer=b"\x89PNG\r\n\x1a\n" + name.encode() + bytes(50))
    await chat.frame.locator("input[type=file]").set_input_files(picture)


async def hold_uploads(chat: Chat, *names: str) -> dict[str, asyncio.Event]:
    """Let no upload of these files by until its event is set."""
    go = {name: asyncio.Event() for name in names}

    async def wait(route: Route) -> None:
        if (name := (await route.request.all_headers()).get("x-file-name", "")) in go:
            await go[name].wait()
        await route.continue_()

    await chat.page.route("**/files", wait)
    return go


async def test_files_that_overtake_each_other_are_all_there_and_each_once(chat: Chat) -> None:
    """A large one is still going up while a small one is added, and while a message goes out: none is lost, none goes twice."""
    go = await hold_uploads(chat, "large.png")
    await chat.alone()
    await chat.write("hello")
    await pick(chat, "small.png")
    await chat.frame.get_by_role("button", name="Remove small.png").wait_for()
    await pick(chat, "large.png")
    await pick(chat, "other.png")
    await chat.frame.get_by_role("button", name="Remove other.png").wait_for()
    message = await chat.write("the first two")
    assert [each.name for each in message.attachments] == ["small.png", "other.png"]
    go["large.png"].set()
    await chat.frame.get_by_role("button", name="Remove large.png").wait_for()
    message = await chat.write("and the large one")
    assert [each.name for each in message.attachments] == ["large.png"]


async def test_more_files_than_one_message_holds_go_in_two(chat: Chat) -> None:
    await chat.alone()
    names = [f"page-{n}.png" for n in range(6)]
    for name in names:
        await pick(chat, name)
        await chat.frame.get_by_role("button", name=f"Remove {name}").wait_for()
    message = await chat.write("all pages")
    assert [each.name for each in message.attachments] == names[:5]
    await chat.ring.until(lambda: len(chat.ring.messages()) == 2, "the second message")
    assert [each.name for each in chat.ring.messages()[1].attachments] == names[5:]


async def test_a_file_that_does_not_come_down_is_not_called_gone(chat: Chat) -> None:
    """The line breaks while it is fetched: that is said, and it can be tried again."""
    await chat.alone()
    message = await chat.write("Do you have a map?")
    kept = await chat.ring.blobs.save(once(b"%PDF-1.7 a map"), "map.pdf", 1000)
    await chat.answer(message, "Here it is.", attachments=(kept,))
    await chat.page.route("**/files/*", lambda route: route.abort(), times=1)
    button = chat.frame.get_by_role("button", name="Open map.pdf")
    await button.click()
    await expect(chat.frame.get_by_text("couldn't be loaded")).to_be_visible()
    await expect(chat.frame.get_by_text("no longer kept")).to_have_count(0)
    await chat.shot("50-unfetched")
    assert await chat.flaws() == []
    async with chat.page.expect_download() as download:
        await button.click()
    assert (await download.value).suggested_filename == "map.pdf"
    await expect(chat.frame.get_by_text("couldn't be loaded")).to_have_count(0)
    gone = Attachment(digest="0" * 64, media_type="image/png", size=1, name="old.png")
    await chat.answer(message, "And this.", attachments=(gone,))
    await chat.frame.get_by_role("button", name="Open old.png").click()
    await expect(chat.frame.get_by_text("no longer kept")).to_be_visible()


async def once(data: bytes) -> AsyncIterator[bytes]:
    """Iterate over the one piece that a file comes in."""
    yield data

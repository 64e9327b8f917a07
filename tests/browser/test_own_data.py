"""What do you have of me? In the chat, from its menu; by mail, from the inbox through a link; and from a coordinator's hand."""

from __future__ import annotations

import zipfile
from typing import Any

import pytest
from playwright.async_api import Browser, Download, expect

from tests.browser.chat import Chat
from tests.browser.conftest import People
from tests.browser.librarian import LOOKS
from tests.browser.test_inbox_forget import chosen, ended
from tests.inbox.desk import Desk
from tests.inbox.test_own_data import offered

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(240),
    pytest.mark.xdist_group("browser-inbox"),
]


async def page_of(download: Download) -> str:
    """Return the page in a file that was saved."""
    assert download.suggested_filename == "my-data.zip"
    with zipfile.ZipFile(await download.path()) as file:
        return file.read("index.html").decode()


async def test_a_patron_saves_it_from_the_chat_s_menu_by_keyboard(chat: Chat) -> None:
    await chat.alone()
    await chat.write("What do you have of me?")
    await expect(chat.frame.get_by_text("Sent", exact=True)).to_be_visible()
    await chat.frame.get_by_role("button", name="More").focus()
    await chat.page.keyboard.press("Enter")
    await chat.frame.get_by_role("button", name="My data").focus()
    async with chat.page.expect_download() as saved:
        await chat.page.keyboard.press("Enter")
    assert (await saved.value).suggested_filename == "my-data.zip"
    await expect(chat.frame.get_by_text("my-data.zip")).to_be_attached()
    assert chat.complaints == []


async def test_the_desk_sends_a_link_that_gives_the_file_once(desk: Desk, people: People, browser: Browser) -> None:
    talk = await desk.patron("uma@p.example", "What do you have of me?", channel="mail", name="Uma")
    ana = await people.of("ana", here=False)
    await ana.open(talk, "all")
    dialog = await chosen(ana, "Give the patron their data")
    await expect(dialog.get_by_role("heading", name="Give it to them yourself")).to_have_count(0)
    await dialog.get_by_role("button", name="Send the link").focus()
    await ana.page.keyboard.press("Enter")
    await expect(ana.page.get_by_role("region", name="Messages from the desk")).to_contain_text(
        "The desk wrote to Uma."
    )
    await expect(ana.log).to_contain_text("/own-data/one-time-link")
    async with desk.client() as client:
        path = await offered(desk, await client.enter("ana"), talk)
    page = await browser.new_page()
    await page.goto(desk.url + path)
    async with page.expect_download() as saved:
        await page.get_by_role("button", name="Get my data").click()
    told = await page_of(await saved.value)
    assert "What do you have of me?" in told
    await page.goto(desk.url + path)
    await expect(page.get_by_role("heading", name="This link doesn't open anything")).to_be_visible()
    await page.close()
    assert ana.complaints == []


@pytest.mark.parametrize("look", LOOKS)
async def test_a_coordinator_takes_the_file_and_all_of_it_is_accessible(
    look: dict[str, Any], desk: Desk, people: People, browser: Browser, request: pytest.FixtureRequest
) -> None:
    name = request.node.callspec.id
    talk = await ended(desk, f"vic-{name}", "A private thing", "Vic")
    cora = await people.of("cora", here=False, **look)
    await cora.open(talk, "search")
    dialog = await chosen(cora, "Give the patron their data")
    get = dialog.get_by_role("button", name="Get the file")
    await expect(get).to_be_disabled()
    await dialog.get_by_role("checkbox", name="I've made sure").check()
    async with cora.page.expect_download() as saved:
        await dialog.get_by_role("link", name="Get the file").click()
    assert "It is upstairs." in await page_of(await saved.value)
    await cora.look(f"{name}-own-data")

"""The widget on a library's page, state by state: what a patron sees, by mouse and by keyboard, on a phone and on a desk."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, expect

from adapters.webchat.adapter import WebchatConfig
from bridge.contract.adapter import ChannelDesk, Signal
from bridge.contract.message import Delivery, derive
from tests.browser import picture
from tests.browser.chat import COMPOSING, DESK, LOOKS, VANISHED, Chat, chatting, take

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(240),
    pytest.mark.xdist_group("browser"),
]


async def notice(chat: Chat, about: Any, event: str, text: str) -> None:
    """Have the desk tell the patron something."""
    made = Delivery(
        id=derive("notice", event), channel="here", conversation="c", to=about.sender, kind="notice", at=about.sent_at,
        text=text, event=event,
    )  # fmt: skip
    await chat.ring.put([made])
    await chat.frame.get_by_text(text).wait_for()


@pytest.mark.parametrize("look", LOOKS)
async def test_every_state_is_clear_and_accessible(
    look: dict[str, Any], browser: Browser, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """Walk through a whole chat; axe finds nothing anywhere, nothing is wider than the screen."""
    name = request.node.callspec.id
    async with chatting(tmp_path, browser, **look) as chat:

        async def look_at(state: str) -> None:
            await chat.shot(f"{name}-{state}")
            assert await chat.flaws() == []
            for document in chat.page.frames:
                assert await document.evaluate("document.documentElement.scrollWidth <= innerWidth")

        await chat.visit()
        await look_at("00-launcher")
        chat.ring.show(ChannelDesk(open=True, online=True, library="Northfield Public Library", accent="#7a1fa2"))
        await chat.open()
        await expect(chat.frame.get_by_text("A librarian is here")).to_be_visible()
        await look_at("01-before")
        message = await chat.write("Do you have a map of the old harbour? https://example.org/harbour(1890).")
        await expect(chat.frame.get_by_text("Sent", exact=True)).to_be_visible()
        waiting = ChannelDesk(
            open=True, online=True, wait_s=130, place=3, library="Northfield Public Library", accent="#7a1fa2"
        )
        chat.ring.show(waiting)
        await expect(chat.frame.get_by_role("status").first).to_contain_text("You are number 3 in line.")
        await look_at("02-waiting")
        chat.ring.show(ChannelDesk(open=True, online=True, library="Northfield Public Library", accent="#7a1fa2"))
        await chat.answer(message, "Good morning! Let me look.")
        await expect(chat.frame.locator(".light")).to_have_text("Ada Librarian is helping you")
        await chat.ring.sign(
            Signal(kind="typing", channel="here", address=message.sender, librarian="ada", name="Ada Librarian")
        )
        await expect(chat.frame.get_by_text("Ada Librarian is writing …")).to_be_visible()
        mark = Delivery(
            id="m" * 20, channel="here", conversation="c", to=message.sender, kind="mark", at=1, about=message.id
        )
        await chat.ring.put([mark])
        await expect(chat.frame.get_by_text("Read", exact=True)).to_be_visible()
        await look_at("03-answered")
        await chat.answer(message, "I take over for Ada.", author="Bob Librarian")
        await expect(chat.frame.get_by_text("Bob Librarian is helping you now.")).to_be_visible()
        await expect(chat.frame.locator(".light")).to_have_text("Bob Librarian is helping you")
        await chat.answer(message, "It is at https://example.org/maps/harbour-1890-sheet-12-north-east-quarter.html")
        await look_at("04-changed")
        await chat.frame.get_by_role("button", name="More").click()
        await look_at("05-menu")
        await chat.page.keyboard.press("Escape")
        await chat.frame.get_by_role("button", name="End", exact=True).click()
        await look_at("05-sure")
        await chat.page.keyboard.press("Escape")
        chat.ring.show(ChannelDesk(open=True, online=True, library="Northfield Public Library", rate_s=3600))
        await chat.frame.get_by_role("button", name="End", exact=True).click()
        await chat.frame.get_by_role("button", name="End chat").click()
        await expect(chat.frame.get_by_text("This chat has ended.")).to_be_visible()
        assert chat.ring.ended(message.sender)
        await expect(chat.frame.get_by_text("Did this chat help you?")).to_be_in_viewport()
        await look_at("06-ended")
        await chat.frame.get_by_role("button", name="Begin a new chat").click()
        assert (await chat.write("Something else")).sender != message.sender
        assert chat.complaints == []


async def test_sent_delivered_and_read_are_told_apart(chat: Chat) -> None:
    """Sent: the daemon keeps it. Delivered: a librarian has the chat. Read: it was on the librarian's screen.

    Who greets without a name has come as well: nobody is announced below that greeting, and the status says "asked" no more.
    """
    chat.ring.show(ChannelDesk(open=True, online=True))
    await chat.visit()
    await chat.open()
    message = await chat.write("Do you have a map of the old harbour?")
    status = chat.frame.get_by_role("status").first
    await expect(chat.frame.get_by_text("Sent", exact=True)).to_be_visible()
    await expect(status).to_have_text("We've asked a librarian.")
    await notice(chat, message, "greeting", "Good morning! One moment, please.")
    await expect(chat.frame.get_by_text("Delivered", exact=True)).to_be_visible()
    await expect(status).to_be_empty()
    await chat.answer(message, "Here it is.")
    await expect(chat.frame.get_by_text("joined")).to_have_count(0)
    second = await chat.write("And the quay?")
    await expect(chat.frame.get_by_text("Delivered", exact=True)).to_be_visible()
    mark = Delivery(id="m" * 20, channel="here", conversation="c", to=second.sender, kind="mark", at=1, about=second.id)
    await chat.ring.put([mark])
    await expect(chat.frame.get_by_text("Read", exact=True)).to_be_visible()
    third = await chat.write("Thank you!")
    await notice(chat, third, "goodbye", "Come again.")
    await expect(chat.frame.get_by_text("Delivered", exact=True)).to_be_visible()
    await chat.write("One thing more")
    await expect(chat.frame.get_by_text("Sent", exact=True)).to_be_visible()
    await expect(status).to_have_text("We've asked a librarian.")


async def test_no_words_vanish_where_colours_are_forced(browser: Browser, tmp_path: Path) -> None:
    """Own messages and the main buttons keep words that differ from what the browser lays behind them."""
    async with chatting(tmp_path, browser, forced_colors="active", **DESK) as chat:
        chat.ring.show(ChannelDesk(open=True, online=True, rate_s=3600))
        await chat.alone()
        message = await chat.write("Can you read this?")
        await chat.answer(message, "I can.")
        await notice(chat, message, "goodbye", "Come again.")
        await chat.frame.get_by_label("Yes").check()
        await expect(chat.frame.get_by_role("button", name="Send rating")).to_be_visible()
        await chat.shot("forced")
        assert await chat.document.evaluate(VANISHED) == []


@pytest.mark.parametrize("look", LOOKS)
async def test_a_closed_desk_says_so_and_keeps_the_question(
    look: dict[str, Any], browser: Browser, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    name = request.node.callspec.id
    async with chatting(tmp_path, browser, **look) as chat:
        await chat.show(ChannelDesk(open=False, online=False, next_opening=1_900_000_000_000, library="Northfield"))
        await chat.visit()
        await expect(chat.launcher).to_have_text("Leave a question")
        await chat.open()
        await expect(chat.frame.get_by_text("We open again")).to_be_visible()
        await expect(chat.frame.get_by_text("You can stay anonymous.")).to_have_count(0)
        await chat.shot(f"{name}-10-closed")
        assert await chat.flaws() == []
        await chat.frame.get_by_role("textbox", name="Your question").fill("When was the harbour built?")
        await chat.frame.get_by_role("button", name="Send question").click()
        await expect(chat.frame.get_by_role("alert")).to_contain_text("address")
        await expect(chat.frame.get_by_label("Email or phone for the answer")).to_be_focused()
        await chat.shot(f"{name}-11-closed-missing")
        assert await chat.flaws() == []
        await chat.page.keyboard.type("pat@gmial.com")
        await chat.frame.get_by_role("button", name="Send question").click()
        await expect(chat.frame.get_by_role("button", name="Yes, send")).to_be_focused()
        await expect(chat.frame.get_by_text("We'll write to pat@gmial.com. Is that right?")).to_be_visible()
        await chat.shot(f"{name}-11b-closed-sure")
        assert await chat.flaws() == []
        await chat.frame.get_by_role("button", name="Did you mean pat@gmail.com?").click()
        await expect(chat.frame.get_by_label("Email or phone for the answer")).to_have_value("pat@gmail.com")
        await expect(chat.frame.get_by_role("button", name="Yes, send")).to_have_count(0)
        await chat.frame.get_by_label("Email or phone for the answer").fill("pat@example.org")
        await chat.page.keyboard.press("Enter")
        await chat.page.keyboard.press("Escape")
        await expect(chat.frame.get_by_label("Email or phone for the answer")).to_be_focused()
        await chat.page.keyboard.press("Enter")
        await expect(chat.frame.get_by_role("button", name="Yes, send")).to_be_focused()
        await chat.page.keyboard.press("Enter")
        message = await chat.ring.message("When was the harbour built?")
        assert (message.later, message.contact) == (True, "pat@example.org")
        await expect(chat.frame.get_by_text("The answer will go to pat@example.org")).to_be_visible()
        await chat.shot(f"{name}-12-closed-left")
        assert await chat.flaws() == []
        assert chat.complaints == []


@pytest.mark.parametrize(
    ("desk", "button", "light"),
    [
        (ChannelDesk(open=True, online=True, busy=False), "Ask a librarian", "A librarian is here"),
        (ChannelDesk(open=True, online=True, busy=True), "Ask a librarian", "All librarians are busy right now"),
        (ChannelDesk(open=True, online=False), "Leave a question", "Open, but nobody is available right now"),
        (ChannelDesk(open=False, online=False), "Leave a question", "Closed now"),
    ],
    ids=lambda value: value.state if isinstance(value, ChannelDesk) else "",
)
async def test_the_button_and_the_chat_say_the_same_of_the_desk(
    desk: ChannelDesk, button: str, light: str, chat: Chat
) -> None:
    """A librarian is offered only where somebody is there."""
    await chat.show(desk)
    await chat.visit()
    await expect(chat.launcher).to_have_text(button)
    await chat.open()
    await expect(chat.frame.locator(".light")).to_have_text(light)


async def test_nobody_is_thanked_for_a_question_that_the_library_has_not_got(chat: Chat) -> None:
    """The store is frozen while a question is left at a closed desk: "it is with the library" comes when that is true."""
    await chat.show(ChannelDesk(open=False, online=False, next_opening=1_900_000_000_000))
    await chat.alone()
    await chat.frame.get_by_label("Email or phone for the answer").fill("pat@example.org")
    await chat.frame.get_by_role("textbox", name="Your question").fill("When was the harbour built?")
    chat.ring.freeze()
    try:
        await chat.frame.get_by_role("button", name="Send question").click()
        await chat.frame.get_by_role("button", name="Yes, send").click()
        await expect(chat.frame.get_by_text("Sending …")).to_be_visible()
        await chat.page.wait_for_timeout(500)
        await expect(chat.frame.get_by_text("The library has your question")).to_have_count(0, timeout=1)
    finally:
        chat.ring.thaw()
    await chat.ring.message("When was the harbour built?", deadline=60)
    await expect(chat.frame.get_by_text("The answer will go to pat@example.org")).to_be_visible()


async def test_a_page_with_a_very_long_address_can_be_asked_from(chat: Chat) -> None:
    await chat.visit(f"/{'catalogue/' * 300}")
    await chat.open()
    message = await chat.write("What is this?")
    assert message.page.startswith(f"{chat.site.url}/catalogue/")


async def test_nothing_is_kept_asked_or_framed_before_the_patron_acts(chat: Chat) -> None:
    """No cookie at all, no frame or socket before the button, no stranger asked; the page is told without its query.

    This browser refuses storage to a foreign frame: the chat works all the same.
    """
    await chat.visit()
    assert len(chat.page.frames) == 1
    await chat.open()
    message = await chat.write("Hello?")
    assert message.page == f"{chat.site.url}/page"
    await expect(chat.frame.get_by_text("Sent", exact=True)).to_be_visible()
    assert await chat.page.context.cookies() == []
    assert chat.complaints == []


@pytest.mark.parametrize("width", [360, 1280])
async def test_nobody_gets_behind_a_chat_that_covers_the_page(width: int, browser: Browser, tmp_path: Path) -> None:
    """On a phone the open chat is modal, and the page is back when it closes or the window grows; beside the page it is not."""
    async with chatting(tmp_path, browser, viewport={"width": width, "height": 740}) as chat:
        await chat.visit()
        main, panel = chat.page.locator("main"), chat.page.locator("deskbridge-chat [role=dialog]")
        covers = width == 360
        await chat.open()
        assert await main.evaluate("one => one.inert") is covers
        await expect(panel).to_have_attribute("aria-modal", str(covers).lower())
        assert await chat.flaws() == []
        await chat.page.set_viewport_size({"width": 1280 + 360 - width, "height": 740})
        await expect(panel).to_have_attribute("aria-modal", str(not covers).lower())
        assert await main.evaluate("one => one.inert") is not covers
        await chat.page.evaluate("Deskbridge.close()")
        assert not await main.evaluate("one => one.inert")
        await chat.open()
        await chat.page.evaluate("Deskbridge.destroy()")
        assert not await main.evaluate("one => one.inert")


async def test_storage_holds_nothing_before_the_first_message_and_urls_never_the_token(chat: Chat) -> None:
    await chat.alone()
    assert await chat.document.evaluate("[localStorage.length, document.cookie]") == [0, ""]
    message = await chat.write("Hello?")
    await expect(chat.frame.get_by_text("Sent", exact=True)).to_be_visible()
    stored = json.loads(await chat.document.evaluate("localStorage.getItem('deskbridge:here')"))
    assert len(stored["token"]) == 64
    assert stored["token"] not in message.sender
    urls = await chat.document.evaluate("performance.getEntries().map((e) => e.name).join(' ')")
    assert stored["token"] not in urls
    assert await chat.page.context.cookies() == []
    assert chat.complaints == []


async def test_the_keyboard_alone_is_enough(chat: Chat) -> None:
    """Tab to the button, open, write, close by Escape; the focus goes in and comes back."""
    await chat.visit()
    await chat.page.keyboard.press("Tab")
    await expect(chat.launcher).to_be_focused()
    await expect(chat.launcher).to_have_attribute("aria-expanded", "false")
    await chat.page.keyboard.press("Enter")
    await expect(chat.frame.get_by_role("textbox", name="Your message")).to_be_focused()
    await expect(chat.page.get_by_role("dialog", name="Chat with the library")).to_be_visible()
    await expect(chat.launcher).to_have_attribute("aria-expanded", "true")
    await chat.page.keyboard.type("By keyboard")
    await chat.page.keyboard.press("Enter")
    message = await chat.ring.message("By keyboard")
    await chat.answer(message, "Heard.")
    await chat.page.keyboard.press("Escape")
    await expect(chat.launcher).to_be_focused()
    await expect(chat.page.get_by_role("dialog")).to_be_hidden()


async def test_a_key_of_an_input_method_sends_nothing_and_closes_nothing(chat: Chat) -> None:
    """Enter chooses the characters and Escape drops them; the next Enter sends."""
    await chat.visit()
    await chat.open()
    box = chat.frame.get_by_role("textbox", name="Your message")
    for how, text in zip(COMPOSING, ("日本", "日本語"), strict=True):
        await box.fill("にほんご")
        await take(box, "Enter", how)
        await expect(box).to_have_value("にほんご")
        await take(box, "Escape", how)
        await expect(chat.page.get_by_role("dialog", name="Chat with the library")).to_be_visible()
        await chat.write(text)
    assert [each.text for each in chat.ring.messages()] == ["日本", "日本語"]


async def test_the_page_hears_of_what_happens_and_can_speak(chat: Chat) -> None:
    """API and events; what a patron reads is not told to the page around."""
    await chat.visit()
    await chat.page.evaluate("Deskbridge.setPatron({name: 'Pat', contact: 'pat@example.org'}); Deskbridge.open()")
    await chat.frame.get_by_role("log").wait_for()
    message = await chat.write("Hi")
    assert (message.name, message.contact) == ("Pat", "pat@example.org")
    await chat.page.evaluate("Deskbridge.close()")
    await chat.ring.answer(message, "a secret answer")
    await expect(chat.launcher).to_contain_text("1 new")
    told = await chat.page.evaluate("JSON.stringify(told)")
    assert [each[0] for each in json.loads(told)] == ["ready", "open", "close", "message"]
    assert "secret" not in told
    await chat.page.evaluate("Deskbridge.destroy()")
    await expect(chat.page.locator("deskbridge-chat")).to_have_count(0)
    assert await chat.page.evaluate("typeof Deskbridge") == "undefined"


async def test_what_is_unsent_survives_an_outage_and_a_reload(chat: Chat) -> None:
    """Written while the daemon is away, shown as waiting, sent once when it is back, under one id."""
    await chat.alone()
    await chat.write("first")
    await expect(chat.frame.get_by_text("Sent", exact=True)).to_be_visible()
    config = chat.ring.runner().channel.config
    await chat.ring.stop()
    await expect(chat.frame.get_by_text("No connection.")).to_be_visible()
    await chat.frame.get_by_role("textbox", name="Your message").fill("second")
    await chat.page.keyboard.press("Enter")
    await expect(chat.frame.get_by_text("Not sent yet: no connection")).to_be_visible()
    await chat.shot("20-offline")
    assert await chat.flaws() == []
    await chat.ring.start(config)
    await chat.alone()
    await chat.ring.message("second", deadline=60)
    await expect(chat.frame.get_by_text("Sent", exact=True)).to_be_visible(timeout=40_000)
    await expect(chat.frame.get_by_text("first")).to_be_visible()
    assert [each.text for each in chat.ring.messages()] == ["first", "second"]


async def test_what_is_half_written_survives_a_reload_of_this_tab_alone(chat: Chat) -> None:
    """It is kept in the tab and nowhere else, goes when it is sent, and is forgotten with the chat."""
    await chat.alone()
    box = chat.frame.get_by_role("textbox", name="Your message")
    await box.fill("Dear librarians, I have been")
    await chat.alone()
    await expect(box).to_have_value("Dear librarians, I have been")
    assert await chat.document.evaluate("[localStorage.length, document.cookie]") == [0, ""]
    await chat.write("Dear librarians, hello")
    assert await chat.document.evaluate("sessionStorage.length") == 0
    await box.fill("and another")
    await chat.frame.get_by_role("button", name="More").click()
    await chat.frame.get_by_role("button", name="Forget this chat").click()
    await chat.frame.get_by_role("button", name="Really forget?").click()
    await expect(box).to_have_value("")
    assert await chat.document.evaluate("sessionStorage.length") == 0


async def test_a_line_that_comes_back_brings_what_was_missed(chat: Chat) -> None:
    """The daemon stops and starts while the page is open: the page says so, and then makes it good without a reload."""
    await chat.visit()
    await chat.open()
    message = await chat.write("are you there?")
    await chat.answer(message, "I am.")
    config = chat.ring.runner().channel.config
    await chat.ring.stop()
    await expect(chat.frame.get_by_text("No connection.")).to_be_visible()
    await chat.frame.get_by_role("textbox", name="Your message").fill("and now?")
    await chat.page.keyboard.press("Enter")
    await chat.ring.answer(message, "Said meanwhile.")
    await chat.ring.start(config)
    await expect(chat.frame.get_by_text("Said meanwhile.")).to_be_visible(timeout=60_000)
    await chat.ring.message("and now?", deadline=60)
    await expect(chat.frame.get_by_text("Said meanwhile.")).to_have_count(1)
    await expect(chat.frame.get_by_text("and now?")).to_have_count(1)


async def test_a_chat_that_did_not_load_is_loaded_when_it_is_opened_again(chat: Chat) -> None:
    """The network is away for a moment when the button is pressed."""
    await chat.visit()
    await chat.page.route("**/frame?*", lambda route: route.abort(), times=1)
    async with chat.page.expect_event("requestfailed"):
        await chat.launcher.click()
    await chat.page.wait_for_timeout(500)
    await chat.page.evaluate("Deskbridge.close()")
    await chat.open()
    await chat.write("here after all")


async def test_times_are_written_as_the_patron_s_country_writes_them(browser: Browser, tmp_path: Path) -> None:
    """Also where the library's page asks for a language without a country."""
    async with chatting(tmp_path, browser, **DESK, locale="en-GB") as chat:
        chat.site.settings = 'window.deskbridgeSettings = {language: "en"};'
        await chat.visit()
        await chat.open()
        await chat.write("What time is it?")
        await expect(chat.frame.locator("time").first).to_have_text(re.compile(r"^\d{1,2}:\d\d$"))  # no AM or PM


async def test_without_websockets_the_polls_carry_it(browser: Browser, tmp_path: Path) -> None:
    """A proxy that eats upgrades: the chat works by long poll, both ways."""
    async with chatting(tmp_path, browser, **DESK) as chat:
        await chat.page.add_init_script(
            "window.WebSocket = class { constructor() { setTimeout(() => this.onclose?.()) } close() {} }"
        )
        await chat.visit()
        await chat.open()
        message = await chat.write("through the polls")
        await expect(chat.frame.get_by_text("Sent", exact=True)).to_be_visible()
        await chat.answer(message, "and back")
        second = await chat.write("again")
        assert second.sender == message.sender
        await chat.answer(second, "and again")


async def test_a_mute_socket_is_left_for_the_polls(browser: Browser, tmp_path: Path) -> None:
    """Half-open: the patron's side can send and hears nothing. It notices by its heartbeat and goes on by polls."""
    async with chatting(tmp_path, browser, {"beat": 1.0}, **DESK) as chat:
        await chat.page.add_init_script(
            """const Real = WebSocket; let born = 0;
            window.WebSocket = class extends Real { set onmessage(hear) { const n = ++born;
              super.onmessage = (event) => { if (!window.mute) hear?.(event); }; } };"""
        )
        await chat.visit()
        await chat.open()
        message = await chat.write("can you hear me?")
        await chat.document.evaluate("window.mute = true")
        await chat.ring.answer(message, "yes, I can")
        await expect(chat.frame.get_by_text("yes, I can")).to_be_visible(timeout=60_000)


async def test_what_was_read_is_told_although_the_line_died_meanwhile(browser: Browser, tmp_path: Path) -> None:
    """Half-open the other way: the patron hears, and what their browser says is lost. It is said again on the next line."""
    async with chatting(tmp_path, browser, {"beat": 1.0}, **DESK) as chat:
        await chat.page.add_init_script(
            """const Real = WebSocket;
            window.WebSocket = class extends Real { send(data) { if (!window.unheard) super.send(data); } };"""
        )
        await chat.alone()
        message = await chat.write("can you hear me?")
        async with chat.page.expect_event("websocket", timeout=60_000):  # the next one: this one is given up
            await chat.document.evaluate("window.unheard = true")
            answer = await chat.answer(message, "I can.")
            await expect(chat.frame.get_by_text("No connection.")).to_be_visible()
        await chat.document.evaluate("window.unheard = false")
        await chat.ring.reached(
            answer, "read", deadline=75
        )  # a line whose hello was lost is given up first, then there is a pause


async def test_files_go_both_ways(chat: Chat, tmp_path: Path) -> None:
    """An image up, an image down, each shown small; a page that calls itself a picture is refused with a word."""
    png = tmp_path / "map.png"
    png.write_bytes(picture.png())
    script = tmp_path / "page.png"
    script.write_text("<!doctype html><script>alert(1)</script>")
    await chat.visit()
    await chat.open()
    picker = chat.frame.locator("input[type=file]")
    await picker.set_input_files(script)
    await expect(chat.frame.get_by_role("alert")).to_contain_text("This kind of file can't be sent")
    await picker.set_input_files(png)
    await expect(chat.frame.get_by_text("map.png")).to_be_visible()
    await chat.shot("30-file")
    assert await chat.flaws() == []
    message = await chat.write("Here is the map")
    assert [each.media_type for each in message.attachments] == ["image/png"]
    await chat.answer(message, "And back", attachments=message.attachments)
    await expect(chat.frame.locator("canvas:visible")).to_have_count(2)
    await chat.shot("31-thumbnails")
    async with chat.page.expect_download() as download:
        await chat.frame.get_by_role("button", name="Open map.png").last.click()
    got = await (await download.value).path()
    assert await asyncio.to_thread(got.read_bytes) == png.read_bytes()


async def test_forgetting_leaves_nothing_on_the_device(chat: Chat) -> None:
    await chat.alone()
    first = await chat.write("my secret question")
    await expect(chat.frame.get_by_text("Sent", exact=True)).to_be_visible()
    await chat.frame.get_by_role("button", name="More").click()
    await chat.frame.get_by_role("button", name="Forget this chat").click()
    await chat.frame.get_by_role("button", name="Really forget?").click()
    await expect(chat.frame.get_by_text("my secret question")).to_have_count(0)
    assert await chat.document.evaluate("localStorage.length") == 0
    second = await chat.write("somebody else")
    assert second.sender != first.sender


async def test_a_busy_house_keeps_the_message_and_tells(chat: Chat) -> None:
    """The store is full: nothing is acknowledged, the patron is told, it goes out when there is room."""
    await chat.visit()
    await chat.open()
    await chat.write("before")
    await chat.ring.fill()
    await chat.frame.get_by_role("textbox", name="Your message").fill("while it is full")
    await chat.page.keyboard.press("Enter")
    await expect(chat.frame.get_by_text("The desk can't take messages right now.")).to_be_visible()
    await chat.shot("21-busy")
    await chat.ring.relieve()
    await chat.ring.message("while it is full", deadline=60)
    await expect(chat.frame.get_by_text("The desk can't take messages right now.")).to_have_count(0)


async def test_another_origin_gets_no_chat(browser: Browser, tmp_path: Path) -> None:
    """A page that is not on the list may not frame the chat, nor hand it a port."""
    async with chatting(tmp_path, browser, **DESK) as chat:
        stranger = chat.site.url.replace("localhost", "127.0.0.1")
        await chat.page.goto(f"{stranger}/")
        await chat.launcher.click()
        async with asyncio.timeout(20):
            while not any("frame-ancestors" in each for each in chat.complaints):
                await chat.page.wait_for_timeout(100)
        assert await chat.frame.get_by_role("log").count() == 0


async def test_a_page_below_a_host_that_is_listed_with_a_star_gets_the_chat(chat: Chat) -> None:
    """All who ask for an origin agree on what the star means: the button's question, the frame, and the port."""
    await chat.ring.stop()
    await chat.ring.start(WebchatConfig(origins=(chat.site.url.replace("localhost", "*.localhost"),)))
    await chat.page.goto(chat.site.url.replace("localhost", "law.campus.localhost"))
    await chat.open()
    await chat.write("from below")
    assert [
        each for each in chat.complaints if not each.startswith("request: ")
    ] == []  # the page itself is no stranger


async def test_the_full_page(chat: Chat) -> None:
    """The chat without a widget around it."""
    for width in (360, 1280):
        await chat.page.set_viewport_size({"width": width, "height": 720})
        await chat.page.goto(f"{chat.ring.url}/channels/here/chat")
        await chat.page.get_by_role("log").wait_for()
        await chat.shot(f"40-page-{width}")
        assert await chat.flaws() == []
        assert await chat.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert chat.complaints == []


async def test_the_script_for_other_systems_works_under_a_strict_policy(chat: Chat) -> None:
    """As the documentation has it, for pages to which only JavaScript can be added."""
    guide = (Path(__file__).parents[2] / "docs/portal.md").read_text()
    (script,) = re.findall(r"```js\n(.*?)```", guide, re.DOTALL)
    chat.site.loads = False
    chat.site.settings = f"addEventListener('load', () => {{{script}}});".replace(
        "https://desk.example.org/channels/web", f"{chat.ring.url}/channels/here"
    )
    await chat.visit()
    await chat.open()
    await chat.write("from a catalogue")
    assert chat.complaints == []

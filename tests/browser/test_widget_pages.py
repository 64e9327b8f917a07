"""Pages that change without loading: one launcher that works, and the page shown is where the patron writes from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Page, expect

from bridge.contract.adapter import ChannelDesk
from bridge.contract.message import Delivery, derive
from tests.browser.chat import DESK, Chat, chatting

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(240),
    pytest.mark.xdist_group("browser"),
]

# What frameworks do to a page: each is a way in which the body, or all of it, becomes another.
SCRIPT = """(() => { const one = document.createElement("script"); one.async = true; one.dataset.channel = "here";
one.src = document.querySelector("script[src$='widget.js']")?.src ?? window.widget; return one; })()"""
TURBO = "document.documentElement.replaceChild(document.createElement('body'), document.body)"
CHANGES = {
    "turbo": f"{TURBO}; document.body.innerHTML = '<main>new</main>'",
    "turbo with the script in the body": f"const one = {SCRIPT}; {TURBO}; document.body.append(one)",
    "emptied": "document.body.innerHTML = ''",
    "a clone of the body": "document.body.replaceWith(document.body.cloneNode(true))",
    "taken out": "document.querySelector('deskbridge-chat').remove()",
    "all of it": "document.documentElement.innerHTML = '<head></head><body>new</body>'",
    "another root": "document.documentElement.replaceWith(document.documentElement.cloneNode(true))",
}


async def launchers(page: Page) -> int:
    count: int = await page.evaluate("document.querySelectorAll('deskbridge-chat').length")
    return count


@pytest.mark.parametrize("how", CHANGES)
async def test_one_launcher_survives_what_a_page_does_to_itself(chat: Chat, how: str) -> None:
    """Closed at first, then with the chat open: both times it works, and the chat goes on."""
    await chat.visit()
    await chat.page.evaluate("window.widget = document.querySelector(\"script[src$='widget.js']\").src")
    await chat.page.evaluate(f"() => {{ {CHANGES[how]} }}")
    await expect(chat.launcher).to_have_count(1)
    await chat.open()
    await chat.write("before")
    await chat.page.evaluate(f"() => {{ {CHANGES[how]} }}")
    await expect(chat.launcher).to_have_count(1)
    await chat.frame.locator(".light:not(.connecting)").wait_for()
    await chat.frame.get_by_role("textbox", name="Your message").fill("after")
    await chat.frame.get_by_role("textbox", name="Your message").press("Enter")
    await chat.ring.message("after")
    assert await launchers(chat.page) == 1
    await chat.launcher.click()
    await expect(chat.page.locator("deskbridge-chat [role=dialog]")).to_be_hidden()
    assert [each for each in chat.complaints if not each.startswith("console")] == []


async def test_a_chat_that_is_open_goes_on_when_the_body_is_replaced(chat: Chat) -> None:
    """The frame is not loaded again, so nothing is lost where the browser keeps nothing for it."""
    await chat.visit()
    await chat.open()
    await chat.write("before")
    await chat.document.evaluate("window.same = true")
    for how in ("turbo", "turbo with the script in the body", "a clone of the body"):
        await chat.page.evaluate(f"() => {{ {CHANGES[how]} }}")
        await expect(chat.launcher).to_have_count(1)
        assert await chat.document.evaluate("window.same")
        await expect(chat.frame.get_by_text("before")).to_be_visible()


async def test_the_script_twice_is_one_launcher(chat: Chat) -> None:
    await chat.visit()
    await chat.page.evaluate(f"document.body.append({SCRIPT}, {SCRIPT})")
    await chat.open()
    assert await launchers(chat.page) == 1


async def test_the_page_shown_is_where_the_patron_writes_from(chat: Chat) -> None:
    """By pushState, replaceState and back, also while the patron stays in the chat; never with the query."""
    await chat.visit("/first?secret=1")
    await chat.page.evaluate("history.pushState({}, '', '/second?secret=2#part')")
    await chat.open()
    assert (await chat.write("one")).page == f"{chat.site.url}/second"
    for step, path in (
        ("history.pushState({}, '', '/third?secret=3')", "/third"),
        ("history.replaceState({}, '', '/fourth')", "/fourth"),
        ("history.back()", "/second"),
    ):
        await chat.page.evaluate(step)
        await chat.page.wait_for_function("path => location.pathname === path", arg=path)
        await chat.page.wait_for_timeout(1000)  # a patron who has just come to a page has written nothing on it yet
        assert (await chat.write(path)).page == f"{chat.site.url}{path}"


async def test_a_page_that_comes_back_from_the_cache_has_a_line_again(chat: Chat) -> None:
    """The browser keeps a page that was left and shows it again: its connection was closed meanwhile."""
    await chat.visit()
    await chat.open()
    first = await chat.write("before")
    go = "(kind) => dispatchEvent(new PageTransitionEvent(kind, { persisted: true }))"
    for document in (chat.document, chat.page):
        await document.evaluate(go, "pagehide")
    await chat.ring.answer(first, "while you were away")
    for document in (chat.page, chat.document):
        await document.evaluate(go, "pageshow")
    await expect(chat.frame.get_by_text("while you were away")).to_be_visible()
    assert await launchers(chat.page) == 1


@pytest.mark.parametrize("days", [-2, 2])
async def test_a_clock_that_is_days_off_still_gets_a_rating(browser: Browser, tmp_path: Path, days: int) -> None:
    async with chatting(tmp_path, browser, **DESK) as chat:
        await chat.page.add_init_script(
            f"""const Real = Date, off = {days} * 86_400_000;
            Date = class extends Real {{ constructor(...a) {{ a.length ? super(...a) : super(Real.now() + off); }}
            static now() {{ return Real.now() + off; }} }};"""
        )
        chat.ring.show(ChannelDesk(open=True, online=True, rate_s=3600))
        await chat.alone()
        first = await chat.write("hello")
        assert first.sent_at > 0
        answer = await chat.answer(first, "good morning")
        assert abs(first.sent_at - answer.at) < 3_600_000
        bye: dict[str, Any] = {"channel": "here", "conversation": "c", "to": first.sender, "kind": "notice"}
        await chat.ring.put(
            [Delivery(id=derive("bye", str(days)), at=answer.at, text="Goodbye.", event="goodbye", **bye)]
        )
        await expect(chat.frame.get_by_text("Did this chat help you?")).to_be_visible()


async def test_lines_carry_the_day_on_which_they_were_said(chat: Chat) -> None:
    """Yesterday by the calendar, older ones with their date, and today only where something is before it."""
    await chat.alone()
    first = await chat.write("hello")
    await expect(chat.frame.locator(".day")).to_have_count(0)
    day = 86_400_000
    for n, days in enumerate((9, 1)):
        at = first.sent_at - days * day
        await chat.ring.put(
            [
                Delivery(
                    id=derive("old", str(n)), channel="here", conversation="c", to=first.sender, kind="text", at=at,
                    text=f"{days} days ago",
                )
            ]
        )  # fmt: skip
    await chat.alone()
    await expect(chat.frame.locator(".day").filter(has_text="yesterday")).to_have_count(1)


async def test_enter_on_glass_is_a_new_line(browser: Browser, tmp_path: Path) -> None:
    async with chatting(
        tmp_path, browser, has_touch=True, is_mobile=True, viewport={"width": 360, "height": 640}
    ) as chat:
        await chat.alone()
        box = chat.frame.get_by_role("textbox", name="Your message")
        await box.fill("one")
        await box.press("Enter")
        await box.type("two")
        await expect(box).to_have_value("one\ntwo")
        await chat.frame.get_by_role("button", name="Send").click()
        assert (await chat.ring.message("one\ntwo")).text == "one\ntwo"

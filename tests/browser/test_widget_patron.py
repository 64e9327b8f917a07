"""What a patron gives, and takes back: a name and an address, files, and the chat itself on a computer that others use."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from tests.browser.chat import Chat
from tests.browser.test_widget_files import hold_uploads, once, pick

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(240),
    pytest.mark.xdist_group("browser"),
]


async def forget(chat: Chat) -> None:
    """Have this browser forget the chat."""
    await chat.frame.get_by_role("button", name="More").click()
    await chat.frame.get_by_role("button", name="Forget this chat").click()
    await chat.frame.get_by_role("button", name="Really forget?").click()


async def test_a_name_that_the_patron_takes_out_is_not_told(chat: Chat) -> None:
    """The library's page knows who is signed in and fills the form; the patron would rather not say."""
    chat.site.settings = 'window.deskbridgeSettings = {name: "Pat Reader", contact: "pat@example.org"};'
    await chat.visit()
    await chat.open()
    await chat.frame.get_by_role("button", name="Pat Reader, pat@example.org").click()
    await expect(chat.frame.get_by_label("Your name")).to_have_value("Pat Reader")
    await chat.frame.get_by_label("Your name").fill("")
    await chat.frame.get_by_label("Email").fill("")
    message = await chat.write("something that I would rather ask without a name")
    assert (message.name, message.contact) == ("", "")


async def test_forgetting_leaves_nothing_in_the_form(chat: Chat) -> None:
    """The next person at this computer sees no name, no address and no file of the one before."""
    await chat.alone()
    await chat.frame.get_by_role("button", name="Name and address").click()
    await chat.frame.get_by_label("Your name").fill("Pat Reader")
    await chat.frame.get_by_label("Email").fill("pat@example.org")
    await chat.frame.get_by_role("textbox", name="Your message").fill("hello")
    await chat.page.keyboard.press("Enter")
    await chat.frame.get_by_role("button", name="Yes, send").click()
    await chat.ring.message("hello")
    await pick(chat, "diagnosis.png")
    await chat.frame.get_by_role("button", name="Remove diagnosis.png").wait_for()
    await forget(chat)
    await chat.frame.get_by_role("button", name="Name and address").click()
    await expect(chat.frame.get_by_label("Your name")).to_have_value("")
    await expect(chat.frame.get_by_label("Email")).to_have_value("")
    await expect(chat.frame.get_by_role("button", name="Remove diagnosis.png")).to_have_count(0)
    message = await chat.write("somebody else")
    assert (message.name, message.contact, message.attachments) == ("", "", ())


async def test_a_name_and_an_address_can_be_given_at_any_time(chat: Chat) -> None:
    """By keyboard, in the middle of a chat: Escape folds them away again, an address is confirmed and goes to the librarian."""
    await chat.alone()
    await chat.write("Do you have a map?")
    for key in ("Escape", "Enter"):
        await chat.frame.get_by_role("button", name="More").press("Enter")
        await chat.frame.get_by_role("button", name="Name and address").press("Enter")
        await expect(chat.frame.get_by_label("Your name")).to_be_focused()
        await chat.frame.get_by_label("Email").fill("pat@example.org")
        await chat.page.keyboard.press(key)
        await expect(chat.frame.get_by_label("Email")).to_have_count(0 if key == "Escape" else 1)
    await chat.shot("32-details")
    await chat.frame.get_by_role("button", name="Yes, send").press("Enter")
    message = await chat.ring.message("Please send the answer to pat@example.org.")
    assert message.contact == "pat@example.org"
    await expect(chat.frame.get_by_label("Email")).to_have_count(0)


async def test_a_file_that_was_fetched_is_not_kept_in_the_browser(chat: Chat) -> None:
    """Its address alone opens nothing: neither at the daemon nor out of what the browser keeps of earlier answers."""
    await chat.alone()
    message = await chat.write("Do you have a map?")
    kept = await chat.ring.blobs.save(once(b"%PDF-1.7 a map"), "map.pdf", 1000)
    await chat.answer(message, "Here it is.", attachments=(kept,))
    async with chat.page.expect_download():
        await chat.frame.get_by_role("button", name="Open map.pdf").click()
    await forget(chat)
    status = await chat.document.evaluate(
        "(digest) => fetch(`files/${digest}`).then((answer) => answer.status)", kept.digest
    )
    assert status == 403


async def test_a_file_that_is_still_on_its_way_when_the_chat_is_forgotten_stays_away(chat: Chat) -> None:
    """It is bound to who began to send it."""
    go = await hold_uploads(chat, "diagnosis.png")
    await chat.alone()
    await chat.write("hello")
    async with chat.page.expect_response("**/files"):
        await pick(chat, "diagnosis.png")
        await forget(chat)
        go["diagnosis.png"].set()
    await expect(chat.frame.get_by_role("button", name="Remove diagnosis.png")).to_have_count(0)
    assert await chat.document.evaluate("localStorage.length") == 0
    await chat.write("somebody else")


SPOKEN = """(() => {
  window.spoken = [];
  new MutationObserver((changes) => {
    for (const { target, addedNodes } of changes) {
      const live = target.nodeType === 1 && target.closest("[aria-live], [role=log]");
      if (!live || (live.getAttribute("aria-live") ?? "polite") === "off") continue;
      for (const node of addedNodes) if (node.textContent) window.spoken.push(node.textContent);
    }
  }).observe(document, { childList: true, subtree: true });
})()"""


async def test_what_was_said_before_is_not_read_out_again_after_a_reload(chat: Chat) -> None:
    await chat.alone()
    message = await chat.write("Where is the map room?")
    await chat.answer(message, "On the second floor.")
    await chat.page.add_init_script(SPOKEN)
    await chat.page.reload()
    await chat.frame.get_by_text("On the second floor.", exact=True).wait_for()
    await expect(chat.frame.get_by_role("log")).to_have_attribute("aria-live", "polite")
    assert not [text for text in await chat.page.evaluate("spoken") if "floor" in text or "map room" in text]
    await chat.answer(message, "Behind the stairs.")
    assert [text for text in await chat.page.evaluate("spoken") if "Behind the stairs." in text]

"""What is not mine or not to be seen any more, what is done without a connection, and what somebody chose to send."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from email import message_from_bytes

import pytest
from playwright.async_api import expect

from bridge.contract.message import Attachment
from tests.browser.conftest import People
from tests.corpora import corpus_file
from tests.inbox.desk import Desk

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(240),
    pytest.mark.xdist_group("browser-inbox"),
]


async def test_a_page_leaves_what_it_may_not_see_any_more(desk: Desk, people: People) -> None:
    """Dora of the south has open what she is offered; it is taken back. Escape works, nothing asks for it again, nobody is shown as
    looking at it."""
    asked = await desk.patron("taken back", "Where is the map room?", name="Tina Taken")
    ana, dora = await people.of("ana"), await people.of("dora")
    async with desk.client() as browser:
        api = await browser.enter("ana")
        await api.deed(asked, "claim")
        await api.deed(asked, "transfer", {"librarian": "dora"})
        await dora.open(asked, "mine")
        await ana.open(asked, "open")
        await expect(ana.page.get_by_text("Dora Dahl is looking")).to_be_visible()
        await api.deed(asked, "release")
    await expect(dora.page).to_have_url(re.compile("#/mine$"))
    await expect(dora.page.get_by_text("You no longer have access to").first).to_be_visible()
    await expect(ana.page.get_by_text("Dora Dahl is looking")).to_have_count(0)
    missing: list[str] = []
    dora.page.on("response", lambda answer: missing.append(answer.url) if answer.status == 404 else None)
    await desk.patron("taken back", "On which floor?")
    await expect(ana.log).to_contain_text("On which floor?")
    assert missing == []
    await dora.go(f"mine/{asked}")
    await expect(dora.page.get_by_text("doesn't exist, or you don't have access to it")).to_be_visible()
    await dora.page.keyboard.press("Escape")
    await expect(dora.page).to_have_url(re.compile("#/mine$"))


async def test_a_page_that_is_closed_is_not_shown_as_looking(desk: Desk, people: People) -> None:
    asked = await desk.patron("ghost", "Is anybody there?", name="Gus Ghost")
    ana, ben = await people.of("ana"), await people.of("ben")
    await ben.open(asked)
    await ana.open(asked)
    await expect(ana.page.get_by_text("Ben Berg is looking")).to_be_visible()
    await ben.page.close()
    await expect(ana.page.get_by_text("Ben Berg is looking")).to_have_count(0)


async def test_ending_without_a_connection_and_with_a_draft_says_so(desk: Desk, people: People) -> None:
    asked = await desk.patron("end offline", "May I bring my dog?", name="Olga Ends")
    ana = await people.of("ana")
    await ana.open(asked)
    await ana.page.keyboard.press("c")
    await expect(ana.page.get_by_role("button", name="Transfer")).to_be_visible()
    await ana.composer.fill("Only a small o")
    await ana.page.get_by_role("button", name="End", exact=True).click()
    dialog = ana.page.get_by_role("dialog")
    await expect(dialog.get_by_text("hasn't been sent")).to_contain_text("Only a small o")
    await ana.look("ending-with-draft")
    await ana.cut()
    await expect(dialog.get_by_text("There's no connection.")).to_be_visible()
    await dialog.get_by_role("button", name="End conversation").click()
    await expect(dialog).to_have_count(0)
    await expect(ana.page.get_by_text("Olga Ends's conversation ends when it's back.").first).to_be_visible()
    await ana.mend()
    await expect(ana.page.get_by_role("button", name="Reopen")).to_be_visible()


@pytest.mark.parametrize("width", [360, 1280])
async def test_the_banner_covers_no_line(width: int, desk: Desk, people: People) -> None:
    asked = await desk.patron(f"banner {width}", "line 0", name="Bea Banner")
    for n in range(1, 12):
        await desk.patron(f"banner {width}", f"line {n}\nand more of it")
    ana = await people.of("ana", viewport={"width": width, "height": 640})
    await ana.open(asked)
    last = ana.log.get_by_text("line 11")
    await expect(last).to_be_in_viewport(ratio=1)
    await ana.cut()
    await expect(last).to_be_in_viewport(ratio=1)
    assert await last.evaluate(
        """(one) => { const { left, top, width, height } = one.getBoundingClientRect();
        return one.contains(document.elementFromPoint(left + width / 2, top + height / 2)); }"""
    )
    await ana.page.screenshot(path=f"/tmp/g-banner-{width}.png")
    await ana.mend()


async def test_after_an_absence_the_librarian_is_told_what_went_back(desk: Desk, people: People) -> None:
    asked = await desk.patron("went back", "Is it lent?", name="Wanda Back")
    other = await desk.patron("was taken", "Is it lent?", name="Theo Taken")
    ana = await people.of("ana")
    for conversation in (asked, other):
        await ana.open(conversation)
        await ana.page.keyboard.press("c")
        await expect(ana.page.get_by_role("button", name="Transfer")).to_be_visible()
    await ana.page.evaluate("new Promise((then) => setTimeout(then, 1500))")  # once a second it is written down
    await ana.cut()
    async with desk.client() as browser:  # what the desk does after the grace, by hand
        api = await browser.enter("ana")
        await api.deed(asked, "release")
        await api.deed(other, "release")
    async with desk.client() as browser:
        await (await browser.enter("ben")).deed(other, "claim")
    await ana.mend()
    told = ana.page.get_by_role("region", name="Messages from the desk").get_by_text("While you were away:")
    await expect(told).to_contain_text("Wanda Back went back to the queue.")
    await expect(told).to_contain_text("Theo Taken is with Ben Berg now.")
    await ana.look("away")
    await ana.page.get_by_role("button", name="Show the queue").click()
    await expect(ana.page).to_have_url(re.compile("#/waiting$"))


TWICE = [("one.txt", b"the same"), ("one.txt", b"the same"), ("two.txt", b"the same")]


def mailed() -> list[tuple[str, bytes]]:
    """The files of the corpus's mail that carries the same bytes twice."""
    mail = message_from_bytes(corpus_file("outside_mail/classes/01-inbox-same-file-twice/1.eml").read_bytes())
    parts = [part for part in mail.walk() if part.get_filename()]
    return [(str(part.get_filename()), bytes(part.get_payload(decode=True) or b"")) for part in parts]


@pytest.mark.parametrize("files", [lambda: TWICE, mailed], ids=["chat", "mail"])
async def test_the_same_file_twice_in_a_message_is_shown_twice(
    files: Callable[[], list[tuple[str, bytes]]], desk: Desk, people: People
) -> None:
    sent = files()
    attachments = tuple(
        Attachment(digest=hashlib.sha256(content).hexdigest(), media_type="text/plain", size=len(content), name=name)
        for name, content in sent
    )
    assert len({one.digest for one in attachments}) < len(attachments)
    asked = await desk.patron(f"twice {len(sent)}", "Both, please.", name="Tilly Twice", attachments=attachments)
    ana = await people.of("ana")
    await ana.open(asked)
    await expect(ana.log.locator("a.file")).to_have_count(len(sent))
    assert ana.complaints == []


async def test_paragraphs_links_and_previews_have_their_own_direction(desk: Desk, people: People) -> None:
    said = "Hello, see https://a.example/x_(y)。\nשלום, מתי פתוח?\nمرحبا https://a.example/ب؟"
    asked = await desk.patron("directions", said, name="Dina Directions")
    await desk.patron("preview", "שלום, מתי אתם פתוחים?", name="דינה")
    ana = await people.of("ana")
    await ana.open(asked)
    directions = await ana.log.locator(".paragraph").evaluate_all(
        "all => all.map(one => getComputedStyle(one).direction)"
    )
    assert directions == ["ltr", "rtl", "rtl"]
    links = await ana.log.locator(".words a").evaluate_all(
        "all => all.map(one => [one.textContent, one.rel, one.target])"
    )
    assert links == [
        ["https://a.example/x_(y)", "noopener noreferrer nofollow", "_blank"],
        ["https://a.example/ب", "noopener noreferrer nofollow", "_blank"],
    ]
    row = ana.page.get_by_role("article").filter(has_text="דינה")
    assert await row.locator(".last").evaluate("one => getComputedStyle(one).direction") == "rtl"
    await ana.look("directions")


@pytest.mark.parametrize("languages", [["pt_BR"], ["en-US@posix", "C"], ["x", "", "de_DE.UTF-8"]])
async def test_no_language_of_a_browser_leaves_the_page_empty(desk: Desk, people: People, languages: list[str]) -> None:
    script = f"Object.defineProperty(Navigator.prototype, 'languages', {{ get: () => {languages!r} }})"
    asked = await desk.patron("tongue", "hello?", name="Tom Tongue")
    ana = await people.of("ana", here=False, script=script)
    await ana.open(asked)
    await ana.go("reports")
    await expect(ana.page.get_by_role("heading", level=1)).to_be_visible()
    assert ana.complaints == []

"""Counting by two keys in the inbox, and on a tablet by somebody who may only count: without a line too, and each once."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import pytest
from playwright.async_api import ViewportSize, expect

from bridge.contract.message import QuestionTaken
from bridge.sql.counter.question import CountedQuestion
from bridge.sql.people.calendar import Calendar
from bridge.sql.transcripts.reader import ConversationSummary
from routing.organisation import Librarian as Person
from routing.organisation import Library
from tests.browser.conftest import People
from tests.inbox.desk import DEADLINE, PASSWORD, Desk, until

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(240),
    pytest.mark.xdist_group("browser-inbox"),
]

TABLET: dict[str, Any] = {"viewport": {"width": 1024, "height": 768}, "has_touch": True}
PHONE: ViewportSize = {"width": 360, "height": 740}


async def counted(desk: Desk, library: str) -> list[CountedQuestion]:
    return await desk.services.archive.counted_questions.between(library, 0, 1 << 50)


async def test_two_keys_count_and_one_takes_back(desk: Desk, people: People) -> None:
    ana = await people.of("ana", here=False)
    page = ana.page
    await page.keyboard.press("=")
    dialog = page.get_by_role("dialog", name="Count a question")
    await dialog.get_by_role("radio", name="Walk-up").wait_for()
    await ana.look("count-dialog")
    await page.keyboard.press("2")
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("Counted: Walk-up, Directional").first).to_be_visible()
    await expect(dialog).to_be_hidden()
    await page.keyboard.press("z")
    await expect(page.get_by_text("Taken back: it counts nowhere.").first).to_be_visible()
    [first] = await counted(desk, "north")
    assert (first.kind, first.mode, first.by, bool(first.voided_ms)) == ("directional", "walk_up", "ana", True)

    await page.keyboard.press("=")
    await page.keyboard.press("p")
    await dialog.get_by_role("button", name="Another question").click()
    await dialog.get_by_label("READ").nth(1).select_option("4")
    await dialog.get_by_text("Write down question and answer").click()
    await dialog.get_by_label("Question", exact=True).fill("How do I renew a loan? I am jane@example.org")
    await dialog.get_by_label("Answer", exact=True).fill("Online, in your account.")
    await dialog.get_by_label("Make an FAQ entry of it").check()
    await dialog.get_by_text("Counted today").click()
    await expect(dialog.get_by_text("taken back")).to_be_visible()
    await ana.look("count-dialog-whole")
    await page.set_viewport_size(PHONE)
    await ana.look("count-dialog-360")
    await dialog.get_by_role("button", name="Count", exact=False).last.click()
    await expect(page.get_by_role("textbox", name="Question", exact=True)).to_have_value("How do I renew a loan?")
    await expect(page.get_by_text("jane@example.org").first).to_be_visible()
    second, third = [one for one in await counted(desk, "north") if one.voided_ms is None]
    assert second.interaction == third.interaction
    assert sorted((one.mode, one.read_level or 0) for one in (second, third)) == [("phone", 0), ("phone", 4)]


async def test_a_tablet_counts_without_a_line(desk: Desk, people: People) -> None:
    """Cole may only count: they sign in, count with and without a line, take back, and each count arrives once."""
    services = desk.services
    centre = Library(
        id="centre", revision=0, name="Centre", librarians=(Person(id="cole", name="Cole Cox", role="counter"),)
    )
    await services.gathering.ingest([await services.organisation.put(centre, Calendar())])
    await until(lambda: "cole" in services.replica.state.roster.home, "the core takes it")
    await services.archive.accounts.sign_in("cole", await services.archive.accounts.add("cole", "cole", "centre"))
    await services.archive.accounts.change_password("cole", PASSWORD, old=None)

    cole = await people.of("", **TABLET)
    page = cole.page
    await page.goto(f"{desk.url}/counter/")
    await page.get_by_role("link", name="Sign in").click()
    await page.get_by_label("Name").fill("cole")
    await page.get_by_label("Password", exact=True).fill(PASSWORD)
    await page.keyboard.press("Enter")
    await page.get_by_role("heading", name="Count questions").wait_for()
    await page.evaluate("navigator.serviceWorker.ready")
    sent = page.get_by_role("status").first
    await page.get_by_role("radio", name="Phone").tap()
    await page.get_by_role("radio", name="Reading room").tap()
    await page.get_by_role("button", name="Reference").tap()
    await expect(sent).to_have_text("All sent")
    await arrived(desk, 1)

    await page.context.set_offline(True)
    for kind in ("Directional", "Technical", "Other"):
        await page.get_by_role("button", name=kind, exact=True).tap()
    await expect(sent).to_have_text("3 not sent yet")
    await page.reload()
    await expect(sent).to_have_text("3 not sent yet")
    await page.get_by_role("button", name="Undo the last one").tap()
    await expect(sent).to_have_text("2 not sent yet")
    await page.get_by_role("button", name="Take back:").filter(visible=True).last.tap()
    await expect(sent).to_have_text("3 not sent yet")
    await cole.mend()
    await expect(sent).to_have_text("All sent")
    found = await arrived(desk, 3)
    assert [(one.kind, one.mode, one.place, bool(one.voided_ms)) for one in reversed(found)] == [
        ("reference", "phone", "Reading room", True),
        ("directional", "phone", "Reading room", False),
        ("technical", "phone", "Reading room", False),
    ]
    refused = await page.evaluate("fetch('/api/v1/conversations?view=open').then((answer) => answer.status)")
    assert refused == 403
    cole.elsewhere = "403 (Forbidden)"
    await cole.look("counter-1024")
    await page.set_viewport_size(PHONE)
    await page.emulate_media(color_scheme="dark")
    await cole.look("counter-360-dark")
    await page.get_by_role("button", name="Sign out").tap()
    await expect(page.get_by_text("You're signed out.")).to_be_visible()


async def test_a_library_says_what_its_codes_are_and_a_chat_has_two_questions(desk: Desk, people: People) -> None:
    cora = await people.of("cora")
    page = cora.page
    await cora.go("library/north/codes")
    await page.get_by_label("Kind of question of the code loans").select_option("directional")
    await page.get_by_label("Places").fill("Tent\nBus")
    await page.get_by_label("Places").blur()
    await cora.look("counter-editor")
    await page.get_by_role("button", name="Save", exact=True).click()
    state = desk.services.replica.state
    await until(lambda: state.libraries["north"].counter.places == ("Tent", "Bus"), "the edit")
    assert state.libraries["north"].counter.code_kinds == {"loans": "directional"}

    conversation = await desk.patron("pat", "Where do I return it, and what should I read next?")
    await cora.open(conversation)
    await page.keyboard.press("c")
    await expect(cora.composer).to_be_focused()
    await page.keyboard.press("Escape")
    await page.keyboard.press("e")
    dialog = page.get_by_role("dialog")
    await dialog.get_by_text("Counting", exact=False).first.click()
    await dialog.get_by_label("loans").check()
    await expect(dialog.get_by_label("Kind of question").first).to_contain_text("As its codes say: Directional")
    await dialog.get_by_role("button", name="Another question").click()
    await dialog.get_by_label("Kind of question 2").select_option("reference")
    await dialog.get_by_label("READ scale").nth(1).select_option("4")
    await page.set_viewport_size(PHONE)
    await cora.look("closing-questions-360")
    await dialog.locator("button[form=closing]").click()
    await until(lambda: desk.services.replica.state.conversations[conversation].state == "closed", "the end")
    talk = await archived(desk, conversation)
    assert talk.questions is not None
    said = msgspec.json.decode(talk.questions, type=tuple[QuestionTaken, ...])
    assert said == (QuestionTaken(), QuestionTaken(kind="reference", read=4))
    assert (talk.reference, talk.read_scale) == (True, 4)

    await page.keyboard.press("w")
    await dialog.get_by_role("radio", name="Lost call").check()
    await dialog.get_by_text("Counting", exact=False).first.click()
    await expect(dialog.get_by_label("loans")).to_be_checked()
    await dialog.locator("button[form=closing]").click()
    await until(lambda: desk.services.replica.state.conversations[conversation].code == "lost_call", "the correction")
    async with asyncio.timeout(DEADLINE):
        while (talk := await archived(desk, conversation)).code != "lost_call":
            await asyncio.sleep(0.02)
    assert msgspec.json.decode(talk.questions or "[]", type=tuple[QuestionTaken, ...]) == said, "nothing was said anew"


async def archived(desk: Desk, conversation: str) -> ConversationSummary:
    """Return a closed conversation once the archive has it."""
    async with asyncio.timeout(DEADLINE):
        while True:
            talk = await desk.services.reader.conversation(conversation)
            if talk is not None and talk.state == "closed":
                return talk
            await asyncio.sleep(0.02)


async def arrived(desk: Desk, n: int) -> list[CountedQuestion]:
    """Return what the desk has: the page says that all is sent once the desk has answered."""
    found = await counted(desk, "centre")
    assert len(found) == n
    return found

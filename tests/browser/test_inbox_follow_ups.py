"""The list of follow-ups and its dialogs: states, filters, words, taking, changing, closing; the warning of who works elsewhere."""

from __future__ import annotations

import time
from typing import Any

import pytest
from playwright.async_api import expect

from tests.browser.conftest import People
from tests.browser.test_inbox_promises import answering
from tests.inbox.desk import Desk, until

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(240),
    pytest.mark.xdist_group("browser-inbox"),
]
LOOKS = [
    pytest.param({"viewport": {"width": 1280, "height": 800}, "color_scheme": "light"}, id="1280-light"),
    pytest.param({"viewport": {"width": 360, "height": 740}, "color_scheme": "dark"}, id="360-dark"),
]
HOUR = 3_600_000


async def ended(desk: Desk, who: str, code: str, **plan: Any) -> str:
    """Let Ana end a chat as a follow-up; return the conversation."""
    talk = await desk.patron(who, f"A question of {who}", name=who)
    async with desk.client() as browser:
        ana = await browser.enter("ana")
        await ana.deed(talk, "claim")
        await ana.deed(talk, "close", {"code": code, "follow_up": plan})
    return talk


@pytest.mark.parametrize("look", LOOKS)
async def test_the_list_and_its_dialogs(
    look: dict[str, Any], desk: Desk, people: People, request: pytest.FixtureRequest
) -> None:
    name = request.node.callspec.id
    await answering(desk)
    now = time.time_ns() // 1_000_000
    first, second = f"Una {name}", f"Vic {name}"
    await ended(
        desk, first, "follow_up_library", address=f"una-{name}@example.org", deadline=now + 1500, question="An atlas"
    )
    await ended(desk, second, "follow_up_me", address="+14155550100", deadline=now + 20 * HOUR)
    ben = await people.of("ben", **look)
    await ben.go("follow-ups")
    main = ben.page.get_by_role("main")
    cards = main.get_by_role("listitem")
    late = cards.filter(has_text=first)
    await expect(late).to_contain_text("overdue by")
    await expect(late).to_contain_text("goes by: email")
    await expect(cards.filter(has_text=second)).to_contain_text("No channel reaches this address")
    await ben.look(f"{name}-follow-ups-full")

    await main.get_by_label("Find by patron").fill(f"atlas {first}")
    await expect(cards).to_have_count(1)
    await late.get_by_role("button", name="Take it").click()
    await expect(late).to_contain_text("Ben Berg")
    await late.get_by_role("button", name="Change").click()
    dialog = ben.page.get_by_role("dialog")
    await dialog.get_by_label("Owner").select_option(label="Ana Alves")
    await dialog.get_by_label("Where to answer").fill("una@gmial.com")
    await dialog.get_by_role("button", name="una@gmail.com").click()
    await expect(dialog.get_by_label("Where to answer")).to_have_value("una@gmail.com")
    await ben.look(f"{name}-follow-up-change")
    await dialog.get_by_role("button", name="Save").click()
    await expect(late).to_contain_text("Ana Alves")
    await late.get_by_role("button", name="Close").click()
    await dialog.get_by_role("radio", name="No longer needed").check()
    await ben.look(f"{name}-follow-up-end")
    await dialog.get_by_role("button", name="Close follow-up").click()
    await expect(cards.filter(has_text=first)).to_have_count(0)
    await main.get_by_role("button", name="Closed", exact=True).click()
    await expect(late).to_contain_text("No longer needed")
    await ben.look(f"{name}-follow-ups-closed")


async def test_who_works_elsewhere_is_warned_and_hears_before_where_nothing_reaches(desk: Desk, people: People) -> None:
    await answering(desk)
    talk = await desk.patron("warned", "Where is the atlas?", name="Wim Warned")
    dora = await people.of("dora")
    async with desk.client() as browser:
        ana = await browser.enter("ana")
        await ana.deed(talk, "claim")
        await ana.deed(talk, "transfer", {"librarian": "dora"})
        async with desk.client() as other:
            await (await other.enter("dora")).deed(talk, "accept")
    await until(lambda: desk.services.replica.state.conversations[talk].owner == "dora", "it is Dora's")
    await dora.open(talk, "mine")
    await dora.page.keyboard.press("e")
    dialog = dora.page.get_by_role("dialog")
    await dialog.get_by_role("radio", name="Follow up by me").check()
    await expect(dialog).to_contain_text("You don't work for North Library.")
    await dialog.get_by_label("Where to answer").fill("+14155550100")
    await expect(dialog).to_contain_text("has no channel that reaches this address")
    await dora.look("close-unreached")
    await dialog.get_by_label("Where to answer").fill("wim@example.org")
    await expect(dialog).to_contain_text("The answer goes by: email.")
    await dialog.get_by_role("button", name="Ask Wim Warned").click()
    await expect(dora.composer).to_have_value("We'll write to wim@example.org, right?")
    await dora.page.keyboard.press("Control+Enter")
    await dora.page.keyboard.press("Escape")
    await dora.page.keyboard.press("e")
    await dialog.get_by_role("radio", name="Follow up by me").check()
    await dialog.get_by_label("Where to answer").fill("wim@example.org")
    await dora.look("close-foreign")
    await dialog.get_by_role("button", name="End conversation").click()
    await expect(dialog).to_have_count(0)
    (one,) = [each for each in desk.services.replica.state.follow_ups.values() if each.conversation == talk]
    assert (one.state, one.owner, one.library) == ("pending", "dora", "north")

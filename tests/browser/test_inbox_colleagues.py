"""Two librarians of two libraries: one asks about a conversation, the other reads it, answers and joins; both write in a room."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.async_api import expect

from tests.browser.conftest import People
from tests.browser.librarian import LOOKS, Librarian
from tests.inbox.desk import Desk

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(240),
    pytest.mark.xdist_group("browser-inbox"),
]


def beside(one: Librarian) -> Any:
    """What colleagues wrote beside the open conversation."""
    return one.page.get_by_role("log", name="Messages: about")


def transcript(one: Librarian) -> Any:
    """The messages of the open conversation."""
    return one.page.locator("[data-conversation]").get_by_role("listitem")


async def ask(one: Librarian, whom: str, question: str, *, join: bool = False) -> None:
    """Ask a colleague about the open conversation, by keyboard."""
    await one.page.keyboard.press("g")
    dialog = one.page.get_by_role("dialog")
    await dialog.get_by_label("Find a person").fill(whom)
    await dialog.get_by_role("radio", name=whom).check()
    await dialog.get_by_label("Your question").fill(question)
    if join:
        await dialog.get_by_label("They may also join").check()
    await dialog.get_by_role("button", name="Ask", exact=True).press("Enter")
    await dialog.wait_for(state="detached")


async def test_a_colleague_of_another_library_is_asked_answers_and_joins(desk: Desk, people: People) -> None:
    atlas = await desk.patron("atlas", "Do you have the atlas of 1790?", name="Jane Atlas")
    ana, dora = await people.of("ana"), await people.of("dora")
    await ana.open(atlas)
    await ana.page.keyboard.press("c")
    await expect(ana.composer).to_be_focused()
    await ana.page.keyboard.press("Escape")
    await ask(ana, "Dora Dahl", "Is it in your map room?", join=True)
    await expect(ana.page.get_by_text("Asked: Dora Dahl")).to_be_visible()
    await expect(beside(ana).get_by_text("Is it in your map room?")).to_be_visible()

    call = dora.page.get_by_text("Ana Alves asks you about Jane Atlas (North Library)")
    await expect(call.first).to_be_visible()
    await dora.page.get_by_role("button", name="Open", exact=True).click()
    await expect(dora.page.get_by_text("Ana Alves asks you about this conversation.")).to_be_visible()
    await expect(transcript(dora).get_by_text("Do you have the atlas of 1790?")).to_be_visible()
    await expect(beside(dora).get_by_text("Is it in your map room?")).to_be_visible()
    await dora.page.keyboard.press("h")
    await dora.page.keyboard.type("Yes, on shelf 12.")
    await dora.page.keyboard.press("Control+Enter")
    await expect(beside(ana).get_by_text("Yes, on shelf 12.")).to_be_visible()

    await ana.page.keyboard.press("Escape")
    await ana.page.keyboard.press("f")
    await expect(ana.composer).to_have_value("Yes, on shelf 12.")
    await expect(transcript(ana).get_by_text("Yes, on shelf 12.")).to_have_count(0)
    await ana.page.keyboard.press("Control+Enter")
    await expect(transcript(ana).get_by_text("Yes, on shelf 12.")).to_have_count(1)

    await dora.page.keyboard.press("Escape")
    await dora.page.keyboard.press("s")
    await expect(transcript(ana).get_by_text("Dora Dahl from South Library has joined us")).to_have_count(1)
    await ana.page.get_by_role("button", name="Take back").click()
    await expect(dora.page.get_by_text("Ana Alves asks you about this conversation.")).to_have_count(0)
    assert ana.complaints == dora.complaints == []


async def test_a_question_taken_back_closes_the_conversation_at_the_colleagues(desk: Desk, people: People) -> None:
    talk = await desk.patron("back", "A private question", name="Pat Private")
    ana, dora = await people.of("ana"), await people.of("dora")
    await ana.open(talk)
    await ana.page.keyboard.press("c")
    await ana.page.keyboard.press("Escape")
    await ask(ana, "Dora Dahl", "Can you help?")
    await dora.go("colleagues")
    await dora.page.get_by_role("button", name="Pat Private").click()
    await dora.page.get_by_role("link", name="Open the conversation").click()
    await expect(transcript(dora).get_by_text("A private question")).to_be_visible()
    await ana.page.get_by_role("button", name="Take back").click()
    await expect(dora.page.get_by_text("A private question")).to_have_count(0)
    await dora.go("colleagues")
    await expect(dora.page.get_by_role("heading", name="Rooms")).to_be_visible()
    await expect(dora.page.get_by_role("button", name="Pat Private")).to_have_count(0)


@pytest.mark.parametrize("look", LOOKS)
async def test_rooms_and_one_to_one_in_each_look(desk: Desk, people: People, look: dict[str, Any]) -> None:
    name = f"Maps {look['viewport']['width']} {look['color_scheme']}"
    ana, dora = await people.of("ana", here=False, **look), await people.of("dora", here=False)
    await ana.page.keyboard.press("9")
    await expect(ana.page.get_by_role("heading", name="Colleagues", exact=True)).to_be_visible()
    await ana.look(f"colleagues-{look['viewport']['width']}-{look['color_scheme']}")
    await ana.page.get_by_role("button", name="Make a room").press("Enter")
    dialog = ana.page.get_by_role("dialog")
    await dialog.get_by_label("Name of the room").fill(name)
    await dialog.get_by_role("checkbox", name="Dora Dahl").check()
    await dialog.get_by_role("button", name="Make a room").press("Enter")
    await dialog.wait_for(state="detached")
    field = ana.page.get_by_label(f"Write to colleagues: {name}")
    await field.fill("Who has the key to the map room?")
    await field.press("Control+Enter")
    await expect(ana.page.get_by_role("log").get_by_text("Who has the key")).to_be_visible()
    await expect(field).to_have_value("")

    await dora.go("colleagues")
    await dora.page.get_by_role("button", name=name).click()
    await expect(dora.page.get_by_role("log").get_by_text("Who has the key to the map room?")).to_be_visible()
    theirs = dora.page.get_by_label(f"Write to colleagues: {name}")
    await theirs.fill("I do. It hangs behind the desk, on the third hook from the left.")
    await theirs.press("Control+Enter")
    await expect(ana.page.get_by_role("log").get_by_text("third hook")).to_be_visible()
    await ana.look(f"colleagues-room-{look['viewport']['width']}-{look['color_scheme']}")
    await dora.page.get_by_role("button", name="Delete").last.click()
    await expect(ana.page.get_by_role("log").get_by_text("Deleted by its author")).to_be_visible()


@pytest.mark.parametrize("look", LOOKS)
async def test_the_talk_beside_a_conversation_in_each_look(desk: Desk, people: People, look: dict[str, Any]) -> None:
    who = f"Lee {look['viewport']['width']} {look['color_scheme']}"
    conversation = await desk.patron(who.replace(" ", "-"), "Is this map older?", name=who)
    ana = await people.of("ana", **look)
    await ana.open(conversation)
    await ana.page.keyboard.press("c")
    await expect(ana.composer).to_be_focused()
    await ana.page.keyboard.press("Escape")
    await ana.page.keyboard.press("g")
    await ana.page.get_by_role("dialog").get_by_label("Find a person").wait_for()
    await ana.look(f"consult-{look['viewport']['width']}-{look['color_scheme']}")
    await ana.page.keyboard.press("Escape")
    await ask(ana, "Dora Dahl", "Which of the two is older?")
    await expect(beside(ana).get_by_text("Which of the two is older?")).to_be_visible()
    await ana.look(f"talk-{look['viewport']['width']}-{look['color_scheme']}")

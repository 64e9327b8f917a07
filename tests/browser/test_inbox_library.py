"""A coordinator edits the library by keyboard: name, hours, scripts; what is wrong and what is out of date is said."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.async_api import Locator, expect

from tests.browser.conftest import People
from tests.browser.librarian import LOOKS, Librarian
from tests.inbox.desk import Desk, until

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(240),
    pytest.mark.xdist_group("browser-inbox"),
]


async def edit(cora: Librarian) -> Locator:
    """Open the editor of the one library that Cora coordinates, with everything unfolded, by keyboard."""
    await cora.go("desk")
    await cora.page.get_by_role("button", name="Edit").focus()
    await cora.page.keyboard.press("Enter")
    editor = cora.page.locator("form").filter(has=cora.page.get_by_label("Name of the library"))
    await editor.wait_for()
    for part in await editor.locator("summary").all():
        await part.focus()
        await cora.page.keyboard.press("Enter")
    return editor


async def save(cora: Librarian) -> None:
    """Press Save, by keyboard."""
    await cora.page.get_by_role("button", name="Save").focus()
    await cora.page.keyboard.press("Enter")


async def saved(cora: Librarian, editor: Locator) -> None:
    """Save and wait until the editor is gone."""
    await save(cora)
    await expect(cora.page.get_by_text("Saved as revision").first).to_be_visible()
    await expect(editor).to_have_count(0)


async def test_what_is_saved_is_there_after_a_reload(desk: Desk, people: People) -> None:
    """Name, hours of a day, a day off, a script changed and a script added."""
    cora = await people.of("cora", here=False)
    editor = await edit(cora)
    await editor.get_by_label("Name of the library").fill("North Bank Library")
    await editor.get_by_label("Monday").fill("09:00-12:00, 13:00-18:00")
    await editor.get_by_label("Days with other hours").fill("2031-12-25 closed\n2031-12-24 09:00-12:00")
    await editor.get_by_role("textbox", name="Text").fill("Mondays until six.")
    await editor.get_by_role("button", name="Add a script").focus()
    await cora.page.keyboard.press("Enter")
    for label, words in (("Title", "Lift"), ("Key", "lift"), ("Text", "It is beside the stairs.")):
        await editor.get_by_role("textbox", name=label, exact=True).last.fill(words)
    await saved(cora, editor)
    await cora.page.reload()
    await expect(cora.page.get_by_text("North Bank Library").first).to_be_visible()
    editor = await edit(cora)
    await expect(editor.get_by_label("Name of the library")).to_have_value("North Bank Library")
    await expect(editor.get_by_label("Monday")).to_have_value("09:00-12:00, 13:00-18:00")
    await expect(editor.get_by_label("Tuesday")).to_have_value("")
    dates = editor.get_by_label("Days with other hours")
    await expect(dates).to_have_value("2031-12-25 closed\n2031-12-24 09:00-12:00")
    texts = editor.get_by_role("group").get_by_role("textbox", name="Text")
    await expect(texts.first).to_have_value("Mondays until six.")
    await expect(texts.last).to_have_value("It is beside the stairs.")
    library = desk.services.replica.state.libraries["north"]
    assert [script.key for script in library.scripts] == ["hours", "lift"]
    assert cora.complaints == []


@pytest.mark.parametrize("look", LOOKS)
async def test_who_was_slower_is_told_and_loses_nothing_unasked(
    look: dict[str, Any], desk: Desk, people: People, request: pytest.FixtureRequest
) -> None:
    """Two edit at once: the second is refused in sight of the button, reads again, and saves."""
    name = request.node.callspec.id
    first, second = await people.of("cora", here=False), await people.of("cora", here=False, **look)
    slow = await edit(second)
    await second.look(f"{name}-library")
    fast = await edit(first)
    await fast.get_by_label("Name of the library").fill(f"North {name}")
    await saved(first, fast)
    await until(lambda: desk.services.replica.state.libraries["north"].name == f"North {name}")
    await slow.get_by_label("Name of the library").fill("Northern Lights")
    await save(second)
    alert = second.page.get_by_role("alert")
    await expect(alert).to_contain_text("Somebody else has changed this library")
    await expect(alert).to_be_in_viewport()
    await expect(slow.get_by_label("Name of the library")).to_have_value("Northern Lights")
    await second.look(f"{name}-library-outdated")
    await alert.get_by_role("button", name="Reload").focus()
    await second.page.keyboard.press("Enter")
    await expect(slow.get_by_label("Name of the library")).to_have_value(f"North {name}")
    await slow.get_by_label("Name of the library").fill("Northern Lights")
    await saved(second, slow)
    await until(lambda: desk.services.replica.state.libraries["north"].name == "Northern Lights")


async def test_hours_that_are_none_are_refused_and_kept_in_the_form(people: People) -> None:
    cora = await people.of("cora", here=False)
    editor = await edit(cora)
    await editor.get_by_label("Friday").fill("nine to five")
    await save(cora)
    alert = cora.page.get_by_role("alert")
    await expect(alert).to_contain_text("nine to five")
    await expect(alert).to_be_in_viewport()
    await expect(alert.get_by_role("button")).to_have_count(0)
    await expect(editor.get_by_label("Friday")).to_have_value("nine to five")
    assert await cora.axe() == []

"""A coordinator edits the library, section by section: with the mouse, by keyboard alone, beside a colleague, without a network."""

from __future__ import annotations

import re
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
SECTIONS = (
    "general",
    "hours",
    "queues",
    "teams",
    "partners",
    "people",
    "scripts",
    "codes",
    "words",
    "policy",
    "chat",
    "portal",
    "timers",
)


async def edit(cora: Librarian, section: str = "general") -> Locator:
    """Open a section of the editor by its address."""
    await cora.go(f"library/north/{section}")
    main = cora.page.get_by_role("main")
    await main.get_by_role("button", name="Save").wait_for()
    return main


async def saved(cora: Librarian) -> None:
    """Save by mouse, and wait until it is kept."""
    await cora.page.get_by_role("button", name="Save", exact=True).click()
    await expect(cora.page.get_by_text("Everything is saved.")).to_be_visible()


def library(desk: Desk) -> Any:
    """The library as the core knows it."""
    return desk.services.replica.state.libraries["north"]


async def pick(cora: Librarian, picker: Locator, name: str) -> None:
    """Choose by typing the beginning of a name, and take the first that is offered."""
    await picker.fill(name)
    await cora.page.get_by_role("option", name=name).first.click()


async def test_a_library_is_edited_with_the_mouse(desk: Desk, people: People) -> None:
    """Name, a week, a day off, a queue with two steps, a team with a colleague from elsewhere, a script; what's wrong is shown."""
    cora = await people.of("cora", here=False)
    await cora.go("desk")
    await cora.page.get_by_role("link", name="Edit North Library").click()
    main = cora.page.get_by_role("main")
    await main.get_by_label("Name of the library").fill("North Bank Library")
    await main.get_by_role("link", name="Hours").click()
    await main.get_by_label("Open at these hours").check()
    await main.get_by_label("Monday, from (1)").fill("20:00")
    await main.get_by_label("Monday, until (1)").fill("02:00")
    await expect(main.get_by_text("next day")).to_have_count(1)
    await main.get_by_role("button", name="Add hours to Monday").click()
    await main.get_by_label("Copy the hours of Tuesday").select_option("Saturday")
    await main.get_by_label("Date", exact=True).fill("2031-12-25")
    await main.get_by_role("button", name="Add this day").click()
    await expect(main.get_by_role("list").filter(has_text="by the week")).to_contain_text("09:00–17:00")
    await main.get_by_role("link", name="Teams").click()
    await main.get_by_role("button", name="Add a team").click()
    team = main.get_by_role("group", name="New team")
    await pick(cora, team.get_by_role("combobox", name="Members"), "Dora")
    await cora.page.keyboard.press("Escape")
    await main.get_by_label("Name of the team").last.fill("Evening")
    await main.get_by_role("link", name="Queues").click()
    await main.get_by_role("button", name="Add a queue").click()
    queue = main.get_by_role("group").filter(has=cora.page.get_by_text("For a patron:")).last
    await queue.get_by_label("Name", exact=True).fill("Evening questions")
    await queue.get_by_role("button", name="Add a step").click()
    await pick(cora, queue.get_by_role("combobox", name="Teams").last, "Evening")
    await cora.page.keyboard.press("Escape")
    await expect(queue.get_by_role("note")).to_contain_text("After 40 s without an answer, Evening is asked as well.")
    await main.get_by_role("link", name="Scripts").click()
    await main.get_by_role("button", name="Add a script").click()
    await main.get_by_label("Title").last.fill("Lift")
    text = main.get_by_label("Text").last
    await text.fill("It is beside the stairs, {patron}. Ask for {isbn}.")
    await main.get_by_role("link", name="General").click()
    await cora.page.get_by_role("button", name="Save", exact=True).click()
    await expect(text).to_be_focused()  # the desk refused it; the page went to the field
    await expect(main.get_by_text("{isbn} is never filled in here")).to_be_visible()
    await text.fill("It is beside the stairs, {patron}.")
    await expect(main.get_by_text("It is beside the stairs, Jane.")).to_be_visible()
    await saved(cora)
    await until(lambda: library(desk).name == "North Bank Library")
    kept = library(desk)
    assert [one.key for one in kept.scripts] == ["hours", "lift"]
    assert (kept.teams[-1].name, kept.teams[-1].members) == ("Evening", ("dora",))
    assert [(one.teams, one.after_s) for one in kept.queues[-1].tiers] == [
        (("north/desk",), 40),
        ((kept.teams[-1].id,), 80),
    ]
    await cora.page.reload()
    await edit(cora, "hours")
    await expect(main.get_by_label("Monday, until (1)")).to_have_value("02:00")
    await expect(main.get_by_label("Saturday, from (1)")).to_have_value("09:00")
    await expect(main.get_by_role("group", name=re.compile("25 December 2031"))).to_contain_text("Closed")
    assert cora.complaints == []


async def test_a_library_is_edited_by_keyboard_alone(desk: Desk, people: People) -> None:
    """Sections, a picker, rows that move, a chosen code, and save: no click."""
    cora = await people.of("cora", here=False)
    press = cora.page.keyboard.press
    main = await edit(cora)
    await main.get_by_role("link", name="Queues").focus()
    await press("Enter")
    await expect(main.get_by_role("heading", name="Queues")).to_be_focused()
    step = main.get_by_role("button", name="Add a step").first
    await step.focus()
    await press("Enter")
    picker = main.get_by_role("combobox", name="Teams").nth(1)
    await expect(picker).to_be_focused()
    await cora.page.keyboard.type("south")
    await press("ArrowDown")
    await press("Enter")
    await press("Escape")
    await expect(main.get_by_role("note").first).to_contain_text("Desk is asked as well")
    up = main.get_by_role("button", name="Move Step 2 up")
    await up.focus()
    await press("Enter")
    await expect(main.get_by_role("button", name="Move Step 1 down")).to_be_focused()
    await press("Control+s")
    await expect(cora.page.get_by_text("Everything is saved.")).to_be_visible()
    await until(lambda: library(desk).queues[0].tiers[0].teams == ("south/desk",))
    await press("Enter")  # down again
    await press("Control+s")
    await until(lambda: library(desk).queues[0].tiers[0].teams == ("north/desk",))
    await main.get_by_role("link", name="Codes").focus()
    await press("Enter")
    label = main.get_by_label("Your own name for Practice")
    await label.focus()
    await cora.page.keyboard.type("Training")
    await press("Control+s")
    await until(lambda: [one.label for one in library(desk).codes] == ["Training"])
    await main.get_by_role("link", name="Chat", exact=True).focus()
    await press("Enter")
    await main.get_by_role("button", name="Add a question").focus()
    await press("Enter")
    await expect(main.get_by_label("Question", exact=True)).to_be_focused()
    await cora.page.keyboard.type("You are")
    await press("Tab")
    await cora.page.keyboard.type("Student\nGuest")
    await press("Control+s")
    await until(
        lambda: [(one.key, one.choices) for one in library(desk).chat.fields] == [("you-are", ("Student", "Guest"))]
    )
    assert cora.complaints == []


@pytest.mark.parametrize("look", LOOKS)
async def test_two_who_edit_at_once_lose_nothing(
    look: dict[str, Any], desk: Desk, people: People, request: pytest.FixtureRequest
) -> None:
    """The slower one is told what changed, chooses where both changed the same, and saves both."""
    name = request.node.callspec.id
    first, second = await people.of("cora", here=False), await people.of("cora", here=False, **look)
    slow, fast = await edit(second), await edit(first)
    await fast.get_by_label("Name of the library").fill(f"North {name}")
    await fast.get_by_label("Hide patrons' addresses").set_checked(not library(desk).mask_addresses)
    await saved(first)
    await until(lambda: library(desk).name == f"North {name}")
    masked = library(desk).mask_addresses
    await slow.get_by_label("Name of the library").fill(f"Northern Lights {name}")
    ratings = slow.get_by_label("Ask patrons at the end")
    await ratings.set_checked(not await ratings.is_checked())
    rated = await ratings.is_checked()
    await second.page.get_by_role("button", name="Save", exact=True).click()
    alert = second.page.get_by_role("alert")
    await expect(alert).to_contain_text("Changed meanwhile by Cora Cruz")
    await expect(alert).to_contain_text("You both changed the fields below")
    await expect(alert).to_be_in_viewport()
    await second.look(f"{name}-library-meanwhile")
    assert library(desk).name == f"North {name}"
    await alert.get_by_role("radio").last.check()  # theirs
    await alert.get_by_role("radio").first.check()  # mine after all
    await alert.get_by_role("button", name="Go on with both").click()
    await saved(second)
    await until(lambda: library(desk).name == f"Northern Lights {name}")
    assert (library(desk).mask_addresses, library(desk).ratings) == (masked, rated)


async def test_what_is_not_saved_outlives_a_lost_network_and_another_page(desk: Desk, people: People) -> None:
    cora = await people.of("cora", here=False)
    main = await edit(cora)
    await main.get_by_label("Name of the library").fill("North by Night")
    await cora.cut()
    await cora.page.get_by_role("button", name="Save", exact=True).click()
    await expect(cora.page.get_by_role("alert")).to_contain_text("kept in this browser")
    await cora.mend()
    await cora.go("waiting")
    asked = cora.page.get_by_role("alertdialog")
    await asked.get_by_role("button", name="Stay here").click()
    await expect(main.get_by_label("Name of the library")).to_have_value("North by Night")
    await cora.go("waiting")
    await asked.get_by_role("button", name="Keep them and leave").click()
    await cora.page.get_by_role("navigation", name="Desk").get_by_role("link", name="Waiting").wait_for()
    assert library(desk).name != "North by Night"
    await cora.page.reload()
    main = await edit(cora)
    await expect(main.get_by_text("unsaved changes are here again")).to_be_visible()
    await expect(main.get_by_label("Name of the library")).to_have_value("North by Night")
    await saved(cora)
    await until(lambda: library(desk).name == "North by Night")


async def test_scripts_of_my_own_are_offered_while_i_write(desk: Desk, people: People) -> None:
    ben = await people.of("ben", here=False)
    await ben.go("settings")
    await ben.page.get_by_role("button", name="Add a script").click()
    await ben.page.get_by_label("Title").fill("Closing words")
    await ben.page.get_by_label("Folder").fill("Endings")
    await ben.page.get_by_role("textbox", name="Text").fill("Thank you, {patron}.")
    await ben.page.get_by_role("button", name="Save my scripts").click()
    await expect(ben.page.get_by_text("Your scripts are saved.").first).to_be_visible()
    await ben.look("my-scripts")
    conversation = await desk.patron("own-script", "hello", name="Jane")
    await ben.open(conversation)
    await ben.page.keyboard.press("c")
    await ben.composer.fill("/ending")
    await ben.page.get_by_role("option", name="Endings / Closing words").click()
    await expect(ben.composer).to_have_value("Thank you, Jane.")


@pytest.mark.parametrize("look", LOOKS)
async def test_each_section_can_be_read(look: dict[str, Any], people: People, request: pytest.FixtureRequest) -> None:
    cora = await people.of("cora", here=False, **look)
    for section in SECTIONS:
        main = await edit(cora, section)
        await expect(main.get_by_role("heading", level=2).first).to_be_visible()
        await cora.look(f"{request.node.callspec.id}-library-{section}")

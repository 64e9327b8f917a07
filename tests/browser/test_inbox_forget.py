"""Privacy, by keyboard: a coordinator has a patron's conversations forgotten, and sees who looked at one."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.async_api import Locator, expect

from tests.browser.conftest import People
from tests.browser.librarian import LOOKS, Librarian
from tests.inbox.desk import Desk
from tests.inbox.test_forget import archived

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(240),
    pytest.mark.xdist_group("browser-inbox"),
]


async def ended(desk: Desk, sender: str, text: str, name: str, **close: Any) -> str:
    """Let a patron ask, and Ana answer and end it elsewhere."""
    talk = await desk.patron(sender, text, name=name)
    async with desk.client() as ana:
        await (await ana.enter("ana")).deed(talk, "claim")
        await ana.deed(talk, "messages", {"text": "It is upstairs."})
        await ana.deed(talk, "close", close)
    await archived(desk)
    return talk


async def merged(desk: Desk, one: str, other: str) -> None:
    async with desk.client() as ana:
        await (await ana.enter("ana")).deed(one, "merge", {"other": other})
    await archived(desk)


async def chosen(cora: Librarian, action: str) -> Locator:
    """Open a dialog from the menu, by keyboard."""
    await cora.page.get_by_role("button", name="More actions").focus()
    await cora.page.keyboard.press("Enter")
    await cora.page.get_by_role("menuitem", name=action).focus()
    await cora.page.keyboard.press("Enter")
    return cora.page.get_by_role("dialog")


async def ask(cora: Librarian) -> Locator:
    """Open the dialog that asks what is to be forgotten."""
    dialog = await chosen(cora, "Forget at the patron's request")
    await expect(dialog.locator("form")).to_have_attribute("aria-busy", "false")
    return dialog


async def test_all_of_a_patron_s_is_forgotten_by_keyboard(desk: Desk, people: People) -> None:
    first = await ended(desk, "quin", "A word on quinces?", "Quin Quince")
    second = await ended(desk, "quin-at-home", "And on medlars?", "Quin at home")
    await merged(desk, first, second)
    cora = await people.of("cora", here=False)
    await cora.go("search")
    await cora.page.get_by_role("combobox", name="Find conversations").fill("quinces")
    await expect(cora.page.locator("mark")).to_have_count(1)
    await cora.open(first, "search")
    dialog = await ask(cora)
    this = dialog.get_by_role("radio", name="This conversation only")
    await expect(this).to_be_focused()
    await expect(dialog.get_by_role("radio", name="All 2 of this patron's conversations")).to_be_enabled()
    await cora.page.keyboard.press("ArrowDown")
    await dialog.get_by_role("button", name="Forget for good").focus()
    await cora.page.keyboard.press("Enter")
    await expect(cora.page.get_by_role("region", name="Messages from the desk")).to_contain_text(
        "2 conversations forgotten."
    )
    await expect(dialog).to_have_count(0)
    await expect(cora.page.get_by_text("quinces")).to_have_count(0)
    assert not {first, second} & set(desk.services.replica.state.conversations)
    assert cora.complaints == []


async def test_it_is_gone_from_the_pages_of_colleagues_too(desk: Desk, people: People) -> None:
    """From the one that has it open, and from the one that had it open before and found it by a search."""
    talk = await ended(desk, "rhea", "A word on rhubarb?", "Rhea Rosen")
    other = await ended(desk, "otto", "Another thing", "Otto Other")
    ana, ben = await people.of("ana", here=False), await people.of("ben", here=False)
    for one in (ana, ben):
        await one.go("search")
        await one.page.get_by_role("combobox", name="Find conversations").fill("rhubarb")
        await expect(one.page.locator("mark")).to_have_count(1)
        await one.open(talk, "search")
        await expect(one.log).to_contain_text("rhubarb")
    await ben.open(other, "search")
    async with desk.client() as cora:
        done = await (await cora.enter("cora")).deed(talk, "forget", {"everything": False, "follow_ups": False})
        assert done["forgotten"] == [talk]
    for one in (ana, ben):
        await expect(one.page.locator("mark")).to_have_count(0)
    await ben.go(f"search/{talk}")
    for one in (ana, ben):
        await expect(one.page.locator(f'[data-conversation="{talk}"]')).to_be_visible()
        await expect(one.page.get_by_text("A word on rhubarb?")).to_have_count(0)


async def test_the_palette_has_it_for_coordinators_alone(desk: Desk, people: People) -> None:
    talk = await ended(desk, "vera", "A private thing", "Vera")
    for name, disabled in (("cora", "false"), ("ana", "true")):
        one = await people.of(name, here=False)
        await one.open(talk, "search")
        await one.page.keyboard.press("Control+k")
        await one.page.keyboard.type("forget at the")
        found = one.page.get_by_role("option", name="Forget at the patron's request")
        await expect(found).to_have_attribute("aria-disabled", disabled)


async def test_a_follow_up_is_given_up_in_so_many_words(desk: Desk, people: People) -> None:
    plan = {"address": "una@patron.example", "question": "still open"}
    talk = await ended(desk, "una", "Not finished", "Una", code="follow_up_library", follow_up=plan)
    cora = await people.of("cora", here=False)
    await cora.open(talk, "search")
    dialog = await ask(cora)
    forget = dialog.get_by_role("button", name="Forget for good")
    await expect(forget).to_be_disabled()
    await dialog.get_by_role("checkbox", name="Give up the open follow-up").focus()
    await cora.page.keyboard.press("Space")
    await expect(forget).to_be_enabled()
    await forget.focus()
    await cora.page.keyboard.press("Enter")
    await expect(dialog).to_have_count(0)
    assert talk not in desk.services.replica.state.conversations


async def test_what_is_not_forgotten_is_said_where_it_was_asked(desk: Desk, people: People) -> None:
    talk = await ended(desk, "wes", "I come back", "Wes")
    cora = await people.of("cora", here=False)
    await cora.open(talk, "search")
    dialog = await ask(cora)
    await desk.patron("wes", "Here I am again")
    await dialog.get_by_role("button", name="Forget for good").focus()
    await cora.page.keyboard.press("Enter")
    await expect(dialog.get_by_role("alert")).to_contain_text("This conversation isn't closed.")
    assert talk in desk.services.replica.state.conversations


@pytest.mark.parametrize("look", LOOKS)
async def test_the_dialog_is_accessible(
    look: dict[str, Any], desk: Desk, people: People, request: pytest.FixtureRequest
) -> None:
    name = request.node.callspec.id
    plan = {"address": "zoe@patron.example", "question": "still open"}
    talk = await ended(desk, f"zoe-{name}", "Once", "Zoe Zimmermann-Featherstonehaugh")
    more = await ended(desk, f"zoe2-{name}", "Twice", "Zoe", code="follow_up_library", follow_up=plan)
    await merged(desk, talk, more)
    cora = await people.of("cora", here=False, **look)
    await cora.open(talk, "search")
    dialog = await ask(cora)
    await dialog.get_by_role("radio", name="All 2 of this patron's conversations").check()
    await expect(dialog.get_by_role("checkbox")).to_be_visible()
    await cora.look(f"{name}-forget")


@pytest.mark.parametrize("look", LOOKS)
async def test_a_coordinator_sees_who_looked(
    look: dict[str, Any], desk: Desk, people: People, request: pytest.FixtureRequest
) -> None:
    talk = await ended(desk, f"xan-{request.node.callspec.id}", "Who reads this?", "Xan")
    async with desk.client() as ben:
        await (await ben.enter("ben")).get(f"/conversations/{talk}")
        await ben.deed(talk, "recode", {"code": "practice"})
    await archived(desk)
    cora = await people.of("cora", here=False, **look)
    await cora.open(talk, "search")
    dialog = await chosen(cora, "Who looked at it")
    await expect(dialog.get_by_role("listitem").filter(has_text="Ben")).to_have_count(2)
    await expect(dialog.get_by_role("listitem").filter(has_text="changed the code")).to_have_count(1)
    await expect(dialog.get_by_role("listitem").filter(has_text="Cora")).to_contain_text("read it")
    await cora.look(f"{request.node.callspec.id}-audit")
    await cora.page.keyboard.press("Escape")
    await expect(dialog).to_have_count(0)

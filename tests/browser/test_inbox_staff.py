"""People and accounts, by keyboard: an administrator invites a coordinator by a link, who adds a librarian and undoes a change."""

from __future__ import annotations

from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Locator, Page, expect

from bridge.sql.people.calendar import Calendar
from routing.organisation import Librarian as Person
from routing.organisation import Library
from tests.browser.conftest import People
from tests.browser.librarian import LOOKS, Librarian
from tests.inbox.desk import PASSWORD, Desk, until

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(240),
    pytest.mark.xdist_group("browser-inbox"),
]

NEW = "another horse battery"


@pytest_asyncio.fixture(scope="module", loop_scope="module", autouse=True)
async def centre(desk: Desk) -> None:
    """The consortium's office: Ada administers, Cole counts."""
    people = (
        Person(id="ada", name="Ada Ames", role="administrator"),
        Person(id="cole", name="Cole Cox", role="counter"),
    )
    services = desk.services
    library = Library(id="centre", revision=0, name="Consortium", librarians=people)
    await services.gathering.ingest([await services.organisation.put(library, Calendar())])
    await until(lambda: "ada" in services.replica.state.roster.home, "the core takes it")
    for name in ("ada", "cole"):
        await services.archive.accounts.sign_in(name, await services.archive.accounts.add(name, name, "centre"))
        await services.archive.accounts.change_password(name, PASSWORD, old=None)


async def press(where: Page | Locator, page: Page, name: str) -> None:
    """Press a button by keyboard."""
    button = where.get_by_role("button", name=name, exact=True)
    await button.focus()
    await page.keyboard.press("Enter")


async def fill(page: Page, **fields: str) -> Locator:
    """Fill the dialog that is open; fields are named by their labels."""
    dialog = page.get_by_role("dialog")
    for label, text in fields.items():
        await dialog.get_by_label(label.replace("_", " "), exact=True).fill(text)
    return dialog


async def link_of(page: Page) -> str:
    """Return the link of the invitation that is shown, and close it."""
    link = await page.get_by_role("dialog").get_by_label("Link", exact=True).input_value()
    await page.keyboard.press("Escape")
    return link


async def accept(page: Page, link: str) -> None:
    """Open a link and choose a password."""
    await page.goto(link)
    await page.get_by_label("New password", exact=True).fill(NEW)
    await page.get_by_label("Repeat new password").fill(NEW)
    assert "#" not in page.url, "the secret stays in no address"
    await page.keyboard.press("Enter")


async def test_from_a_new_library_to_an_undone_change(desk: Desk, people: People) -> None:
    """Ada makes a library and invites Wim by a link; Wim adds Zoe, changes her, deactivates her, and undoes that."""
    ada, wim = await people.of("ada", here=False), await people.of("")
    await ada.go("desk")
    await press(ada.page, ada.page, "Add a library")
    names = {"Name_of_the_library": "West Library", "Short_name": "west", "Coordinator's_name": "Wim Wolf"}
    await fill(ada.page, **names, **{"Time_zone": "Europe/Berlin", "Coordinator's_sign-in_name": "wim"})
    await ada.page.keyboard.press("Enter")
    await press(ada.page, ada.page, "Invite: Wim Wolf")
    await accept(wim.page, await link_of(ada.page))
    await wim.page.get_by_role("navigation", name="Desk").wait_for()

    await wim.go("desk")
    await press(wim.page, wim.page, "People: West Library")
    await press(wim.page, wim.page, "Add a person")
    dialog = await fill(wim.page, Name="Zoe Zak", Languages="de, fr", **{"Sign-in_name": "zoe"})
    await expect(dialog.get_by_label("Desk")).to_be_checked()
    assert await dialog.get_by_role("option", name="Administrator").count() == 0, "a coordinator makes none"
    await wim.page.keyboard.press("Enter")
    await expect(wim.page.get_by_text("Zoe Zak was added").first).to_be_visible()
    await until(lambda: "zoe" in desk.services.replica.state.roster.service("west/reference").members, "she serves")
    await press(wim.page, wim.page, "Deactivate: Zoe Zak")
    await press(wim.page.get_by_role("alertdialog"), wim.page, "Deactivate")
    await wim.page.get_by_role("button", name="Reactivate: Zoe Zak").wait_for()

    await press(wim.page, wim.page, "History: West Library")
    history = wim.page.get_by_role("region", name="History of West Library")
    await expect(history.get_by_text("librarians › zoe › active")).to_be_visible()
    await history.get_by_role("button", name="Undo the change of").first.focus()
    await wim.page.keyboard.press("Enter")
    await expect(history.get_by_text("(an undo)")).to_be_visible()
    await until(lambda: desk.services.replica.state.roster.librarians["zoe"].active, "she is back")
    assert wim.complaints == []
    assert ada.complaints == []


async def test_a_link_that_was_used_says_so(people: People) -> None:
    ada, stranger = await people.of("ada", here=False), await people.of("")
    await stranger.page.goto(f"{ada.desk.url}/inbox/#invitation={'x' * 43}")
    await expect(stranger.page.get_by_role("heading", name="This link can't be used")).to_be_visible()


async def test_a_counter_sees_no_conversation(people: People) -> None:
    cole = await people.of("")
    await cole.page.goto(f"{cole.desk.url}/inbox/")
    await cole.page.get_by_label("Name").fill("cole")
    await cole.page.get_by_label("Password", exact=True).fill(PASSWORD)
    await cole.page.keyboard.press("Enter")
    await expect(cole.page.get_by_role("heading", name="You may count")).to_be_visible()
    await cole.look("counter")


@pytest.mark.parametrize("look", LOOKS)
async def test_every_panel_is_for_everybody_to_use(people: People, look: dict[str, Any]) -> None:
    ada = await people.of("ada", here=False, **look)
    page, name = ada.page, f"{look['viewport']['width']}-{look['color_scheme']}"
    await ada.go("desk")
    await _panel(ada, "People: North Library", f"staff-{name}")
    await _dialog(ada, "Add a person", f"person-{name}")
    await _dialog(
        ada,
        "Invite: Ana Alves" if await page.get_by_role("button", name="Invite: Ana").count() else "New link: Ana Alves",
        f"invite-{name}",
    )
    await _panel(ada, "History of all libraries", f"history-{name}")
    await _dialog(ada, "Add a library", f"library-{name}")
    await page.get_by_role("button", name="Remove South Library").click()
    await page.get_by_role("alertdialog").get_by_text("Channels still bring").wait_for()
    await ada.look(f"remove-library-{name}")


async def _panel(ada: Librarian, button: str, name: str) -> None:
    await ada.page.get_by_role("button", name=button, exact=True).click()
    await ada.page.locator(".opened li").first.wait_for()
    await ada.look(name)


async def _dialog(ada: Librarian, button: str, name: str) -> None:
    await ada.page.get_by_role("button", name=button, exact=True).click()
    await ada.page.get_by_role("dialog").wait_for()
    await ada.look(name)
    await ada.page.keyboard.press("Escape")
    await ada.page.get_by_role("dialog").wait_for(state="detached")

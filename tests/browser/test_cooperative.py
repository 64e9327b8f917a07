"""Libraries that answer together, in browsers: the demonstration's two libraries and back-up service, with a real mailbox."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from importlib import resources
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import FrameLocator, Locator, Page, expect

from bridge.app.config import load
from bridge.app.daemon import archive_url, private
from bridge.sql.archive import Archive
from bridge.sql.people.organisation import LibraryEntry
from bridge.sql.people.organisation_file import parse
from tests.browser.chat import chromium
from tests.browser.test_journey import DESK, PHONE, Street, write
from tests.email.site import Site, words
from tests.journeys.house import House
from tests.journeys.librarian import PASSWORD
from tests.peers.dovecot import Dovecot
from tests.peers.exim import Exim

pytestmark = [pytest.mark.timeout(300), pytest.mark.xdist_group("browser-journey")]
PAT = "pat@library.localhost"
QUESTION = "Do you have the 1886 map of the harbour?"


class Demonstration(House):
    """The demonstration's libraries, with a mailbox for answers at Northfield."""

    def furnish(self) -> None:
        """Write the configuration, load the libraries, make an account for everybody."""
        self.configure()
        desk = resources.files("bridge.app").joinpath("examples", "demo.toml").read_text("utf-8")
        desk = desk.replace('id = "north"\n', 'id = "north"\ncontact_channel = "mail"\n', 1)
        with ThreadPoolExecutor(1) as beside:  # a test's loop may be running here
            self.codes = beside.submit(asyncio.run, self._settle(parse(desk))).result()

    async def _settle(self, desk: list[LibraryEntry]) -> dict[str, str]:
        config = load(self.folder / "deskbridge.toml")
        private(config.data)
        archive = await Archive.open(archive_url(config))
        try:
            await archive.organisation("main").load(desk)
            people = [(person.id, entry.library.id) for entry in desk for person in entry.library.librarians]
            return {name: await archive.accounts.add(name, name, library) for name, library in people}
        finally:
            await archive.close()


class Together(Site):
    """The demonstration with a real mailbox."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.house = Demonstration(folder / "house")


@pytest_asyncio.fixture
async def together(tmp_path: Path) -> AsyncIterator[tuple[Street, Site]]:
    for peer in (Dovecot, Exim):
        if why := peer.missing():
            pytest.skip(why)
    with Together(tmp_path) as site:
        await site.house.start()
        async with AsyncExitStack() as stack:
            yield Street(site.house, await stack.enter_async_context(chromium()), stack), site


def composer(page: Page) -> Locator:
    """Where a librarian writes."""
    return page.get_by_role("region", name="Write").get_by_role("textbox")


async def claim_at_the_second_tier(carla: Page, chat: FrameLocator, street: Street) -> None:
    """Carla of Southgate is asked, since nobody is available at Northfield; its page and scripts stand beside it."""
    await expect(carla.get_by_text(QUESTION).first).to_be_visible()
    await carla.get_by_text(QUESTION).first.click()
    await expect(carla.get_by_role("log")).to_contain_text(QUESTION)
    await carla.keyboard.press("c")
    await expect(carla.get_by_role("button", name="Transfer")).to_be_visible()
    log = chat.get_by_role("log")
    await expect(log).to_contain_text(
        "Carla works at Southgate University Library and is helping Northfield Public Library"
    )
    await expect(carla.get_by_text("Northfield at a glance")).to_be_visible()
    await composer(carla).fill("/ren")
    await expect(carla.get_by_text("Renewing a loan").first).to_be_visible()
    await expect(carla.get_by_text("Databases from home")).to_have_count(0)
    await street.clean(carla, "cooperative-carla")
    await composer(carla).fill("We don't have it here. One moment, I'll ask Northfield.")
    await carla.keyboard.press("Control+Enter")
    await expect(log).to_contain_text("I'll ask Northfield")


async def refuse_a_transfer_back(carla: Page, ana: Page, chat: FrameLocator) -> None:
    """Carla offers it to Ana, who declines once: it is Carla's still, and the patron is told."""
    await carla.get_by_role("button", name="Transfer").click()
    await carla.get_by_role("dialog").get_by_role("radio", name=re.compile("Ana Ito")).check()
    await carla.get_by_role("button", name="Offer transfer").click()
    offer = ana.get_by_role("region", name="Offers to you").get_by_role("article")
    await expect(offer).to_contain_text("Carla Nowak is passing this to you")
    await expect(offer).to_contain_text("Northfield Public Library")
    await offer.get_by_role("button", name="Decline").click()
    await expect(offer).to_have_count(0)
    told = re.compile(r"^Ana Ito can't take over .+\. The conversation stays yours")
    await expect(carla.get_by_text(told).first).to_be_attached()
    await expect(carla.get_by_role("button", name="Transfer")).to_be_enabled()
    await expect(chat.get_by_role("log")).to_contain_text("Carla will stay with you and go on.")


async def leave_a_follow_up(carla: Page, street: Street) -> None:
    """Carla ends it as a follow-up by the patron's library, with the patron's address."""
    await carla.get_by_role("button", name="End", exact=True).click()
    dialog = carla.get_by_role("dialog")
    await dialog.get_by_role("radio", name=re.compile("^Follow up by the patron's library|^Follow-up by")).first.check()
    await dialog.get_by_label(re.compile("^Address|^Where")).first.fill(PAT)
    await street.clean(carla, "cooperative-end")
    await dialog.get_by_role("button", name="End conversation").click()
    await expect(dialog).to_have_count(0)


async def answer_by_mail(ana: Page) -> None:
    """Ana of Northfield, available now, takes the follow-up and answers it."""
    await ana.keyboard.press("Escape")
    await ana.keyboard.press("v")
    await ana.get_by_role("button", name=re.compile("Available")).wait_for()
    await ana.keyboard.press("4")
    card = ana.get_by_role("main").get_by_role("listitem").filter(has_text=PAT)
    await card.get_by_role("button", name="Take it").click()
    await expect(card).to_contain_text("Ana")
    await card.get_by_role("link").click()
    await expect(ana.get_by_role("log")).to_contain_text(QUESTION)
    await ana.get_by_role("button", name="Reopen").click()
    by = ana.get_by_label("Send by")
    await by.select_option(value=await by.locator("option", has_text=PAT).get_attribute("value"))
    await composer(ana).fill("Yes: in the map room, drawer 12.")
    await ana.keyboard.press("Control+Enter")
    await expect(ana.get_by_role("log")).to_contain_text("drawer 12")


async def look_at_the_board(ada: Page, street: Street) -> None:
    """Ada, who administers all, sees the three of them, and whom a question would go to."""
    await ada.keyboard.press("8")
    libraries = ada.get_by_role("table", name="Libraries")
    for name in ("Northfield Public Library", "Southgate University Library", "Evening Back-up Service"):
        await expect(libraries.get_by_role("row", name=re.compile(name))).to_be_visible()
    queue = ada.get_by_role("row", name=re.compile("^Reference Northfield"))
    await expect(queue).to_contain_text(re.compile("Northfield desk.*asked at once", re.DOTALL))
    await expect(queue).to_contain_text(re.compile("Southgate desk.*asked later", re.DOTALL))
    await expect(queue).to_contain_text(re.compile("Back-up desk.*passed over: nobody is there", re.DOTALL))
    await street.clean(ada, "cooperative-board")


async def test_libraries_answer_together_from_the_roll_over_to_the_mail(together: tuple[Street, Site]) -> None:
    """Nobody is available at Northfield; Southgate takes it, honestly; it comes home as a follow-up and is answered by mail."""
    street, site = together
    ana, carla = await street.librarian("ana", here=False), await street.librarian("carla")
    ada = await street.librarian("ada", here=False)
    phone, chat = await street.patron("/library/north/", **PHONE)
    await write(chat, QUESTION)
    await expect(ana.get_by_text(QUESTION).first).to_be_visible()
    await claim_at_the_second_tier(carla, chat, street)
    await street.clean(phone, "cooperative-patron")
    await refuse_a_transfer_back(carla, ana, chat)
    await leave_a_follow_up(carla, street)
    await expect(chat.get_by_role("log")).to_contain_text(PAT)
    await phone.context.close()
    await answer_by_mail(ana)
    [got] = await site.mails("pat", 1)
    assert "Yes: in the map room, drawer 12." in words(got)
    await look_at_the_board(ada, street)
    # Carla's page may ask once more for what has gone home, and is told that it is not there.
    assert [one for one in street.complaints if "404 (Not Found)" not in one] == []


async def make_by_mouse(ada: Page, street: Street) -> str:
    """Add a library and invite its coordinator, by mouse; return the link of the invitation."""
    await ada.get_by_role("link", name="Desk", exact=True).click()
    await ada.get_by_role("button", name="Add a library").click()
    dialog = ada.get_by_role("dialog")
    fields = {
        "Name of the library": "Westmoor Town Library",
        "Short name": "west",
        "Coordinator's name": "Wim Wolf",
        "Coordinator's sign-in name": "wim",
    }
    for label, text in fields.items():
        await dialog.get_by_label(label, exact=True).click()
        await dialog.get_by_label(label, exact=True).fill(text)
    await street.clean(ada, "cooperative-library")
    await dialog.get_by_role("button", name="Add a library").click()
    await ada.get_by_role("button", name="Invite: Wim Wolf").click()
    link = await dialog.get_by_label("Link", exact=True).input_value()
    await dialog.get_by_role("button", name="Close").last.click()
    return link


async def make_by_keyboard(ada: Page) -> None:
    """The same by keyboard alone: the key for the desk, the button, one field after the other, Enter."""
    await ada.keyboard.press("6")
    await ada.get_by_role("button", name="Add a library").focus()
    await ada.keyboard.press("Enter")
    dialog = ada.get_by_role("dialog")
    await expect(dialog.get_by_label("Name of the library")).to_be_focused()
    await ada.keyboard.type("Eastlea Town Library")
    await ada.keyboard.press("Tab")
    await ada.keyboard.type("east")
    await dialog.get_by_label("Coordinator's name", exact=True).focus()
    await ada.keyboard.type("Eli Ek")
    await ada.keyboard.press("Tab")
    await ada.keyboard.type("eli")
    await ada.keyboard.press("Enter")
    await expect(dialog).to_have_count(0)


async def test_an_administrator_builds_libraries_from_nothing(together: tuple[Street, Site]) -> None:
    """One by mouse, whose coordinator comes by the link and stands on the board; another by keyboard."""
    street, _ = together
    ada = await street.librarian("ada", here=False)
    link = await make_by_mouse(ada, street)
    wim = await street.page("/inbox", **DESK)
    await wim.goto(link)
    await wim.get_by_label("New password", exact=True).fill(PASSWORD)
    await wim.get_by_label("Repeat new password").fill(PASSWORD)
    await wim.get_by_role("button", name="Choose password and sign in").click()
    await wim.get_by_role("navigation", name="Desk").wait_for()
    await wim.get_by_role("link", name="Board").click()
    queue = wim.get_by_role("row", name=re.compile("^Reference"))
    await expect(queue).to_contain_text("passed over: nobody is there")
    await wim.keyboard.press("v")
    await expect(queue).to_contain_text("asked at once")
    await make_by_keyboard(ada)
    await ada.keyboard.press("8")
    libraries = ada.get_by_role("table", name="Libraries")
    for name in ("Westmoor Town Library", "Eastlea Town Library"):
        await expect(libraries.get_by_role("row", name=re.compile(name))).to_be_visible()
    await expect(ada.get_by_role("row", name=re.compile("Wim Wolf"))).to_contain_text("Available since")
    await street.clean(ada, "cooperative-libraries")
    assert street.complaints == []

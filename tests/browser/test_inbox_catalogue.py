"""A librarian finds a book beside the chat and sends it with a citation; the catalogue is Zebra."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import expect

from bridge.catalogue.search import Catalogues
from bridge.catalogue.settings import CatalogueConfig
from tests.browser.conftest import People
from tests.browser.librarian import LOOKS, PAGES
from tests.inbox.desk import Desk
from tests.inbox.desk import desk as running
from tests.peers.zebra import Zebra

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(240),
    pytest.mark.xdist_group("browser-inbox"),
]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def desk(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Desk]:
    """A desk whose north has a catalogue."""
    with Zebra() as zebra:
        config = CatalogueConfig(
            library="north",
            url=zebra.url,
            own_network=True,
            record_link="https://opac.example/{id}",
            search_link="https://opac.example/?q={words}",
        )
        async with running(tmp_path_factory.mktemp("desk"), pages=PAGES, catalogues=Catalogues([config])) as found:
            yield found


@pytest.mark.parametrize("look", LOOKS)
async def test_a_librarian_finds_a_book_and_sends_it_cited(desk: Desk, people: People, look: dict[str, Any]) -> None:
    conversation = await desk.patron(f"reader-{look}", "Do you have Arithmetic by Sandburg?")
    ana = await people.of("ana", **look)
    page, name = ana.page, f"catalogue-{look['viewport']['width']}-{look['color_scheme']}"
    await ana.open(conversation)
    await page.keyboard.press("c")
    await ana.composer.wait_for()
    await page.keyboard.press("Escape")
    await page.keyboard.press("Control+k")
    await page.keyboard.type("Search the catal")
    await page.keyboard.press("Enter")
    words = page.get_by_label("Title, author or words")
    await expect(words).to_have_value("Arithmetic Sandburg")
    await expect(words).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("1 record", exact=True)).to_be_visible()
    await ana.look(f"{name}-found")
    await page.get_by_role("button", name="Arithmetic Sandburg, Carl; Rand, Ted · 1993").focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("Sandburg, C., & Rand, T. (1993). Arithmetic")).to_be_visible()
    await page.get_by_label("Citation in").select_option("MLA")
    await expect(page.get_by_role("article").get_by_text("Sandburg, Carl, and Ted Rand.")).to_be_visible()
    await ana.look(f"{name}-record")
    await page.get_by_role("button", name="Put into reply, cited").focus()
    await page.keyboard.press("Enter")
    sent = "Sandburg, Carl, and Ted Rand. Arithmetic. 1st ed., Harcourt Brace Jovanovich, 1993.\n"
    sent += "https://opac.example/92005291\nCall number: PS3537.A618 A88 1993"
    await expect(ana.composer).to_have_value(sent)
    await expect(ana.composer).to_be_focused()
    await page.keyboard.press("Control+Enter")
    await expect(ana.log.get_by_text("Ted Rand. Arithmetic.")).to_be_visible()

"""The languages that come with the program fit the smallest window: long words are where layouts break."""

from __future__ import annotations

import pytest

from bridge.contract import catalogues
from tests.browser.conftest import People
from tests.inbox.desk import PASSWORD, Desk

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(240),
    pytest.mark.xdist_group("browser-inbox"),
]


@pytest.mark.long
@pytest.mark.parametrize("tag", sorted(set(catalogues.tags("inbox")) - {"en"}))
async def test_a_language_fits_a_phone(tag: str, desk: Desk, people: People) -> None:
    conversation = await desk.patron(f"reader-{tag}", "Where are the maps?", name="Mona Reads")
    ana = await people.of("", locale=tag, viewport={"width": 360, "height": 760})
    await ana.page.goto(f"{desk.url}/inbox/")
    await ana.page.locator("input[autocomplete=username]").fill("ana")
    await ana.page.locator("input[type=password]").fill(PASSWORD)
    await ana.page.keyboard.press("Enter")
    await ana.page.locator(f"html:lang({tag}) .rail").wait_for()
    for place in ("waiting", "search", "colleagues", "reports", "settings"):
        await ana.go(place)
        await ana.look(f"{tag}-{place}")
    await ana.open(conversation)
    await ana.look(f"{tag}-conversation")

"""Numbers in the inbox: read, chosen and fetched by keyboard; of nothing, of no period and of no answer, each in words."""

from __future__ import annotations

import csv
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Locator, expect

from tests.browser.conftest import People
from tests.browser.librarian import LOOKS, Librarian
from tests.inbox.desk import Client, Desk
from tests.inbox.test_forget import archived, ended

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(240),
    pytest.mark.xdist_group("browser-inbox"),
]


async def some_work(desk: Desk, tag: str) -> None:
    """Two questions that were answered, one of them by default; one practice; one lost call; one that waits."""
    async with desk.client() as ana:
        await ana.enter("ana")
        await ended(desk, ana, f"{tag}-one", "a question", read_scale=4, reference=True, code="answered")
        await ended(desk, ana, f"{tag}-two", "another", channel="mail")
        await ended(desk, ana, f"{tag}-three", "training", code="practice")
        await lost(desk, ana, f"{tag}-lost")
    await desk.patron(f"{tag}-waits", "is anybody there?")
    await archived(desk)


async def lost(desk: Desk, ana: Client, sender: str) -> None:
    talk = await desk.patron(sender, "hello?")
    await ana.deed(talk, "claim")
    await ana.deed(talk, "close", {"code": "lost_call"})


def table(one: Librarian, name: str) -> Locator:
    return one.page.get_by_role("table", name=name, exact=True)


async def number(one: Librarian, name: str, row: str) -> int:
    """Return the number in a row of a table."""
    cells = table(one, name).get_by_role("row").filter(has=one.page.get_by_role("rowheader", name=row, exact=True))
    return int(await cells.get_by_role("cell").first.inner_text())


async def choose(one: Librarian, label: str, choice: str) -> None:
    """Choose in a list as somebody does who has no mouse: by its first letters."""
    await one.page.get_by_role("combobox", name=label, exact=True).focus()
    await one.page.keyboard.type(choice)
    await expect(one.page.get_by_role("combobox", name=label, exact=True).locator("option:checked")).to_have_text(
        choice
    )


async def week_total(ana: Librarian) -> int:
    """Return how many conversations the fields of the week hold together."""
    cells = await table(ana, "When patrons write").get_by_role("cell").all_inner_texts()
    return sum(int(text) for text in cells if text.strip().isdigit())


async def test_it_is_found_by_key_and_palette_and_read_by_table(desk: Desk, people: People, tmp_path: Path) -> None:
    await some_work(desk, "first")
    ana = await people.of("ana", here=False)
    await ana.page.keyboard.press("Control+k")
    await ana.page.keyboard.type("go to reports")
    await ana.page.keyboard.press("Enter")
    await expect(ana.page).to_have_url(re.compile("#/reports$"))
    await expect(ana.page.get_by_role("heading", name="Reports", level=1)).to_be_visible()
    ends = "How they ended"
    await table(ana, ends).wait_for()
    assert await number(ana, ends, "Answered by a librarian") == 2
    assert await number(ana, ends, "Unanswered, still open") == 1
    assert await number(ana, ends, "Abandoned: the patron left first") == 1
    assert await number(ana, "READ scale", "4") == 1
    assert await number(ana, "Which library answered", "North Library (home)") == 2
    await expect(table(ana, "Resolution codes").get_by_text("Answered; 1 by default")).to_be_visible()
    await expect(ana.page.get_by_text("4 conversations began. 1 practice conversation is left out.")).to_be_visible()
    await choose(ana, "Period", "7 days")
    await ana.page.get_by_text("Show as a table").click()
    await expect(table(ana, "Days").get_by_role("row")).to_have_count(8)
    assert await week_total(ana) == 4
    await choose(ana, "Queue entered", "Reference")
    assert await number(ana, "Queue entered", "Reference") == 4
    await ana.page.keyboard.press("Home")
    await expect(ana.page.locator("option:checked").filter(has_text="All queues")).to_have_count(1)
    await table(ana, ends).wait_for()
    await ana.page.get_by_role("link", name="Download as CSV").focus()
    async with ana.page.expect_download() as waiting:
        await ana.page.keyboard.press("Enter")
    download = await waiting.value
    assert re.fullmatch(r"reports-north-[\d-]+\.csv", download.suggested_filename)
    await download.save_as(tmp_path / "numbers.csv")
    with (tmp_path / "numbers.csv").open() as file:
        assert ["ends", "answered", "", "2"] in list(csv.reader(file))
    assert ana.complaints == []


async def test_what_the_network_took_is_said_and_tried_again(desk: Desk, people: People) -> None:
    await some_work(desk, "cut")
    ana = await people.of("ana", here=False)
    await ana.go("reports")
    await table(ana, "How they ended").wait_for()
    await ana.cut()
    await choose(ana, "Period", "7 days")
    alert = ana.page.get_by_role("alert").filter(has_text="The numbers couldn't be loaded")
    await expect(alert).to_be_visible()
    await ana.mend()
    await alert.get_by_role("button").focus()
    await ana.page.keyboard.press("Enter")
    await table(ana, "How they ended").wait_for()
    await expect(alert).to_have_count(0)


async def test_a_coordinator_chooses_typical_weeks_and_own_lines_and_prints(desk: Desk, people: People) -> None:
    """By keys alone: the palette, the choices, the sheet that follows them, a file of it, and paper with the sheet alone."""
    await some_work(desk, "sheet")
    cora = await people.of("cora", here=False)
    await cora.page.keyboard.press("Control+k")
    await expect(cora.page.get_by_role("combobox", name="What do you want to do?")).to_be_focused()
    await cora.page.keyboard.type("survey sheets")
    await cora.page.keyboard.press("Enter")
    await expect(cora.page.get_by_role("heading", name="Public Libraries Survey: North Library")).to_be_visible()
    await choose(cora, "Report", "Sheet: own lines")
    await expect(cora.page.get_by_text("No lines are chosen yet.")).to_be_visible()
    await cora.page.get_by_role("button", name="Choices").focus()
    await cora.page.keyboard.press("Enter")
    dialog = cora.page.get_by_role("dialog", name="Choices")
    await dialog.get_by_label("The library's year begins on").fill("13-01")
    for line in ("Reference transactions", "Practice"):
        await dialog.get_by_role("checkbox", name=line, exact=True).focus()
        await cora.page.keyboard.press("Space")
    await cora.look("reports-choices")
    await dialog.get_by_role("button", name="Save").click()
    await expect(dialog.get_by_role("alert").filter(has_text="fiscal_start")).to_be_visible()
    await dialog.get_by_label("The library's year begins on").fill("01-01")
    await dialog.get_by_role("button", name="Save").click()
    await expect(dialog).to_have_count(0)
    year = datetime.now(UTC).year
    await cora.page.get_by_role("combobox", name="Year").select_option(f"{year}-01-01 {year}-12-31")
    await expect(cora.page.get_by_text("This year isn't over yet.")).to_be_visible()
    row = table(cora, "To report").get_by_role("row").filter(has_text="Practice")
    await expect(row.get_by_role("cell").first).not_to_have_text("0")
    async with cora.page.expect_download() as waiting:
        await cora.page.get_by_role("link", name="Download as CSV").click()
    assert (await waiting.value).suggested_filename == f"survey-own-{year}-01-01-{year}-12-31.csv"
    await cora.page.emulate_media(media="print")
    await expect(cora.page.get_by_role("button", name="Print")).to_be_hidden()
    await expect(cora.page.get_by_role("navigation")).to_be_hidden()
    await expect(row).to_be_visible()
    await cora.look("reports-printed")


@pytest.mark.parametrize("look", LOOKS)
async def test_every_state_is_accessible(
    look: dict[str, Any], desk: Desk, people: People, request: pytest.FixtureRequest
) -> None:
    name = request.node.callspec.id
    await some_work(desk, name)
    ana = await people.of("ana", here=False, **look)
    await ana.go("reports")
    await table(ana, "How they ended").wait_for()
    await ana.look(f"{name}-reports")
    await table(ana, "When patrons write").scroll_into_view_if_needed()
    await ana.look(f"{name}-reports-below")
    await table(ana, "Ways to ask").scroll_into_view_if_needed()
    await ana.look(f"{name}-reports-ways")
    await choose(ana, "Report", "Sheet: PLS")
    await table(ana, "To report").wait_for()
    await ana.look(f"{name}-reports-sheet")
    await ana.page.get_by_role("combobox", name="Report").select_option("overview")
    await choose(ana, "Period", "Custom dates")
    await ana.page.get_by_label("First day").fill("2026-01-01")
    await ana.page.get_by_label("Last day").fill("2025-01-31")
    await expect(ana.page.get_by_role("alert").filter(has_text="Choose a first day")).to_be_visible()
    await ana.look(f"{name}-reports-no-period")
    await ana.page.get_by_label("Last day").fill("2026-01-01")
    await expect(ana.page.get_by_text("Nothing to show")).to_be_visible()
    await ana.look(f"{name}-reports-empty")
    await ana.page.get_by_label("Last day").fill(f"{datetime.now(UTC).year + 1}-01-01")
    await ana.page.get_by_role("heading", name="Months").wait_for()
    await ana.cut()
    await choose(ana, "Period", "30 days")
    await ana.page.get_by_role("alert").filter(has_text="The numbers couldn't be loaded").wait_for()
    await ana.mend()
    await ana.look(f"{name}-reports-failed")

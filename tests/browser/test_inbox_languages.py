"""The inbox in a language that is written from the right: mirrored, kept for the librarian, and said in their plural forms."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import expect

from bridge.contract import catalogues
from tests.browser.conftest import People
from tests.browser.librarian import Librarian
from tests.inbox.desk import PASSWORD, Desk

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(240),
    pytest.mark.xdist_group("browser-inbox"),
]
MADE_UP = "ش{}"  # an Arabic letter before the English words tells which text came from the file


@pytest_asyncio.fixture(scope="module", loop_scope="module", autouse=True)
async def arabic(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[None]:
    """An operator's own Arabic, made up of the English words."""
    folder: Path = tmp_path_factory.mktemp("words")
    made: dict[str, object] = {}
    for key, entry in catalogues.words("inbox", "en").items():
        text = entry if isinstance(entry, str) else entry["other"]
        counted = "{n}" in text and not isinstance(entry, str)
        forms = dict.fromkeys(("zero", "one", "two", "few", "many", "other"), MADE_UP.format(text))
        if key.startswith(("page.", "rail.")):
            made[key] = text  # a phone's bar has no room for a letter more
            continue
        made[key] = {**forms, "two": MADE_UP.format(text.replace("{n}", "both"))} if counted else MADE_UP.format(text)
    (folder / "inbox.ar.json").write_text(json.dumps(made))
    assert list(catalogues.folder_faults(folder)) == []
    catalogues.use(folder)
    yield
    catalogues.use(None)


async def sign_in(ana: Librarian) -> None:
    page = ana.page
    await page.locator("input[autocomplete=username]").fill("ana")
    await page.locator("input[type=password]").fill(PASSWORD)
    await page.keyboard.press("Enter")
    await page.locator(".rail").wait_for()


async def test_arabic_mirrors_the_inbox_and_stays_with_the_librarian(desk: Desk, people: People) -> None:
    conversation = await desk.patron("reader", "Where are the maps?", name="Mona Reads")
    ana = await people.of("")
    page = ana.page
    await page.goto(f"{desk.url}/inbox/")
    await page.get_by_role("combobox").select_option("ar")
    await page.locator("html[lang=ar][dir=rtl]").wait_for()
    await ana.look("rtl-sign-in")
    await sign_in(ana)
    await page.get_by_role("article").filter(has_text="Where are the maps?").first.wait_for()
    await ana.look("rtl-list")
    rail, rows = await page.locator(".rail").bounding_box(), await page.locator(".list").bounding_box()
    assert rail is not None
    assert rows is not None
    assert rail["x"] > rows["x"] + rows["width"] - 1, "the rail is where the line begins"
    await ana.open(conversation)
    await ana.look("rtl-conversation")
    await ana.go("settings")
    chooser = page.locator("select").filter(has=page.locator("option[value=ar]"))
    await chooser.select_option("en")
    await page.locator("html[lang=en][dir=ltr]").wait_for()
    await chooser.select_option("ar")
    await page.locator("html[lang=ar][dir=rtl]").wait_for()
    await ana.look("rtl-settings")
    async with desk.client() as client:
        told = await client.enter("ana")
        assert (await told.get("/me"))[1]["language"] == "ar"
        assert (await told.put("/language", {"language": "tlh"}))[0] == 422
    elsewhere = await people.of("")
    await elsewhere.page.goto(f"{desk.url}/inbox/")
    await elsewhere.page.locator("html[lang=en]").wait_for()
    await sign_in(elsewhere)
    await elsewhere.page.locator("html[lang=ar]").wait_for()


# The interface of browsers that translate by themselves; the one that the tests have is without it.
TRANSLATOR = """globalThis.Translator = {
  availability: async () => "available",
  create: async ({ sourceLanguage, targetLanguage }) => ({
    translate: async (text) => `${sourceLanguage}>${targetLanguage} ${text}`, destroy: () => undefined }),
};"""


async def test_the_browsers_translator_is_offered_where_there_is_one(desk: Desk, people: People) -> None:
    conversation = await desk.patron("translated", "Wo sind die Karten?", name="Karla", language="de")
    without = await people.of("ben", here=False)
    await without.open(conversation)
    await without.log.get_by_text("Wo sind die Karten?").wait_for()
    assert await without.page.get_by_role("button", name="Translate").count() == 0
    ana = await people.of("cora", script=TRANSLATOR)  # whose inbox is still in English
    await ana.open(conversation)
    await ana.log.get_by_role("button", name="Translate").click()
    await ana.log.get_by_text("de>en Wo sind die Karten?").wait_for()
    await ana.log.get_by_text("Translated by this browser").wait_for()
    await ana.log.get_by_text("Wo sind die Karten?", exact=True).wait_for()
    await ana.look("translated")
    await ana.page.keyboard.press("c")
    await ana.composer.fill("On shelf three.")
    await ana.page.get_by_role("button", name="Translate into Deutsch").click()
    await expect(ana.composer).to_have_value(re.compile(r"^en>de On shelf three\.\n\n\(en>de .*\)\nOn shelf three\.$"))
    await ana.look("translated-reply")

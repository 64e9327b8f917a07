"""The open conversation: what is new in it, what a merge comes to, an end that waited for a connection."""

from __future__ import annotations

import re
from typing import Any

import pytest
from msgspec.structs import replace
from playwright.async_api import Locator, expect

from bridge.contract.adapter import Signal
from tests.browser.conftest import People
from tests.browser.librarian import LOOKS, Librarian
from tests.inbox.desk import Desk
from tests.inbox.test_typing_preview import switch

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(240),
    pytest.mark.xdist_group("browser-inbox"),
]


async def claim(librarian: Librarian) -> None:
    """Claim the open conversation by key."""
    await librarian.page.keyboard.press("c")
    await expect(librarian.page.get_by_role("button", name="Transfer")).to_be_visible()
    await expect(librarian.composer).to_be_focused()
    await librarian.page.keyboard.press("Escape")


@pytest.mark.parametrize("look", LOOKS)
async def test_what_came_meanwhile_is_marked_and_the_newest_is_one_key_away(
    look: dict[str, Any], desk: Desk, people: People
) -> None:
    """Ana reads up and looks elsewhere; what the patron writes then is below a line that says so, and `End` leads to it."""
    name = f"Nora {look['viewport']['width']} {look['color_scheme']}"
    asked = await desk.patron(name, "line 0 of the story", name=name)
    for n in range(1, 25):
        await desk.patron(name, f"line {n}\nand more of it")
    ana = await people.of("ana", **look)
    await ana.open(asked)
    await claim(ana)
    await ana.log.hover()
    await ana.page.mouse.wheel(0, -1_400)  # as a hand does: the page hears of it before it lays out anything else
    newest = ana.page.get_by_role("button", name="Newest message")
    await newest.wait_for()
    await desk.patron(name, "See https://example.org/atlas, is that it?")
    await expect(ana.page.get_by_role("button", name="1 new message")).to_be_visible()
    await ana.look(f"new-below-{look['viewport']['width']}-{look['color_scheme']}")
    await ana.page.keyboard.press("End")
    await expect(ana.log.get_by_text("New", exact=True)).to_be_in_viewport()
    await expect(ana.log.get_by_role("link", name="https://example.org/atlas")).to_be_in_viewport()
    await expect(ana.page.get_by_role("button", name=re.compile("new message|Newest"))).to_have_count(0)
    await ana.look(f"new-{look['viewport']['width']}-{look['color_scheme']}")
    await ana.page.keyboard.press("r")
    await ana.composer.fill("It is.")
    await ana.page.keyboard.press("Control+Enter")
    await expect(ana.log.get_by_text("It is.")).to_have_count(1)
    await expect(ana.log.get_by_text("New", exact=True)).to_have_count(0)


@pytest.mark.parametrize("look", LOOKS)
async def test_a_merge_shows_both_and_says_which_row_stays(look: dict[str, Any], desk: Desk, people: People) -> None:
    """The one that waits goes on in Ana's: the page follows it there, and Undo gives both back."""
    size = f"{look['viewport']['width']}-{look['color_scheme']}"
    mine = await desk.patron(f"merge-mine-{size}", "Where is my book?", name=f"Mo Mine {size}")
    other = await desk.patron(f"merge-other-{size}", "It's me again", name=f"Mo Other {size}")
    ana = await people.of("ana", **look)
    await ana.open(mine)
    await claim(ana)
    await ana.open(other)
    await ana.page.keyboard.press("m")
    dialog = ana.page.get_by_role("dialog")
    await dialog.get_by_role("listitem").filter(has_text=f"Mo Mine {size}").get_by_role("button", name="Merge").click()
    await expect(dialog.get_by_role("figure")).to_contain_text(["It's me again", "Where is my book?"])
    await expect(dialog.get_by_text(re.compile(f"One row stays: Mo Mine {size} by .*, with you."))).to_be_visible()
    await ana.look(f"merge-{size}")
    await dialog.get_by_role("button", name="Merge them").click()
    await expect(ana.page).to_have_url(re.compile(re.escape(mine)))
    await expect(ana.log.get_by_text("It's me again")).to_be_visible()
    rows = ana.page.get_by_role("article").filter(has_text=f"Mo Other {size}")
    await ana.go("open")
    await expect(rows).to_have_count(0)
    await ana.page.keyboard.press("z")
    await expect(rows).to_be_visible()


async def test_two_librarians_keep_their_rows_and_the_dialog_says_so(desk: Desk, people: People) -> None:
    hers = await desk.patron("merge-hers", "Where is my book?", name="Pia Hers")
    his = await desk.patron("merge-his", "It's me again", name="Pia His")
    async with desk.client() as browser:
        await (await browser.enter("ben")).deed(his, "claim")
    ana = await people.of("ana")
    await ana.open(hers)
    await claim(ana)
    await ana.page.keyboard.press("m")
    dialog = ana.page.get_by_role("dialog")
    await dialog.get_by_role("listitem").filter(has_text="Pia His").get_by_role("button", name="Merge").click()
    await expect(
        dialog.get_by_text("Both rows stay, because one is with you and the other with Ben Berg.")
    ).to_be_visible()
    await dialog.get_by_role("button", name="Merge them").click()
    await expect(ana.page.get_by_text("Merged with Pia His: both rows stay").first).to_be_visible()
    state = desk.services.replica.state
    assert [state.conversations[one].owner for one in (hers, his)] == ["ana", "ben"]


async def test_an_end_that_waited_is_refused_where_the_patron_wrote_meanwhile(desk: Desk, people: People) -> None:
    asked = await desk.patron("end-late", "May I bring my dog?", name="Lea Late")
    ana = await people.of("ana")
    await ana.open(asked)
    await claim(ana)
    await ana.page.keyboard.press("e")
    dialog = ana.page.get_by_role("dialog")
    await dialog.get_by_role("button", name="End conversation").wait_for()
    await ana.cut()
    await dialog.get_by_role("button", name="End conversation").click()
    await expect(ana.page.get_by_text("Lea Late's conversation ends when it's back.").first).to_be_visible()
    await desk.patron("end-late", "And my cat?")
    await ana.mend()
    told = ana.page.get_by_text("Lea Late's conversation wasn't ended. The patron wrote meanwhile.")
    await expect(told.first).to_be_visible()
    await expect(ana.log.get_by_text("And my cat?")).to_be_visible()
    assert desk.services.replica.state.conversations[asked].state == "active"
    await ana.look("end-refused")
    await ana.page.keyboard.press("e")
    await dialog.get_by_role("button", name="End conversation").click()
    await expect(ana.page.get_by_role("button", name="Reopen")).to_be_visible()


@pytest.mark.parametrize("look", LOOKS)
async def test_what_the_patron_types_is_shown_to_the_librarian_in_it(
    look: dict[str, Any], desk: Desk, people: People
) -> None:
    """It is replaced as they go on, and gone when they stop; a colleague who looks on sees only that they write."""
    name = f"Ty {look['viewport']['width']} {look['color_scheme']}"
    asked = await desk.patron(name, "Where are the maps?", name=name)
    await switch(desk, on=True)
    ana, ben = await people.of("ana", **look), await people.of("ben", here=False)
    await ana.open(asked)
    await claim(ana)
    await ben.open(asked, "open")
    preview = ana.page.get_by_role("region", name="not sent yet")
    sign = Signal(kind="draft", channel="web", address=name, text="The old ones, from before")
    await tells(desk, ben.page.get_by_text("is writing"), sign)
    await tells(desk, preview, sign)
    await expect(preview).to_contain_text("The old ones, from before")
    await expect(ben.page.get_by_text("The old ones")).to_have_count(0)
    await ana.look(f"preview-{look['viewport']['width']}-{look['color_scheme']}")
    await desk.services.signs.tell(Signal(kind="paused", channel="web", address=name))
    await expect(preview).to_have_count(0)


@pytest.mark.parametrize("look", LOOKS)
async def test_an_answer_is_formatted_by_key_button_and_picker(
    look: dict[str, Any], desk: Desk, people: People
) -> None:
    """What the channel shows is seen before it is sent; Ctrl+Z takes marks back; the line shows them as elements."""
    name = f"Fay {look['viewport']['width']} {look['color_scheme']}"
    asked = await desk.patron(name, "When are you open?", name=name, language="de")
    ana = await people.of("ana", **look)
    await ana.open(asked)
    await claim(ana)
    await ana.page.keyboard.press("r")
    press = ana.page.keyboard.press
    assert await ana.composer.get_attribute("lang") == "de"
    await ana.page.keyboard.type("now")
    await press("Control+a")
    await ana.page.get_by_role("toolbar", name="Formatting").wait_for()
    await press("Control+b")
    await expect(ana.composer).to_have_value("**now**")
    await press("Control+z")
    await expect(ana.composer).to_have_value("now")
    await press("Control+a")
    await press("Control+b")
    await press("End")
    await press("Control+End")
    await ana.page.get_by_role("button", name="Emoji").click()
    find = ana.page.get_by_role("combobox", name="Find an emoji")
    await find.fill("book")
    await press("ArrowRight")
    await ana.look(f"emoji-{look['viewport']['width']}-{look['color_scheme']}")
    await press("Enter")
    await expect(ana.composer).to_be_focused()
    await expect(ana.composer).to_have_value("**now**📖")
    await press("Enter")
    await ana.page.get_by_role("button", name="Link", exact=True).click()
    dialog = ana.page.get_by_role("dialog", name="Link")
    await dialog.get_by_label("Address").fill("javascript:alert(1)")
    await dialog.get_by_role("button", name="Insert link").click()
    await expect(dialog.get_by_role("alert")).to_have_text("This isn't a web address.")
    await dialog.get_by_label("Address").fill("library.example/hours")
    await dialog.get_by_label("Name of the link").fill("our hours")
    await ana.look(f"link-{look['viewport']['width']}-{look['color_scheme']}")
    await press("Enter")
    await expect(ana.composer).to_have_value("**now**📖\n[our hours](https://library.example/hours)")
    preview = ana.page.get_by_role("region", name="How it arrives")
    await expect(preview.locator("strong")).to_have_text("now")
    await ana.look(f"formatted-{look['viewport']['width']}-{look['color_scheme']}")
    await press("Control+Enter")
    link = ana.log.get_by_role("link", name="our hours")
    await expect(link).to_have_attribute("href", "https://library.example/hours")
    await expect(link).to_have_attribute("rel", "noopener noreferrer nofollow")
    await expect(ana.log.get_by_text("(library.example)")).to_be_visible()
    await expect(ana.log.locator("strong", has_text="now")).to_be_visible()
    assert ana.complaints == []


async def test_a_plain_channel_is_said_to_be_plain(desk: Desk, people: People) -> None:
    asked = await desk.patron("plain@example.org", "When are you open?", channel="mail", name="Pia Plain")
    ana = await people.of("ana")
    await ana.open(asked)
    await claim(ana)
    await ana.composer.fill("**Now**, see [our hours](https://library.example/hours)")
    preview = ana.page.get_by_role("region", name="How it arrives")
    await expect(preview).to_contain_text("Email carries plain text.")
    await expect(preview).to_contain_text("Now, see our hours (https://library.example/hours)")
    bar = ana.page.get_by_role("toolbar", name="Formatting")
    await expect(bar.get_by_role("button", name="Numbered list")).to_be_visible()
    await expect(bar.get_by_role("button", name="Bold")).to_have_count(0)
    await ana.composer.fill("first\nsecond")
    await ana.composer.press("Control+a")
    await ana.page.keyboard.press("Control+k")
    await ana.page.keyboard.type("numbered")
    await ana.page.keyboard.press("Enter")
    await expect(ana.composer).to_have_value("1. first\n2. second")


async def tells(desk: Desk, shown: Locator, sign: Signal) -> None:
    """Tell a sign until the page shows it: one may be lost."""
    for n in range(40):
        await desk.services.signs.tell(replace(sign, text=sign.text + " " * n))
        if await shown.count():
            return
        await shown.page.wait_for_timeout(250)
    raise AssertionError("not shown")

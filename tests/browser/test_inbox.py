"""The inbox in a browser: two librarians and their patrons, by mouse and by keyboard, on a desk and on a phone."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Route, WebSocketRoute, expect

from bridge.contract.message import Message, message_id
from tests.browser.conftest import People
from tests.browser.librarian import Librarian, lines_of
from tests.inbox.desk import Desk

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(240),
    pytest.mark.xdist_group("browser-inbox"),
]
ACTIONS = Path(__file__).parents[2] / "ui/inbox/src/actions.ts"


async def test_two_claim_one_wins_and_it_goes_on_to_the_end(desk: Desk, people: People) -> None:
    """Claim by both, talk, note, transfer, close, undo: what colleagues see follows without a reload."""
    ana, ben = await people.of("ana"), await people.of("ben")
    jane = await desk.patron("journey", "How long may I keep a DVD?", name="Jane Journey")
    for one in (ana, ben):
        await one.open(jane)
        await expect(one.log).to_contain_text("How long may I keep a DVD?")
    claim = "document.querySelector('.acts .main')?.click()"
    await asyncio.gather(ana.page.evaluate(claim), ben.page.evaluate(claim))
    winner, loser, losing = (ana, ben, "Ben Berg") if await _won(ana, ben) else (ben, ana, "Ana Alves")
    await expect(
        loser.page.get_by_text("already has it").or_(loser.page.get_by_text("has this conversation")).first
    ).to_be_visible()
    await expect(loser.page.get_by_role("button", name="Claim", exact=True)).to_have_count(0)

    await winner.composer.fill("Seven days.")
    await winner.page.keyboard.press("Control+Enter")
    await expect(winner.log.get_by_text("Seven days.")).to_have_count(1)
    await desk.patron("journey", "Thank you!")
    await expect(winner.log).to_contain_text("Thank you!")

    await winner.page.get_by_role("button", name="Note").click()
    await winner.composer.fill("She asks often.")
    await winner.page.get_by_role("button", name="Save note").click()
    await expect(winner.page.get_by_role("article", name="Staff note by")).to_contain_text("She asks often.")

    await winner.page.get_by_role("button", name="Transfer").click()
    await winner.page.get_by_role("dialog").get_by_role("radio", name=losing).check()
    await winner.page.get_by_label("Note for your colleague").fill("Please go on.")
    await winner.page.get_by_role("button", name="Offer transfer").click()
    await expect(loser.page.get_by_text("Please go on.").first).to_be_visible()
    await (
        loser.page.get_by_role("banner")
        .or_(loser.page.locator(".acts"))
        .get_by_role("button", name="Accept")
        .first.click()
    )
    await expect(loser.page.get_by_text("yours", exact=False).first).to_be_visible()

    await loser.page.get_by_role("button", name="End", exact=True).click()
    await loser.page.get_by_role("button", name="End conversation").click()
    await expect(loser.page.get_by_role("button", name="Reopen")).to_be_visible()
    said = [line.text for line in await lines_of(desk, jane, 9) if line.who == "librarian"]
    assert said == ["Seven days."]
    assert ana.complaints == ben.complaints == []


async def _won(ana: Librarian, ben: Librarian) -> bool:
    """Wait until somebody has it; whether that is Ana."""
    mine = ana.page.get_by_role("button", name="Transfer")
    await expect(mine.or_(ana.page.get_by_text("with Ben Berg").first)).to_be_visible()
    return await mine.count() > 0


async def test_the_whole_work_by_keyboard_alone(desk: Desk, people: People) -> None:
    """Sign in, find, look, claim, answer, note, hand on, end, take back, search: no mouse."""
    kim = await desk.patron("kim", "Do you lend telescopes at all?", name="Kim Keys")
    ana = await people.of("ana")
    page, press = ana.page, ana.page.keyboard.press
    await press("Control+k")
    await expect(page.get_by_role("combobox", name="What do you want to do?")).to_be_focused()
    await page.keyboard.type("kim keys")
    await press("Enter")
    await expect(ana.log).to_contain_text("telescopes")
    await press("c")
    await expect(ana.composer).to_be_focused()
    await page.keyboard.type("Yes, two of them.")
    await press("Control+Enter")
    await expect(ana.log.get_by_text("Yes, two of them.")).to_have_count(1)
    await press("Escape")
    await press("n")
    await page.keyboard.type("Ask @be")
    await expect(page.get_by_role("option", name="Ben Berg")).to_be_visible()
    await press("Enter")
    await press("Control+Enter")
    await expect(ana.log).to_contain_text("Ask @Ben Berg")
    await press("Escape")
    await press("r")
    await page.keyboard.type("/hou")
    await expect(page.get_by_role("option", name="Hours")).to_be_visible()
    await press("Enter")
    await expect(ana.composer).to_have_value("We are open until six.")
    await press("Control+a")
    await press("Delete")
    await press("Escape")
    await press("t")
    await expect(page.get_by_role("dialog", name="Transfer Kim Keys")).to_be_visible()
    await press("Escape")
    await press("e")
    await expect(page.get_by_role("radio", name=re.compile("^Answered"))).to_be_focused()
    await press("Enter")
    await expect(page.get_by_role("button", name="Reopen")).to_be_visible()
    await expect(page.get_by_role("dialog")).to_have_count(0)
    await press("z")
    await expect(page.get_by_role("button", name="Transfer")).to_be_visible()
    await press("/")
    await expect(page.get_by_role("combobox", name="Find conversations")).to_be_focused()
    await page.keyboard.type("telescop")
    await expect(page.get_by_role("main").locator("mark").first).to_have_text(re.compile("telescopes", re.I))
    lines = await lines_of(desk, kim, 6)
    assert [line.text for line in lines if line.who == "note"] == ["Ask @Ben Berg"]
    assert ana.complaints == []


async def test_every_action_is_in_the_palette_and_in_the_help(people: People) -> None:
    ids = set(re.findall(r'\bid: "([a-z.-]+)"', ACTIONS.read_text())) | {
        f"go.{page}" for page in re.findall(r'goes\("([a-z-]+)"', ACTIONS.read_text())
    }
    assert len(ids) > 25
    ana = await people.of("ana", here=False)
    await ana.page.keyboard.press("Control+k")
    await ana.page.get_by_role("dialog", name="All actions").wait_for()
    shown = await ana.page.locator("[data-action]").evaluate_all("all => all.map(one => one.dataset.action)")
    assert set(shown) | {"palette"} == ids
    await ana.page.keyboard.press("Escape")
    await ana.page.keyboard.press("?")
    help_ = ana.page.get_by_role("dialog", name="Keys")
    await expect(help_.locator("dt")).to_have_count(len(ids))
    await ana.page.keyboard.press("Escape")
    for key, place in (
        ("1", "waiting"),
        ("2", "mine"),
        ("3", "open"),
        ("4", "follow-ups"),
        ("5", "aside"),
        ("6", "desk"),
        ("7", "reports"),
        (",", "settings"),
    ):
        await ana.page.keyboard.press(key)
        await expect(ana.page).to_have_url(re.compile(f"#/{place}$"))


async def test_single_keys_can_be_switched_off(people: People) -> None:
    ana = await people.of("ana", here=False)
    await ana.page.keyboard.press(",")
    await ana.page.get_by_label("Use single keys outside text fields").uncheck()
    await ana.page.get_by_role("heading", name="Settings").click()
    await ana.page.keyboard.press("1")
    await ana.page.keyboard.press("Control+k")
    await ana.page.get_by_role("dialog", name="All actions").wait_for()
    await expect(ana.page).to_have_url(re.compile("#/settings$"))


async def test_a_text_for_one_patron_is_asked_about_before_it_goes_to_another(desk: Desk, people: People) -> None:
    one = await desk.patron("paste-one", "What do I owe?", name="Olga One")
    two = await desk.patron("paste-two", "Where are you?", name="Theo Two")
    ana = await people.of("ana")
    for each in (one, two):
        await ana.open(each)
        await ana.page.keyboard.press("c")
        await expect(ana.page.get_by_role("button", name="Transfer")).to_be_visible()
    await ana.open(one, "mine")
    await ana.composer.fill("Your fine of twelve pounds was waived.")
    await ana.page.keyboard.press("Control+a")
    await ana.page.keyboard.press("Control+x")
    await ana.open(two, "mine")
    await ana.composer.focus()
    await ana.page.keyboard.press("Control+v")
    dialog = ana.page.get_by_role("alertdialog")
    await expect(dialog).to_contain_text("Olga One")
    await expect(dialog).to_contain_text("Theo Two")
    await dialog.get_by_role("button", name="Don't paste").click()
    await expect(ana.composer).to_have_value("")
    assert ana.complaints == []


async def test_a_note_never_stands_where_one_answers(desk: Desk, people: People) -> None:
    """Begun as a note, left for the reply, given back, opened again and taken again: the note is not what would be sent."""
    noted = await desk.patron("noted", "hello?", name="Mia Modes")
    other = await desk.patron("not-noted", "hello?", name="Otto Other")
    ana = await people.of("ana")
    press = ana.page.keyboard.press
    await ana.open(noted)
    await press("c")
    await expect(ana.composer).to_be_focused()
    await press("Escape")
    await press("n")
    await ana.page.keyboard.type("She was rude again.")
    await press("Escape")
    await press("r")
    await expect(ana.composer).to_have_value("")
    await press("Escape")
    await press("b")
    await expect(ana.page.get_by_role("button", name="Claim", exact=True).first).to_be_visible()
    await ana.open(other)
    await ana.open(noted)
    await press("c")
    await expect(ana.composer).to_be_focused()
    await expect(ana.composer).to_have_value("")
    await press("Escape")
    await press("n")
    await expect(ana.composer).to_have_value("She was rude again.")
    assert ana.complaints == []


async def test_a_slow_answer_takes_no_conversation_back(desk: Desk, people: People) -> None:
    """Claimed before what was asked for earlier is answered: the page believes what it was told later, and one writes on."""
    sam = await desk.patron("sam", "Do you have time?", name="Sam Slow")
    ana = await people.of("ana")
    asked, go = asyncio.Event(), asyncio.Event()

    async def hold(route: Route) -> None:
        answer = await route.fetch()
        asked.set()
        await go.wait()
        await route.fulfill(response=answer)

    await ana.page.route(f"**/api/v1/conversations/{sam}", hold)
    await ana.go(f"waiting/{sam}")
    await asyncio.wait_for(asked.wait(), 20)
    await ana.page.keyboard.press("c")
    await expect(ana.composer).to_be_focused()
    await ana.page.keyboard.type("All")
    go.set()
    await ana.page.locator(f'[data-conversation="{sam}"] [role=listitem]').first.wait_for()
    await ana.page.keyboard.type(", the time there is.")
    await expect(ana.composer).to_have_value("All, the time there is.")
    await expect(ana.composer).to_be_focused()


async def test_drafts_come_back_after_a_reload(desk: Desk, people: People) -> None:
    drew = await desk.patron("drew", "Is there a quiet room?", name="Drew")
    ana = await people.of("ana")
    await ana.open(drew)
    await ana.page.keyboard.press("c")
    await expect(ana.composer).to_be_focused()
    await expect(ana.page.get_by_role("button", name="Transfer")).to_be_visible()
    async with ana.page.expect_response(
        lambda answer: answer.url.endswith("/draft") and "second" in (answer.request.post_data or "")
    ):
        await ana.page.keyboard.type("Yes, on the second")
    await ana.page.reload()
    await expect(ana.composer).to_have_value("Yes, on the second")


async def test_what_is_done_without_a_network_waits_in_sight_and_is_sent_once(desk: Desk, people: People) -> None:
    """Cut, write twice, hear nothing; mend: each arrives once and in order, and what was missed is there."""
    nora = await desk.patron("nora", "Are you there?", name="Nora")
    ana = await people.of("ana")
    await ana.open(nora)
    await ana.page.keyboard.press("c")
    await expect(ana.composer).to_be_focused()
    await expect(ana.page.get_by_role("button", name="Transfer")).to_be_visible()
    await ana.cut()
    for text in ("First answer.", "Second answer."):
        await ana.composer.fill(text)
        await ana.page.keyboard.press("Control+Enter")
    await expect(ana.page.get_by_text("2 actions aren't sent yet.")).to_be_visible()
    await expect(ana.log.get_by_text("waiting for a connection").first).to_be_visible()
    await desk.patron("nora", "Hello?")
    late = await desk.patron("late", "I came while the line was down.", name="Lara Late")
    await ana.mend()
    await expect(ana.page.get_by_text("Connected again").first).to_be_visible()
    await expect(ana.log).to_contain_text("Hello?")
    for text in ("First answer.", "Second answer."):
        await expect(ana.log.get_by_text(text)).to_have_count(1)
    await expect(ana.log.get_by_text("waiting for a connection")).to_have_count(0)
    said = [line.text for line in await lines_of(desk, nora, 6) if line.who == "librarian"]
    assert said == ["First answer.", "Second answer."]
    await ana.go("waiting")
    await expect(ana.page.get_by_text("Lara Late")).to_be_visible()
    assert await ana.page.evaluate("cut.made") >= 2
    assert late
    assert ana.complaints == []


async def test_without_websockets_the_polls_carry_it(desk: Desk, people: People) -> None:
    """A proxy that eats upgrades: a patron who begins to wait is shown, what they write next too, and answers go out."""
    ana = await people.of("")
    await ana.page.route_web_socket(re.compile("/api/v1/live"), refused)
    await ana.sign_in("ana")
    polly = await desk.patron("polly", "Does this get through?", name="Polly Poll")
    await expect(ana.page.get_by_role("link", name="Polly Poll")).to_be_visible()
    await ana.open(polly)
    await ana.page.keyboard.press("c")
    await expect(ana.composer).to_be_focused()
    await desk.patron("polly", "And this?")
    await expect(ana.log).to_contain_text("And this?")
    await ana.composer.fill("Both did.")
    await ana.page.keyboard.press("Control+Enter")
    await expect(ana.log.get_by_text("Both did.")).to_have_count(1)
    await expect(ana.page.get_by_text("Connection lost")).to_have_count(0)
    said: list[str] = []
    async with asyncio.timeout(20):
        while not said:  # shown as soon as it is sent, committed a moment later
            said = [line.text for line in await lines_of(desk, polly, 2) if line.who == "librarian"]
    assert said == ["Both did."]


async def refused(socket: WebSocketRoute) -> None:
    """Close a socket before it reaches the desk."""
    await socket.close()


async def test_refused_codes_are_explained_where_they_are_chosen(desk: Desk, people: People) -> None:
    paul = await desk.patron("paul", "Where is my book?", name="Paul", contact="paul@example.org")
    ana = await people.of("ana")
    await ana.open(paul)
    await ana.page.keyboard.press("c")
    await expect(ana.composer).to_be_focused()
    await desk.patron("paul", "Still there?")
    await expect(ana.log).to_contain_text("Still there?")
    await expect(ana.log).to_contain_text("took the conversation")
    await ana.page.keyboard.press("Escape")
    await ana.page.keyboard.press("e")
    dialog = ana.page.get_by_role("dialog")
    await dialog.get_by_role("radio", name="Lost call").check()
    await dialog.get_by_role("button", name="End conversation").click()
    await expect(dialog.get_by_role("alert")).to_contain_text("Not a lost call")
    await ana.look("closing-refused")
    await dialog.get_by_role("radio", name="Follow up by me").check()
    await dialog.get_by_label("What's still open").fill("Find the book.")
    await dialog.get_by_role("button", name="End conversation").click()
    await expect(dialog).to_have_count(0)
    await ana.page.keyboard.press("4")
    await expect(ana.page.get_by_role("main")).to_contain_text("Find the book.")
    await ana.page.get_by_role("button", name="Change").first.click()
    await dialog.get_by_role("checkbox", name="It waits for somebody else").check()
    await dialog.get_by_role("button", name="Save").click()
    await expect(ana.page.locator(".state.pending").first).to_be_visible()


async def test_hostile_markup_stays_text(desk: Desk, people: People) -> None:
    """A patron's name, words, subject and page: shown as they are, nothing runs, nothing is fetched."""
    evil = "<img src=x onerror=\"fetch('https://evil.example')\"><script>alert(1)</script>"
    mallory = await desk.patron("mallory", evil, name=evil[:80], page="https://library.example/<b>")
    ana = await people.of("ana")
    await ana.open(mallory)
    await expect(ana.log).to_contain_text("<script>alert(1)</script>")
    await ana.page.keyboard.press("c")
    await expect(ana.composer).to_be_focused()
    assert await ana.page.locator("img[src=x]").count() == 0
    assert ana.complaints == []


async def test_a_long_conversation_is_read_back_to_its_beginning(desk: Desk, people: People) -> None:
    """What is out of sight is not in the page, older lines come as one scrolls up, and none is missing."""
    long = await desk.patron("long", "The very first line.", name="Lou Long")
    for n in range(450):
        source = f"long-{n}"
        message = Message(
            id=message_id("web", "long", source), channel="web", sender="long", source=source, text=f"Line {n}."
        )
        await desk.services.gathering.ingest([message])
    await lines_of(desk, long, 450)
    ana = await people.of("ana", here=False)
    await ana.open(long)
    await expect(ana.log.get_by_text("Line 449.")).to_be_visible()
    first = ana.log.get_by_text("The very first line.")
    await ana.log.hover()
    async with asyncio.timeout(60):
        while not await first.count():
            await ana.page.mouse.wheel(0, -20_000)
            await asyncio.sleep(0.1)
    shown = ana.log.get_by_role("listitem")
    assert await shown.count() < 80
    assert int(await shown.first.get_attribute("aria-setsize") or 0) > 451
    assert ana.complaints == []


LOOKS = [
    pytest.param(
        {"viewport": {"width": 360, "height": 740}, "color_scheme": "light"}, id="360-light", marks=pytest.mark.long
    ),
    pytest.param({"viewport": {"width": 320, "height": 640}, "color_scheme": "dark"}, id="320-dark"),
    pytest.param({"viewport": {"width": 1280, "height": 800}, "color_scheme": "light"}, id="1280-light"),
    pytest.param(
        {"viewport": {"width": 1280, "height": 800}, "color_scheme": "dark"}, id="1280-dark", marks=pytest.mark.long
    ),
    pytest.param(
        {"viewport": {"width": 1280, "height": 800}, "forced_colors": "active"},
        id="1280-forced",
        marks=pytest.mark.long,
    ),
]


@pytest.mark.parametrize("look", LOOKS)
async def test_every_state_is_accessible(
    look: dict[str, Any], desk: Desk, people: People, request: pytest.FixtureRequest
) -> None:
    """axe finds nothing on any page or in any dialog, and nothing is wider than the window."""
    name = request.node.callspec.id
    nobody = await people.of("", **look)
    await nobody.page.goto(f"{desk.url}/inbox/")
    await nobody.page.get_by_role("heading", name="Sign in").wait_for()
    await nobody.look(f"{name}-sign-in")
    cora = await people.of("cora", **look)
    page = cora.page
    lena = await desk.patron(
        f"lena-{name}", "Is the reading room open on Sunday?", name="Lena Look", contact="lena@example.org"
    )
    await desk.patron(
        f"more-{name}", "A longer question that does not fit on a single line of the list at all.", channel="mail"
    )
    await page.get_by_text("Lena Look").first.wait_for()
    await cora.look(f"{name}-waiting")
    await cora.open(lena)
    await cora.look(f"{name}-preview")
    await page.keyboard.press("c")
    await expect(cora.composer).to_be_focused()
    await page.keyboard.type("Yes, from ten to four.")
    await page.keyboard.press("Control+Enter")
    await expect(cora.log.get_by_text("from ten to four")).to_have_count(1)
    await cora.look(f"{name}-conversation")
    await page.keyboard.press("Escape")
    await page.keyboard.press("n")
    await page.keyboard.type("For @a")
    await page.get_by_role("option").first.wait_for()
    await cora.look(f"{name}-note")
    await page.keyboard.press("Enter")
    await page.keyboard.press("Control+Enter")
    await page.get_by_role("article", name="Staff note by").wait_for()
    await page.keyboard.press("Escape")
    for key, dialog in (
        ("t", "transfer"),
        ("e", "close"),
        ("?", "help"),
        ("Control+k", "palette"),
        ("p", "presence"),
        ("a", "identify"),
        ("m", "merge"),
        ("q", "outbox"),
    ):
        await page.keyboard.press(key)
        await page.get_by_role("dialog").wait_for()
        await cora.look(f"{name}-{dialog}")
        await page.keyboard.press("Escape")
        await expect(page.get_by_role("dialog")).to_have_count(0)
    await page.get_by_role("button", name="More actions").click()
    await cora.look(f"{name}-menu")
    await page.keyboard.press("Escape")
    for place in ("mine", "open", "follow-ups", "search", "settings", "desk"):
        await cora.go(place)
        await page.get_by_role("heading", level=1).first.wait_for()
        await cora.look(f"{name}-{place}")
    await page.get_by_role("link", name="Edit North Library").click()
    await page.get_by_label("Name of the library").wait_for()
    await cora.look(f"{name}-editor")
    await cora.cut()
    await cora.look(f"{name}-lost") if name.startswith("1280") else None

"""How the desk calls a librarian's attention: desktop notifications and tones, as the browser is asked for them."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.async_api import expect

from bridge.sql.people.calendar import Calendar
from tests.browser.chat import COMPOSING, take
from tests.browser.conftest import People
from tests.browser.librarian import LOOKS, Librarian
from tests.inbox.desk import Desk, north

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(240),
    pytest.mark.xdist_group("browser-inbox"),
]
WHOLE_BROWSER = True  # notifications
# Writes down every notification and every tone that the page asks the browser for, and passes them on.
HEARD = """(() => {
  const Real = window.Notification, start = OscillatorNode.prototype.start;
  window.rung = [];
  window.tones = 0;
  window.Notification = class extends Real {
    constructor(title, options) {
      super(title, options);
      this.mark = { title, body: options.body, tag: options.tag, closed: false };
      window.rung.push(this.mark);
      window.last = this;
    }
    close() {
      this.mark.closed = true;
      super.close();
    }
  };
  OscillatorNode.prototype.start = function (...at) {
    window.tones += 1;
    return start.apply(this, at);
  };
})()"""
MAY: dict[str, Any] = {"script": HEARD, "permissions": ["notifications"]}


async def rung(one: Librarian) -> list[dict[str, Any]]:
    """Return the notifications that were asked for."""
    return list(await one.page.evaluate("rung"))


async def ringing(one: Librarian, words: str) -> dict[str, Any]:
    """Wait for the notification whose title has these words."""
    await one.page.wait_for_function("words => rung.some(each => each.title.includes(words))", arg=words)
    return next(each for each in await rung(one) if words in each["title"])


async def silenced(one: Librarian, words: str) -> None:
    """Wait until the notification whose title has these words was withdrawn."""
    await one.page.wait_for_function("words => rung.some(each => each.closed && each.title.includes(words))", arg=words)


async def note(one: Librarian, conversation: str, text: str) -> None:
    """Write a note in a conversation by the keyboard; `@` and the beginning of a name choose the colleague."""
    await one.open(conversation, "open")
    await one.page.keyboard.press("n")
    await expect(one.composer).to_be_focused()
    await one.page.keyboard.type(text)
    await one.page.get_by_role("option").first.wait_for()
    await one.page.keyboard.press("Enter")
    await one.page.keyboard.press("Control+Enter")
    await one.page.get_by_role("article", name="Staff note by").first.wait_for()


@pytest.mark.parametrize("how", COMPOSING, ids=["composing", "after"])
async def test_a_key_of_an_input_method_chooses_sends_and_leaves_nothing(
    how: dict[str, Any], desk: Desk, people: People
) -> None:
    """Enter chooses characters, and not the colleague, the action or that it is sent; Escape drops them."""
    patron = await desk.patron(f"ime-{'keyCode' in how}", "Do you have it in Japanese?")
    ana = await people.of("ana")
    await ana.open(patron, "open")
    await ana.page.keyboard.press("n")
    await ana.page.keyboard.type("Ask @be")
    await ana.page.get_by_role("option").first.wait_for()
    for key in ("Enter", "Tab", "Escape"):
        await take(ana.composer, key, how)
    await take(ana.composer, "Enter", {**how, "ctrlKey": True})
    await ana.page.wait_for_timeout(200)
    await expect(ana.composer).to_have_value("Ask @be")
    await expect(ana.page.get_by_role("option").first).to_be_visible()
    await ana.page.keyboard.press("Control+k")
    search = ana.page.get_by_role("combobox", name="What do you want to do?")
    await search.fill("keys")
    await take(search, "Enter", how)
    await ana.page.wait_for_timeout(200)
    await expect(search).to_be_visible()


async def test_who_begins_to_wait_is_notified_until_somebody_takes_it(desk: Desk, people: People) -> None:
    """Permission given: one notification with the patron and the library, and it goes when a colleague was faster."""
    ana, ben = await people.of("ana", **MAY), await people.of("ben", **MAY)
    wanda = await desk.patron("wanda", "Is anybody there?", name="Wanda Waits")
    for one in (ana, ben):
        shown = await ringing(one, "Wanda Waits")
        assert shown == {
            "title": "Wanda Waits is waiting (North Library)",
            "body": "Is anybody there?",
            "tag": f"deskbridge-{wanda}",
            "closed": False,
        }
    await ben.open(wanda)
    await ben.page.keyboard.press("c")
    await silenced(ana, "Wanda Waits")
    assert len([each for each in await rung(ana) if "Wanda" in each["title"]]) == 1
    assert ana.complaints == ben.complaints == []


async def test_a_notification_that_is_clicked_opens_its_conversation(desk: Desk, people: People) -> None:
    ana = await people.of("ana", **MAY, here=False)
    clive = await desk.patron("clive", "Where is the lift?", name="Clive Click")
    await ringing(ana, "Clive Click")
    await ana.page.evaluate("last.onclick()")
    await expect(ana.page).to_have_url(re.compile(f"/{clive}$"))
    await expect(ana.log).to_contain_text("Where is the lift?")


async def test_who_came_before_everything_was_fetched_afresh_is_notified(desk: Desk, people: People) -> None:
    """The line is lost, a patron comes, the library changes: the page fetches its lists again, and still rings."""
    ana = await people.of("ana", **MAY, here=False)
    early = await desk.patron("early", "Before", name="Edna Early")
    await ringing(ana, "Edna Early")
    await ana.cut()
    await desk.patron("gaby", "In the gap", name="Gaby Gap")
    await desk.services.gathering.ingest([await desk.services.organisation.put(north(), Calendar())])
    await ana.mend()
    assert (await ringing(ana, "Gaby Gap"))["title"] == "Gaby Gap is waiting (North Library)"
    assert len([each for each in await rung(ana) if each["tag"] == f"deskbridge-{early}"]) == 1


async def test_without_permission_nothing_is_shown_and_the_settings_say_so(desk: Desk, people: People) -> None:
    ana = await people.of("ana", script=HEARD, here=False)
    await desk.patron("nina", "And now?", name="Nina Nothing")
    await expect(ana.page.get_by_text("Nina Nothing").first).to_be_visible()
    await ana.page.keyboard.press(",")
    await expect(ana.page.get_by_text("This browser hasn't been asked yet")).to_be_visible()
    assert await rung(ana) == []


async def test_the_test_button_rings(people: People) -> None:
    ana = await people.of("ana", **MAY, here=False)
    await ana.page.keyboard.press(",")
    button = ana.page.get_by_role("button", name="Test notification and sound")
    await button.focus()
    await ana.page.keyboard.press("Enter")
    await ringing(ana, "This is a test")
    assert await ana.page.evaluate("tones") == 2


async def test_quiet_hours_and_kinds_that_are_not_wished_stay_silent(desk: Desk, people: People) -> None:
    """Desktop notifications of new patrons off: the list shows them, nothing rings."""
    ana = await people.of("ana", **MAY, here=False)
    await ana.page.keyboard.press(",")
    await ana.page.get_by_label("Somebody starts waiting: Desktop").uncheck()
    await ana.go("waiting")
    await desk.patron("quentin", "Shh?", name="Quentin Quiet")
    await expect(ana.page.get_by_text("Quentin Quiet").first).to_be_visible()
    assert not [each for each in await rung(ana) if "Quentin" in each["title"]]


async def test_a_note_calls_the_colleague_whom_it_names(desk: Desk, people: People) -> None:
    """Ben does not have it open: they are notified, hear it, read who calls, and go there by one key. Others hear nothing."""
    ana, ben, dora = await people.of("ana"), await people.of("ben", **MAY), await people.of("dora", **MAY, here=False)
    mia = await desk.patron("mia", "Do you have maps of 1790?", name="Mia Maps")
    await ana.open(mia)
    await ana.page.keyboard.press("c")
    await expect(ana.composer).to_be_focused()
    await ana.page.keyboard.press("Escape")
    await silenced(ben, "Mia Maps")
    tones = await ben.page.evaluate("tones")
    await note(ana, mia, "Old maps are yours, @be")
    shown = await ringing(ben, "mentions you")
    assert (shown["title"], shown["tag"]) == (
        "Ana Alves mentions you in a note: Mia Maps (North Library)",
        f"deskbridge-{mia}",
    )
    assert shown["body"] == "Old maps are yours, @Ben Berg"
    assert await ben.page.evaluate("tones") == tones + 2
    await expect(ben.page).to_have_title(re.compile(r"^\(\d+\) "))
    call = ben.page.get_by_role("region", name="Messages from the desk").get_by_text("Ana Alves mentions you in a note")
    await expect(call).to_be_visible()
    await ben.look("call")
    await ben.page.keyboard.press("u")
    await expect(ben.log).to_contain_text("Old maps are yours, @Ben Berg")
    await expect(call).to_have_count(0)
    await silenced(ben, "mentions you")
    assert not [each for each in await rung(dora) if "mentions you" in each["title"]]
    assert ana.complaints == ben.complaints == dora.complaints == []


async def test_a_note_in_the_open_conversation_rings_nothing(desk: Desk, people: People) -> None:
    ana, ben = await people.of("ana"), await people.of("ben", **MAY)
    ole = await desk.patron("ole", "One more thing", name="Ole Open")
    await ben.open(ole)
    await note(ana, ole, "See this, @be")
    await expect(ben.log).to_contain_text("See this, @Ben Berg")
    await expect(ben.page.get_by_role("status").filter(has_text="mentions you")).to_have_count(1)
    assert not [each for each in await rung(ben) if "mentions you" in each["title"]]
    await expect(ben.page.get_by_role("button", name="Open", exact=True)).to_have_count(0)


@pytest.mark.parametrize("look", LOOKS)
async def test_a_call_is_accessible(
    look: dict[str, Any], desk: Desk, people: People, request: pytest.FixtureRequest
) -> None:
    """The line that calls, and the table of what calls: nothing for axe to find, nothing wider than the window."""
    name = request.node.callspec.id
    ben = await people.of("ben", **look)
    ana = await people.of("ana", here=False)
    pia = await desk.patron(f"pia-{name}", "Is there a piano in the house that one may play?", name="Pia Piano")
    await note(ana, pia, "Yours I think, @be")
    opening = ben.page.get_by_role("button", name="Open", exact=True)
    await expect(opening).to_be_visible()
    await ben.look(f"{name}-call")
    await ben.go("settings")
    await ben.page.get_by_role("heading", level=1).first.wait_for()
    await ben.look(f"{name}-settings-call")
    await opening.focus()
    await ben.page.keyboard.press("Enter")
    await expect(ben.log).to_contain_text("Yours I think, @Ben Berg")
    await ben.look(f"{name}-called")


# ---- arrivals ------------------------------------------------------------------------------------------------------------

# Writes down what stands on the icon of the installed inbox, and how often sound was unlocked.
BADGED = (
    HEARD
    + """;(() => {
  window.badges = [];
  navigator.setAppBadge = async (count) => void window.badges.push(count);
})()"""
)


@pytest.mark.parametrize("look", LOOKS)
async def test_who_is_away_reads_so_first_and_goes_available_by_one_button(
    look: dict[str, Any], desk: Desk, people: People, request: pytest.FixtureRequest
) -> None:
    """The reason for the browser's question stands beside the button, and the tone may sound from that click on."""
    name = request.node.callspec.id
    ana = await people.of("ana", here=False, script=HEARD, **look)
    async with desk.client() as api:  # whom an earlier test left available
        await api.enter("ana")
        assert (await api.put("/presence", {"queues": [], "live": 0, "slow": 0}))[0] == 200
    first = ana.page.get_by_text("You're away: nothing reaches you")
    await expect(first).to_be_visible()
    await ana.look(f"{name}-away")
    await ana.page.get_by_role("button", name="Go available").click()
    await expect(ana.page.get_by_text("Your browser asks whether the desk may show notifications").last).to_be_visible()
    await expect(first).to_have_count(0)
    assert await ana.page.evaluate("navigator.userActivation.hasBeenActive")


@pytest.mark.parametrize("look", LOOKS)
async def test_a_transfer_stands_on_every_page_with_its_time_and_its_refusal_says_who(
    look: dict[str, Any], desk: Desk, people: People, request: pytest.FixtureRequest
) -> None:
    """Ben reads their settings: the transfer is there with the seconds left, and one key declines it. Ana learns who did."""
    name = request.node.callspec.id
    ana, ben = await people.of("ana"), await people.of("ben", script=BADGED, **look)
    async with desk.client() as api:
        await api.enter("ana")
        tess = await desk.patron(f"tess-{name}", "Do you lend globes?", name="Tess Transfer")
        await api.deed(tess, "claim")
        await ben.go("settings")
        await ben.page.get_by_role("heading", level=1).first.wait_for()
        await api.deed(tess, "transfer", {"librarian": "ben", "note": "Globes are yours"})
    offer = ben.page.get_by_role("region", name="Offers to you").get_by_role("article")
    await expect(offer).to_contain_text("Tess Transfer")
    await expect(offer).to_contain_text("Globes are yours")
    await expect(offer.get_by_role("timer")).to_contain_text(re.compile("left"))
    await ben.look(f"{name}-arrival")
    assert (await ben.page.evaluate("badges"))[-1] >= 1
    await ben.page.keyboard.press("-")
    await expect(offer).to_have_count(0)
    told = "Ben Berg can't take over Tess Transfer. The conversation stays yours"
    await expect(ana.page.get_by_text(told).first).to_be_visible()
    await ana.open(tess, "mine")
    await expect(ana.log).to_contain_text("Ben Berg declined. Ana Alves still has the conversation")
    await expect(ana.log).to_contain_text("Ben can't take over right now. Ana will stay with you and go on.")


async def test_a_mention_stays_until_it_is_read_also_when_its_toast_is_gone(desk: Desk, people: People) -> None:
    ana, ben = await people.of("ana"), await people.of("ben")
    mona = await desk.patron("mona", "Is the reading room open?", name="Mona Mention")
    await note(ana, mona, "For you, @be")
    toast = ben.page.locator(".toast", has_text="Mona Mention")
    await toast.get_by_role("button", name="Dismiss").click()
    kept = ben.page.get_by_role("region", name="Offers to you").get_by_text("mentions you in a note: Mona Mention")
    await expect(kept).to_be_visible()
    await ben.look("mention-kept")
    await ben.open(mona)
    await expect(kept).to_have_count(0)


async def test_quiet_hours_are_the_librarians_own_on_every_device(desk: Desk, people: People) -> None:
    """All day in another time zone: a second browser keeps still too, and a colleague's is not touched."""
    cora = await people.of("cora", **MAY, timezone_id="Asia/Tokyo")
    await cora.go("settings")
    await cora.page.get_by_label("Quiet hours").check()
    await expect(cora.page.get_by_label("Time zone")).to_have_value("Asia/Tokyo")
    async with desk.client() as api:
        await api.enter("cora")
        always = {"on": True, "start": "00:00", "end": "23:59", "timezone": "Asia/Tokyo"}
        assert (await api.put("/quiet-hours", always)) == (200, always)
        status, faults = await api.put("/quiet-hours", {**always, "start": "25:00", "timezone": "Mars/Base"})
        assert status == 422
        assert [one["field"] for one in faults["faults"]] == ["start", "timezone"]
        await api.enter("ben")
        assert (await api.get("/quiet-hours"))[1]["on"] is False
    second = await people.of("cora", **MAY)
    ben = await people.of("ben", **MAY)
    await desk.patron("quincy", "Hello?", name="Quincy Quiet")
    await ringing(ben, "Quincy Quiet")
    await expect(second.page.get_by_text("Quincy Quiet").first).to_be_visible()
    assert not [each for each in await rung(second) if "Quincy" in each["title"]]

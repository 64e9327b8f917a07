"""What a librarian is told of a patron who has gone, and how two conversations become one and two again, by keyboard."""

from __future__ import annotations

import msgspec
import pytest
from playwright.async_api import expect

from bridge.contract.message import ChannelStatus, PatronSign
from bridge.sql.people.calendar import Calendar
from tests.browser.conftest import People
from tests.browser.test_inbox_joining import have, say
from tests.inbox.desk import Desk, north, until

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(240),
    pytest.mark.xdist_group("browser-inbox"),
]


async def answering(desk: Desk) -> None:
    """Let north answer to addresses by mail."""
    mail = ChannelStatus(channel="mail", kind="email", queue="north/reference", up=True, threads=True)
    told = await desk.services.organisation.put(msgspec.structs.replace(north(), contact_channel="mail"), Calendar())
    await desk.services.gathering.ingest([mail, told])
    state = desk.services.replica
    await until(
        lambda: state.state.libraries["north"].contact_channel == "mail" and state.state.channels["mail"].threads
    )


async def test_the_composer_says_where_an_answer_goes_when_the_patron_has_gone(desk: Desk, people: People) -> None:
    await answering(desk)
    nowhere = await desk.patron("gone-a", "Is it lent?", name="Gus Gone")
    reachable = await desk.patron("gone-b", "Is it lent?", name="Lea Left", contact="lea@example.org")
    ana = await people.of("ana")
    for talk in (nowhere, reachable):
        await have(ana, talk)
    await desk.services.gathering.ingest(
        [PatronSign(channel="web", sender=sender, here=False) for sender in ("gone-a", "gone-b")]
    )
    await expect(ana.page.get_by_text("The patron has left. Your answer goes to lea@example.org.")).to_be_visible()
    await expect(ana.page.get_by_text("Reply to Lea Left by Email")).to_be_visible()
    await ana.look("composer-away-to")
    await ana.open(nowhere, "mine")
    await expect(ana.page.get_by_text("left no address")).to_be_visible()
    await ana.look("composer-away-nowhere")
    assert await ana.axe() == []
    await ana.page.keyboard.press("r")
    await say(ana, "On the second floor.")
    await ana.page.keyboard.press("e")
    dialog = ana.page.get_by_role("dialog")
    await expect(dialog.get_by_role("radio", name="Not reached")).to_be_visible()
    await dialog.get_by_role("radio", name="Answered").check()
    await dialog.get_by_role("button", name="End").click()
    await expect(dialog.get_by_role("alert")).to_contain_text("hasn't received your answer")
    await dialog.get_by_role("radio", name="Not reached").check()
    await dialog.get_by_role("button", name="End").click()
    await until(lambda: desk.services.replica.state.conversations[nowhere].code == "unreached")


async def test_a_merge_asks_first_shows_one_row_and_is_undone(desk: Desk, people: People) -> None:
    first = await desk.patron("merge-1", "Do you have maps?", name="Mia Merge")
    second = await desk.patron("merge-2", "It is Mia, about the maps.", name="Mia Again")
    ana = await people.of("ana")
    await have(ana, first)
    await ana.page.keyboard.press("m")
    dialog = ana.page.get_by_role("dialog")
    await dialog.get_by_role("listitem").filter(has_text="Mia Again").get_by_role("button", name="Merge").click()
    await expect(dialog.get_by_text("Merge Mia Again (Web chat) and Mia Merge (Web chat)?")).to_be_visible()
    assert desk.services.replica.state.conversations[first].merged == (), "it asks first"
    await ana.look("merge-sure")
    assert await ana.axe() == []
    await expect(dialog.get_by_role("button", name="Merge them")).to_be_focused()
    await ana.page.keyboard.press("Enter")
    await expect(dialog).to_have_count(0)
    await expect(ana.log.get_by_text("It is Mia, about the maps.")).to_be_visible()
    await ana.go("open")
    await expect(ana.page.get_by_role("article").filter(has_text="Mia Again")).to_have_count(0)
    await ana.page.keyboard.press("z")
    await expect(ana.page.get_by_role("article").filter(has_text="Mia Again")).to_have_count(1)
    assert desk.services.replica.state.conversations[second].state == "waiting"
    assert ana.complaints == []


async def test_a_declined_transfer_is_told_wherever_its_sender_is(desk: Desk, people: People) -> None:
    talk = await desk.patron("declined", "A hard one", name="Dee Cline")
    ana, ben = await people.of("ana"), await people.of("ben")
    await have(ana, talk)
    async with desk.client() as other:
        await (await other.enter("ana")).deed(talk, "transfer", {"librarian": "ben"})
    await ana.go("waiting")
    async with desk.client() as other:
        await (await other.enter("ben")).deed(talk, "reject")
    told = "Ben Berg can't take over Dee Cline. The conversation stays yours"
    await expect(ana.page.locator(".toast", has_text=told)).to_be_visible()
    assert ben.complaints == []

"""A coordinator has a conversation forgotten, or all of a patron's: who may, what is said of the rest, and what is left to see."""

from __future__ import annotations

from typing import Any

import pytest

from tests.inbox.conftest import Browsers
from tests.inbox.desk import Client, Desk, until

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def ended(desk: Desk, ana: Client, sender: str, text: str, *, channel: str = "web", **close: Any) -> str:
    """Let a patron ask, and Ana end it."""
    talk = await desk.patron(sender, text, channel=channel, name=sender.title())
    await ana.deed(talk, "claim")
    await ana.deed(talk, "messages", {"text": f"About {text}"})
    await ana.deed(talk, "close", close)
    await archived(desk)
    return talk


async def archived(desk: Desk) -> None:
    """Wait until the archive holds all that was decided."""
    head = await desk.services.store.head()
    await until(lambda: desk.services.replica.position.seq >= head.seq, "the replica")
    await until(lambda: desk.services.tail._reached().seq >= head.seq, "the archive")


async def test_forgotten_it_is_in_no_list_no_search_and_no_transcript(desk: Desk, browsers: Browsers) -> None:
    ana, cora = await browsers.of("ana"), await browsers.of("cora")
    talk = await ended(desk, ana, "fay", "my quince marmalade")
    assert (await cora.get("/search?q=quince"))[1]["hits"]
    status, found = await cora.post(f"/conversations/{talk}/forget", {})
    assert (status, found) == (200, {"forgotten": [talk], "refused": [], "elsewhere": 0})
    await archived(desk)
    assert (await cora.get("/search?q=quince"))[1]["hits"] == []
    assert talk not in {row["id"] for row in await cora.rows("closed")}
    view = (await ana.get(f"/conversations/{talk}"))[1]
    assert view["lines"] == []
    assert "fay" not in str(view).lower()


async def test_only_a_coordinator_of_its_library_may(desk: Desk, browsers: Browsers) -> None:
    ana, dora, eve = [await browsers.of(name) for name in ("ana", "dora", "eve")]
    talk = await ended(desk, ana, "gil", "a private thing")
    assert (await ana.post(f"/conversations/{talk}/forget", {}))[0] == 403, "no coordinator"
    assert (await dora.post(f"/conversations/{talk}/forget", {}))[0] == 404, "not even hers to see"
    assert (await eve.post(f"/conversations/{talk}/forget", {}))[0] == 404, "coordinates another library"
    assert (await eve.get(f"/conversations/{talk}/patron"))[0] == 404
    assert (await ana.get(f"/conversations/{talk}"))[1]["lines"]


async def test_all_of_a_patron_s_goes_and_the_rest_is_said(desk: Desk, browsers: Browsers) -> None:
    ana, cora = await browsers.of("ana"), await browsers.of("cora")
    first = await ended(desk, ana, "hal", "the first question", channel="mail")
    other = await ended(desk, ana, "hal-by-web", "the same, by chat")
    south = await desk.patron("hal-at-south", "I asked at North, too", channel="south-web")
    async with desk.client() as eve:
        await (await eve.enter("eve")).deed(south, "claim")
        await ana.deed(other, "reopen")
        await ana.deed(other, "merge", {"other": first})
    await archived(desk)
    status, found = await cora.get(f"/conversations/{other}/patron")
    assert status == 200
    assert {(one["id"], one["open"]) for one in found["conversations"]} == {(first, False), (other, True)}
    status, done = await cora.post(f"/conversations/{other}/forget", {"everything": True})
    assert status == 200
    assert done == {
        "forgotten": [first],
        "refused": [{"conversation": other, "reason": "not-closed"}],
        "elsewhere": 0,
    }
    await ana.deed(other, "close", {})
    await archived(desk)
    done = (await cora.post(f"/conversations/{other}/forget", {"everything": True}))[1]
    assert done["forgotten"] == [other]


async def test_an_open_follow_up_is_given_up_only_in_so_many_words(desk: Desk, browsers: Browsers) -> None:
    ana, cora = await browsers.of("ana"), await browsers.of("cora")
    plan = {"address": "ida@patron.example", "question": "ida's question"}
    talk = await ended(desk, ana, "ida", "not finished", code="follow_up_library", follow_up=plan)
    assert (await cora.get(f"/conversations/{talk}/patron"))[1]["conversations"][0]["follow_up"] is True
    done = (await cora.post(f"/conversations/{talk}/forget", {}))[1]
    assert done["refused"] == [{"conversation": talk, "reason": "follow-up-open"}]
    done = (await cora.post(f"/conversations/{talk}/forget", {"follow_ups": True}))[1]
    assert done["forgotten"] == [talk]
    assert talk not in str((await ana.get("/follow-ups"))[1])


async def test_what_librarians_were_answered_is_forgotten_as_well(desk: Desk, browsers: Browsers) -> None:
    ana, cora = await browsers.of("ana"), await browsers.of("cora")
    talk = await desk.patron("jim", "my secret hobby", name="Jim")
    await ana.deed(talk, "claim")
    first, _ = await ana.post(f"/conversations/{talk}/messages", {"text": "Hobby horses"}, key="jims-answer")
    await ana.deed(talk, "close", {})
    await archived(desk)
    assert (await cora.post(f"/conversations/{talk}/forget", {}))[1]["forgotten"] == [talk]
    await archived(desk)
    second, again = await ana.post(f"/conversations/{talk}/messages", {"text": "Hobby horses"}, key="jims-answer")
    assert (first, second) == (200, 200), "the key stays used"
    assert "Hobby" not in str(again)
    answers = desk.inbox.consortia[0].answers
    await desk.services.follower.forget({talk}, (await desk.services.store.head()).seq)
    assert "Hobby" not in str(list(answers._found.values()))


async def test_a_page_that_shows_it_is_told_to_look_afresh(desk: Desk, browsers: Browsers) -> None:
    ana, cora = await browsers.of("ana"), await browsers.of("cora")
    talk = await ended(desk, ana, "kim", "before your eyes")
    page = await ana.live()
    await page.next()
    view = (await ana.get(f"/conversations/{talk}"))[1]
    await page.say(t="watch", conversation=talk, position=view["position"])
    subscriptions = desk.inbox.consortia[0].live._subscriptions
    await until(
        lambda: any(talk in subscription.watched for subscription in subscriptions.values()), "the page watches it"
    )
    await cora.post(f"/conversations/{talk}/forget", {})
    await page.until(lambda message: message["t"] == "reset")
    await page.close()

"""What librarians see of a patron's rating: in the list and the timeline of a conversation that they may see, and nowhere else."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from bridge.inbox.views import aliases
from tests.inbox.conftest import Browsers
from tests.inbox.desk import Desk, until
from tests.inbox.desk import desk as running_desk
from tests.inbox.test_fresh import Scripted

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def ended(desk: Desk, browsers: Browsers, patron: str) -> str:
    """A chat that Ana answered and ended."""
    conversation = await desk.patron(patron, "Where are the maps?")
    ana = await browsers.of("ana")
    await ana.deed(conversation, "claim")
    await ana.deed(conversation, "messages", {"text": "Over there."})
    await ana.deed(conversation, "close", {"code": "answered"})
    return conversation


async def test_who_may_see_the_conversation_sees_its_rating_and_nobody_else(desk: Desk, browsers: Browsers) -> None:
    conversation = await ended(desk, browsers, "rater")
    ana, eve = await browsers.of("ana"), await browsers.of("eve")
    rows = {row["id"]: row for row in await ana.rows("closed")}
    assert rows[conversation]["rating"] == 0
    page = await ana.live()
    await page.next()
    view = (await ana.get(f"/conversations/{conversation}"))[1]
    await page.say(t="watch", conversation=conversation, position=view["position"])
    await page.until(lambda m: m["t"] == "lines" and m["conversation"] == conversation)
    await desk.rate("rater", 2, "Half of it, <b>really</b>.")
    told = await page.until(lambda m: m["t"] == "lines" and any(line["event"] == "rated" for line in m["lines"]))
    view = (await ana.get(f"/conversations/{conversation}"))[1]
    assert view["row"]["rating"] == 2
    line = next(line for line in view["lines"] if line["event"] == "rated")
    assert (line["who"], line["text"], line["details"]) == ("system", "Half of it, <b>really</b>.", {"how": "2"})
    assert line in told["lines"]
    await desk.rate("rater", 3)
    await until(lambda: desk.services.replica.state.conversations[conversation].rating == 3, "the later word")
    rows = {row["id"]: row for row in await ana.rows("closed")}
    assert rows[conversation]["rating"] == 3
    assert (await eve.get(f"/conversations/{conversation}"))[0] == 404
    assert conversation not in [row["id"] for row in await eve.rows("closed")]
    await page.close()


async def test_the_rating_does_not_name_who_wished_to_be_nobody(desk: Desk, browsers: Browsers) -> None:
    conversation = await ended(desk, browsers, "web:anonymous")
    await desk.rate("web:anonymous", 1, "No.")
    await until(lambda: desk.services.replica.state.conversations[conversation].rating == 1, "the rating")
    _, view = await (await browsers.of("ana")).get(f"/conversations/{conversation}")
    assert view["row"]["patron"] == aliases.name(conversation, "en")
    assert (view["patron"]["name"], view["patron"]["contact"], view["patron"]["addresses"][0]["address"]) == (
        "",
        "",
        "",
    )
    assert "anonymous" not in str(next(line for line in view["lines"] if line["event"] == "rated")["details"])


async def test_the_library_s_switch_is_written_out_for_its_editor(browsers: Browsers) -> None:
    _, document = await (await browsers.of("cora")).get("/organisation/north")
    assert document["library"]["ratings"] is True


async def test_what_only_the_archive_holds_is_shown_with_its_rating(tmp_path: Path) -> None:
    """After the window in which it could be opened again the core drops it."""
    async with running_desk(tmp_path, scripted=True) as running:
        script = Scripted(running)
        await script.begin()
        await running.services.archive.accounts.add("ana", "ana", "north")
        for line in (
            "ana comes p1.a1",
            "ana serves north/ask",
            "pat: Where are the maps?",
            "ana claims pat",
            "ana says pat: Over there.",
            "ana closes pat as=answered",
            "pat rates 3: Just what I wanted",
        ):
            await script.line(line)
        conversation = script.play.id_of("pat")
        await script.line("+26h")
        assert conversation not in running.services.replica.state.conversations
        async with running.client() as client:
            ana = await client.enter("ana")

            async with asyncio.timeout(30):  # the archive follows when it comes to it
                while (view := (await ana.get(f"/conversations/{conversation}"))[1]).get("row", {}).get("rating") != 3:
                    await asyncio.sleep(0.02)
        assert [line["text"] for line in view["lines"] if line["event"] == "rated"] == ["Just what I wanted"]

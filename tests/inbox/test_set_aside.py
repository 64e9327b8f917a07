"""What was set aside, through the interface: who sees it, taking it in, dismissing it, forgetting it, and what is not counted."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.inbox.conftest import Browsers
from tests.inbox.desk import Client, Desk, until
from tests.inbox.test_forget import archived
from tests.inbox.test_reports import numbers

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def one(content: bytes) -> AsyncIterator[bytes]:
    """Yield a file as it is handed in."""
    yield content


async def listed(who: Client) -> set[str]:
    """Return the conversations in the list of what is set aside."""
    return {row["id"] for row in await who.rows("aside")}


async def test_staff_of_the_library_see_it_with_its_reason_and_nobody_else(desk: Desk, browsers: Browsers) -> None:
    talk = await desk.aside("news@list.example", "Issue 12", "list", subject="Issue 12", name="Bulletin")
    ana, dora = await browsers.of("ana"), await browsers.of("dora")
    row = next(row for row in await ana.rows("aside") if row["id"] == talk)
    assert (row["aside"], row["subject"], row["patron"], row["views"]) == ("list", "Issue 12", "Bulletin", ["aside"])
    assert row["last_at"] > 0
    for view in ("waiting", "mine", "open", "closed"):
        assert talk not in {each["id"] for each in await ana.rows(view)}
    assert talk not in await listed(dora)
    assert (await dora.get(f"/conversations/{talk}"))[0] == 404
    assert (await dora.post(f"/conversations/{talk}/dismiss"))[0] == 404


async def test_it_is_counted_in_the_rail_and_told_at_once(desk: Desk, browsers: Browsers) -> None:
    ana = await browsers.of("ana")
    page = await ana.live()
    before = (await page.until(lambda message: message["t"] == "hello"))["desk"]["aside"]
    talk = await desk.aside("count@list.example", "Count me")
    await page.until(lambda message: message["t"] == "desk" and message["desk"]["aside"] == before + 1)
    assert page.rows[talk]["views"] == ["aside"]
    await ana.deed(talk, "dismiss")
    await page.until(lambda message: message["t"] == "desk" and message["desk"]["aside"] == before)
    await page.close()


async def test_taken_in_it_is_an_ordinary_conversation_with_its_file(desk: Desk, browsers: Browsers) -> None:
    scan = await desk.services.blobs.save(one(b"%PDF-1.4 scan"), "scan.pdf", 1_000)
    talk = await desk.aside("scanner@reader.example", "A scan for you", "automatic", attachments=(scan,))
    ana = await browsers.of("ana")
    acted = await ana.deed(talk, "reopen")
    assert (acted["row"]["state"], acted["row"]["owner"], acted["row"]["aside"]) == ("active", "ana", "")
    assert acted["row"]["unanswered_since"] > 0
    assert talk not in await listed(ana)
    await ana.deed(talk, "messages", {"text": "Thank you"})
    view = (await ana.get(f"/conversations/{talk}"))[1]
    assert [line["text"] for line in view["lines"] if line["who"] != "system"] == ["A scan for you", "Thank you"]
    assert [file["name"] for line in view["lines"] for file in line["attachments"]] == ["scan.pdf"]
    async with ana.session.get(f"{desk.url}{view['lines'][0]['attachments'][0]['url']}") as response:
        assert await response.read() == b"%PDF-1.4 scan"


async def test_dismissed_it_leaves_the_list_and_is_audited(desk: Desk, browsers: Browsers) -> None:
    talk = await desk.aside("spam@list.example", "Buy now")
    ben, cora = await browsers.of("ben"), await browsers.of("cora")
    assert (await ben.deed(talk, "dismiss"))["event"] == "dismissed"
    assert talk not in await listed(ben)
    assert (await ben.deed(talk, "dismiss"))["event"] == "done"
    await archived(desk)
    entries = (await cora.get(f"/conversations/{talk}/audit"))[1]["deeds"]
    assert "dismissed" in {entry["what"] for entry in entries}


async def test_what_is_no_longer_set_aside_cannot_be_dismissed(desk: Desk, browsers: Browsers) -> None:
    talk = await desk.patron("pat-asks", "A question", channel="mail")
    ana = await browsers.of("ana")
    status, body = await ana.post(f"/conversations/{talk}/dismiss")
    assert (status, body["reason"]) == (409, "not-set-aside")


async def test_it_can_be_forgotten(desk: Desk, browsers: Browsers) -> None:
    talk = await desk.aside("private@reader.example", "my medlar jelly", "automatic")
    await archived(desk)
    cora = await browsers.of("cora")
    status, done = await cora.post(f"/conversations/{talk}/forget", {})
    assert (status, done["forgotten"]) == (200, [talk])
    assert talk not in await listed(cora)
    await archived(desk)
    assert (await cora.get("/search?q=medlar"))[1]["hits"] == []


async def test_it_is_in_no_statistics_until_somebody_takes_it_in(desk: Desk, browsers: Browsers) -> None:
    ana = await browsers.of("ana")

    async def total() -> int:
        await archived(desk)
        return int((await numbers(ana))["total"])

    before = await total()
    talk = await desk.aside("uncounted@list.example", "Not a question")
    assert await total() == before
    await ana.deed(talk, "reopen")
    await until(lambda: desk.services.replica.state.conversations[talk].state == "active", "it is taken in")
    assert await total() == before + 1

"""One patron, one row: what the lists show of merged conversations, where an answer goes, and the way back."""

from __future__ import annotations

import pytest

from tests.inbox.conftest import Browsers
from tests.inbox.desk import Desk, until

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_merged_conversations_have_one_row_until_the_merge_is_taken_back(desk: Desk, browsers: Browsers) -> None:
    first = await desk.patron("merge-a", "Do you have maps?", name="Mia")
    second = await desk.patron("merge-b", "It is Mia again, about the maps.", name="Mia")
    ana, ben = await browsers.of("ana"), await browsers.of("ben")
    await ana.deed(first, "claim")

    async def rows(of: str) -> list[str]:
        return [row["id"] for one in (ana, ben) for row in await one.rows(of) if row["id"] in (first, second)]

    assert sorted(await rows("open")) == sorted([first, second] * 2)
    done = await ana.deed(first, "merge", {"other": second})
    assert done["row"]["unanswered_since"] > 0
    assert [await rows(view) for view in ("open", "waiting", "closed")] == [[first, first], [], []]
    said = await ana.deed(first, "messages", {"text": "On the second floor."})
    assert said["event"] == "said"
    it = desk.services.replica.state.conversations[first]
    assert it.address == "merge-b", "the patron wrote there last"
    view = (await ana.get(f"/conversations/{first}"))[1]
    assert {"Do you have maps?", "It is Mia again, about the maps."} <= {line["text"] for line in view["lines"]}

    await ana.deed(first, "unmerge", {"other": second})
    assert [sorted(await rows(view)) for view in ("open", "waiting")] == [
        sorted([first, second] * 2),
        [second, second],
    ]


async def test_a_transfer_is_taken_back_and_nothing_else(desk: Desk, browsers: Browsers) -> None:
    conversation = await desk.patron("back", "Hello?", name="Bea")
    ana, ben = await browsers.of("ana"), await browsers.of("ben")
    page = await ben.live()
    await page.until(lambda m: m["t"] == "hello")
    await until(lambda: "ben" in (staff := desk.services.replica.state.staff) and staff["ben"].connections)
    await ana.deed(conversation, "claim")
    await ana.deed(conversation, "transfer", {"librarian": "ben"})
    assert (await ana.deed(conversation, "release", {"transfer": True}))["event"] == "transfer-ended"
    status, clash = await ana.post(f"/conversations/{conversation}/release", {"transfer": True})
    assert (status, clash["reason"]) == (409, "transfer-over")
    assert desk.services.replica.state.conversations[conversation].owner == "ana"

"""A librarian who leaves the library: what was open to see is not any more, at once, signed in or not."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from tests.inbox.conftest import Browsers
from tests.inbox.desk import Client, Desk, until
from tests.inbox.desk import desk as running

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def desk(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Desk]:
    """A desk that looks after its live lines often."""
    async with running(tmp_path_factory.mktemp("desk"), ping_s=0.2) as found:
        yield found


async def _edit(desk: Desk, cora: Client, changes: dict[str, Any], *, left: str) -> None:
    """Save changes to a librarian of the library ({} = removed), and wait until this process knows."""
    status, document = await cora.get("/organisation/north")
    assert status == 200
    people = [one | changes if one["id"] == left else one for one in document["library"]["librarians"]]
    document["library"]["librarians"] = [one for one in people if changes or one["id"] != left]
    revision = document["library"]["revision"]
    assert (await cora.put("/organisation/north", document))[0] == 200
    await until(lambda: desk.services.replica.state.libraries["north"].revision > revision, "the core takes it")


@pytest.mark.parametrize("name, changes", [("ana", {"active": False}), ("ben", {})], ids=["set inactive", "removed"])
async def test_who_left_sees_nothing_more(desk: Desk, browsers: Browsers, name: str, changes: dict[str, Any]) -> None:
    conversation = await desk.patron(f"known to {name}", "a question about gardening")
    cora, who = await browsers.of("cora"), await browsers.of(name)
    await who.deed(conversation, "claim")
    await who.put(f"/conversations/{conversation}/draft", {"text": "half an answer"})
    page = await who.live()
    await page.next()
    await _edit(desk, cora, changes, left=name)
    for path in (
        "/conversations?view=open",
        f"/conversations/{conversation}",
        "/search?q=gardening",
        "/drafts",
        "/follow-ups",
        "/organisation",
    ):
        status, problem = await who.get(path)
        assert (status, problem["error"]) == (401, "signed-out"), path
    assert (await who.put("/presence", {"queues": []}))[0] == 401
    await page.until(lambda m: m["t"] == "signed-out")

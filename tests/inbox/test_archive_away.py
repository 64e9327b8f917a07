"""The archive's database server goes away: librarians are told so, nothing is half done, and work goes on when it is back."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tests.inbox.desk import PASSWORD, desk, until
from tests.peers.postgresql import PostgreSQL, missing


def away(status: int, body: Any) -> bool:
    """Say whether an answer is that nothing can be read or saved now."""
    return (status, body["error"]) == (503, "unavailable")


async def test_while_the_database_is_away_it_is_said_and_then_work_goes_on(tmp_path: Path) -> None:
    if why := missing():
        pytest.skip(why)
    with PostgreSQL() as server:
        async with desk(tmp_path, archive_url=server.fresh()) as running, running.client() as browser:
            talk = await running.patron("pat", "Is it open?")
            ana = await browser.enter("ana")
            assert (await ana.get(f"/conversations/{talk}"))[0] == 200
            await asyncio.to_thread(server.stop)
            for path in (f"/conversations/{talk}", "/search?q=open", "/me"):
                assert away(*await ana.get(path)), path
            assert away(*await ana.post(f"/conversations/{talk}/claim", {}, key="claim-once"))
            assert running.services.replica.state.conversations[talk].owner == ""
            async with running.client() as other:
                assert away(*await other.post("/login", {"name": "ben", "password": PASSWORD}, key=""))
            await asyncio.to_thread(server.start)
            assert (await ana.get(f"/conversations/{talk}"))[0] == 200
            assert (await ana.post(f"/conversations/{talk}/claim", {}, key="claim-once"))[0] == 200
            await until(lambda: running.services.replica.state.conversations[talk].owner == "ana")

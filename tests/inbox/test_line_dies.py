"""Half-open networks, sessions that end, a process that stops: on a desk whose heart beats fast."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from routing.access import connected
from tests.inbox.desk import DEADLINE, Client, desk, until


async def test_a_page_that_does_not_answer_is_dropped(tmp_path: Path) -> None:
    async with desk(tmp_path, ping_s=0.2, dead_s=1.0) as running, running.client() as browser:
        ana = await browser.enter("ana")
        page = await ana.live()
        assert (await page.socket.receive_json())["t"] == "hello"
        await until(lambda: running.services.replica.state.staff.get("ana"))
        async with asyncio.timeout(DEADLINE):
            while (await page.socket.receive()).data is not None:
                pass
        assert page.socket.closed
        await until(lambda: not running.services.replica.state.staff["ana"].connections, "it is no presence any more")


async def test_a_page_that_answers_stays_and_hears_of_the_end_of_its_session(tmp_path: Path) -> None:
    async with desk(tmp_path, ping_s=0.2, dead_s=1.0) as running, running.client() as browser:
        ana = await browser.enter("ana")
        page = await ana.live()
        for _ in range(10):
            await page.until(lambda m: m["t"] == "ping")
        await ana.post("/logout", {}, key="")
        await page.until(lambda m: m["t"] == "signed-out")
        await until(lambda: not running.services.replica.state.staff["ana"].connections)


async def test_a_long_poll_that_nobody_comes_back_to_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bridge.inbox.routes.sockets.POLL_KEPT_S", 0.2)
    async with desk(tmp_path, ping_s=0.2) as running, running.client() as browser:
        ana = await browser.enter("ana")
        await ana.call("POST", "/live", [], headers=ana.headers())
        await until(lambda: running.services.replica.state.staff.get("ana"))
        await until(lambda: not running.services.replica.state.staff["ana"].connections, "its connection is gone")


async def test_a_process_that_stops_says_good_bye(tmp_path: Path) -> None:
    async with desk(tmp_path) as running:
        browser = running.client()
        page = await (await browser.enter("ana")).live()
        await page.until(lambda m: m["t"] == "hello")
        stopped = asyncio.create_task(running.stop())
        async for _ in page.socket:
            pass
        assert page.socket.close_code == 1001
        await stopped
        await browser.session.close()


async def test_redis_gone_is_said_and_nothing_is_acknowledged(tmp_path: Path) -> None:
    async with desk(tmp_path) as running, running.client() as browser:
        ana = await browser.enter("ana")
        conversation = await running.patron("pat", "hello?")
        await ana.deed(conversation, "claim")
        page = await ana.live()
        await page.until(lambda m: m["t"] == "hello")
        running.server.kill()
        where, body = f"/conversations/{conversation}/messages", {"text": "Are you still there?"}
        status, problem = await ana.post(where, body, key="while-it-was-away")
        assert (status, problem["error"]) == (503, "unavailable")
        assert "not taken" in problem["detail"]
        await page.until(lambda m: m["t"] == "down")
        assert (await ana.get("/conversations?view=mine"))[0] == 200, "what is known can still be read"
        running.server.start()
        await page.until(lambda m: m["t"] == "up")
        status, found = await ana.post(where, body, key="while-it-was-away")
        while status == 503:
            await asyncio.sleep(0.1)
            status, found = await ana.post(where, body, key="while-it-was-away")
        assert status in (200, 202), found
        lines = await _librarian_lines(ana, conversation)
        while lines != ["Are you still there?"]:
            assert not lines, "the same key writes once"
            await asyncio.sleep(0.05)
            lines = await _librarian_lines(ana, conversation)


@pytest.mark.parametrize("way", ["socket", "poll"])
async def test_who_could_not_come_back_while_redis_was_gone_is_not_present(tmp_path: Path, way: str) -> None:
    """What the page missed cannot be read then. It comes again; the attempt that failed must leave nobody at the desk."""
    async with desk(tmp_path) as running, running.client() as one, running.client() as other:
        ana, ben = await one.enter("ana"), await other.enter("ben")
        running.server.kill()
        ahead = "another-process:99999999"  # this process has not heard of it, and asks the store
        if way == "socket":
            page = await ana.live(ahead)
            async for _ in page.socket:
                pass
            assert page.socket.close_code == 1013, "try again later"
        else:
            assert (await ana.call("POST", f"/live?after={ahead}", [], headers=ana.headers()))[0] == 503
        running.server.start()
        here = await ben.live()
        await until(lambda: connected(running.services.replica.state, "ben"), "who comes now is heard of")
        assert not connected(running.services.replica.state, "ana"), "nobody sits there"
        assert not running.inbox.consortia[0].live.taken_by("ana")
        await here.close()


async def _librarian_lines(client: Client, conversation: str) -> list[str]:
    _, view = await client.get(f"/conversations/{conversation}")
    return [line["text"] for line in view["lines"] if line["who"] == "librarian"]


async def test_an_action_without_a_core_is_pending_and_answered_later(tmp_path: Path) -> None:
    async with desk(tmp_path, scripted=True, answer_s=0.2) as running, running.client() as browser:
        await running.services.archive.accounts.add("ana", "ana", "north")
        ana = await browser.enter("ana")
        assert (await ana.get("/conversations?view=open"))[1]["rows"] == []
        status, found = await ana.call("PUT", "/presence", {"queues": []}, headers=ana.headers("nobody-decides"))
        assert (status, list(found)) == (202, ["action"])

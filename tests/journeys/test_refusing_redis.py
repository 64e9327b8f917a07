"""Redis goes, or refuses to write, under a running house: both sides are told, nothing is acknowledged, and afterwards work goes
on with what they still hold. Seen from the outside, through the sockets of both sides.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.journeys.indoors import Indoors, browsing, indoors, until
from tests.journeys.librarian import Librarian
from tests.journeys.patron import Patron

PATIENCE = 60.0
LOOK_S = 1.0


def refusals(house: Indoors) -> dict[str, tuple[Callable[[], Any], Callable[[], Any]]]:
    """Every way in which Redis can be of no use, and the way back."""
    tell = house.server.admin
    return {
        "gone": (house.server.kill, house.server.start),
        "read-only": (lambda: tell("REPLICAOF", "127.0.0.1", "1"), lambda: tell("REPLICAOF", "NO", "ONE")),
        "no replicas": (
            lambda: tell("CONFIG", "SET", "min-replicas-to-write", "1"),
            lambda: tell("CONFIG", "SET", "min-replicas-to-write", "0"),
        ),
        "no memory": (
            lambda: tell("CONFIG", "SET", "maxmemory", "1mb"),
            lambda: tell("CONFIG", "SET", "maxmemory", "0"),
        ),
    }


async def try_once(ana: Librarian, path: str, body: dict[str, Any], key: str) -> tuple[int, Any]:
    """Write once, without patience."""
    async with ana.web.post(f"{ana.api}{path}", json=body, headers={"Idempotency-Key": key}) as answer:
        return answer.status, await answer.json()


async def a_refusal(house: Indoors, ana: Librarian, pat: Patron, talk: str, name: str) -> None:
    """Both sides write while Redis is of no use; then it is back."""
    off, on = refusals(house)[name]
    errors, stands = len(pat.errors), len(ana.stands)
    await asyncio.to_thread(off)
    where, body, key = (
        f"/conversations/{talk}/messages",
        {"text": f"answer, {name}"},
        f"key-while-{name}".replace(" ", "-"),
    )
    kept = await pat.say(f"question, {name}")
    await ana.until(lambda: "down" in ana.stands[stands:], PATIENCE)
    await pat.until(lambda: any("id" in error for error in pat.errors[errors:]), PATIENCE)
    assert {error["code"] for error in pat.errors[errors:]} == {"busy"}
    assert {error["id"] for error in pat.errors[errors:] if "id" in error} == {kept}  # a greeting has none
    assert all(error["retry_after"] > 0 for error in pat.errors[errors:])
    status, problem = await try_once(ana, where, body, key)
    assert (status, problem["error"]) == (503, "unavailable")
    assert "not taken" in problem["detail"]
    await asyncio.sleep(1.5 * LOOK_S)  # the house has looked again meanwhile
    assert ana.stands[stands:] == ["down"], "it is not said to be back while it refuses"
    assert kept not in pat.acked
    assert (await ana.get("/conversations?view=open"))["rows"], "what is known can still be read"
    await asyncio.to_thread(on)
    await ana.until(lambda: ana.stands[stands:] == ["down", "up"], PATIENCE)
    while (await try_once(ana, where, body, key))[0] != 200:
        await asyncio.sleep(0.1)
    await pat.until(lambda: kept in pat.acked and pat.answers()[-1:] == [body["text"]], PATIENCE)


@pytest.mark.timeout(300)
async def test_whatever_redis_refuses_both_sides_are_told_and_nothing_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bridge.log.store_watch.LOOK_S", LOOK_S)
    async with indoors(tmp_path) as house:
        ana = await house.librarian("ana")
        async with aiohttp.ClientSession() as web, browsing(ana, pat := Patron(web, house.url)):
            await ana.connected.wait()
            await pat.say("hello")
            talk = str(await until(lambda: next(iter(house.state.conversations), ""), "he is heard"))
            assert (await ana.do(f"/conversations/{talk}/claim"))[0] == 200
            await ana.watch(talk)
            names = list(refusals(house))
            for name in names:
                await a_refusal(house, ana, pat, talk, name)
            asked, answered = ["hello", *(f"question, {n}" for n in names)], [f"answer, {n}" for n in names]
            await ana.until(lambda: ana.said(talk) == asked, PATIENCE)
            assert pat.answers() == answered
            await house.quiet()
            lines = await house.desk.reader.transcript(talk)
            assert [line.text for line in lines if line.who == "patron"] == asked
            assert [line.text for line in lines if line.who == "librarian"] == answered

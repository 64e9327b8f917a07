"""What must not be kept or told: secrets beside the answers to writes, and what belongs to another library."""

from __future__ import annotations

import hashlib

import msgspec
import pytest

from bridge.sql import tables
from tests.inbox.conftest import Browsers
from tests.inbox.desk import PASSWORD, Desk, until

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def _written(desk: Desk) -> str:
    async with desk.services.archive.engine.connect() as sql:
        return str((await sql.execute(tables.written.select())).all())


async def test_a_code_is_not_kept_for_who_asks_twice(desk: Desk, browsers: Browsers) -> None:
    cora = await browsers.of("cora")
    path = "/organisation/north/librarians/ben/code"
    _, first = await cora.post(path, {}, key="a-key-for-a-code")
    assert first["code"] not in await _written(desk)
    status, again = await cora.post(path, {}, key="a-key-for-a-code")
    assert status == 200
    assert again["code"] != first["code"]


async def test_nothing_is_kept_from_which_a_password_could_be_guessed(desk: Desk, browsers: Browsers) -> None:
    eve = await browsers.of("eve")
    asked = {"new": "seven red lanterns", "old": PASSWORD}
    status, _ = await eve.post("/password", asked, key="a-key-for-a-password")
    assert status == 200
    raw = msgspec.json.encode(asked)
    guesses = [hashlib.sha256(b"POST /api/v1/password " + body).hexdigest() for body in (raw, _spaced(raw))]
    held = await _written(desk)
    assert not any(guess in held for guess in guesses)
    assert "a-key-for-a-password" not in held


def _spaced(raw: bytes) -> bytes:
    """The same document as aiohttp's client writes it."""
    return raw.replace(b":", b": ").replace(b",", b", ")


async def test_the_end_of_a_follow_up_is_told_to_those_alone_who_knew_of_it(desk: Desk, browsers: Browsers) -> None:
    conversation = await desk.patron("unfinished", "a long question")
    ana, ben, dora = [await browsers.of(name) for name in ("ana", "ben", "dora")]
    await ana.deed(conversation, "claim")
    plan = {"address": "pat@example.org", "deadline": 0}
    pages = [await who.live() for who in (ben, dora)]
    for page in pages:
        await page.next()
    await ana.deed(conversation, "close", {"code": "follow_up_library", "follow_up": plan})
    told = await pages[0].until(lambda m: m["t"] == "followups" and m["upsert"])
    one = told["upsert"][0]["id"]
    _, done = await ben.post(f"/follow-ups/{one}", {"state": "closed"})
    for page in pages:
        await page.up_to(done["position"])
    assert one in str(pages[0].heard)
    assert one not in str(pages[1].heard), "another library's page never hears of it"
    assert conversation not in str(pages[1].heard)


async def test_an_account_of_another_consortium_is_nobody_s_to_reset(desk: Desk, browsers: Browsers) -> None:
    """Accounts are shared by all consortia of an installation, while each has its own librarians; a name may stand in two."""
    accounts = desk.services.archive.accounts
    await accounts.add("zoe", "zoe", "elsewhere")
    cora = await browsers.of("cora")
    _, document = await cora.get("/organisation/north")
    document["library"]["librarians"].append({"id": "zoe", "name": "Zoe"})
    assert (await cora.put("/organisation/north", document))[0] == 200
    await until(lambda: "zoe" in desk.services.replica.state.roster.home, "the core takes it")
    status, problem = await cora.post("/organisation/north/librarians/zoe/code", {})
    assert (status, problem["error"]) == (409, "name-taken")


async def test_a_name_that_somebody_else_signs_in_with_is_refused_and_no_fault(desk: Desk, browsers: Browsers) -> None:
    await desk.services.archive.accounts.add("yan-elsewhere", "yan", "north")
    cora = await browsers.of("cora")
    _, document = await cora.get("/organisation/north")
    document["library"]["librarians"].append({"id": "yan", "name": "Yan"})
    assert (await cora.put("/organisation/north", document))[0] == 200
    await until(lambda: "yan" in desk.services.replica.state.roster.home, "the core takes it")
    status, problem = await cora.post("/organisation/north/librarians/yan/code", {})
    assert (status, problem["error"]) == (409, "name-taken")

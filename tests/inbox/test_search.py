"""Finding, keeping searches and taking conversations away: over the interface, and only for those who may."""

from __future__ import annotations

import csv
import io
import json
from typing import Any
from urllib.parse import quote

import pytest

from tests.inbox.conftest import Browsers
from tests.inbox.desk import Client, Desk
from tests.inbox.test_forget import archived

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def hits(who: Client, words: str) -> list[str]:
    _, found = await who.get(f"/search?q={quote(words)}")
    assert found["faults"] == [], found
    return [hit["conversation"] for hit in found["hits"]]


async def text(who: Client, path: str) -> str:
    async with who.session.get(f"{who.desk.url}/api/v1{path}", headers=who.headers()) as answer:
        assert answer.status == 200
        return await answer.text()


async def drop(who: Client, path: str) -> tuple[int, Any]:
    return await who.call("DELETE", path, headers=who.headers())


async def ended(desk: Desk, who: Client, patron: str, words: str, **more: Any) -> str:
    talk = await desk.patron(patron, words, **more)
    await who.deed(talk, "claim")
    await who.deed(talk, "messages", {"text": f"About that: {words}"})
    await who.deed(talk, "close", {"code": "answered"})
    await archived(desk)
    return talk


async def test_names_librarians_codes_and_states_are_filters(desk: Desk, browsers: Browsers) -> None:
    ana = await browsers.of("ana")
    talk = await ended(desk, ana, "filters", "a zebrafish tank", name="Zoe Zander")
    waiting = await desk.patron("filters-too", "another zebrafish", name="Zoe Zorn")
    await archived(desk)
    assert await hits(ana, "zander") == [talk]
    assert await hits(ana, "zebrafish by:me") == [talk]
    assert await hits(ana, 'zebrafish by:"ana"') == [talk]
    assert await hits(ana, "zebrafish from:zo is:open") == [waiting]
    assert await hits(ana, "from:zo code:answered") == [talk]
    assert await hits(ana, "from:zo -code:answered") == [waiting]
    assert await hits(ana, "zebrafish library:north channel:web after:today before:2999") == sorted(
        [talk, waiting], key=[waiting, talk].index
    )
    assert await hits(ana, "zebrafish before:2001") == []
    assert await hits(ana, "from:zo has:file") == []
    [hit] = (await ana.get("/search?q=from:zander"))[1]["hits"]
    assert (hit["patron"], hit["state"], hit["code"], hit["matches"]) == ("Zoe Zander", "closed", "answered", [])


async def test_a_filter_that_is_not_understood_says_so_and_finds_nothing(desk: Desk, browsers: Browsers) -> None:
    ana = await browsers.of("ana")
    for typed, reason in {
        "library:south": "no-such",  # not hers: as if there were none
        "by:nobody-of-that-name": "no-such",
        "code:imaginary": "no-such",
        "channel:pigeon": "no-such",
        "before:soon": "no-day",
        "form:jane": "no-filter",
    }.items():
        _, found = await ana.get(f"/search?q={quote(typed)}")
        assert found["hits"] == []
        assert [(one["token"], one["reason"]) for one in found["faults"]] == [(typed, reason)]
        assert "library:south" not in found["faults"][0]["near"]
    for cursor in ("e30", "WzEsMl0", quote("☃"), "WzksOSw5XQ=="):
        assert (await ana.get(f"/search?q=a&cursor={cursor}"))[0] in (200, 422)


async def test_nobody_finds_another_library_s_conversation_and_finding_is_audited(
    desk: Desk, browsers: Browsers
) -> None:
    ana, dora, cora = await browsers.of("ana"), await browsers.of("dora"), await browsers.of("cora")
    talk = await ended(desk, ana, "mine", "an okapi print", name="Olga Okapi")
    assert await hits(dora, "okapi") == []
    assert await hits(dora, "from:olga") == []
    assert talk not in await hits(dora, "")
    assert await hits(ana, "from:olga") == [talk]
    deeds = (await cora.get(f"/conversations/{talk}/audit"))[1]["deeds"]
    assert [deed["who"] for deed in deeds if deed["what"] == "found"] == ["ana"]


async def test_searches_are_kept_for_oneself_and_shared_by_coordinators(desk: Desk, browsers: Browsers) -> None:
    ana, ben, cora, dora = [await browsers.of(name) for name in ("ana", "ben", "cora", "dora")]

    async def named(who: Client) -> list[str]:
        return [one["name"] for one in (await who.get("/searches"))[1]["searches"]]

    own = {"name": "My okapis", "query": "okapi by:me"}
    shared = {"name": "Our okapis", "query": "okapi", "library": "north"}
    status, mine = await ana.post("/searches", own)
    assert status == 200
    assert (await ana.post("/searches", shared))[0] == 403
    assert (await ana.post("/searches", {"name": " ", "query": "x"}))[0] == 422
    status, ours = await cora.post("/searches", shared)
    assert status == 200
    assert (await cora.post("/searches", shared | {"query": "okapis"}))[1]["id"] == ours["id"]  # replaced
    assert (await named(ana), await named(ben), await named(dora)) == (["My okapis", "Our okapis"], ["Our okapis"], [])
    assert (await drop(ben, f"/searches/{mine['id']}"))[0] == 404
    assert (await drop(ben, f"/searches/{ours['id']}"))[0] == 403
    assert (await drop(dora, f"/searches/{ours['id']}"))[0] == 404
    assert (await drop(cora, f"/searches/{ours['id']}"))[0] == 204
    assert (await drop(ana, f"/searches/{mine['id']}"))[0] == 204
    assert await named(ana) == []


async def test_a_coordinator_takes_conversations_away_and_nobody_else(desk: Desk, browsers: Browsers) -> None:
    ana, cora = await browsers.of("ana"), await browsers.of("cora")
    first = await ended(desk, ana, "export-1", "=a quagga", name="=HYPERLINK(1)")
    second = await ended(desk, ana, "export-2", "a quagga, too")
    south = await desk.patron("export-3", "quagga of the south", channel="south-web")
    await archived(desk)
    assert (await ana.get("/search/export?q=quagga"))[0] == 403
    assert (await cora.get("/search/export?q=form:x"))[0] == 422
    rows = list(csv.DictReader(io.StringIO(await text(cora, "/search/export?q=quagga"))))
    assert {row["conversation"] for row in rows} == {first, second}
    assert next(row["patron"] for row in rows if row["conversation"] == first) == "'=HYPERLINK(1)"
    found = json.loads(await text(cora, f"/search/export?q=quagga&format=json&ids={first},{south}"))
    assert [one["conversation"] for one in found] == [first]
    assert [line["text"] for line in found[0]["lines"] if line["who"] == "patron"] == ["=a quagga"]
    deeds = (await cora.get(f"/conversations/{first}/audit"))[1]["deeds"]
    assert [deed["who"] for deed in deeds if deed["what"] == "exported"] == ["cora"]

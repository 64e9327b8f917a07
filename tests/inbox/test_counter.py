"""Counting by hand: each question once, by all of a library's staff, taken back by who counted or by a coordinator."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest
from msgspec.structs import replace

from bridge.sql.people.calendar import Calendar
from routing.organisation import CounterSettings, Librarian
from tests.inbox.conftest import Browsers
from tests.inbox.desk import DEADLINE, Client, Desk, until

pytestmark = pytest.mark.asyncio(loop_scope="module")


def asked(id: str, **more: Any) -> dict[str, Any]:
    return {"id": id, "library": "north", "at": int(time.time() * 1000), "mode": "walk_up", "kind": "reference"} | more


async def count(client: Client, *questions: dict[str, Any]) -> tuple[int, Any]:
    return await client.post("/counter/questions", {"questions": list(questions)})


async def shown(client: Client, query: str = "") -> dict[str, dict[str, Any]]:
    status, found = await client.get(f"/counter/questions?{query}")
    assert status == 200, found
    return {one["id"]: one for one in found["questions"]}


async def edited(desk: Desk, **changes: Any) -> None:
    now = desk.services.replica.state.libraries["north"]
    kept = await desk.services.organisation.put(replace(now, wording={}, **changes), Calendar())
    await desk.services.gathering.ingest([kept])
    await until(lambda: desk.services.replica.state.libraries["north"].revision == kept.revision, "the edit")


async def test_what_is_counted_counts_once_and_can_be_taken_back(browsers: Browsers) -> None:
    ana, ben, cora = [await browsers.of(name) for name in ("ana", "ben", "cora")]
    full = asked("question-1", place="Desk", patron_type="Adult", minutes=5, read_level=3, codes=["loans"])
    later = asked("question-2", interaction="question-1", kind="directional", at=1 << 50)
    assert await count(ana, full, later) == (200, {"fresh": ["question-1", "question-2"]})
    assert await count(ana, full, asked("question-3")) == (200, {"fresh": ["question-3"]})
    mine = await shown(ana)
    told = {name: value for name, value in full.items() if name != "library"}
    assert mine["question-1"] == mine["question-1"] | told | {"interaction": "question-1", "mine": True}
    assert mine["question-2"]["at"] <= time.time() * 1000, "a clock that is ahead counts as now"
    assert "question-1" not in await shown(ben)
    assert (await ben.get("/counter/questions?whose=all"))[0] == 403
    assert not (await shown(cora, "whose=all"))["question-1"]["mine"]
    for client, expected in ((ben, 404), (ana, 204), (ana, 204), (cora, 204)):
        status, _ = await client.call("DELETE", "/counter/questions/question-1", headers=client.headers())
        assert status == expected
    assert (await shown(ana))["question-1"]["taken_back"]
    assert (await count(ana, full))[1] == {"fresh": []}, "what was taken back stays so"
    _, events = await cora.get("/account-events?library=north")
    undone = [one for one in events["events"] if one["what"] == "count-undone"]
    assert [(one["librarian"], one["detail"]) for one in undone] == [("ana", "question-1")]


async def test_what_cannot_be_counted_names_its_field_and_nothing_is_kept(browsers: Browsers) -> None:
    ana = await browsers.of("ana")
    faults: list[tuple[dict[str, Any], str]] = [
        ({"library": "south"}, "questions[2].library"),
        ({"codes": ["loans", "loans"]}, "questions[2].codes"),
        ({"mode": "flying"}, "questions[1].mode"),
        ({"read_level": 7}, "questions[1].read_level"),
        ({"minutes": -1}, "questions[1].minutes"),
        ({"id": "no id"}, "questions[1].id"),
    ]
    for wrong, names in faults:
        status, problem = await count(ana, asked("unkept-1"), asked("unkept-2") | wrong)
        assert (status, problem["error"]) == (422, "invalid")
        assert names in problem["detail"], problem
    assert "unkept-1" not in await shown(ana)


async def test_a_library_counts_with_its_own_lists_or_those_proposed(desk: Desk, browsers: Browsers) -> None:
    ana = await browsers.of("ana")
    [north] = (await ana.get("/counter"))[1]["libraries"]
    assert "Information desk" in north["places"]
    assert north["codes"] == [{"code": "catalogue", "kind": ""}, {"code": "loans", "kind": ""}]
    await edited(
        desk,
        language="en",
        counter=CounterSettings(places=("Tent",), patron_types=("Farmer",), code_kinds={"loans": "directional"}),
    )
    [north] = (await ana.get("/counter"))[1]["libraries"]
    assert (north["places"], north["patron_types"]) == (["Tent"], ["Farmer"])
    assert north["codes"][1] == {"code": "loans", "kind": "directional"}
    _, view = await ana.get(f"/conversations/{await desk.patron('kinds', 'Hello')}")
    assert view["kinds"] == {"loans": "directional"}


async def test_an_entry_is_made_of_a_question_without_persons(browsers: Browsers) -> None:
    ana, dora = await browsers.of("ana"), await browsers.of("dora")
    words = {"question": "How do I renew? I am at jane@example.org", "answer": "Online, in your account."}
    await count(ana, asked("question-faq", **words), asked("question-bare"))
    status, draft = await ana.get("/counter/questions/question-faq/faq")
    assert status == 200, draft
    [text] = draft["entry"]["texts"]
    assert (text["title"], text["body"]) == ("How do I renew?", "Online, in your account.")
    assert [one["text"] for one in draft["removed"]] == ["jane@example.org"]
    assert (await ana.get("/counter/questions/question-bare/faq"))[0] == 422
    assert (await dora.get("/counter/questions/question-faq/faq"))[0] == 404
    assert (await dora.get("/counter/questions?library=north"))[0] == 404


async def test_a_correction_begins_with_what_was_said(desk: Desk, browsers: Browsers) -> None:
    ana, eve = await browsers.of("ana"), await browsers.of("eve")
    talk = await desk.patron("counted-end", "What should I read next?")
    await ana.deed(talk, "claim")
    assert (await ana.get(f"/conversations/{talk}/counted"))[0] == 404, "it hasn't ended"
    questions = [{"kind": "reference", "read": 3}, {"kind": "", "read": 0}]
    said = {"code": "answered", "descriptive": ["loans"], "questions": questions, "reference": False}
    await ana.deed(talk, "close", said)
    async with asyncio.timeout(DEADLINE):
        while (found := await ana.get(f"/conversations/{talk}/counted"))[0] != 200:
            await asyncio.sleep(0.02)
    assert found[1] == {"descriptive": ["loans"], "questions": questions, "reference": False}
    assert (await eve.get(f"/conversations/{talk}/counted"))[0] == 404
    await ana.deed(talk, "recode", said | {"reference": None})
    async with asyncio.timeout(DEADLINE):
        while (found := await ana.get(f"/conversations/{talk}/counted"))[1]["reference"] is False:
            await asyncio.sleep(0.02)
    assert found[1]["reference"] is None, "the rule of kinds holds again"


async def test_who_may_only_count_counts(desk: Desk, browsers: Browsers) -> None:
    """All other routes refuse them: test_roles asks each."""
    people = desk.services.replica.state.libraries["north"].librarians
    await edited(desk, librarians=(*people, Librarian(id="cole", name="Cole Cox", role="counter")))
    accounts = desk.services.archive.accounts
    await accounts.sign_in("cole", await accounts.add("cole", "cole", "north"))
    await accounts.change_password("cole", "correct horse battery", old=None)
    cole = await browsers.of("cole")
    assert await count(cole, asked("question-cole")) == (200, {"fresh": ["question-cole"]})
    assert list(await shown(cole)) == ["question-cole"]
    status, problem = await cole.get("/counter/questions/question-cole/faq")
    assert (status, problem["error"]) == (403, "wrong-role")

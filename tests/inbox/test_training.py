"""Training in the inbox: who sees what of a scenario, a rehearsal and its sheet, and whose a sheet is."""

from __future__ import annotations

from typing import Any

import pytest

from tests.inbox.conftest import Browsers

pytestmark = pytest.mark.asyncio(loop_scope="module")

MAPS: dict[str, Any] = {
    "title": "Maps of the harbour",
    "languages": ["en"],
    "manners": ["web"],
    "opening": ["i need a map"],
    "facts": [{"id": "year", "asked": ["which year"], "told": ["Around 1900."], "wanted": True}],
    "shrugs": ["No idea."],
    "ends": {"answered_by": ["map room"], "thanks": ["Thanks!"]},
    "good": ["Asks for the year."],
}
MINUTE = 60_000


def said(*lines: tuple[int, str]) -> list[dict[str, Any]]:
    return [{"at": at, "text": text} for at, text in lines]


async def test_coordinators_write_scenarios_and_faults_name_their_field(browsers: Browsers) -> None:
    ana, cora, eve = [await browsers.of(name) for name in ("ana", "cora", "eve")]
    path = "/organisation/north/scenarios/maps"
    assert (await ana.put(path, {"scenario": MAPS}))[0] == 403
    assert (await eve.put(path, {"scenario": MAPS}))[0] == 404
    status, wrong = await cora.put(path, {"scenario": {**MAPS, "level": 4, "facts": [{"id": "Year"}]}})
    assert status == 422
    assert {one["field"] for one in wrong["faults"]} >= {"level", "facts[1].id", "facts[1].asked"}
    status, kept = await cora.put(path, {"scenario": MAPS})
    assert (status, kept["version"]) == (200, 1)
    assert (await cora.put(path, {"scenario": {**MAPS, "level": 2}}))[0] == 409
    assert (await cora.put(path, {"scenario": {**kept["scenario"], "level": 2}, "version": 1}))[1]["version"] == 2
    versions = (await cora.get(f"{path}/versions"))[1]["versions"]
    assert [(one["version"], one["by_name"], one["scenario"]["level"]) for one in versions] == [
        (2, "Cora Cruz", 2),
        (1, "Cora Cruz", 1),
    ]
    async with cora.session.get(f"{cora.desk.url}/api/v1{path}/file") as response:
        toml = await response.text()
    status, read = await cora.post("/training/scenario-file", {"toml": toml})
    assert (status, read) == (200, {**kept["scenario"], "level": 2})
    status, wrong = await cora.post("/training/scenario-file", {"toml": 'title = "x"\nlevel = "easy"'})
    assert (status, [one["field"] for one in wrong["faults"]]) == (422, ["level"])
    for client in (ana, eve):
        assert (await client.get(path))[0] in (403, 404)
    listed = {one["name"]: one for one in (await ana.get("/training"))[1]["scenarios"]}
    assert listed["maps"]["library"] == "north"
    assert "1900" not in str(listed)
    assert "maps" not in {one["name"] for one in (await eve.get("/training"))[1]["scenarios"]}
    assert (await ana.get("/training/shipped/open-sunday"))[0] == 403


async def test_a_rehearsal_is_played_and_its_sheet_is_the_trainees(browsers: Browsers) -> None:
    ana, ben, cora, dora = [await browsers.of(name) for name in ("ana", "ben", "cora", "dora")]
    await cora.put("/organisation/north/scenarios/map", {"scenario": MAPS})
    played = {"library": "north", "name": "map", "seed": 3, "now": 0}
    status, view = await ana.post("/training/rehearsal", played)
    assert (status, [one["text"] for one in view["said"]]) == (200, ["i need a map"])
    assert (await dora.post("/training/rehearsal", played))[0] == 404
    assert (await ana.post("/training/rehearsal", {"now": 0, "scenario": MAPS}))[0] == 403
    lines = said((MINUTE, "Hello, Ana here. Which year?"), (3 * MINUTE, "See the map room. Anything else?"))
    played |= {"now": 5 * MINUTE, "lines": lines}
    view = (await ana.post("/training/rehearsal", played))[1]
    assert [one["text"] for one in view["said"]] == ["i need a map", "Around 1900.", "Thanks!"]
    asked = {"id": "ana-rehearsal", "rehearsal": played, "manners": "web", "code": "answered"}
    status, sheet = await ana.post("/training/sheets", asked)
    assert status == 200, sheet
    counted = {one["name"]: one["value"] for one in sheet["counted"]}
    assert (counted["facts_asked"], counted["longest_silence_s"], counted["introduced"]) == (1, 120, 1)
    assert not {"score", "mark", "rank"} & sheet.keys()
    one = f"/training/sheets/{sheet['row']['id']}"
    for stranger in (ben, cora, dora):
        assert (await stranger.get(one))[0] == 404
        assert (await stranger.put(f"{one}/words", {"lines": []}))[0] == 404
        assert (await stranger.get("/training/sheets"))[1]["sheets"] == []
    assert (await ana.put(f"{one}/share", {"peer": "dora"}))[0] == 422
    await ana.put(f"{one}/share", {"coordinators": True, "peer": "ben"})
    words = {"lines": [{"heading": "closure", "level": 3, "text": "A warm end."}]}
    assert (await cora.put(f"{one}/words", words))[0] == 200
    for reader in (ben, cora):
        assert (await reader.get(one))[0] == 200
        for verb, body in (("share", {}), ("keep", {"keep": True})):
            assert (await reader.put(f"{one}/{verb}", body))[0] == 404
        assert (await reader.call("DELETE", one, headers=reader.headers()))[0] == 404
    view = (await ana.put(f"{one}/share", {}))[1]
    assert [(each["by_name"], each["lines"][0]["text"]) for each in view["words"]] == [("Cora Cruz", "A warm end.")]
    assert [(await reader.get(one))[0] for reader in (ben, cora, dora)] == [404, 404, 404]
    assert (await ana.put(f"{one}/keep", {"keep": True}))[1]["row"]["until"] == 0
    assert (await ana.call("DELETE", one, headers=ana.headers()))[0] == 204
    assert (await ana.get(one))[0] == 404


async def test_the_first_day_is_offered_once_and_kept(browsers: Browsers) -> None:
    ben = await browsers.of("ben")
    day = (await ben.get("/training"))[1]["first_day"]
    assert (day["offered"], len(day["names"]), day["done"]) == (True, 5, [])
    await ben.put("/training/first-day", {"state": "begun", "done": day["names"][0]})
    day = (await ben.get("/training"))[1]["first_day"]
    assert (day["offered"], day["done"]) == (False, day["names"][:1])
    assert (await ben.put("/training/first-day", {"state": "begun", "done": "no-such"}))[0] == 422

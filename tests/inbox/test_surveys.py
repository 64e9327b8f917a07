"""Survey sheets and a library's choices for them: read by its staff, changed by its coordinators, files without names."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bridge.inbox.routes.reports import open_hours
from bridge.inbox.routes.transactions import SHAPES
from bridge.sql.counter.question import CountedQuestion
from bridge.sql.people.accounts import now_ms
from routing.organisation import Library
from tests.inbox.conftest import Browsers
from tests.inbox.desk import Client, Desk
from tests.inbox.test_forget import archived, ended

pytestmark = pytest.mark.asyncio(loop_scope="module")

SETTINGS = "/organisation/north/report-settings"
NOTHING: dict[str, Any] = {"fiscal_start": "01-01", "count_unsaid": False, "weeks": {}, "own": []}
NOTHING |= {"mail_rhythm": "off", "mail_to": []}
TODAY = datetime.now(UTC).date()
NOW = f"from={TODAY - timedelta(days=1)}&to={TODAY + timedelta(days=1)}"


async def lines(client: Client, survey: str, query: str = NOW) -> dict[str, int]:
    status, found = await client.get(f"/reports/survey?survey={survey}&{query}")
    assert status == 200, found
    return {line["key"]: line["n"] for line in found["sheet"]["lines"]}


async def rows(client: Client, path: str) -> list[list[str]]:
    async with client.session.get(f"{client.desk.url}/api/v1{path}") as response:
        assert (response.status, response.content_type) == (200, "text/csv")
        return list(csv.reader(io.StringIO(await response.text())))


async def count(desk: Desk, id: str, mode: Any, kind: Any, **more: Any) -> None:
    one = CountedQuestion(id=id, library="north", at_ms=now_ms(), recorded_ms=now_ms(), mode=mode, kind=kind, **more)
    await desk.services.archive.counted_questions.add([one])


async def test_a_sheet_holds_conversations_and_what_was_counted_by_hand(desk: Desk, browsers: Browsers) -> None:
    ana, cora = await browsers.of("ana"), await browsers.of("cora")
    before = await lines(ana, "acrl")
    await ended(desk, ana, "uri", "a question", read_scale=3, reference=True)
    await ended(desk, ana, "ulf", "where is the lift", reference=False)
    await ended(desk, ana, "ute", "training", code="practice")
    await count(desk, "q1", "walk_up", "reference", place="=SUM(A1)", minutes=5, read_level=2)
    await count(desk, "q2", "consultation", "reference", minutes=30)
    await count(desk, "q3", "phone", "directional")
    await archived(desk)
    after = await lines(ana, "acrl")
    gained = {key: after[key] - before[key] for key in after if after[key] != before[key]}
    assert gained == {
        "transactions": 2,
        "consultations": 1,
        "virtual": 1,
        "directional": 1,
        "not_reference": 1,
        "practice": 1,
    }
    sheet = await rows(ana, f"/reports/survey.csv?survey=acrl&{NOW}")
    assert ["transactions", "line", str(after["transactions"]), "counted", ""] in [row[4:] for row in sheet]
    _, report = await ana.get(f"/reports?{NOW}")
    ways = {one["mode"]: one for one in report["numbers"]["modes"] if one["by_hand"]}
    assert (ways["consultation"]["lasting_median"], ways["walk_up"]["reference"]) == (1800, 1)
    for shape, columns in SHAPES.items():
        found = await rows(cora, f"/reports/transactions.csv?columns={shape}&{NOW}")
        assert found[0] == list(columns)
        assert len(found) - 1 == report["numbers"]["total"] + (0 if shape == "libraryh3lp" else 3)
        text = str(found)
        assert not [word for word in ("uri", "a question", "'ana'") if word in text.replace("duration", "")], shape
        assert "'=SUM(A1)" in text or shape == "libraryh3lp"
    by_name = dict(
        zip(*(await rows(cora, f"/reports/transactions.csv?columns=refanalytics&{NOW}"))[0::3][:2], strict=True)
    )
    assert by_name["Entered By"] == ""


async def test_a_library_s_choices_are_its_coordinators_and_wrong_ones_name_their_field(
    desk: Desk, browsers: Browsers
) -> None:
    ana, cora, eve = [await browsers.of(name) for name in ("ana", "cora", "eve")]
    assert (await ana.put(SETTINGS, NOTHING))[0] == 403
    assert (await eve.put(SETTINGS, NOTHING))[0] in (403, 404)
    for path in ("survey", "survey.csv", "settings"):
        assert (await eve.get(f"/reports/{path}?library=north"))[0] == 404
    assert (await ana.get(f"/reports/transactions.csv?{NOW}"))[0] == 403
    wrong = NOTHING | {"fiscal_start": "02-30", "mail_rhythm": "weekly", "mail_to": ["nobody", "a@b.example"]}
    status, found = await cora.put(SETTINGS, wrong | {"weeks": {"pls": ["2026-02-31"]}})
    assert (status, [each["field"] for each in found["faults"]]) == (
        422,
        ["fiscal_start", "weeks.pls[1]", "mail_to[1]"],
    )
    chosen = NOTHING | {
        "fiscal_start": "07-01",
        "weeks": {"pls": ["2024-09-09", "2025-02-10"]},
        "own": ["phone", "unsaid"],
    }
    chosen |= {"mail_rhythm": "monthly", "mail_to": ["staff@north.example"]}
    status, kept = await cora.put(SETTINGS, chosen)
    assert (status, kept["mine"], kept["own"], kept["mail_problem"]) == (200, True, ["phone", "unsaid"], "no-channel")
    _, seen = await ana.get("/reports/settings")
    assert (seen["mine"], seen["fiscal_start"], seen["mail_to"], seen["mailings"]) == (False, "07-01", [], [])
    assert list(await lines(ana, "own")) == ["phone", "unsaid"]
    _, year = await ana.get("/reports/survey?survey=pls&from=2024-07-01&to=2025-06-30")
    assert year["sheet"]["weeks_fit"]
    assert year["sheet"]["lines"][0] == {
        "key": "reference",
        "part": "line",
        "n": 0,
        "how": "projected",
        "weeks": [{"first": "2024-09-09", "n": 0}, {"first": "2025-02-10", "n": 0}],
    }
    _, last = await ana.get("/reports/survey?survey=pls")
    assert (last["first"][5:], last["last"][5:], last["finished"]) == ("07-01", "06-30", True)
    _, sconul = await ana.get("/reports/survey?survey=sconul")
    assert (sconul["first"][5:], sconul["last"][5:]) == ("08-01", "07-31")


async def test_open_hours_are_those_of_most_weeks_ahead() -> None:
    monday = int(datetime(2026, 3, 2, tzinfo=UTC).timestamp() * 1000)
    hour = 3_600_000
    week = 7 * 24 * hour
    spans = [(monday + n * week + 9 * hour + hour // 2, monday + n * week + 11 * hour) for n in (0, 1, 3)]
    once = (monday + 30 * hour, monday + 31 * hour)
    library = Library(id="north", revision=1, name="North", openings=tuple(sorted([*spans, once])))
    assert open_hours(library, monday) == ["0 10", "0 9"]
    assert open_hours(Library(id="north", revision=1, name="North"), monday) == []

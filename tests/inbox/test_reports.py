"""Numbers of a library: for its own staff alone, without a name in them, for days that are days; also for spreadsheets."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bridge.inbox.routes.reports import MOST_DAYS
from tests.inbox.conftest import Browsers
from tests.inbox.desk import Client, Desk
from tests.inbox.test_forget import archived, ended

pytestmark = pytest.mark.asyncio(loop_scope="module")


def period() -> str:
    """Yesterday to tomorrow, so that no midnight matters."""
    today = datetime.now(UTC).date()
    return f"from={today - timedelta(days=1)}&to={today + timedelta(days=1)}"


async def numbers(client: Client, query: str = "") -> dict[str, Any]:
    status, found = await client.get(f"/reports?{period()}&{query}")
    assert status == 200, found
    return dict(found["numbers"])


async def table(client: Client, path: str, **headers: str) -> list[list[str]]:
    async with client.session.get(f"{client.desk.url}/api/v1{path}", headers=headers) as response:
        assert response.status == 200
        assert response.content_type == "text/csv"
        assert response.headers["Content-Disposition"].startswith('attachment; filename="reports-north-')
        return list(csv.reader(io.StringIO(await response.text())))


def some(counts: list[dict[str, Any]]) -> dict[str, int]:
    return {each["key"]: each["n"] for each in counts if each["n"]}


async def test_what_was_asked_and_answered_is_counted(desk: Desk, browsers: Browsers) -> None:
    ana = await browsers.of("ana")
    before = await numbers(ana)
    await ended(desk, ana, "una", "a question", read_scale=3, reference=True)
    await desk.patron("vic", "nobody answers this")
    await archived(desk)
    after = await numbers(ana)
    assert after["total"] == before["total"] + 2
    ends, had = some(after["ends"]), some(before["ends"])
    assert ends["answered"] == had.get("answered", 0) + 1
    assert ends["open"] == had.get("open", 0) + 1
    assert after["live"]["answered"] == before["live"]["answered"] + 1
    assert some(after["libraries"])["north"] == some(before["libraries"]).get("north", 0) + 1
    assert some(after["read_scale"])["3"] == 1
    assert (await numbers(ana, "queue=north/nothing"))["total"] == 0
    assert (await numbers(ana, "queue=north/reference"))["total"] == some(after["queues"])["north/reference"]


async def test_all_of_its_staff_see_it_and_nobody_else_does(desk: Desk, browsers: Browsers) -> None:
    stranger, ana, cora, eve = [await browsers.of(name) for name in ("", "ana", "cora", "eve")]
    assert (await stranger.get("/reports"))[0] == 401
    assert (await ana.get("/reports?library=north"))[1] == (await cora.get("/reports"))[1]
    for path in ("/reports", "/reports.csv"):
        for library in ("north", "west", "%00"):
            assert (await eve.get(f"{path}?library={library}"))[0] == 404, (path, library)
    status, own = await eve.get(f"/reports?{period()}")
    assert (status, own["library"], own["numbers"]["libraries"]) == (200, "south", [])
    assert (await ana.get("/reports?library=north&queue=south/reference"))[0] == 422


async def test_no_patron_and_no_librarian_is_named(desk: Desk, browsers: Browsers) -> None:
    ana = await browsers.of("ana")
    talk = await ended(desk, ana, "wyn-the-patron", "where is the marmalade")
    _, found = await ana.get(f"/reports?{period()}")
    rows = await table(ana, f"/reports.csv?{period()}")
    for word in (talk, "wyn-the-patron", "Wyn-The-Patron", "marmalade", "'ana'", "Ana"):
        assert word not in str(found), word
        assert word not in str(rows), word


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("from=yesterday", "from is a day like 2026-03-31."),
        ("to=2026-02-30", "to is a day like 2026-03-31."),
        ("from=20260301", "from is a day like 2026-03-31."),
        ("from=0001-01-01", "from is a day like 2026-03-31."),
        ("to=9999-12-31", "to is a day like 2026-03-31."),
        ("from=%D9%A2026-01-01", "from is a day like 2026-03-31."),
        ("from=2026-03-02&to=2026-03-01", "from is a day after to."),
        ("from=2020-01-01&to=2026-01-01", f"At most {MOST_DAYS} days are counted at once."),
    ],
)
async def test_what_is_no_period_is_refused_in_words(browsers: Browsers, query: str, said: str) -> None:
    ana = await browsers.of("ana")
    for path in ("/reports", "/reports.csv"):
        status, found = await ana.get(f"{path}?{query}")
        assert (status, found["detail"]) == (422, said)


async def test_without_a_period_it_is_the_last_thirty_days(browsers: Browsers) -> None:
    ana = await browsers.of("ana")
    _, found = await ana.get("/reports")
    assert len(found["numbers"]["days"]) == 30
    assert (found["numbers"]["days"][0]["key"], found["numbers"]["days"][-1]["key"]) == (found["first"], found["last"])
    _, day = await ana.get("/reports?from=2026-03-01&to=2026-03-01")
    assert [each["key"] for each in day["numbers"]["days"]] == ["2026-03-01"]


async def test_a_spreadsheet_gets_the_same_numbers_and_no_formula(desk: Desk, browsers: Browsers) -> None:
    cora, ana = await browsers.of("cora"), await browsers.of("ana")
    _, document = await cora.get("/organisation/north")
    evil = ["=HYPERLINK(A1)", "+1", "-1", "@SUM(A1)", " =1+1", "plain, with a comma"]
    evil += ["＝1+1", "\u200b＋1", "\u3000−1", "﹫SUM(A1)", "\ufeff\t=1", "１＋１"]
    document["library"]["descriptive"] = evil
    assert (await cora.put("/organisation/north", document))[0] == 200
    await archived(desk)
    for n in range(0, len(evil), 3):
        await ended(desk, ana, f"xia{n}", "codes", descriptive=evil[n : n + 3])
    rows = await table(ana, f"/reports.csv?{period()}")
    assert rows[0] == ["table", "item", "of", "number"]
    found = {row[1] for row in rows if row[0] == "descriptive"}
    assert found == {"'=HYPERLINK(A1)", "'+1", "'-1", "'@SUM(A1)", "' =1+1", "plain, with a comma"} | {
        *("'＝1+1", "'\u200b＋1", "'\u3000−1", "'﹫SUM(A1)", "'\ufeff\t=1", "１＋１")
    }
    assert not [cell for row in rows for cell in row if cell.lstrip()[:1] in ("=", "+", "-", "@")]
    total = (await numbers(ana))["total"]
    assert ["conversations", "counted", "", str(total)] in rows
    assert await table(ana, f"/reports?{period()}", Accept="text/csv") == rows


async def test_both_are_described(browsers: Browsers) -> None:
    ana = await browsers.of("ana")
    _, described = await ana.get("/openapi.json")
    for path in ("/api/v1/reports", "/api/v1/reports.csv"):
        parameters = described["paths"][path]["get"]["parameters"]
        assert [each["name"] for each in parameters] == ["library", "from", "to", "queue"]
    assert "Numbers" in described["components"]["schemas"]

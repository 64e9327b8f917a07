"""Who looked at a transcript is written down, and shown to those who answer for the library alone."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from bridge.sql.privacy.access_audit import KEEP_MS, SAME_MS, AccessAudit
from tests.inbox.conftest import Browsers
from tests.inbox.desk import Client, Desk
from tests.inbox.test_forget import archived, ended

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def audited(cora: Client, talk: str) -> list[tuple[str, str]]:
    status, found = await cora.get(f"/conversations/{talk}/audit")
    assert status == 200
    return [(deed["who"], deed["what"]) for deed in found["deeds"]]


async def test_who_opened_it_and_who_found_it_is_told(desk: Desk, browsers: Browsers) -> None:
    ana, ben, cora = [await browsers.of(name) for name in ("ana", "ben", "cora")]
    talk = await ended(desk, ana, "ida", "the rarest persimmon")
    await archived(desk)
    assert await audited(cora, talk) == [("ana", "closed")]
    await ben.get(f"/conversations/{talk}")
    await ben.get(f"/conversations/{talk}/lines")
    await cora.get("/search?q=persimmon")
    await ana.deed(talk, "recode", {"code": "practice"})
    await archived(desk)
    found = await audited(cora, talk)
    assert set(found) == {("ben", "read"), ("cora", "found"), ("ana", "recoded"), ("ana", "closed")}
    assert len(found) == 4, "one look, however many requests"
    deeds = (await cora.get(f"/conversations/{talk}/audit"))[1]["deeds"]
    assert {deed["who_name"] for deed in deeds} == {
        desk.services.replica.state.roster.librarians[who].name for who in ("ana", "ben", "cora")
    }
    assert "persimmon" not in str(deeds)


async def test_only_coordinators_of_its_library_see_it(desk: Desk, browsers: Browsers) -> None:
    ana, dora, eve = [await browsers.of(name) for name in ("ana", "dora", "eve")]
    talk = await ended(desk, ana, "jan", "something private")
    assert (await ana.get(f"/conversations/{talk}/audit"))[0] == 403
    assert (await dora.get(f"/conversations/{talk}/audit"))[0] == 404
    assert (await eve.get(f"/conversations/{talk}/audit"))[0] == 404


async def test_who_was_refused_has_not_read(desk: Desk, browsers: Browsers) -> None:
    ana, cora, eve = [await browsers.of(name) for name in ("ana", "cora", "eve")]
    talk = await ended(desk, ana, "kai", "not for south")
    assert (await eve.get(f"/conversations/{talk}"))[0] == 404
    await archived(desk)
    assert await audited(cora, talk) == [("ana", "closed")]


async def test_what_was_decided_about_a_patron_stands_with_the_conversation(desk: Desk, browsers: Browsers) -> None:
    ana, cora = await browsers.of("ana"), await browsers.of("cora")
    page = await (await browsers.of("ben")).live()
    talk = await desk.patron("mia", "Who am I?")
    await ana.deed(talk, "claim")
    await ana.deed(talk, "identify", {"name": "Mia Secret", "contact": "mia@secret.example"})
    await ana.deed(talk, "transfer", {"librarian": "ben"})
    await ana.deed(talk, "release")
    await ana.deed(talk, "block", {"reason": "a secret reason"})
    await ana.deed(talk, "unblock")
    await ana.deed(talk, "close", {"code": "answered"})
    await archived(desk)
    deeds = (await cora.get(f"/conversations/{talk}/audit"))[1]["deeds"]
    told = [(deed["who"], deed["what"], deed["detail"]) for deed in reversed(deeds)]
    assert told == [
        ("ana", "identified", ""),
        ("ana", "transferred", "Ben Berg"),
        ("ana", "blocked", ""),
        ("ana", "unblocked", ""),
        ("ana", "closed", "answered"),
    ]
    assert "ecret" not in str(deeds)
    await page.close()


async def test_it_comes_in_pages(desk: Desk, browsers: Browsers) -> None:
    ana, cora = await browsers.of("ana"), await browsers.of("cora")
    talk = await ended(desk, ana, "lou", "read by many")
    await archived(desk)
    for n in range(130):
        desk.services.archive.access_audit.note(f"reader-{n}", [talk], "read")
    first = (await cora.get(f"/conversations/{talk}/audit"))[1]
    rest = (await cora.get(f"/conversations/{talk}/audit?cursor={first['next']}"))[1]
    assert (len(first["deeds"]), len(rest["deeds"]), rest["next"]) == (100, 31, "")
    assert len({deed["who"] for deed in first["deeds"] + rest["deeds"]}) == 131
    assert (await cora.get(f"/conversations/{talk}/audit?cursor=x"))[0] == 422


async def test_what_the_database_cannot_take_is_held(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    readings = AccessAudit(desk.services.archive.access_audit._engine)
    readings.note("ana", ["held"], "read")

    def away(*_: Any) -> Any:
        raise OperationalError("INSERT", {}, OSError("disk full"))

    with monkeypatch.context() as broken:
        broken.setattr("bridge.sql.privacy.access_audit.insert", away)
        await readings.write()
    assert [(deed.who, deed.what) for deed in await readings.of(["held"])] == [("ana", "read")]


async def test_a_look_an_hour_later_is_another_and_both_go_after_a_year(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    readings = AccessAudit(desk.services.archive.access_audit._engine)
    start = 1_700_000_000_000
    for later in (0, SAME_MS - 1, SAME_MS):
        monkeypatch.setattr("bridge.sql.privacy.access_audit.now_ms", lambda at=start + later: at)
        readings.note("ana", ["twice"], "read")
    assert [deed.at for deed in await readings.of(["twice"])] == [start + SAME_MS, start]
    await readings.sweep(start + KEEP_MS + 1)
    assert [deed.at for deed in await readings.of(["twice"])] == [start + SAME_MS]

"""Practice through a whole daemon: a scripted patron on all four manners, and nothing of it in reports, searches or texts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from bridge.training.scenario import MANNERS, Manners
from tests.inbox.desk import DEADLINE, Client
from tests.training.practice_desk import PracticeDesk, practising

SCENARIOS: dict[Manners, str] = {
    "web": "open-sunday",
    "text": "open-sunday",
    "im": "open-sunday",
    "mail": "thesis-by-mail",
}

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def desk(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[PracticeDesk]:
    async with practising(tmp_path_factory.mktemp("practice")) as found:
        yield found


async def until(what: str, true: Any) -> Any:
    """Ask until something is so."""
    async with asyncio.timeout(DEADLINE):
        while not (found := await true()):
            await asyncio.sleep(0.02)
    assert found, what
    return found


async def begun(who: Client, manners: Manners, **more: Any) -> dict[str, Any]:
    """Begin a session, and wait until its conversation waits for the trainee."""
    status, found = await who.post("/practice", {"scenario": SCENARIOS[manners], "manners": manners} | more)
    assert status == 200, found
    if not more.get("player"):
        await until("it waits", lambda: _listed(who, found["conversation"]))
    return dict(found)


async def _listed(who: Client, conversation: str) -> bool:
    return conversation in [row["id"] for row in await who.rows("waiting")]


async def heard(who: Client, conversation: str, count: int) -> list[str]:
    """Return what the patron wrote, once there are so many lines of theirs."""

    async def lines() -> list[str]:
        _, found = await who.get(f"/conversations/{conversation}")
        said = [line["text"] for line in found["lines"] if line["who"] == "patron"]
        return said if len(said) >= count else []

    return list(await until(f"{count} lines of the patron", lines))


@pytest.mark.parametrize("manners", MANNERS)
async def test_a_scripted_patron_is_served_through_the_real_ring(desk: PracticeDesk, manners: Manners) -> None:
    async with desk.client() as ben:
        await ben.enter("ben")
        page = await ben.live()
        session = await begun(ben, manners)
        talk = session["conversation"]
        await ben.deed(talk, "claim")
        asking = "When did she finish, in which year?" if manners == "mail" else "Hello! Which building do you mean?"
        await ben.deed(talk, "messages", {"text": asking})
        said = await heard(ben, talk, 2)
        assert "1952" in said[1] if manners == "mail" else "main" in said[1].lower()
        await ben.deed(talk, "messages", {"text": "It's in our archive. We're open from ten. Anything else?"})
        assert len(await heard(ben, talk, 3)) >= 3
        (row,) = [row for row in await ben.rows("mine") if row["id"] == talk]
        assert row["practice"]
        assert row["live"] is (manners in ("web", "im"))
        await ben.deed(talk, "close", {"code": "answered"})
        found = (await ben.get(f"/practice/{session['id']}"))[1]
        assert (found["told"], found["facts"] > 0, found["part"]) == (1, True, [])
        status, sheet = await ben.post(f"/practice/{session['id']}/sheet")
        assert (status, sheet["row"]["title"]) == (200, session["title"])
        assert await ben.post(f"/practice/{session['id']}/sheet") == (200, sheet)
        await page.close()


async def test_nothing_of_it_is_seen_counted_or_sent(desk: PracticeDesk) -> None:
    async with desk.client() as ben, desk.client() as owen, desk.client() as ana:
        await ben.enter("ben")
        await owen.enter("owen")
        await ana.enter("ana")
        page = await ben.live()
        before = (await ana.get("/reports?library=north"))[1]
        session = await begun(ben, "web")
        talk = session["conversation"]
        await ben.deed(talk, "claim")
        assert talk not in [row["id"] for row in await owen.rows("open")]
        assert (await owen.get(f"/conversations/{talk}"))[0] == 404
        assert (await owen.get(f"/practice/{session['id']}"))[0] == 404
        assert (await ana.get(f"/conversations/{talk}"))[0] == 200  # who coordinates may watch, and whisper
        await ana.deed(talk, "notes", {"text": "Ask which building first."})
        assert desk.house.desks[0].frontdesk.now("web").online is False
        await ben.deed(talk, "identify", {"contact": "+441632960777"})
        await ben.post(f"/practice/{session['id']}/end")
        await until("the patron's end", lambda: _over(ben, session["id"]))
        await ben.post(f"/conversations/{talk}/reopen")
        await ben.post(f"/conversations/{talk}/messages", {"text": "One more thing, after you left."})
        assert (await ben.post(f"/conversations/{talk}/transfer", {"queue": "north/reference"}))[1][
            "reason"
        ] == "practice"
        await desk.house.desks[0].caught_up()
        after = (await ana.get("/reports?library=north"))[1]
        assert after == before
        hits = (await ana.get("/search?q=sunday"))[1]["hits"] + (await ben.get("/search?q=sunday"))[1]["hits"]
        assert hits == []
        assert desk.twilio.records == []
        await page.close()


async def _over(who: Client, session: str) -> bool:
    return bool((await who.get(f"/practice/{session}"))[1]["over"])


async def test_a_colleague_plays_the_patron(desk: PracticeDesk) -> None:
    async with desk.client() as ben, desk.client() as ana:
        await ben.enter("ben")
        await ana.enter("ana")
        page = await ben.live()
        session = await begun(ben, "web", player="ana")
        assert (await ben.post(f"/practice/{session['id']}/lines", {"text": "x"}))[0] == 404
        assert (await ana.post(f"/practice/{session['id']}/lines", {"text": ""}))[0] == 422
        assert (await ana.post(f"/practice/{session['id']}/lines", {"text": "Is anybody there?"}))[0] == 204
        await until("it waits", lambda: _listed(ben, session["conversation"]))
        await ben.deed(session["conversation"], "messages", {"text": "Hello, I'm Ben."})
        talk = await until("the patron hears it", lambda: _hears(ana, session["id"], "Hello, I'm Ben."))
        assert [line["text"] for line in talk if line["who"] == "patron"] == ["Is anybody there?"]
        assert (await ana.get(f"/practice/{session['id']}"))[1]["part"][0]["told"]
        _, back = await ana.post(f"/practice/{session['id']}/part", {"mine": False})
        assert back["player"] is None
        await page.close()


async def _hears(who: Client, session: str, text: str) -> list[dict[str, Any]]:
    lines = (await who.get(f"/practice/{session}/talk"))[1]["lines"]
    return list(lines) if text in [line["text"] for line in lines] else []


async def test_a_stranger_neither_sees_nor_changes_a_session(desk: PracticeDesk) -> None:
    async with desk.client() as ben, desk.client() as owen:
        await ben.enter("ben")
        await owen.enter("owen")
        session = (await begun(ben, "web"))["id"]
        assert session not in [one["id"] for one in (await owen.get("/practice"))[1]["sessions"]]
        assert (await owen.get(f"/practice/{session}/talk"))[0] == 404
        for path, body in (("lines", {"text": "x"}), ("part", {"mine": True}), ("end", None), ("sheet", None)):
            assert (await owen.post(f"/practice/{session}/{path}", body))[0] == 404
        assert (await ben.post(f"/practice/{session}/part", {"mine": True}))[0] == 404  # who practises
        assert (await ben.post(f"/practice/{session}/sheet"))[0] == 409  # nothing was answered
        assert (await ben.post(f"/practice/{session}/end"))[0] == 204


async def test_what_cannot_be_practised_is_refused_with_its_field(desk: PracticeDesk) -> None:
    async with desk.client() as ben:
        await ben.enter("ben")
        for wrong, field in (
            ({"scenario": "none"}, "scenario"),
            ({"manners": "mail"}, "manners"),
            ({"library": "south"}, "library"),
            ({"second": "owen"}, "second"),
            ({"player": "ben"}, "player"),
            ({"scenario": "open-sunday", "whose": "south"}, "scenario"),
        ):
            status, found = await ben.post("/practice", {"scenario": "open-sunday", "manners": "web"} | wrong)
            assert (status, [one["field"] for one in found["faults"]]) == (422, [field]), wrong

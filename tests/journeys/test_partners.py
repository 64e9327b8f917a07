"""Two deployments as partners: a question that nobody at home can take is answered next door, and comes home again.

Each has its own Redis and SQL, and a wire that is cut; each is killed in the middle. What both sides have said is at both sides in
the end: once, and in order.
"""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from tests.journeys.deployments import Deployment, become_partners, patron_at, two_deployments
from tests.journeys.patron import Patron

MAP = b"a map of the reading rooms"


def stored(house: Deployment, query: str, *values: str) -> list[Any]:
    """Read a house's archive with a program that shares no code with it."""
    file = house.house.folder / "data" / "archive.sqlite"
    with sqlite3.connect(f"file:{file}?mode=ro", uri=True) as sql:
        return sql.execute(query, values).fetchall()


async def attached(night: Deployment, talk: str) -> None:
    """Answer with a file."""
    url = f"{night.boss.api}/conversations/{talk}/attachments?name=map.txt"
    async with night.boss.web.post(url, data=MAP, headers={"Idempotency-Key": f"file-{talk}"}) as answer:
        assert answer.status == 200, await answer.text()
        ticket = (await answer.json())["ticket"]
    status, said = await night.boss.do(
        f"/conversations/{talk}/messages", {"text": "Here is a map.", "attachments": [ticket]}
    )
    assert status == 200, said


async def until(true: Any, what: str) -> None:
    """Wait until something holds. Raises AssertionError."""
    try:
        async with asyncio.timeout(40):
            while not true():
                await asyncio.sleep(0.05)
    except TimeoutError:
        raise AssertionError(f"did not happen: {what}") from None


async def answered_at_night(home: Deployment, night: Deployment, patron: Patron, question: str) -> str:
    """Have a question roll over to the night service and be answered there; return its copy's id."""
    await home.until_partner(lambda one: bool(one["staffed"]), "home sees that night is there")
    await patron.say(question)
    talk = await night.until_row(question)
    await night.say(talk, f"The answer to: {question}")
    await patron.until(lambda: f"The answer to: {question}" in patron.answers())
    return talk


async def test_a_question_is_answered_by_the_partner_and_comes_home(tmp_path: Path) -> None:
    async with two_deployments(tmp_path) as (home, night):
        await become_partners(home, night)
        await night.boss.attend("north/reference")
        async with patron_at(home) as patron:
            talk = await answered_at_night(home, night, patron, "Is there a law against noise?")
            assert night.row("The answer to: Is there a law against noise?")["patron"].endswith("(North Library)")
            assert any("Bob from Night Service" in line["text"] for line in patron.lines.values())
            await home.restart()
            await patron.say("Where can I read it?")
            await night.until_row("Where can I read it?")
            await night.restart()
            await attached(night, talk)
            for each in (home, night):
                await each.wire.cut()
            await patron.say("Thank you!")
            await night.say(talk, "Anything else?")
            for each in (home, night):
                await each.wire.heal()
            wanted = ["The answer to: Is there a law against noise?", "Here is a map.", "Anything else?"]
            await patron.until(lambda: patron.answers() == wanted)
            await night.until_row("Thank you!")
            asked = ["Is there a law against noise?", "Where can I read it?", "Thank you!"]
            at_night = await night.spoken(talk)
            assert [text for text in at_night if text in wanted] == wanted
            assert [text for text in at_night if text in asked] == asked
            assert len(at_night) == len(wanted) + len(asked) + 1, "and the opening words"
            await _comes_home(home, night, talk)
            [ours] = [row["id"] for row in home.boss.rows.values()]
            at_home = await home.spoken(ours)
            assert sorted(at_home) == sorted([*asked, *wanted])
            await _ends_and_is_forgotten(home, night, ours, talk)


async def _comes_home(home: Deployment, night: Deployment, talk: str) -> None:
    """Have the night service hand it back, while somebody is there at home."""
    await home.boss.attend("north/reference")
    await night.until_partner(lambda one: bool(one["staffed"]), "night sees that home is there")
    asked = {"librarian": "law-desk", "note": "They want to come in tomorrow."}
    async with asyncio.timeout(30):
        while (await night.boss.do(f"/conversations/{talk}/transfer", asked))[0] != 200:
            await asyncio.sleep(0.1)
    await home.boss.until(lambda: any(row["state"] == "waiting" for row in home.boss.rows.values()), 40)
    await until(
        lambda: stored(night, "SELECT code FROM conversation WHERE id = ?", talk) == [("recalled",)], "over at night"
    )


async def _ends_and_is_forgotten(home: Deployment, night: Deployment, ours: str, talk: str) -> None:
    """Close it at home: the partner is credited. What home forgets, the partner forgets."""
    assert (await home.boss.do(f"/conversations/{ours}/claim"))[0] == 200
    notes = [line["text"] for line in await home.boss.transcript(ours) if line["who"] == "note"]
    assert any("They want to come in tomorrow." in note for note in notes)
    status, said = await home.boss.do(f"/conversations/{ours}/close", {"code": "answered"})
    assert status == 200, said
    await until(
        lambda: stored(home, "SELECT answered_by FROM conversation WHERE id = ?", ours) == [("night-desk",)],
        "the partner is credited",
    )
    status, said = await home.boss.do(f"/conversations/{ours}/forget", {})
    assert (status, said["refused"]) == (200, []), said
    await until(
        lambda: not stored(night, "SELECT id FROM line WHERE conversation = ? AND text LIKE '%noise%'", talk),
        "forgotten at night",
    )


async def test_a_revoked_partner_has_nothing_at_once_and_nothing_is_lost(tmp_path: Path) -> None:
    async with two_deployments(tmp_path) as (home, night):
        partnership = await become_partners(home, night)
        await night.boss.attend("north/reference")
        async with patron_at(home) as patron:
            talk = await answered_at_night(home, night, patron, "Who may borrow maps?")
            status, said = await home.boss.do(f"/partners/{partnership}/revoke")
            assert status == 200, said
            await home.boss.until(lambda: any(row["state"] == "waiting" for row in home.boss.rows.values()), 10)
            ended = await night.until_partner(lambda one: one["state"] == "ended", "night hears of it")
            assert ended["ended_by"] == "Law Library"
            await until(
                lambda: stored(night, "SELECT code FROM conversation WHERE id = ?", talk) == [("recalled",)],
                "over at night",
            )
            await home.boss.attend("north/reference")
            [ours] = [row["id"] for row in home.boss.rows.values()]
            assert (await home.boss.do(f"/conversations/{ours}/claim"))[0] == 200
            await home.say(ours, "Everybody with a card.")
            await patron.until(lambda: patron.answers()[-1] == "Everybody with a card.")


@pytest.mark.long
@pytest.mark.timeout(600)
async def test_many_breaks_lose_double_and_reorder_nothing(tmp_path: Path) -> None:
    async with two_deployments(tmp_path) as (home, night):
        await become_partners(home, night)
        await night.boss.attend("north/reference")
        async with patron_at(home) as patron:
            talk = await answered_at_night(home, night, patron, "Question 0")
            for number in range(1, 13):
                breaking = (home.restart, night.restart, home.wire.cut, night.wire.cut)[number % 4]
                task = asyncio.create_task(breaking())
                await patron.say(f"Question {number}")
                await night.say(talk, f"Answer {number}")
                await task
                await asyncio.gather(home.wire.heal(), night.wire.heal())
            wanted = ["The answer to: Question 0", *(f"Answer {number}" for number in range(1, 13))]
            await patron.until(lambda: patron.answers() == wanted, 120)
            await night.until_row("Question 12")
            spoken = await night.spoken(talk)
            assert [text for text in spoken if text.startswith("Question")] == [f"Question {n}" for n in range(13)]

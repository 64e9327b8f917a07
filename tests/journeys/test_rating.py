"""A rating all the way round: from the patron's socket through the core to the desk, the archive, and back to the patron."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import aiohttp

from bridge.contract.message import Claim, Close, Say
from tests.journeys.indoors import browsing, indoors, until
from tests.journeys.patron import Patron


async def test_what_a_patron_said_is_seen_at_the_desk_and_kept(tmp_path: Path) -> None:
    async with indoors(tmp_path) as house:
        ana = await house.librarian("ana")
        async with aiohttp.ClientSession() as web, browsing(ana, pat := Patron(web, house.url)):
            await ana.connected.wait()
            await pat.say("Where are the maps?")
            talk = await until(lambda: next(iter(house.state.conversations), ""), "he is heard")
            await ana.watch(talk)
            deeds = (Claim(conversation=talk), Say(conversation=talk, text="Over there."))
            await house.hand_in(*(house.deed("ben", each) for each in deeds))
            await pat.until(lambda: pat.answers() == ["Over there."])
            await pat.rate("too-early", 1)
            await pat.until(lambda: [each["code"] for each in pat.errors] == ["rating"])
            await house.hand_in(house.deed("ben", Close(conversation=talk)))
            await until(lambda: house.state.conversations[talk].state == "closed", "it is over")
            for _ in range(2):
                await pat.rate("the-rating", 3, "Just what I wanted")
            await pat.until(lambda: "the-rating" in pat.acked)
            await ana.until(lambda: ana.said(talk, "system")[-1:] == ["Just what I wanted"])
            shown = (await ana.get(f"/conversations/{talk}"))["row"]
            await house.quiet()
            again = Patron(web, house.url)
            again.token = pat.token
            async with browsing(again):
                await again.until(lambda: any(line.get("event") == "rated:3" for line in again.lines.values()))
        with sqlite3.connect(f"file:{house.data / 'archive.sqlite'}?mode=ro", uri=True) as sql:
            kept = sql.execute("SELECT rating, rating_comment FROM conversation").fetchall()
            lines = sql.execute("SELECT count(*) FROM line WHERE event = 'rated:3'").fetchone()
    assert shown["rating"] == 3
    assert (kept, lines) == ([(3, "Just what I wanted")], (1,))
    given = [(line["who"], line["text"]) for line in again.lines.values() if line.get("event") == "rated:3"]
    assert given == [("patron", "Just what I wanted")]
    assert [each["code"] for each in pat.errors] == ["rating"]

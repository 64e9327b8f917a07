"""A gap in the line, on both sides, with a thousand events in between: afterwards a page holds what a fresh one would fetch.

What counts is what happened in the gap and whether the log still holds it, never how long it took by a clock.
"""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from bridge.channels.outbound.drain import fanout
from bridge.contract.message import Claim, Close, Note, Say
from bridge.log import follower
from bridge.testing.proxy import Proxy
from tests.journeys.indoors import Indoors, browsing, indoors, until
from tests.journeys.librarian import Librarian
from tests.journeys.patron import Patron

PATIENCE = 60.0
OTHERS = 40


async def happen(house: Indoors, talk: str, events: int, round_: int) -> None:
    """Let so much happen, a fifth of it in the conversation `talk`: others ask, are claimed, answered, noted on, closed."""
    for start in range(0, events, 25):
        sender = f"other{(start // 25) % OTHERS}"
        inputs: list[Any] = [house.words(sender, f"{sender} asks {round_}.{n}") for n in range(10)]
        inputs += [house.deed("ben", Say(conversation=talk, text=f"answer {round_}.{start + n}")) for n in range(5)]
        await house.hand_in(*inputs)
        other = await until(partial(house.talk, sender), "it is open")
        deeds: list[Any] = [Claim(conversation=other), *(Say(conversation=other, text=f"so {n}") for n in range(8))]
        await house.hand_in(*(house.deed("ben", each) for each in deeds))
        last: Any = Close(conversation=other) if start % 50 else Note(conversation=other, text="a note for colleagues")
        await house.hand_in(house.deed("ben", last))
    await house.quiet()


async def fresh_rows(librarian: Librarian) -> dict[str, Any]:
    """Fetch every list whole."""
    rows: dict[str, Any] = {}
    for view in ("waiting", "mine", "open", "closed"):
        cursor = ""
        while True:
            page = await librarian.get(f"/conversations?view={view}&cursor={cursor}")
            rows |= {row["id"]: row for row in page["rows"]}
            if not (cursor := page["next"]):
                break
    return rows


async def fresh_lines(librarian: Librarian, talk: str) -> dict[str, Any]:
    """Fetch a conversation whole."""
    shown = await librarian.get(f"/conversations/{talk}")
    lines, before = shown["lines"], shown["before"]
    while before:
        older = await librarian.get(f"/conversations/{talk}/lines?before={before}")
        lines, before = older["lines"] + lines, older["before"]
    return {line["id"]: line for line in lines}


async def the_librarian_holds_all(house: Indoors, ana: Librarian, talk: str) -> None:
    """What her page kept and heard is what a fresh one fetches: rows that are open, and every line of `talk`."""
    other = await house.librarian("ana")
    await ana.until(lambda: ana.said(talk, "librarian")[-1:] == ["answer last"], PATIENCE)
    rows, lines = await fresh_rows(other), await fresh_lines(other, talk)
    held = {name: row for name, row in ana.rows.items() if name in rows}
    assert held == {name: rows[name] for name in held}
    assert {name for name, row in rows.items() if row["state"] != "closed"} <= held.keys()
    oldest = min(ana.lines[talk].values(), key=lambda line: line["position"])["position"]
    said = {name: line["text"] for name, line in lines.items() if line["position"] >= oldest}
    assert {name: line["text"] for name, line in ana.lines[talk].items()} == said


async def the_patron_holds_all(web: aiohttp.ClientSession, house: Indoors, pat: Patron, answers: list[str]) -> None:
    """What his page kept and heard is what a fresh one is told: each answer once, in the order of the log."""
    await pat.until(lambda: len(pat.answers()) >= len(answers) and not pat.unsent(), PATIENCE)
    assert pat.answers() == answers
    again = Patron(web, house.url)
    again.token = pat.token
    async with browsing(again):
        await again.until(lambda: len(again.answers()) >= len(answers), PATIENCE)
        assert again.answers() == answers
        assert [line["text"] for line in again.lines.values() if line["who"] == "patron"] == ["hello", "still here"]


@pytest.mark.parametrize("gap, events", [("dropped", 20), ("away", 1_000), ("trimmed", 1_000)])
async def test_after_a_gap_both_sides_hold_what_a_fresh_page_would(
    gap: str, events: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if gap == "trimmed":
        monkeypatch.setattr(follower, "RING_STEPS", 50)  # what a process remembers by itself
    async with indoors(tmp_path) as house, Proxy("127.0.0.1", int(house.url.rpartition(":")[2])) as wire:
        near = f"http://127.0.0.1:{wire.port}"
        ana = await house.librarian("ana", near)
        async with aiohttp.ClientSession() as web, browsing(ana, pat := Patron(web, near)):
            await ana.connected.wait()
            await pat.say("hello")
            talk = await until(lambda: next(iter(house.state.conversations), ""), "he is heard")
            await house.hand_in(
                house.deed("ben", Claim(conversation=talk)),
                house.deed("ben", Say(conversation=talk, text="answer first")),
            )
            await ana.watch(talk)
            await pat.until(lambda: pat.answers() == ["answer first"], PATIENCE)
            await ana.until(lambda: ana.said(talk, "librarian") == ["answer first"], PATIENCE)

            before = ana.position
            await (wire.drop() if gap == "dropped" else wire.cut())
            await pat.say("still here")
            await happen(house, talk, events, 1)
            if gap == "trimmed":
                await house.snapshot()
                await happen(house, talk, 50, 2)
                await house.snapshot()
                first, _ = await house.desk.store.log_range()
                assert first > int(before.rpartition(":")[2]), "the log no longer holds where she was"
            await wire.heal()
            await pat.until(lambda: not pat.unsent(), PATIENCE)
            await house.hand_in(house.deed("ben", Say(conversation=talk, text="answer last")))
            await house.quiet()

            lines = await house.desk.reader.transcript(talk, limit=2_000)
            answers = [line.text for line in lines if line.who == "librarian"]
            assert len(answers) >= events // 5
            assert len({line.position for line in lines}) == len(lines), "each stands in a place of its own"
            await the_librarian_holds_all(house, ana, talk)
            await the_patron_holds_all(web, house, pat, answers)
            assert bool(ana.resets) == (gap == "trimmed")


async def test_deliveries_begin_where_the_history_of_this_process_ends(tmp_path: Path) -> None:
    async with indoors(tmp_path) as house:
        await house.hand_in(house.words("pat", "hello"))
        talk = str(await until(lambda: house.talk("pat"), "he is heard"))
        await house.hand_in(
            house.deed("ben", Claim(conversation=talk)), house.deed("ben", Say(conversation=talk, text="one"))
        )
        await house.quiet()
        behind = house.desk.tail.position
        await house.hand_in(house.deed("ben", Say(conversation=talk, text="two")))
        await house.quiet()
        house.desk.tail.position = behind  # as in a process that has not read the last entry yet
        deliveries = house.desk._after_history(fanout(house.desk.store, "web"))("")
        async with asyncio.timeout(PATIENCE):
            _, delivery = await anext(deliveries)
        assert delivery.text == "two"

"""Recorded conversations of two people, replayed through real sockets on both sides: nothing lost, doubled or out of order."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from pathlib import Path

import aiohttp
import pytest

from tests.corpora import rows
from tests.journeys.house import House
from tests.journeys.librarian import Librarian
from tests.journeys.patron import Patron

Turns = list[tuple[str, str]]
NAMES = ("ana", "ben", "carla", "dora")
AT_ONCE = 15  # conversations of one librarian; a page follows twenty at most
PATIENCE = 900.0  # a patron may write one message a second, and some write two hundred before they are answered


def read_dialogs(most: int, longest: int) -> list[Turns]:
    """Return dialogs whose first speaker is the patron, every text made unlike any other."""
    found: list[Turns] = []
    for row in rows("dialog_chitchat"):
        turns = [(side, text.strip()) for _, side, text in row["turns"] if text.strip()]
        if 0 < len(turns) <= longest and len(found) < most:
            first = turns[0][0]
            found.append(
                [("patron" if side == first else "librarian", f"{n}. {text}") for n, (side, text) in enumerate(turns)]
            )
    assert found, "no dialog is short enough"
    return found


async def claim(one: Librarian, opening: str) -> str:
    """Wait until a conversation whose last words are `opening` waits, claim and open it."""
    found = ""

    def there() -> bool:
        nonlocal found
        shown = ((row["id"], row["last_text"].rstrip("…")) for row in one.rows.values())
        found = next((talk for talk, text in shown if text and opening.startswith(text)), "")
        return bool(found)

    await one.until(there, PATIENCE)
    status, said = await one.do(f"/conversations/{found}/claim")
    assert status == 200, said
    await one.watch(found)
    return found


async def play(turns: Turns, number: int, url: str, web: aiohttp.ClientSession, librarian: Librarian) -> None:
    """Play one dialog: each side speaks when it has read what the other said before."""
    patron = Patron(web, url)
    online = asyncio.create_task(patron.run())
    turns = [(side, f"{number}.{text}") for side, text in turns]
    try:
        await patron.say(turns[0][1])
        talk = await claim(librarian, turns[0][1])
        asked = [turns[0][1]]
        answered: list[str] = []
        for side, text in turns[1:]:
            if side == "patron":
                await patron.until(lambda: len(patron.answers()) >= len(answered), PATIENCE)
                await patron.say(text)
                asked.append(text)
            else:
                await librarian.until(lambda: len(librarian.said(talk)) >= len(asked), PATIENCE)
                status, said = await librarian.do(f"/conversations/{talk}/messages", {"text": text})
                assert status == 200, said
                answered.append(text)
        await patron.until(lambda: len(patron.answers()) >= len(answered) and not patron.unsent(), PATIENCE)
        await librarian.until(lambda: len(librarian.said(talk)) >= len(asked), PATIENCE)
        lines = [(line["who"], line["text"]) for line in await librarian.transcript(talk)]
        assert patron.answers() == answered
        assert librarian.said(talk) == asked
        assert [text for who, text in lines if who == "patron"] == asked
        assert [text for who, text in lines if who == "librarian"] == answered
        status, said = await librarian.do(f"/conversations/{talk}/close", {"code": "answered"})
        assert status == 200, said
        await librarian.leave(talk)
    finally:
        online.cancel()
        with suppress(asyncio.CancelledError):
            await online


@pytest.mark.timeout(1500)
async def test_recorded_dialogs_arrive_whole_once_and_in_order(tmp_path: Path, long: bool) -> None:
    dialogs = read_dialogs(10_000 if long else 24, 10_000 if long else 60)
    with House(tmp_path / "house", NAMES, capacity=100) as house:
        await house.start()
        librarians = [Librarian(house.url, name) for name in NAMES]
        doors = {one.name: asyncio.Semaphore(AT_ONCE) for one in librarians}
        for one in librarians:
            await one.sign_in(house.codes[one.name])
        lives = [asyncio.create_task(one.run()) for one in librarians]

        async def one_dialog(turns: Turns, number: int, web: aiohttp.ClientSession) -> None:
            librarian = librarians[number % len(librarians)]
            async with doors[librarian.name]:
                await play(turns, number, house.url, web, librarian)

        try:
            for one in librarians:
                await one.connected.wait()
                await one.attend("north/reference")
            async with (
                aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as web,
                asyncio.TaskGroup() as stage,
            ):
                for number, turns in enumerate(dialogs):
                    stage.create_task(one_dialog(turns, number, web))
        finally:
            for live in lives:
                live.cancel()
            await asyncio.wait(lives)
            for one in librarians:
                await one.close()
        assert house.stop() == 0

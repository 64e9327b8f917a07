"""A data directory of an earlier release opens: accounts, transcripts, drafts and open conversations are all there.

`recorded/0.1.0.tar.xz` is `data` as release 0.1.0 left it after a stop: one closed and one open web chat, a note, a draft and an
account, with an embedded Redis and SQLite. `facts` holds the ids of both conversations and the open chat's token, a line each.
"""

from __future__ import annotations

import asyncio
import tarfile
from pathlib import Path

import aiohttp

from tests.journeys.house import House
from tests.journeys.librarian import PASSWORD, Librarian
from tests.journeys.patron import Patron

RECORDED = Path(__file__).parent / "recorded"


async def test_the_data_directory_of_0_1_0_opens(tmp_path: Path) -> None:
    with tarfile.open(RECORDED / "0.1.0.tar.xz") as kept:
        kept.extractall(tmp_path)  # our own file
    closed, opened, token = (tmp_path / "facts").read_text().split()
    house = House(tmp_path)
    house.configure()
    with house.as_it_is():
        await house.start()
        ana = Librarian(house.url, "ana")
        await ana.sign_in_again(PASSWORD)
        live = asyncio.create_task(ana.run())
        async with aiohttp.ClientSession() as web:
            await ana.attend("north/reference")
            first = [line["text"] for line in await ana.transcript(closed) if line["who"] != "system"]
            assert first[:1] == ["Where do I renew a book?"]
            assert "In your account, under Loans." in first
            second = [line["text"] for line in await ana.transcript(opened)]
            assert {"Do you have maps of the harbour?", "Yes, on the second floor.", "Kim comes on Friday."} <= {
                *second
            }
            found = await ana.get("/search?q=harbour")
            assert [hit["conversation"] for hit in found["hits"]] == [opened]
            assert (await ana.get(f"/conversations/{opened}"))["draft"]["text"] == "And bring a pencil"
            kim = Patron(web, house.url)
            kim.token = token
            writing = asyncio.create_task(kim.run())
            await kim.say("I will come on Friday.")
            await ana.until(lambda: any(row["last_text"] == "I will come on Friday." for row in ana.rows.values()))
            writing.cancel()
        live.cancel()
        await ana.close()
        assert house.stop() == 0

"""A whole daemon that texts, killed between a submission and its record."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from bridge.testing.scene import eventually
from bridge.testing.twilio import Twilio
from tests.journeys.house import House
from tests.journeys.librarian import Librarian

OURS, ADA = "+15005550100", "+14155550123"


@pytest.mark.timeout(240)
async def test_a_house_killed_while_it_texts_sends_each_text_once(tmp_path: Path) -> None:
    """The server has the text and the daemon was never told: after the restart it asks, and does not send again."""
    (tmp_path / "house").mkdir()
    async with Twilio([OURS]) as twilio:
        token = tmp_path / "token"
        token.write_text(twilio.token)
        more = (
            '[[channel]]\nname = "text"\nkind = "sms"\nqueue = "north/reference"\nsettle_s = 2.0\nlook_s = 1.0\n'
            f'account_sid = "{twilio.account}"\nauth_token_file = "{token}"\nnumbers = ["{OURS}"]\n'
            f'api = "{twilio.url}"\nrate = 100.0\n'
        )
        with House(tmp_path / "house", ("ana",), more=more) as house:
            twilio.inbound = f"{house.url}/channels/text/inbound"
            await house.start()
            ana = Librarian(house.url, "ana")
            await ana.sign_in(house.codes["ana"])
            online = asyncio.create_task(ana.run())
            try:
                twilio.text(ADA, "Is the book in?")
                await ana.until(lambda: any(row["last_text"] == "Is the book in?" for row in ana.rows.values()), 60)
                talk = next(iter(ana.rows))
                assert (await ana.do(f"/conversations/{talk}/claim"))[0] == 200
                await ana.watch(talk)
                twilio.mishaps.append("lost")
                assert (await ana.do(f"/conversations/{talk}/messages", {"text": "Yes, it is."}))[0] == 200
                assert await eventually(lambda: taken(twilio, "Yes, it is."), 60)
                house.kill()
                twilio.text(ADA, "Hello?")
                await house.start()
                assert (await ana.do(f"/conversations/{talk}/messages", {"text": "Shelf 12."}))[0] == 200
                assert await eventually(lambda: taken(twilio, "Shelf 12."), 90)
                await ana.until(lambda: ana.said(talk) == ["Is the book in?", "Hello?"], 60)
            finally:
                online.cancel()
                await asyncio.wait([online])
                await ana.close()
        ours = [record.body for record in twilio.handset(ADA).lines if record.direction == "outbound-api"]
        assert [text for text in ours if text in ("Yes, it is.", "Shelf 12.")] == ["Yes, it is.", "Shelf 12."]


async def taken(twilio: Twilio, text: str) -> bool:
    """Whether a text is on the handset."""
    return any(record.body == text for record in twilio.handset(ADA).lines)

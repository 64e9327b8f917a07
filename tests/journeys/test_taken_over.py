"""A channel of texts on two hosts over one Redis and PostgreSQL: what one heard holds on the other, and after its death."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from bridge.testing.twilio import Twilio
from tests.conformance.rig_sms import OURS
from tests.journeys.house import House
from tests.journeys.librarian import Librarian
from tests.peers.postgresql import PostgreSQL, missing
from tests.peers.redis import RedisServer

pytestmark = pytest.mark.long

ADA = "+14155550123"


@pytest_asyncio.fixture
async def twilio() -> AsyncIterator[Twilio]:
    """A carrier with the library's number."""
    async with Twilio([OURS]) as found:
        yield found


@pytest_asyncio.fixture
async def hosts(tmp_path: Path, twilio: Twilio) -> AsyncIterator[tuple[House, House]]:
    """Two running hosts; the first one began earlier, so it sends."""
    if reason := missing():
        pytest.skip(reason)
    durable = {"appendonly": "yes", "appendfsync": "always", "maxmemory_policy": "noeviction"}
    with RedisServer(tcp=True, **durable) as redis, PostgreSQL() as sql:
        more = f"""
            [[channel]]
            name = "text"
            kind = "sms"
            queue = "north/reference"
            account_sid = "{twilio.account}"
            auth_token = "{twilio.token}"
            numbers = ["{OURS}"]
            api = "{twilio.base}"
            look_s = 3600
            [redis]
            url = "{redis.url}"
            [archive]
            url = "{sql.fresh()}"
        """
        with House(tmp_path / "one", more=more) as one:
            other = House(tmp_path / "other", more=more)
            other.configure()
            await one.start()
            await other.start()
            try:
                yield one, other
            finally:
                other.__exit__(None, None, None)


async def test_a_stop_to_one_host_holds_on_the_other_and_after_its_death(
    hosts: tuple[House, House], twilio: Twilio
) -> None:
    one, other = hosts
    ana = Librarian(other.url, "ana")
    await ana.sign_in(one.codes["ana"])
    running = asyncio.create_task(ana.run())

    async def reads(words: str) -> str:
        """Have Ada text the host that does not send, and return the conversation."""
        twilio.inbound = f"{other.url}/channels/text/inbound"
        twilio.text(ADA, words)
        await ana.until(lambda: any(row["last_text"] == words for row in ana.rows.values()))
        return next(id for id, row in ana.rows.items() if row["last_text"] == words)

    async def answers(talk: str, words: str) -> dict[str, object]:
        """Answer, and return the line once its fate is known."""
        assert (await ana.do(f"/conversations/{talk}/messages", {"text": words}))[0] == 200

        def settled() -> list[dict[str, object]]:
            return [line for line in ana.lines[talk].values() if line["text"] == words and line.get("stage")]

        await ana.until(lambda: bool(settled()))
        return settled()[0]

    try:
        await ana.connected.wait()
        await ana.attend("north/reference")
        talk = await reads("Do you have the atlas?")
        assert (await ana.do(f"/conversations/{talk}/claim"))[0] == 200
        await ana.watch(talk)
        assert (await answers(talk, "Yes, on the second floor."))["stage"] == "sent"
        await reads("STOP")
        twilio.opted_out.clear()  # the carrier would let it through
        assert (await answers(talk, "And in the reading room."))["stage"] == "failed"
        one.kill()
        assert (await answers(talk, "Are you there?"))["stage"] == "failed"
        await reads("START")
        assert (await answers(talk, "Good to have you back."))["stage"] == "sent"
    finally:
        running.cancel()
        await asyncio.wait([running])
        await ana.close()
    sent = [record.body for record in twilio.records if record.sender == OURS and "again" not in record.body]
    assert sent == ["Yes, on the second floor.", "Good to have you back."]

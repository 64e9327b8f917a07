"""A channel that is configured no more: what is meant for it fails where a librarian sees it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from bridge.app.config import ChannelConfig, Config, Http
from bridge.app.daemon import opened
from bridge.channels.outbound.removed_channels import refuse
from bridge.contract.message import REMOVED, ChannelStatus
from routing.reach import carrier_of
from tests.bridge.harbour import CHANNEL, Harbour, delivery, harbour
from tests.journeys.indoors import until


@pytest_asyncio.fixture
async def port(tmp_path: Path) -> AsyncIterator[Harbour]:
    async with harbour(tmp_path) as opened_:
        yield opened_


async def test_what_waits_and_what_comes_fails_and_what_was_begun_is_in_doubt(port: Harbour) -> None:
    await port.put(delivery(1), delivery(2), delivery(3))
    token = await port.lease()
    await port.store.attempt(CHANNEL, token, delivery(2).id, 1)
    await port.store.attempt(CHANNEL, token, delivery(3).id, 2)
    refusing = asyncio.create_task(refuse(port.store, CHANNEL))
    await port.settled(3)
    await port.put(delivery(4))
    receipts = {each.delivery: each for each in await port.settled(4)}
    stages = [(receipts[delivery(n).id].stage, receipts[delivery(n).id].reason) for n in (1, 2, 3, 4)]
    failed = ("failed", "channel-down")
    assert stages == [failed, ("uncertain", "interrupted"), failed, failed]
    assert await port.store.pending(CHANNEL) == []
    refusing.cancel()
    await asyncio.wait([refusing])


async def test_a_daemon_refuses_for_the_channels_that_its_configuration_has_no_more(tmp_path: Path) -> None:
    web = ChannelConfig(name="web", kind="webchat", queue="north/reference", settings={})
    config = Config(
        path=tmp_path / "deskbridge.toml",
        data=tmp_path,
        one_process=True,
        http=Http(listen="127.0.0.1:0"),
        channels=(web,),
    )
    async with opened(config) as house:
        desk = house.desks[0]
        old = ChannelStatus(channel="old", kind="sms", queue="north/reference", up=True, answers=("phone",))
        await desk.gathering.ingest([old])
        await until(
            lambda: carrier_of(desk.replica.state, "north", "phone") == "old", "the desk answers by the channel"
        )
    async with opened(config) as house:
        desk = house.desks[0]
        await until(lambda: "old" in desk.replica.state.channels, "the desk knows the channel still")
        refusing = await until(_refusing, "it is refused for")
        assert refusing == ["refusing for old"]
        await until(lambda: desk.replica.state.channels["old"].reason == REMOVED, "the desk is told that it is removed")
        assert carrier_of(desk.replica.state, "north", "phone") == "", "no answer is promised by it"


def _refusing() -> list[str]:
    return [name for task in asyncio.all_tasks() if (name := task.get_name()).startswith("refusing for")]

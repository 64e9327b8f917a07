"""A patron's browser is told that the library answered, against a push service that is not ours: whose, when, and until when."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
import pytest_asyncio

from bridge.contract.answer_notices import NoOpenConversation, PushTarget
from bridge.contract.message import Receipt
from bridge.push.answers import AnswerPush
from bridge.sql.people.patron_subscriptions import MOST_BY_CONVERSATION
from bridge.sql.privacy.anonymise import blank
from tests.inbox.conftest import Browsers
from tests.inbox.desk import DEADLINE, Desk
from tests.peers.push_service import PushService, push_service

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(180), pytest.mark.xdist_group("inbox-push")]
PAUSE_S = 0.2
TOLD = {"kind": "answer", "conversation": "", "library": "North Library"}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def service() -> AsyncIterator[PushService]:
    async with push_service() as found:
        yield found


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def push(desk: Desk) -> AsyncIterator[AnswerPush]:
    """The part that tells patrons' browsers, with a short pause."""
    services = desk.services
    found = AnswerPush(
        services.archive.patron_subscriptions(),
        services.push.sender,
        services.replica,
        lambda: True,
        lambda channel: channel == "web",
        pause_s=PAUSE_S,
    )
    task = asyncio.create_task(found.run())
    yield found
    task.cancel()
    await asyncio.wait([task])


async def until(so: Callable[[], Awaitable[Any]]) -> None:
    async with asyncio.timeout(DEADLINE):
        while not await so():
            await asyncio.sleep(0.02)


async def subscribed(push: AnswerPush, service: PushService, sender: str) -> dict[str, str]:
    one = await service.subscribe(push.of("web").key)
    await push.of("web").keep(sender, PushTarget(**one))
    return one


async def answer(desk: Desk, patron: str) -> str:
    """Return the delivery of the newest answer."""
    return str(desk.services.replica.state.conversations[patron].answer)


async def test_an_answer_is_told_once_without_a_word_of_it_until_it_is_read(
    desk: Desk, browsers: Browsers, push: AnswerPush, service: PushService
) -> None:
    ana = await browsers.of("ana")
    patron = await desk.patron("told", "A secret question")
    one = await subscribed(push, service, "told")
    await ana.deed(patron, "claim")
    await ana.deed(patron, "messages", {"text": "A secret answer"})
    assert await service.until(one, 1) == [TOLD]
    await ana.deed(patron, "messages", {"text": "And another"})
    read = await answer(desk, patron)
    await desk.services.gathering.ingest([Receipt(delivery=read, stage="read")])
    await desk.patron("told", "Thank you")
    await ana.deed(patron, "messages", {"text": "You're welcome"})
    assert await service.until(one, 2) == [TOLD, TOLD]
    assert "secret" not in json.dumps(await service.received(one))


async def test_who_reads_at_once_is_not_called(
    desk: Desk, browsers: Browsers, push: AnswerPush, service: PushService
) -> None:
    """The page is looked at: its receipt comes within the pause. Another patron's answer, a moment later, does call."""
    ana = await browsers.of("ana")
    patron, other = await desk.patron("looking", "Hello"), await desk.patron("away", "Hello")
    one, two = await subscribed(push, service, "looking"), await subscribed(push, service, "away")
    await ana.deed(patron, "claim")
    await ana.deed(other, "claim")
    await ana.deed(patron, "messages", {"text": "Hello to you"})
    await desk.services.gathering.ingest([Receipt(delivery=await answer(desk, patron), stage="read")])
    await ana.deed(other, "messages", {"text": "Hello to you"})
    assert await service.until(two, 1) == [TOLD]
    assert await service.received(one) == []
    await ana.deed(patron, "messages", {"text": "Are you there?"})
    assert await service.until(one, 1) == [TOLD]


async def test_subscriptions_end_with_the_conversation_and_when_it_is_forgotten(
    desk: Desk, browsers: Browsers, push: AnswerPush, service: PushService
) -> None:
    """The last answer is still told. One too many browsers takes the place of the oldest."""
    ana = await browsers.of("ana")
    patron = await desk.patron("ending", "Hello")
    first = await subscribed(push, service, "ending")
    for _ in range(MOST_BY_CONVERSATION - 1):
        await subscribed(push, service, "ending")
    assert len(await push.subscriptions.of("web", "ending")) == MOST_BY_CONVERSATION
    await ana.deed(patron, "claim")
    await ana.deed(patron, "messages", {"text": "Bye"})
    await ana.deed(patron, "close", {"code": "answered"})
    assert await service.until(first, 1) == [TOLD]

    async def ended() -> bool:
        return not await push.subscriptions.of("web", "ending")

    await until(ended)
    with pytest.raises(NoOpenConversation):
        await subscribed(push, service, "ending")
    other = await desk.patron("forgotten", "Forget me")
    await subscribed(push, service, "forgotten")
    async with desk.services.archive.engine.begin() as sql:
        await blank(sql, [other])
    assert not await push.subscriptions.of("web", "forgotten")
    await desk.patron("leaving", "Hello")
    await subscribed(push, service, "leaving")
    await push.of("web").end("leaving")
    assert not await push.subscriptions.of("web", "leaving")


async def test_strangers_private_hosts_and_ended_browsers(
    desk: Desk, browsers: Browsers, push: AnswerPush, service: PushService
) -> None:
    """Nobody subscribes without a conversation, or to a host of the desk's network. What its browser ended is dropped."""
    port = push.of("web")
    with pytest.raises(NoOpenConversation):
        await subscribed(push, service, "nobody-wrote")
    patron = await desk.patron("gone-push", "Hello")
    one = await service.subscribe(port.key)
    for endpoint in ("https://10.0.0.1/x", "http://push.example.org/x", "file:///etc/passwd"):
        with pytest.raises(ValueError, match="endpoint"):
            await port.keep("gone-push", PushTarget(**{**one, "endpoint": endpoint}))
    with pytest.raises(ValueError, match="p256dh"):
        await port.keep("gone-push", PushTarget(**{**one, "p256dh": "AAAA"}))
    await port.keep("gone-push", PushTarget(**one))
    await service.expire(one)
    ana = await browsers.of("ana")
    await ana.deed(patron, "claim")
    await ana.deed(patron, "messages", {"text": "Too late"})

    async def dropped() -> bool:
        return not await push.subscriptions.of("web", "gone-push")

    await until(dropped)

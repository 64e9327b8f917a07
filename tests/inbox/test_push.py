"""Pushed notices, against a push service that is not ours: sealed for one browser, signed by the desk, dropped when they end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from aiohttp import web

from bridge.push.sending import PushSender
from bridge.push.server_key import ServerKey
from bridge.sql.people.push_subscriptions import MOST_BY_LIBRARIAN, PushSubscription
from tests.inbox.conftest import Browsers
from tests.inbox.desk import DEADLINE, Desk
from tests.peers.daemon import free_port
from tests.peers.push_service import PushService, push_service

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(180), pytest.mark.xdist_group("inbox-push")]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def service() -> AsyncIterator[PushService]:
    """A push service for the module."""
    async with push_service() as found:
        yield found


def kept(one: dict[str, str]) -> PushSubscription:
    return PushSubscription(**one, librarian="ben")


async def test_a_mention_and_a_transfer_reach_a_librarian_without_an_open_page(
    desk: Desk, browsers: Browsers, service: PushService
) -> None:
    """A kind, the library and the conversation's id arrive, nothing of what was written; what is taken back is told as over."""
    ana, ben = await browsers.of("ana"), await browsers.of("ben")
    key = (await ben.get("/push"))[1]["key"]
    one = await service.subscribe(key)
    assert (await ben.post("/push", one))[1]["devices"] == 1
    patron = await desk.patron("pushed", "A secret question", channel="mail")
    await ana.deed(patron, "claim")
    await ana.deed(patron, "notes", {"text": "Secret note for @ben", "mentions": ["ben"]})
    await ana.deed(patron, "transfer", {"librarian": "ben", "note": "Secret reason"})
    await service.until(one, 2)
    await ana.deed(patron, "release", {"transfer": True})
    found = await service.until(one, 3)
    said = {"conversation": patron, "library": "North Library"}
    assert found == [{"kind": kind, **said} for kind in ("mention", "transfer", "over")]
    assert (await ben.post("/push/end", {"endpoint": one["endpoint"]}))[1]["devices"] == 0


async def test_quiet_hours_and_other_peoples_subscriptions_stay_as_they_are(
    desk: Desk, browsers: Browsers, service: PushService
) -> None:
    ana, cora = await browsers.of("ana"), await browsers.of("cora")
    one = await service.subscribe((await cora.get("/push"))[1]["key"])
    await cora.post("/push", one)
    await ana.post("/push/end", {"endpoint": one["endpoint"]})
    assert (await cora.get("/push"))[1]["devices"] == 1, "a stranger ended it"
    patron = await desk.patron("quiet-push", "Hello", channel="mail")
    always = {"on": True, "start": "00:00", "end": "23:59", "timezone": "UTC"}
    await cora.put("/quiet-hours", always)
    await ana.deed(patron, "notes", {"text": "@cora", "mentions": ["cora"]})
    await cora.put("/quiet-hours", {**always, "on": False})
    await ana.deed(patron, "consult", {"librarian": "cora"})
    assert [each["kind"] for each in await service.until(one, 1)] == ["consult"]


async def test_a_wrong_key_is_refused_and_an_ended_subscription_is_dropped(
    desk: Desk, browsers: Browsers, service: PushService
) -> None:
    """A subscription is bound to the desk's key. One that its browser ended is known no more after the next push."""
    push = desk.services.push
    one = await service.subscribe(push.sender.key.public)
    stranger = PushSender(ServerKey(b"another secret"), push.sender.allowed)
    assert (await stranger.send(kept(one), b"{}", "t")).what == "refused"
    assert (await push.sender.send(kept(one), b'{"kind":"offer"}', "t")).what == "sent"
    assert await service.received(one) == [{"kind": "offer"}]
    await service.expire(one)
    assert (await push.sender.send(kept(one), b"{}", "t")).what == "gone"
    dora = await browsers.of("dora")
    assert (await dora.post("/push", one))[1]["devices"] == 1
    patron = await desk.patron("gone", "Hello", channel="south-web")
    eve = await browsers.of("eve")
    await eve.deed(patron, "notes", {"text": "@dora", "mentions": ["dora"]})
    async with asyncio.timeout(DEADLINE):
        while (await dora.get("/push"))[1]["devices"]:
            await asyncio.sleep(0.02)


@pytest.mark.parametrize(
    "endpoint",
    [
        "https://10.0.0.1/x",
        "http://push.example.org/x",
        "https://127.1/x",
        "https://a:b@example.org/",
        "file:///etc/passwd",
    ],
)
async def test_an_address_that_is_no_push_service_is_refused_by_field(browsers: Browsers, endpoint: str) -> None:
    ben = await browsers.of("ben")
    status, found = await ben.post(
        "/push", {"endpoint": endpoint.replace("127.1", "127.2"), "p256dh": "AAAA", "auth": "x"}
    )
    assert status == 422
    assert [one["field"] for one in found["faults"]] == ["endpoint", "p256dh", "auth"]


async def test_a_push_service_that_is_busy_is_asked_again_when_it_says(desk: Desk) -> None:
    """503 with Retry-After, then 201: sent. A redirect is followed nowhere."""
    heard: list[str] = []

    async def busy(request: web.Request) -> web.Response:
        heard.append(request.path)
        if request.path == "/away":
            return web.Response(status=302, headers={"Location": "http://127.0.0.1/elsewhere"})
        return web.Response(status=503 if len(heard) == 1 else 201, headers={"Retry-After": "1"})

    app = web.Application()
    app.router.add_post("/{any}", busy)
    runner = web.AppRunner(app)
    await runner.setup()
    port = free_port()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    try:
        browser = ServerKey(b"a browser").public
        sender = desk.services.push.sender
        one = PushSubscription(
            endpoint=f"http://127.0.0.1:{port}/busy", p256dh=browser, auth="AAAAAAAAAAAAAAAAAAAAAA", librarian="ben"
        )
        came = await sender.send(one, b"{}", "t")
        assert (came.what, came.again_s) == ("later", 1.0)
        away = PushSubscription(
            endpoint=f"http://127.0.0.1:{port}/away", p256dh=browser, auth="AAAAAAAAAAAAAAAAAAAAAA", librarian="ben"
        )
        assert (await sender.send(away, b"{}", "t")).what == "refused"
        assert heard == ["/busy", "/away"]
    finally:
        await runner.cleanup()


async def test_subscriptions_are_bounded_and_end_with_the_sessions(
    desk: Desk, browsers: Browsers, service: PushService
) -> None:
    """One too many takes the place of the oldest; a coordinator who signs a librarian out everywhere ends them all."""
    eve, dora = await browsers.of("eve"), await browsers.of("dora")
    key = (await dora.get("/push"))[1]["key"]
    found = [(await dora.post("/push", await service.subscribe(key)))[1] for _ in range(MOST_BY_LIBRARIAN + 1)]
    assert found[-1]["devices"] == MOST_BY_LIBRARIAN
    status, _ = await eve.post("/board/people/dora/sign-out")
    assert status in (200, 204)
    async with asyncio.timeout(DEADLINE):
        while await desk.services.push.subscriptions.of("dora"):
            await asyncio.sleep(0.02)

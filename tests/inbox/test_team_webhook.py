"""A library's webhook: shaped for who listens, signed, without a word of anybody's, tried again, refused inside the network."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import web

from bridge.push.staff_notices import due
from bridge.push.team_webhook import signature
from bridge.sql.people.accounts import now_ms
from tests.inbox.conftest import Browsers
from tests.inbox.desk import Desk
from tests.peers.daemon import free_port

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(120), pytest.mark.xdist_group("inbox-push")]
PATH = "/organisation/north/webhook"


class Listener:
    """What a chat's server heard; it is busy for the first of each path that begins with /busy."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, dict[str, str], bytes]] = []
        self.url = ""

    async def take(self, request: web.Request) -> web.Response:
        """Take one notice."""
        before = [path for path, _, _ in self.heard]
        self.heard.append((request.path, dict(request.headers), await request.read()))
        if request.path == "/gone":
            return web.Response(status=404)
        if request.path == "/inside":
            raise web.HTTPTemporaryRedirect("http://127.0.0.1/")
        return web.Response(status=503 if request.path == "/busy" and request.path not in before else 200)


@pytest_asyncio.fixture(loop_scope="module")
async def listener() -> AsyncIterator[Listener]:
    """A server that listens for notices."""
    found, app = Listener(), web.Application()
    app.router.add_post("/{any}", found.take)
    runner = web.AppRunner(app)
    await runner.setup()
    port = free_port()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    found.url = f"http://127.0.0.1:{port}"
    yield found
    await runner.cleanup()


async def test_a_coordinator_sets_it_tries_it_and_reads_how_it_went(
    desk: Desk, browsers: Browsers, listener: Listener
) -> None:
    """Each shape as its listener wants it; a busy one is asked again; the address is never shown; a signature that verifies."""
    cora = await browsers.of("cora")
    shapes: dict[str, Any] = {}
    secret = ""
    for shape in ("slack", "teams", "ntfy", "json"):
        asked = {"url": f"{listener.url}/{'busy' if shape == 'json' else shape}", "shape": shape, "events": ["waiting"]}
        status, kept = await cora.put(PATH, asked)
        assert (status, kept["host"], kept["secret"][:6]) == (200, "127.0.0.1", "whsec_")
        assert listener.url not in json.dumps(kept)
        secret = kept["secret"]
        _, tried = await cora.post(f"{PATH}/test")
        assert (tried["problem"], tried["secret"], bool(tried["sent_at"])) == ("", "", True)
        shapes[shape] = listener.heard[-1]
    words = "North Library: this is a test of the desk's notices."
    assert json.loads(shapes["slack"][2]) == {"text": words}
    assert json.loads(shapes["teams"][2])["attachments"][0]["content"]["body"][0]["text"] == words
    assert shapes["ntfy"][2].decode() == words
    path, headers, body = shapes["json"]
    assert (path, [each for each, _, _ in listener.heard].count("/busy")) == ("/busy", 2)
    found = signature(secret, headers["webhook-id"], int(headers["webhook-timestamp"]), body)
    assert headers["webhook-signature"] == found
    for path, problem in (("/gone", "status 404"), ("/inside", "status 307")):
        await cora.put(PATH, {"url": listener.url + path, "shape": "slack", "events": []})
        assert (await cora.post(f"{PATH}/test"))[1]["problem"] == problem
    await cora.put(PATH, {"url": "http://10.0.0.1/x", "shape": "slack", "events": []})
    assert (await cora.post(f"{PATH}/test"))[1]["problem"] == "not-https"
    await cora.put(PATH, {"url": "https://10.0.0.1/x", "shape": "slack", "events": []})
    assert (await cora.post(f"{PATH}/test"))[1]["problem"] == "private"


async def test_others_neither_see_nor_set_it(browsers: Browsers) -> None:
    for name in ("ana", "eve"):
        one = await browsers.of(name)
        assert (await one.get(PATH))[0] in (403, 404)
        assert (await one.put(PATH, {"shape": "slack", "events": [], "url": "https://example.org/"}))[0] in (403, 404)
    cora = await browsers.of("cora")
    status, faults = await cora.put(PATH, {"shape": "slack", "events": [], "url": "ftp://example.org"})
    assert (status, faults["faults"][0]["field"]) == (422, "url")


async def test_the_team_hears_once_that_nobody_is_there_and_no_word_of_the_patron(
    desk: Desk, browsers: Browsers, listener: Listener
) -> None:
    cora = await browsers.of("cora")
    await cora.put(PATH, {"url": f"{listener.url}/team", "shape": "slack", "events": ["nobody", "waiting"]})
    await desk.patron("webhook-patron", "A secret question", name="Secret Name")
    for _ in range(2):
        await desk.services.webhooks.look()
    said = [json.loads(body)["text"] for path, _, body in listener.heard if path == "/team"]
    assert said == ["North Library: 1 person waits, and nobody is available to answer."]
    late = list(due(desk.services.replica.state, ["north"], now_ms() + 180_000))
    assert [one.text for one in late if one.event == "waiting"] == [
        "North Library: 1 person waits longer than your target, the longest for 3 min."
    ]
    await cora.call("DELETE", PATH, headers=cora.headers())
    assert (await cora.get(PATH))[1]["host"] == ""

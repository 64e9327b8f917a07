"""A trusted proxy's header: it signs in whom it names, and from anywhere else it counts for nothing and goes no further."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import pytest
from aiohttp import web
from multidict import CIMultiDict

from bridge.app.http import Server
from bridge.sign_on.proxied import PROXIED, identified
from bridge.sign_on.settings import ProxySettings
from tests.inbox.conftest import Browsers

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_who_a_trusted_proxy_names_is_signed_in(browsers: Browsers) -> None:
    ben = await browsers.of()
    named = {"X-Remote-User": "Ben"}
    _, ways = await ben.call("GET", "/sign-on", headers=named)
    assert [one["kind"] for one in ways["choices"]] == ["provider", "proxy"]
    assert [one["kind"] for one in (await ben.get("/sign-on"))[1]["choices"]] == ["provider"], "it names nobody"
    async with ben.session.get(f"{ben.desk.url}/sign-on/proxied", headers=named, allow_redirects=False) as answer:
        assert answer.headers["Location"] == "/inbox/"
    assert (await ben.get("/me"))[1]["id"] == "ben"
    for headers, why in (({"X-Remote-User": "nobody-here"}, "unknown"), ({}, "provider-refused")):
        stranger = await browsers.of()
        url = f"{stranger.desk.url}/sign-on/proxied"
        async with stranger.session.get(url, headers=headers, allow_redirects=False) as answer:
            assert answer.headers["Location"] == f"/inbox/#sign-on={why}"


@asynccontextmanager
async def _shown(*addresses: str) -> AsyncIterator[str]:
    """A server that tells which identity and which headers arrive behind the guard."""

    async def tell(request: web.Request) -> web.Response:
        identity = request.get(PROXIED)
        groups = identity.groups if identity is not None else None
        return web.json_response([identity and identity.subject, groups, "X-Remote-User" in request.headers])

    settings = ProxySettings(
        name="Campus", user_header="X-Remote-User", groups_header="X-Remote-Groups", addresses=addresses
    )
    app = web.Application(middlewares=[identified(settings)])
    app.router.add_get("/", tell)
    server = Server(app, "127.0.0.1:0")
    await server.start()
    yield server.url
    await server.stop()


async def test_the_header_of_a_stranger_counts_for_nothing_and_is_taken_off() -> None:
    user, groups = ("X-Remote-User", "ana"), ("X-Remote-Groups", "a, b;c")
    for addresses, headers, told in (
        (("10.9.9.9",), [user, groups], [None, None, False]),
        (("127.0.0.0/8",), [user, groups], ["ana", ["a, b", "c"], False]),
        (("127.0.0.0/8",), [("X-Remote-User", "mallory"), user], [None, None, False]),
    ):
        async with (
            _shown(*addresses) as url,
            aiohttp.ClientSession() as session,
            session.get(url, headers=CIMultiDict(headers)) as answer,
        ):
            assert await answer.json() == told, (addresses, headers)

"""A token server on loopback: refresh tokens for access tokens (RFC 6749 section 6), and introspection (RFC 7662) for Dovecot."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from aiohttp import web

from tests.peers.daemon import free_port


class TokenServer:
    """`refresh` is the refresh token that is good now; `revoke` makes all tokens worthless."""

    def __init__(self, user: str, *, expires_in: int = 3600, rotates: bool = False) -> None:
        self.port = free_port()
        self.user = user
        self.expires_in = expires_in
        self.refresh = "refresh-" + secrets.token_hex(8)
        self.granted = 0
        self.told: Callable[..., None] = lambda *tokens: None  # hears which access tokens are good now
        self._rotates = rotates
        self._access: dict[str, float] = {}
        self._runner: web.AppRunner | None = None

    @property
    def token_url(self) -> str:
        """Where access tokens are given."""
        return f"http://127.0.0.1:{self.port}/token"

    @property
    def introspection_url(self) -> str:
        """Where Dovecot asks whether a token is good."""
        return f"http://127.0.0.1:{self.port}/introspect"

    def revoke(self) -> None:
        """Take back every token."""
        self.expire()
        self.refresh = "none"

    def expire(self) -> None:
        """Let the access tokens end before their time."""
        self._access.clear()
        self.told()

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.add_routes([web.post("/token", self._token), web.route("*", "/introspect", self._introspect)])
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port).start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    async def _token(self, request: web.Request) -> web.Response:
        form = await request.post()
        if form.get("grant_type") != "refresh_token" or form.get("refresh_token") != self.refresh:
            return web.json_response({"error": "invalid_grant"}, status=400)
        self.granted += 1
        token = "access-" + secrets.token_hex(8)
        self._access[token] = time.time() + self.expires_in
        self.told(*self._access)
        answer: dict[str, object] = {"access_token": token, "token_type": "Bearer", "expires_in": self.expires_in}
        if self._rotates:
            answer["refresh_token"] = self.refresh = "refresh-" + secrets.token_hex(8)
        return web.json_response(answer)

    async def _introspect(self, request: web.Request) -> web.Response:
        form = await request.post()
        active = self._access.get(str(form.get("token")), 0) > time.time()
        return web.json_response({"active": "true", "username": self.user} if active else {"active": "false"})

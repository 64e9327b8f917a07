"""What lets a patron's browser be told of an answer while the page of the chat is closed (Web Push).

The rules: a patron subscribes their own browser to answers in their own chat, and proves who they are by the chat's token. The page
alone may ask, and not the frame in somebody else's page: browsers grant notices to an origin, which there is another one. Public
computers have no notices: the next person would see them.
"""

from __future__ import annotations

import time
from typing import NoReturn

import msgspec
from aiohttp import web

from adapters.webchat import tokens
from adapters.webchat.codec import FrameRefused
from adapters.webchat.limits import Door
from adapters.webchat.pages import COMMON, Pages
from bridge.contract.adapter import Busy
from bridge.contract.answer_notices import AnswerNotices, NoOpenConversation, PushTarget

WORKER = "notices-worker.js"
WORKER_POLICY = "default-src 'none'; frame-ancestors 'none'"
LONGEST = 4096  # bytes of a subscription
BUSY_S = 5.0

_subscription = msgspec.json.Decoder(PushTarget)


class NoticeRoutes:
    """The answers to what a page asks about notices. `port` None = there are none here."""

    def __init__(self, port: AnswerNotices | None, door: Door, pages: Pages) -> None:
        self._port, self._door, self._pages = port, door, pages

    @property
    def offered(self) -> bool:
        """Say whether patrons may ask for notices here."""
        return self._port is not None

    async def worker(self, request: web.Request) -> web.StreamResponse:
        """The script that shows notices. Its folder is as far as it reaches: the pages of this channel."""
        if not self.offered:
            raise web.HTTPNotFound
        return self._pages.file(request, WORKER, "no-cache", {"Content-Security-Policy": WORKER_POLICY})

    async def key(self, request: web.Request, token: str, mark: str) -> web.Response:
        """The key that a browser subscribes to."""
        return web.json_response({"key": self._asked(token).key}, headers={**COMMON, "Cache-Control": "no-store"})

    async def keep(self, request: web.Request, token: str, mark: str) -> web.Response:
        """Tell this browser of answers from now on."""
        port, sender = self._asked(token), tokens.address(token)
        self._pace(sender)
        try:
            await port.keep(sender, await _read(request))
        except NoOpenConversation:
            raise FrameRefused("notices-over") from None
        except ValueError:
            raise FrameRefused("notices") from None
        except Busy as error:
            raise FrameRefused("busy", retry_after=BUSY_S) from error
        return _done()

    async def end(self, request: web.Request, token: str, mark: str) -> web.Response:
        """Tell no browser of this patron any more."""
        port, sender = self._asked(token), tokens.address(token)
        self._pace(sender)
        await self.forget(sender, port)
        return _done()

    async def forget(self, sender: str, port: AnswerNotices | None = None) -> None:
        """End the notices of a patron who ends the chat. Raises Refusal `busy`."""
        if (found := port or self._port) is None:
            return
        try:
            await found.end(sender)
        except Busy as error:
            raise FrameRefused("busy", retry_after=BUSY_S) from error

    def _asked(self, token: str) -> AnswerNotices:
        if not token:
            raise FrameRefused("token")
        if self._port is None:
            _none_here()
        return self._port

    def _pace(self, sender: str) -> None:
        if wait := self._door.notices.take(sender, time.monotonic()):
            raise FrameRefused("slow-down", retry_after=wait)


def _none_here() -> NoReturn:
    raise web.HTTPNotFound


def _done() -> web.Response:
    return web.json_response({"frames": []}, headers={**COMMON, "Cache-Control": "no-store"})


async def _read(request: web.Request) -> PushTarget:
    """Return the subscription in a request's body. Raises ValueError."""
    raw = await request.content.read(LONGEST + 1)
    while len(raw) <= LONGEST and (more := await request.content.read(LONGEST)):
        raw += more
    if len(raw) > LONGEST:
        raise ValueError("too long")
    return _subscription.decode(raw)

"""Web chat: the doors of one channel and the loops behind them.

A fan-out channel: every web process reads the out stream, pushes to the browsers it holds, and settles nothing; a browser's own
acknowledgement is a receipt. What a process does not push, a browser finds in its history when it comes back.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Awaitable, Callable, Collection, Coroutine
from contextlib import suppress
from math import ceil
from typing import Any, ClassVar, Literal

import msgspec
from aiohttp import WSMsgType, web

from adapters.webchat import tokens
from adapters.webchat.admission import DATED, DAY_S, MOST_DAYS, PUBLIC_S, Admission
from adapters.webchat.attendance import ALIVE, PRESENT, Attendance
from adapters.webchat.audience import Audience, RequestPeer, SocketPeer
from adapters.webchat.codec import (
    Again,
    Error,
    FrameRefused,
    LibrarianTyping,
    TokenFrame,
    encode,
    live_frame,
    read_poll,
)
from adapters.webchat.desks import Desks, close
from adapters.webchat.files import ChatFiles
from adapters.webchat.limits import BEAT_S, DEAF_BEATS, HARD_FRAME, MAX_FILE, MAX_FRAME, POLL_S, STUBBORN, Door
from adapters.webchat.notices import WORKER, NoticeRoutes
from adapters.webchat.pages import COMMON, Pages, allowed_origin, own_origins
from adapters.webchat.talk import Talk, tenths
from bridge.contract.adapter import Busy, Capabilities, Misconfigured, Outcome, Ports, Retry, Rewound, Sent, Signal
from bridge.contract.message import Delivery

error_decoder = msgspec.json.Decoder(Error)
SWEEP_S = 2.0
MOST_PATTERN = 300
GOODBYE_S = 2.0
STATUS = {
    "token": 401,
    "file": 403,
    "file-gone": 404,
    "rating": 409,
    "transcript": 409,
    "transcripts": 429,
    "notices": 422,
    "notices-over": 409,
    "too-large": 413,
    "file-too-large": 413,
    "file-type": 415,
    "file-unsafe": 415,
    "field": 422,
    "slow-down": 429,
    "busy": 503,
}


class WebchatConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a web chat channel's own keys in deskbridge.toml mean.

    origins             pages that may embed the widget, like `https://www.library.example`; `https://*.library.example`
                        = all below that host, not the host itself; `*` = any.
    form                whether patrons are asked for a name and an address before they write.
    attachments         whether patrons may send images, PDF and office files without macros.
    max_text            characters of one message.
    connections         sockets from one address at a time; a whole library may sit behind one.
    keep_days           for how many days after the patron last wrote their browser can open the chat again, 90 at most.
    public_computers    patrons sit at computers that others use after them: a chat ends with its tab.
    card_pattern        a regular expression (of JavaScript) for card numbers and PINs: a text that holds one is held back in the
                        patron's page, and a safer way is offered; "" = none is.
    beat                seconds between two signs of life of a browser; a socket silent for three of them is cut.
    """

    asks: ClassVar[tuple[str, ...]] = ("origins",)

    origins: tuple[str, ...] = ()
    form: Literal["none", "optional", "required"] = "optional"
    attachments: bool = True
    max_text: int = 8000
    connections: int = 500
    keep_days: float = 30
    public_computers: bool = False
    card_pattern: str = ""
    beat: float = BEAT_S


class WebchatAdapter:
    """See the module's header and bridge.contract.adapter."""

    name: ClassVar[str] = "webchat"
    Config: ClassVar[type[Any]] = WebchatConfig
    capabilities: ClassVar[Capabilities] = Capabilities(
        max_media=MAX_FILE,
        receipts="read",
        formatting=True,
        idempotent=True,
        exclusive=False,
        fanout=True,
        live=True,
        marks=True,
        typing=True,
        ratings=True,
        takeaway=True,
        own_data=True,
        calls=True,
        notices=True,
        forget=True,
        chat_page="chat",
        launcher="widget.js",
        label="Web chat",
        private=True,
        remembers=(DATED, PRESENT, ALIVE),
    )

    def __init__(self, config: WebchatConfig, ports: Ports) -> None:
        if config.beat <= 0 or config.max_text <= 0 or config.connections <= 0:
            raise Misconfigured("beat, max_text and connections must be above 0")
        check_pattern(config.card_pattern)
        if not 0 < config.keep_days <= MOST_DAYS:
            raise Misconfigured(f"keep_days must be above 0 and at most {MOST_DAYS}")
        if ports.routes is None or ports.deliveries is None or len(ports.secret) < 16:
            raise Misconfigured("web chat needs the house's HTTP routes, its out stream and a channel secret")
        self._config = config
        self._ports = ports
        self._open = False
        self._position = ""
        self._echoes: set[asyncio.Task[None]] = set()
        self._door = Door(per_address=config.connections)
        self._audience = Audience()
        self._attendance = Attendance(ports.memory)
        self._audience.on_join = self._attendance.came
        self._desks = Desks(ports.desk, self._audience)
        self._admission = Admission(ports, kept_s(config))
        self._talk = Talk(ports, self._door, self._audience, self._desks, self._admission, config.max_text, config.beat)
        self._files = ChatFiles(ports, self._door, self._admission)
        notices = None if config.public_computers else ports.answer_notices
        told = {**settings(config, ports.channel), **({"notices": True} if notices else {})}
        self._pages = Pages(ports.channel, origins(config), told)
        self._notices = NoticeRoutes(notices, self._door, self._pages)
        self._mount(ports.routes)

    def _mount(self, routes: web.UrlDispatcher) -> None:
        pages = self._pages
        for path, handler in (
            ("/frame", pages.frame),
            ("/chat", pages.page),
            ("/widget.js", pages.widget),
            ("/invite.js", pages.invitation),
            ("/assets/{name}", pages.asset),
            ("/words/{name}", pages.words),
            ("/words", pages.languages),
            ("/status", self._status),
            (f"/{WORKER}", self._notices.worker),
            ("/notices", self._asked(self._notices.key)),
            ("/live", self._live),
            ("/files/{digest:[0-9a-f]{64}}", self._asked(self._download)),
        ):
            routes.add_get(path, handler)
        routes.add_post("/frames", self._asked(self._post))
        routes.add_post("/poll", self._asked(self._poll))
        routes.add_post("/end", self._asked(self._end))
        routes.add_post("/files", self._asked(self._upload))
        routes.add_post("/notices", self._asked(self._notices.keep))
        routes.add_post("/notices/end", self._asked(self._notices.end))
        routes.add_post("/own-data", self._asked(self._own_data))

    # ---- the session ----

    async def run(self) -> None:
        """Serve until cancelled; raises what the daemon's own ports raise."""
        with suppress(Busy):  # asked again for the first token without a date
            await self._admission.begin()
        self._open = True
        try:
            await together(self._fan_out(), self._overhear(), self._desks.run(), self._sweep(), self._stand())
        finally:
            self._open = False
            await self._goodbye()

    async def _stand(self) -> None:
        """Say that the channel works once the desk can be told; then nothing, for as long as it goes on."""
        await self._desks.ready.wait()
        await self._ports.inlet.up()
        await asyncio.Event().wait()

    @property
    def connected(self) -> int:
        """Return how many sockets stand at this process."""
        return len(self._audience.sockets)

    async def _fan_out(self) -> None:
        """Push what is put out. Where a failover has lost some of it, begin again: the browsers are asked to say hello again."""
        assert self._ports.deliveries is not None  # asked for in __init__
        while True:
            entries = self._ports.deliveries(self._position)
            try:
                async for position, delivery in entries:
                    await self.send(delivery)
                    self._position = position
            except Rewound:
                self._position = ""
                self._audience.all_behind()
            finally:
                await close(entries)

    async def send(self, delivery: Delivery) -> Outcome:
        """Push to the patron's browsers at this process; Retry when none is here (history will tell them)."""
        frame = encode(live_frame(delivery, self._ports.secret))
        heard = await self._audience.deliver(delivery.to, delivery.id, frame, time.monotonic())
        return Sent() if heard else Retry("nobody-listens")

    async def _overhear(self) -> None:
        signals = self._ports.signals.listen(self._ports.channel)
        try:
            async for signal in signals:
                if signal.kind == "wrote":
                    self._echo(signal.address, signal.text)
                elif not signal.librarian:
                    self._audience.contradict(signal.address)
                elif signal.address and signal.kind in ("typing", "paused"):
                    frame = LibrarianTyping(on=signal.kind == "typing", name=signal.name)
                    await self._audience.tell(signal.address, encode(frame))
        finally:
            await close(signals)

    def _echo(self, sender: str, message: str) -> None:
        if self._audience.listens(sender):
            task = asyncio.create_task(self._talk.echo_when_known(sender, message))
            self._echoes.add(task)
            task.add_done_callback(self._echoes.discard)

    async def _sweep(self) -> None:
        """Cut sockets that are deaf; ask those that had been full, and have drained, to say hello again.

        At first ask all: what was put on the out stream before we began to read it is found in history.
        """
        await asyncio.sleep(SWEEP_S)
        self._audience.all_behind()
        while True:
            await asyncio.sleep(min(SWEEP_S, self._config.beat))
            now = time.monotonic()
            self._door.forget(now)
            self._audience.forget(now)
            with suppress(Busy):
                await self._audience.departures.look(now, self._sign)
            with suppress(Busy):
                for sender in await self._attendance.look(now):
                    if not self._audience.listens(sender):
                        self._audience.departures.left(sender, now)
            with suppress(Busy):
                await self._audience.dismiss(await self._admission.revoked(self._audience.present))
            for peer in tuple(self._audience.sockets):
                if now - peer.heard > DEAF_BEATS * self._config.beat:
                    peer.cut()
                elif peer.behind and peer.hold is None and not peer.full():
                    peer.behind = False
                    await peer.push(encode(Again()))

    async def forget(self, addresses: Collection[str]) -> None:
        """See bridge.contract.adapter.Remembers. A patron of whom nothing is left is known by no browser any more. Raises Busy."""
        self._audience.departures.forget(addresses)
        await self._attendance.forget(addresses)
        gone = [each for each in addresses if not await self._ports.history(each, "")]
        await self._admission.revoke(gone)
        await self._audience.dismiss(gone)
        self._audience.departures.forget(gone)

    async def _sign(self, sender: str, here: bool) -> None:
        await self._ports.inlet.sign(sender, here=here)
        if not here:
            if not self._audience.listens(sender):
                self._attendance.told(sender)
            await self._ports.signals.tell(Signal(kind="gone", channel=self._ports.channel, address=sender))

    async def _goodbye(self) -> None:
        peers = tuple(self._audience.sockets)
        closing = [asyncio.create_task(peer.ws.close(code=1012, message=b"restart")) for peer in peers]
        if closing:
            await asyncio.wait(closing, timeout=GOODBYE_S)
        for task, peer in zip(closing, peers, strict=True):
            if not task.done():
                task.cancel()
                peer.cut()

    # ---- a WebSocket ----

    async def _live(self, request: web.Request) -> web.StreamResponse:
        mark = self._door.mark(request.remote or "")
        if not self._open or request.transport is None:
            raise web.HTTPServiceUnavailable(headers={"Retry-After": "5"})
        if self._foreign(request):
            raise web.HTTPForbidden(text="origin\n")
        if not self._door.enter(mark):
            raise web.HTTPTooManyRequests(headers={"Retry-After": "30"})
        try:
            ws = web.WebSocketResponse(max_msg_size=HARD_FRAME, compress=False, timeout=GOODBYE_S)
            await ws.prepare(request)
            await self._serve(SocketPeer(ws, request.transport, mark, time.monotonic()))
            return ws
        finally:
            self._door.leave(mark)

    async def _serve(self, peer: SocketPeer) -> None:
        self._audience.sockets.add(peer)
        try:
            async for message in peer.ws:
                peer.heard = time.monotonic()
                if message.type not in (WSMsgType.TEXT, WSMsgType.BINARY):
                    break
                await self._talk.hear(peer, message.data)
                if peer.refused > STUBBORN:
                    await peer.ws.close(code=1008, message=b"slow-down")
        finally:
            self._audience.sockets.discard(peer)
            await self._talk.gone(peer)

    # ---- plain requests, for where a WebSocket does not get through ----

    def _asked(
        self, serve: Callable[[web.Request, str, str], Awaitable[web.StreamResponse]]
    ) -> Callable[[web.Request], Coroutine[Any, Any, web.StreamResponse]]:
        """Wrap a request of a browser: who asks, from where, how often; refusals become answers."""

        async def asked(request: web.Request) -> web.StreamResponse:
            try:
                mark = self._door.mark(request.remote or "")
                if wait := self._door.requests.take(mark, time.monotonic()):
                    raise FrameRefused("slow-down", retry_after=tenths(wait))
                if not self._open:
                    raise FrameRefused("busy", retry_after=5)
                if self._foreign(request):
                    raise web.HTTPForbidden(text="origin\n")
                return await serve(request, await self._token(request), mark)
            except Busy:
                return frames([encode(Error(code="busy", retry_after=5))])
            except FrameRefused as why:
                return frames([encode(Error(code=why.code, id=why.id, retry_after=why.retry_after))])

        return asked

    async def _post(self, request: web.Request, token: str, mark: str) -> web.Response:
        """Take one frame by POST and answer with the frames that a socket would get."""
        peer = RequestPeer(mark, time.monotonic(), tokens.address(token) if token else "", token)
        try:
            await self._talk.hear(peer, await body(request))
        finally:
            self._audience.leave(peer)
        return frames(peer.frames)

    async def _poll(self, request: web.Request, token: str, mark: str) -> web.Response:
        """Answer with what is new for this patron, or after a while with nothing."""
        if not token:
            raise FrameRefused("token")
        asked = read_poll(await body(request))
        peer = RequestPeer(mark, time.monotonic())
        if not self._door.enter(mark):
            raise FrameRefused("slow-down", retry_after=30)
        try:
            self._audience.join(peer, tokens.address(token))
            if newer := self._admission.dated(token):
                await peer.answer(encode(TokenFrame(token=newer)))
            missed = await self._talk.missed(peer.sender, asked.after, asked.have)
            if not missed and not peer.frames and asked.wait:
                await self._wait(peer)
            await self._desks.place(peer)
            return frames(missed + peer.frames)
        except Busy as error:
            raise FrameRefused("busy", retry_after=5) from error
        finally:
            self._door.leave(mark)
            if self._audience.leave(peer):
                self._desks.leave(peer.sender)

    async def _wait(self, peer: RequestPeer) -> None:
        try:
            async with asyncio.timeout(POLL_S):
                await peer.news.wait()
        except TimeoutError:
            return

    async def _end(self, request: web.Request, token: str, mark: str) -> web.Response:
        """End the chat on this device: no browser opens it any more, and the librarian hears that the patron has gone."""
        if not token:
            raise FrameRefused("token")
        sender = tokens.address(token)
        await self._notices.forget(sender)
        try:
            await self._admission.revoke([sender])
            await self._audience.dismiss([sender])
            await self._sign(sender, here=False)
        except Busy as error:
            raise FrameRefused("busy", retry_after=5) from error
        self._audience.departures.forget([sender])
        return frames([])

    async def _status(self, request: web.Request) -> web.Response:
        return self._pages.status(request, self._desks.now if self._open else None)

    async def _upload(self, request: web.Request, token: str, mark: str) -> web.StreamResponse:
        if not self._config.attachments:
            raise FrameRefused("file-type")
        return await self._files.upload(request, token, mark)

    async def _download(self, request: web.Request, token: str, mark: str) -> web.StreamResponse:
        return await self._files.download(request, token)

    async def _own_data(self, request: web.Request, token: str, mark: str) -> web.StreamResponse:
        return await self._files.own_data(request, token)

    # ---- who asks ----

    def _foreign(self, request: web.Request) -> bool:
        """Say whether a page of somebody else asks: only our own frame and page may speak for a patron."""
        origin = request.headers.get("Origin")
        return origin is not None and origin.lower() not in own_origins(request, self._ports.public_url)

    async def _token(self, request: web.Request) -> str:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if not token:
            return ""
        if scheme.lower() != "bearer":
            raise FrameRefused("token")
        await self._admission.check(token)
        return token


def origins(config: WebchatConfig) -> tuple[str, ...]:
    """Return the allow-list as browsers write origins; raises Misconfigured."""
    try:
        return tuple("*" if text == "*" else allowed_origin(text) for text in config.origins)
    except ValueError as error:
        raise Misconfigured(str(error)) from error


def kept_s(config: WebchatConfig) -> float:
    """Return for how many seconds a token opens after the patron last wrote."""
    kept = config.keep_days * DAY_S
    return min(kept, PUBLIC_S) if config.public_computers else kept


def check_pattern(pattern: str) -> None:
    """Refuse what is no regular expression, and what finds something in every text. Raises Misconfigured."""
    try:
        found = re.compile(pattern).search("") if pattern else None
    except re.error as error:
        raise Misconfigured(f"card_pattern is no regular expression: {error}") from None
    if found is not None or len(pattern) > MOST_PATTERN:
        raise Misconfigured(f"card_pattern must find something, in {MOST_PATTERN} characters at most")


def settings(config: WebchatConfig, channel: str) -> dict[str, object]:
    """Return what the pages need to know."""
    return {
        "channel": channel,
        "origins": list(origins(config)),
        "form": config.form,
        "files": config.attachments,
        "maxText": config.max_text,
        "maxFile": MAX_FILE,
        "maxFrame": MAX_FRAME,
        "keepDays": config.keep_days,
        "publicComputers": config.public_computers,
        **({"cardPattern": config.card_pattern} if config.card_pattern else {}),
    }


async def body(request: web.Request) -> bytes:
    """Return a request's body; raises Refusal when it is longer than a frame may be."""
    if (request.content_length or 0) > MAX_FRAME:
        raise FrameRefused("too-large")
    raw = bytearray()
    async for chunk in request.content.iter_any():
        raw += chunk
        if len(raw) > MAX_FRAME:
            raise FrameRefused("too-large")
    return bytes(raw)


def frames(held: list[bytes]) -> web.Response:
    """Answer with frames; the status is that of the first error among them, for clients that read no further."""
    errors = (error_decoder.decode(frame) for frame in held if frame.startswith(b'{"t":"error"'))
    error = next(errors, None)
    status = STATUS.get(error.code, 400) if error else 200
    minted = any(frame.startswith(b'{"t":"token"') for frame in held)  # a secret is not packed with other words
    headers = {**COMMON, "Cache-Control": "no-store, no-transform" if minted else "no-store"}
    if error and error.retry_after:
        headers["Retry-After"] = str(ceil(error.retry_after))
    text = b'{"frames":[' + b",".join(held) + b"]}"
    return web.Response(status=status, body=text, content_type="application/json", headers=headers)


async def together(*loops: Coroutine[Any, Any, None]) -> None:
    """Run loops until one ends, stop the others, raise what ended it."""
    tasks = [asyncio.create_task(loop) for loop in loops]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

"""A server that answers like Twilio's Messages API, on this machine: for tests, for the demonstration, for authors outside.

It owns numbers, holds messages both ways, lists them with pages and keeps media behind the account's password. It signs the
webhooks it calls, obeys STOP and START, and reports what became of a text. It can be told to misbehave: to answer 429 and 500,
or never after the text was taken. Callbacks can come late, early, twice or in any order. Nothing leaves this machine.

What it does differently from Twilio: a webhook that is not answered with 2xx is not called again. (Twilio does so only for some
failures.) One handset's webhooks are called one after another.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
import math
import mimetypes
import re
import secrets
import socket
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, Self
from urllib.parse import parse_qsl, urlencode
from xml.etree import ElementTree

import aiohttp
from aiohttp import web
from aiohttp.typedefs import Middleware
from twilio.request_validator import RequestValidator

from bridge.testing.twilio_lists import TwilioRefused, kind, matches, paging
from bridge.testing.twilio_records import VERSION, Handset, Media, TwilioMessage, sid

STOP = frozenset({"STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT"})
START = frozenset({"START", "YES", "UNSTOP"})
WEBHOOK_S = 15.0
WINDOW = timedelta(hours=24)
MAX_BODY = 1600
MAX_PAGE = 1000

Mishap = Literal["429", "500", "503", "lost"]


class Twilio:
    """An account with numbers. `inbound` is the webhook's address; `reports` are the statuses that every text reports by itself.

    mishaps   what happens to the next submissions: "429", "500", "503"; "lost": it is taken, and nobody is told
    fates     by the handset's number: the status and error that a text to it ends with
    """

    def __init__(self, numbers: Sequence[str], *, service: str = "", token: str = "") -> None:
        self.account = sid("AC")
        self.token = token or secrets.token_hex(16)
        self.numbers = tuple(numbers)
        self.service = service
        self.inbound = ""
        self.base = ""  # where others reach the API: by default this server itself
        self.reports: tuple[str, ...] = ()
        self.mishaps: deque[Mishap] = deque()
        self.fates: dict[str, tuple[str, int]] = {}
        self.records: list[TwilioMessage] = []
        self.opted_out: set[tuple[str, str]] = set()
        self.advanced = False  # "Advanced Opt-Out": webhooks say which word it was
        self.refusals: list[str] = []
        self.requests = 0
        self._handsets: dict[str, Handset] = {}
        self._turns: dict[str, asyncio.Lock] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._stores: dict[str, Media] = {}
        self._runner: web.AppRunner | None = None
        self._session: aiohttp.ClientSession | None = None
        self.port = 0
        self.watchers: list[Middleware] = []  # what else looks at every request
        self.mounts: list[Callable[[web.Application], None]] = []  # what else is served, as the telephone's page

    # -- life

    async def open(self) -> Self:
        """Listen on 127.0.0.1."""
        sock = socket.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(("127.0.0.1", self.port))
        self.port = sock.getsockname()[1]
        self.base = self.base or self.url
        self._session = aiohttp.ClientSession()
        self._runner = web.AppRunner(self._application(), shutdown_timeout=0.5, access_log=None)
        await self._runner.setup()
        await web.SockSite(self._runner, sock).start()
        return self

    async def close(self) -> None:
        """Stop, and forget what was on its way."""
        for task in [*self._tasks]:
            task.cancel()
        if self._tasks:
            await asyncio.wait([*self._tasks])
        if self._session is not None:
            await self._session.close()
        if self._runner is not None:
            await self._runner.cleanup()

    async def __aenter__(self) -> Self:
        return await self.open()

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    # -- people

    def handset(self, number: str) -> Handset:
        """Return somebody's telephone."""
        return self._handsets.setdefault(number, Handset(number))

    def text(
        self,
        number: str,
        body: str,
        files: Sequence[tuple[str, bytes]] = (),
        *,
        to: str = "",
        profile: str = "",
        **told: str,
    ) -> TwilioMessage:
        """Have a handset text the library; its webhook is called soon. `told` are further fields of it."""
        media = [Media(data, mimetypes.guess_type(name)[0] or "application/octet-stream", name) for name, data in files]
        record = TwilioMessage(
            self.account, "inbound", number, to or self.numbers[0], body, "received", self.service, media,
            segments=max(1, math.ceil(len(body) / 153)), profile=profile, told=told,
        )  # fmt: skip
        self.records.append(record)
        self.handset(number).write(record)
        self._obey(record)
        self.call(record)
        return record

    def call(self, record: TwilioMessage, *, as_json: bool = False) -> asyncio.Task[None]:
        """Call the library's webhook for a message (again)."""
        return self.later(self._call(record, as_json))

    def report(self, record: TwilioMessage, status: str, error: int | None = None) -> asyncio.Task[None]:
        """Have a status reported, regardless of earlier ones."""
        return self.later(self._report(record, status, error))

    def find(self, sid: str) -> TwilioMessage:
        """Return a message. Raises KeyError."""
        for record in self.records:
            if record.sid == sid and not record.gone:
                return record
        raise KeyError(sid)

    def _obey(self, record: TwilioMessage) -> None:
        """Do what a carrier does at STOP and START; WhatsApp knows no such words."""
        word, pair = record.body.strip().upper(), (self._ours(record.to), record.sender)
        if record.sender.startswith("whatsapp:"):
            return
        told = "STOP" if word in STOP else "START" if word in START else "HELP" if word in ("HELP", "INFO") else ""
        if self.advanced:
            record.opt_out = told
        if told == "STOP" and pair not in self.opted_out:
            self.opted_out.add(pair)
            self._reply(record, "You will get no more texts from this number. Text START to get them again.")
        elif told == "START" and pair in self.opted_out:
            self.opted_out.discard(pair)
            self._reply(record, "You will get texts from this number again.")

    def _ours(self, number: str) -> str:
        return self.service or number

    def _reply(self, record: TwilioMessage, text: str) -> None:
        made = TwilioMessage(self.account, "outbound-reply", record.to, record.sender, text, "sent", self.service)
        self.records.append(made)
        self._show(made)

    def _show(self, record: TwilioMessage) -> None:
        self.handset(record.to).show(record)

    # -- webhooks

    async def _call(self, record: TwilioMessage, as_json: bool) -> None:
        async with self._turns.setdefault(record.sender, asyncio.Lock()):
            answer, text = await self.post(self.inbound, record.webhook(self.base), as_json)
            record.answered = answer
        if answer == 200 and text.lstrip().startswith("<"):
            with suppress(ElementTree.ParseError):
                for message in ElementTree.fromstring(text).iter("Message"):
                    self._reply(record, "".join(message.itertext()))

    async def _report(self, record: TwilioMessage, status: str, error: int | None) -> None:
        record.status, record.error = status, error
        if record.callback:
            await self.post(record.callback, record.report(status, error))

    async def post(self, url: str, fields: dict[str, str], as_json: bool = False) -> tuple[int, str]:
        """Call an address of the library's, signed; 0 where nobody answers."""
        if as_json:
            data, media_type = json.dumps(fields).encode(), "application/json"
            url += ("&" if "?" in url else "?") + f"bodySHA256={RequestValidator('').compute_hash(data.decode())}"
            signature = RequestValidator(self.token).compute_signature(url, {})
        else:
            data, media_type = urlencode(fields).encode(), "application/x-www-form-urlencoded; charset=UTF-8"
            signature = RequestValidator(self.token).compute_signature(url, fields)
        headers = {"X-Twilio-Signature": signature, "Content-Type": media_type, "I-Twilio-Idempotency-Token": sid("IT")}
        assert self._session is not None
        limit = aiohttp.ClientTimeout(total=WEBHOOK_S)
        try:
            async with self._session.post(url, data=data, headers=headers, timeout=limit) as answer:
                return answer.status, await answer.text()
        except (aiohttp.ClientError, TimeoutError, OSError):
            return 0, ""

    def later(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Do something beside; it ends with the server."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    # -- the API

    def _application(self) -> web.Application:
        application = web.Application(middlewares=[*self.watchers, self._watched], client_max_size=1 << 24)
        account = f"/{VERSION}/Accounts/{{account}}"
        message = f"{account}/Messages/{{message:[A-Z]{{2}}[0-9a-f]{{32}}}}"
        application.add_routes(
            [
                web.get(f"{account}.json", self._get_account),
                web.get(f"{account}/Messages.json", self._list),
                web.post(f"{account}/Messages.json", self._create),
                web.get(f"{message}.json", self._get),
                web.delete(f"{message}.json", self._delete),
                web.get(f"{message}/Media.json", self._list_media),
                web.get(f"{message}/Media/{{media:ME[0-9a-f]{{32}}}}", self._fetch),
                web.get("/store/{key}", self._stored),
            ]
        )
        for mount in self.mounts:
            mount(application)
        return application

    @web.middleware
    async def _watched(self, request: web.Request, handler: Any) -> web.StreamResponse:
        """Ask for the account's password, and answer refusals as Twilio does."""
        self.requests += 1
        try:
            if request.path.startswith(f"/{VERSION}/"):
                self._authenticate(request)
            response: web.StreamResponse = await handler(request)
            return response
        except TwilioRefused as refused:
            self.refusals.append(f"{refused.code} {refused}")
            more = f"https://www.twilio.com/docs/errors/{refused.code}"
            body = {"code": refused.code, "message": str(refused), "more_info": more, "status": refused.status}
            return web.json_response(body, status=refused.status)

    def _authenticate(self, request: web.Request) -> None:
        given = request.headers.get("Authorization", "").partition(" ")[2]
        try:
            name, _, password = base64.b64decode(given, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            name, password = "", ""
        if (name, password) != (self.account, self.token):
            raise TwilioRefused(401, 20003, "Authenticate")
        if request.match_info.get("account") != self.account:
            raise TwilioRefused(404, 20404, "The requested resource was not found")

    async def _get_account(self, request: web.Request) -> web.Response:
        return web.json_response({"sid": self.account, "status": "active", "friendly_name": "Local", "type": "Full"})

    async def _create(self, request: web.Request) -> web.Response:
        form = parse_qsl((await request.read()).decode(), keep_blank_values=True)
        mishap = self.mishaps.popleft() if self.mishaps else ""
        if mishap == "429":
            raise TwilioRefused(429, 20429, "Too Many Requests")
        if mishap in ("500", "503"):
            raise TwilioRefused(int(mishap), 20500, "An internal server error has occurred")
        fields = dict(form)
        record = self._composed(fields, [value for name, value in form if name == "MediaUrl"])
        record.media = [await self._fetched(value) for name, value in form if name == "MediaUrl"]
        self.records.append(record)
        self.later(self._carry(record))
        if mishap == "lost":
            await asyncio.sleep(3600)
        return web.json_response(record.resource(), status=201)

    def _composed(self, fields: dict[str, str], media: Sequence[str]) -> TwilioMessage:
        """Return the message that a request asks for. Raises TwilioRefused."""
        to, body = fields.get("To", ""), fields.get("Body", "")
        sender = fields.get("From", "")
        service = fields.get("MessagingServiceSid", "")
        if not to:
            raise TwilioRefused(400, 21604, "A 'To' phone number is required.")
        if not re.fullmatch(r"(?:whatsapp:)?\+?\d+|whatsapp:[A-Z]{2}\.[A-Za-z0-9.]{1,131}", to):
            raise TwilioRefused(400, 21211, "Invalid 'To' Phone Number")
        if not sender and not service:
            raise TwilioRefused(400, 21603, "A 'From' phone number is required.")
        if (sender and sender not in self.numbers) or (service and service != self.service):
            raise TwilioRefused(400, 21606, "The 'From' phone number provided is not a valid sender for this account.")
        sender = sender or next((one for one in self.numbers if kind(one) == kind(to)), "")
        if kind(sender) != kind(to):
            raise TwilioRefused(400, 63007, "Twilio could not find a Channel with the specified From address")
        if not body and not media and "ContentSid" not in fields:
            raise TwilioRefused(400, 21602, "Message body is required.")
        if len(body.encode("utf-16-le")) // 2 > MAX_BODY:
            raise TwilioRefused(400, 21617, "The concatenated message body exceeds the 1600 character limit.")
        if (self._ours(sender), to) in self.opted_out:
            raise TwilioRefused(400, 21610, "Attempt to send to unsubscribed recipient")
        return TwilioMessage(
            self.account, "outbound-api", sender, to, body, "accepted" if service else "queued", service,
            callback=fields.get("StatusCallback", ""), template="ContentSid" in fields,
            segments=max(1, math.ceil(len(body) / 153)),
        )  # fmt: skip

    async def _fetched(self, url: str) -> Media:
        """Fetch a file that goes out. Raises TwilioRefused."""
        assert self._session is not None
        try:
            async with self._session.get(url, timeout=aiohttp.ClientTimeout(total=WEBHOOK_S)) as answer:
                if answer.status == 200:
                    name = answer.content_disposition.filename if answer.content_disposition else None
                    return Media(await answer.read(), answer.content_type, name or url.rpartition("/")[2])
        except (aiohttp.ClientError, TimeoutError, OSError):
            pass
        raise TwilioRefused(400, 21620, "Invalid media URL(s)")

    async def _carry(self, record: TwilioMessage) -> None:
        """Bring a text to its handset, and report."""
        status, error = self.fates.get(record.to, ("delivered", 0))
        if kind(record.to) == "whatsapp:" and not record.template and not self._in_window(record):
            status, error = "failed", 63016
        if not error:
            self._show(record)
            record.price = f"{-0.0079 * record.segments:.4f}"
        record.status = "sent"
        for stage in self.reports:
            await self._report(record, stage, None)
        if error:
            await self._report(record, status, error)

    def _in_window(self, record: TwilioMessage) -> bool:
        since = datetime.now(UTC) - WINDOW
        return any(
            each.direction == "inbound" and each.sender == record.to and each.made > since for each in self.records
        )

    async def _list(self, request: web.Request) -> web.Response:
        size = min(MAX_PAGE, int(request.query.get("PageSize", "50")))
        page = int(request.query.get("Page", "0"))
        kept = [record for record in reversed(self.records) if not record.gone and matches(record, request.query)]
        shown = [record.resource() for record in kept[page * size : (page + 1) * size]]
        return web.json_response({"messages": shown, **paging(request, page, size, len(kept))})

    async def _get(self, request: web.Request) -> web.Response:
        return web.json_response(self._named(request).resource())

    async def _delete(self, request: web.Request) -> web.Response:
        self._named(request).gone = True
        return web.Response(status=204)

    async def _list_media(self, request: web.Request) -> web.Response:
        record = self._named(request)
        shown = [record.media_resource(media) for media in record.media]
        return web.json_response({"media_list": shown, **paging(request, 0, 50, len(shown))})

    async def _fetch(self, request: web.Request) -> web.Response:
        """Send on to where the file lies, as Twilio does: that address asks for no password."""
        record = self._named(request)
        for media in record.media:
            if media.sid == request.match_info["media"]:
                key = secrets.token_urlsafe(16)
                self._stores[key] = media
                return web.Response(status=307, headers={"Location": f"/store/{key}"})
        raise TwilioRefused(404, 20404, "The requested resource was not found")

    async def _stored(self, request: web.Request) -> web.Response:
        media = self._stores.get(request.match_info["key"])
        if media is None:
            raise web.HTTPNotFound
        return web.Response(body=media.data, content_type=media.media_type)

    def _named(self, request: web.Request) -> TwilioMessage:
        try:
            return self.find(request.match_info["message"])
        except KeyError:
            raise TwilioRefused(404, 20404, "The requested resource was not found") from None

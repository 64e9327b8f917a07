"""The daemon's one web server: what is mounted where, and what every answer carries.

    /  /library/…      the public pages of the libraries
    /inbox             the librarians' app
    /api/v1/…          the inbox's interface
    /counter/          the page on which staff count questions
    /sign-on/…         where browsers are led when another service signs people in
    /channels/<name>/  what adapters mount
    /call/             the page of a call
    /faq/…             the public FAQ
    /livez /readyz     is it alive, is it ready
    /way-in            how a request of yours arrives, for `deskbridge check`
    /metrics           for the local network: refused to requests through a proxy

The client, the scheme and the host are taken from the connection. The forwarded headers count only when the connection comes
from a trusted proxy. Then the last address counts that no trusted proxy wrote (RFC 7239 5.2, 8.1). A request names a host
that can be one. Its body is taken as it came, never unpacked (RFC 9110 8.4, 15.5.16). Every answer
forbids what it does not need: sniffing, framing, referrers, foreign scripts (OWASP Secure Headers). Adapters' pages are
framed by other sites and set a policy of their own.
"""

from __future__ import annotations

import asyncio
import ipaddress
import json
import mimetypes
import os
import re
import socket
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from functools import cache
from html import escape
from pathlib import Path

import structlog
from aiohttp import web
from aiohttp.typedefs import Middleware
from prometheus_client import CollectorRegistry, exposition

from bridge.app import activation
from bridge.app.channel_mounts import ChannelMounts
from bridge.app.connections import Site
from bridge.app.way_in import PATH, way_in
from bridge.calls.pages import CallPages
from bridge.contract import catalogues
from bridge.contract.adapter import Busy
from bridge.faq.site import FaqSite
from bridge.inbox import counter_page
from bridge.inbox.app import Inbox
from bridge.inbox.http.responses import MAX_BODY, Refusal, answer
from bridge.inbox.http.sessions import cookie_name
from bridge.pages import nowhere
from bridge.portal.routes import Portal
from bridge.runtime import compression
from bridge.runtime.health import DaemonHealth
from bridge.sign_on.proxied import identified
from bridge.sign_on.settings import SignOnSettings

log = structlog.get_logger("bridge.app.http")

SHUTDOWN_S = 10.0

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Serve = Callable[[web.Request], Awaitable[web.StreamResponse]]

FORWARDED = ("X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host")
SECURE = web.RequestKey("secure", bool)  # it came over https, as far as we know
HOST = re.compile(r"(?:[A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?")  # RFC 9110 7.2

INBOX = "inbox"  # its catalogue of words
WORDS = "words/"
FIRST = "index.html"
FOR_EVER = "public, max-age=31536000, immutable"
NO_PAGE = "default-src 'none'; frame-ancestors 'none'"
INBOX_PAGE = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; media-src 'self'; "
    "connect-src 'self' {socket}; manifest-src 'self'; worker-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
WORKER = "worker.js"  # of the inbox: what it fetches, its own policy allows
WORKER_POLICY = "default-src 'none'; connect-src 'self'; frame-ancestors 'none'"
HTTPS_ONLY = "max-age=31536000"
QUIET = "accelerometer=(), camera=(), geolocation=(), gyroscope=(), magnetometer=(), microphone=(), payment=(), usb=()"


def application(
    *,
    health: DaemonHealth,
    inbox: Inbox | None = None,
    inbox_pages: Path | None = None,
    portal: Portal | None = None,
    faq: FaqSite | None = None,
    channels: Mapping[str, web.Application] | ChannelMounts | None = None,
    proxies: Sequence[str] = (),
    registry: CollectorRegistry | None = None,
    sign_on: SignOnSettings | None = None,
    calls: CallPages | None = None,
) -> web.Application:
    """Put the daemon's web application together; nothing is started.

    `inbox_pages` is a folder of built pages; `channels` what adapters mount, by channel name. Without a `portal`
    `/` leads to the inbox where there is one.
    """
    networks = [ipaddress.ip_network(proxy, strict=False) for proxy in proxies]
    signed_in_before = [identified(sign_on.proxy)] if sign_on is not None and sign_on.proxy is not None else []
    app = web.Application(
        middlewares=[
            *signed_in_before,
            _forwarded(networks),
            _errors(designed=portal is not None),
            _readable,
            compression.packed,
        ],
        client_max_size=MAX_BODY,
    )
    app.on_response_prepare.append(_secure)
    app.router.add_get("/livez", _livez)
    app.router.add_get("/readyz", _readyz(health))
    app.router.add_get(PATH, way_in)
    if registry is not None:
        app.router.add_get("/metrics", _metrics(registry))
    (channels if isinstance(channels, ChannelMounts) else ChannelMounts(channels or {})).mount(app)
    if inbox is not None:
        inbox.mount(app)
    if inbox_pages is not None:
        _pages(app, "/inbox", inbox_pages, INBOX_PAGE)
        counter_page.mount(app)
    if calls is not None:
        calls.mount(app)
    if faq is not None:
        faq.mount(app)
    if portal is not None:
        portal.mount(app)
    elif inbox_pages is not None:
        app.router.add_get("/", _leading_to("/inbox"))
    return app


class Server:
    """Serves an application on host:port, or on a socket's path when `listen` begins with a slash; on the sockets that were
    passed to us instead, where there are any."""

    def __init__(self, app: web.Application, listen: str, passed: Sequence[socket.socket] = ()) -> None:
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=SHUTDOWN_S, handle_signals=False)
        self._listen = listen
        self._passed = passed
        self.url = ""

    async def start(self) -> None:
        """Listen. Raises OSError when the address is taken or not ours."""
        await self._runner.setup()
        if self._passed:
            await self._take_over()
            return
        await Site(self._runner, self._listen).start()
        if self._listen.startswith("/"):
            # Its folder says who may come, under any umask: the proxy is another user.
            await asyncio.to_thread(os.chmod, self._listen, 0o666)
            return
        host = self._listen.rpartition(":")[0]
        bound = self._runner.addresses[0][1]
        self.url = f"http://{host}:{bound}"

    async def _take_over(self) -> None:
        """Listen on the sockets that were passed; say so where the configuration names another address."""
        found = [activation.address(one) for one in self._passed]
        if self._listen not in found:
            log.warning("listening-elsewhere", configured=self._listen, passed=found)
        for one, where in zip(self._passed, found, strict=True):
            await Site(self._runner, where, one).start()
        self.url = next((f"http://{where}" for where in found if not where.startswith("/")), "")

    async def stop(self) -> None:
        """Take no more, tell sockets good-bye, let requests end within `SHUTDOWN_S`."""
        await self._runner.cleanup()


# ---- who asks ------------------------------------------------------------


def _forwarded(networks: Sequence[Network]) -> Middleware:
    @web.middleware
    async def forwarded(request: web.Request, handler: Serve) -> web.StreamResponse:
        if not any(name in request.headers for name in FORWARDED):
            return await handler(request)
        if not _trusted(request.remote or _socket_peer(request), networks):
            return await handler(request)
        scheme = request.headers.get("X-Forwarded-Proto", request.scheme).rpartition(",")[2].strip().lower()
        host = request.headers.get("X-Forwarded-Host", request.host).rpartition(",")[2].strip()
        remote = _client(request.headers.get("X-Forwarded-For", ""), networks) or request.remote or ""
        known = request.clone(
            scheme=scheme if scheme in ("http", "https") else request.scheme, host=host, remote=remote
        )
        request[SECURE] = known.secure  # answers that are raised are prepared for the request as it came
        return await handler(known)

    return forwarded


def _socket_peer(request: web.Request) -> str:
    """A unix socket's peer is this machine: its folder's permissions say who may come."""
    transport = request.transport
    return "127.0.0.1" if transport is not None and not transport.get_extra_info("peername") else ""


def _trusted(address: str, networks: Iterable[Network]) -> bool:
    try:
        host = ipaddress.ip_address(address)
    except ValueError:
        return False
    return any(host in network for network in networks)


def _client(forwarded: str, networks: Sequence[Network]) -> str:
    """Return the last address in the header that no trusted proxy of ours is, "" when there is none."""
    for part in reversed(forwarded.split(",")):
        address = part.strip().strip("[]")
        try:
            ipaddress.ip_address(address)
        except ValueError:
            return ""
        if not _trusted(address, networks):
            return address
    return ""


# ---- what every answer carries ------------------------------------------------------------


async def _secure(request: web.Request, response: web.StreamResponse) -> None:
    headers = response.headers
    headers.setdefault("X-Content-Type-Options", "nosniff")
    headers.setdefault("Referrer-Policy", "same-origin")
    headers.setdefault("Permissions-Policy", QUIET)
    if request.get(SECURE, request.secure):
        headers.setdefault("Strict-Transport-Security", HTTPS_ONLY)
    headers.popall("Server", None)
    if request.path.startswith("/channels/"):
        return
    headers.setdefault("Content-Security-Policy", NO_PAGE)
    headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
    headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
    if "frame-ancestors 'self'" not in headers["Content-Security-Policy"]:
        headers.setdefault("X-Frame-Options", "DENY")


def _errors(*, designed: bool) -> Middleware:
    """Answer what no route answers: a person by a page where pages are `designed`, all else in the same shape as everything."""

    @web.middleware
    async def errors(request: web.Request, handler: Serve) -> web.StreamResponse:
        try:
            return await handler(request)
        except Busy:
            return Refusal(503, "busy", "This cannot be had now; try again.", headers={"Retry-After": "10"}).response()
        except web.HTTPException as error:
            if error.status < 400 or request.path.startswith("/channels/"):
                raise
            if designed and error.status == 404 and nowhere.asked_by_a_person(request):
                return nowhere.missing(request)
            word = error.reason.lower().replace(" ", "-")
            headers = {"Allow": error.headers["Allow"]} if "Allow" in error.headers else {}
            return Refusal(error.status, word, f"{error.reason}.", headers=headers).response()

    return errors


@web.middleware
async def _readable(request: web.Request, handler: Serve) -> web.StreamResponse:
    """Refuse a request whose host can be none, since pages and policies name it, and a body that is packed."""
    if request.host and not HOST.fullmatch(request.host):
        return Refusal(400, "bad-host", "The request names no host.", headers={"Connection": "close"}).response()
    if request.headers.get("Content-Encoding", "identity").strip().lower() not in ("identity", ""):
        headers = {"Accept-Encoding": "identity"}
        return Refusal(415, "packed", "Send the body as it is, not compressed.", headers=headers).response()
    return await handler(request)


# ---- health ------------------------------------------------------------


async def _livez(request: web.Request) -> web.Response:
    return web.Response(text="alive\n", headers={"Cache-Control": "no-store"})


def _readyz(health: DaemonHealth) -> Serve:
    async def readyz(request: web.Request) -> web.Response:
        return answer(health.report(), 200 if health.ready else 503)

    return readyz


def _metrics(registry: CollectorRegistry) -> Serve:
    async def metrics(request: web.Request) -> web.Response:
        if any(name in request.headers for name in ("X-Forwarded-For", "X-Forwarded-Host", "Forwarded")):
            return Refusal(403, "forbidden", "Figures are for the local network.").response()
        body = exposition.generate_latest(registry)
        return web.Response(
            body=body, headers={"Content-Type": exposition.CONTENT_TYPE_LATEST, "Cache-Control": "no-store"}
        )

    return metrics


def _leading_to(page: str) -> Serve:
    async def front(request: web.Request) -> web.StreamResponse:
        raise web.HTTPFound(page)

    return front


# ---- pages ------------------------------------------------------------


def _pages(app: web.Application, base: str, folder: Path, policy: str) -> None:
    """Serve a folder of built pages: files by name, and the first page for every path below `base` that names none."""
    root = folder.resolve()

    async def page(request: web.Request) -> web.StreamResponse:
        name = request.match_info.get("name", "")
        if name.startswith(WORDS):
            return _words(request, root, name.removeprefix(WORDS))
        file = _file(root, name)
        if file is None and "." in name.rpartition("/")[2]:
            raise web.HTTPNotFound
        if file is None or file.name == FIRST:
            return await _first(request, root, policy)
        return _sent(request, file, kept="/assets/" in f"/{name}")

    for path in (base, base + "/", base + "/{name:.+}"):
        app.router.add_get(path, page)


def _file(root: Path, name: str) -> Path | None:
    """Return the file `name` below `root`, None when there is none or it would lie elsewhere."""
    if not name or "\x00" in name:
        return None
    file = (root / name).resolve()
    try:
        return file if file.is_relative_to(root) and file.is_file() else None
    except OSError:  # a name longer than any file's
        return None


def _sent(request: web.Request, file: Path, *, kept: bool) -> web.StreamResponse:
    if not file.is_file():
        raise web.HTTPNotFound
    file_sent, coding = compression.built(request, file)
    headers = {"Cache-Control": FOR_EVER if kept else "no-cache", **coding}
    kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
    if kind == "text/javascript":
        kind = "text/javascript; charset=utf-8"
    if file.name == WORKER:
        headers["Content-Security-Policy"] = WORKER_POLICY
    return web.FileResponse(file_sent, headers=headers | {"Content-Type": kind})


async def _first(request: web.Request, root: Path, policy: str) -> web.StreamResponse:
    """Answer with the first page, told which languages there are and where their words can be fetched."""
    try:
        text = await asyncio.to_thread((root / FIRST).read_text, "utf-8")
    except FileNotFoundError:
        raise web.HTTPNotFound from None
    socket = f"{'wss' if request.secure else 'ws'}://{request.host}" if HOST.fullmatch(request.host) else ""
    served = {
        tag: [part.name for part in _parts(root, tag)] for tag in catalogues.tags(INBOX) if tag != catalogues.ENGLISH
    }
    text = text.replace("%session%", "yes" if cookie_name(request) in request.cookies else "no").replace(
        "%words%", escape(json.dumps(served), quote=True)
    )
    headers = {"Cache-Control": "no-cache", "Content-Security-Policy": policy.replace("{socket}", socket)}
    return web.Response(text=text, content_type="text/html", charset="utf-8", headers=headers)


def _parts(root: Path, tag: str) -> tuple[catalogues.Published, catalogues.Published]:
    """Return the words of a language in two parts: those that the inbox's first scripts need, and the rest."""
    first = _first_words(root)
    return catalogues.published(INBOX, tag, first), catalogues.published(INBOX, tag, None, first)


@cache
def _first_words(root: Path) -> frozenset[str]:
    file = root / "first-words.json"
    return frozenset(json.loads(file.read_bytes())) if file.is_file() else frozenset()


def _words(request: web.Request, root: Path, name: str) -> web.StreamResponse:
    """Answer with words of one language; their address holds their digest, so they never change. An older address has all words."""
    whole = catalogues.at_address(name, INBOX)
    if whole is None:
        raise web.HTTPNotFound
    tag = name.split(".")[1]
    found = next((part for part in _parts(root, tag) if part.name == name), None)
    sent = found or whole
    packed = "gzip" in compression.accepted(request.headers.get("Accept-Encoding", ""))
    headers = {"Cache-Control": FOR_EVER if found else "no-cache", "Vary": "Accept-Encoding"}
    headers |= {"Content-Encoding": "gzip"} if packed else {}
    return web.Response(body=sent.packed if packed else sent.plain, content_type="application/json", headers=headers)

"""The way that browsers take to the desk, tried by `deskbridge check` from this machine: name, certificate, proxy, WebSocket.

The daemon itself tells how a request arrived (`/way-in`), so what a proxy leaves out or lets through is seen. Where no daemon runs
yet, the name and the certificate are tried, and a note says that the rest has to be tried again.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import ssl
import time
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import aiohttp
import msgspec

from bridge.app.config import Config
from bridge.app.way_in import PATH, WayIn

WITHIN_S = 10.0
SOON_DAYS = 14
NOBODY = "192.0.2.77"  # an address that nobody has (RFC 5737), as a patron might claim it
CLOCK_S = 30.0
WHERE = "http.public_url"
POLLING = "chats go on by long polling, which costs more; have the proxy pass WebSocket upgrades on"


class CheckFindings(msgspec.Struct):
    """What was found: `wrong` is to be mended, `notes` are to be known."""

    wrong: list[str]
    notes: list[str]

    def add(self, other: CheckFindings) -> None:
        """Take in what another trial found."""
        self.wrong += other.wrong
        self.notes += other.notes


async def try_public(config: Config, trust: ssl.SSLContext | None = None) -> CheckFindings:
    """Try the public URL, whose certificate `trust` judges (None: the system's authorities). Without a URL nothing is tried."""
    found = CheckFindings([], [])
    base = config.http.public_url.rstrip("/")
    if not base:
        return found
    try:
        async with asyncio.timeout(WITHIN_S):
            found.notes += await _certificate(base, trust)
            async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=trust or True)) as web:
                await _ask(web, base, config, found)
    except ssl.SSLCertVerificationError as error:
        found.wrong.append(f"{WHERE}: browsers refuse the certificate: {error.verify_message}")
    except socket.gaierror:
        found.wrong.append(f"{WHERE}: the name {urlsplit(base).hostname} is not known; add it to the DNS")
    except (aiohttp.ClientError, OSError) as error:
        why = type(error).__name__
        found.wrong.append(f"{WHERE}: cannot be reached from here ({why}); look at DNS, firewall and proxy")
    return found


async def _certificate(base: str, trust: ssl.SSLContext | None) -> list[str]:
    """Return a note on a certificate that ends soon, or on a way without one. Raises OSError, for a refused certificate too."""
    url = urlsplit(base)
    host = url.hostname or ""
    if url.scheme != "https":
        here = host == "localhost" or host.startswith("127.")
        return [] if here else [f"{WHERE}: without https, everybody on the way can read what patrons write"]
    _, writer = await asyncio.open_connection(host, url.port or 443, ssl=trust or True)
    told = writer.get_extra_info("peercert")
    writer.close()
    days = (ssl.cert_time_to_seconds(told["notAfter"]) - time.time()) / 86_400
    return [f"{WHERE}: the certificate ends in {days:.0f} days; see that it is renewed"] if days < SOON_DAYS else []


async def _ask(web: aiohttp.ClientSession, base: str, config: Config, found: CheckFindings) -> None:
    async with web.get(f"{base}{PATH}", headers={"X-Forwarded-For": NOBODY}, allow_redirects=False) as answer:
        status, body = answer.status, await answer.content.read(10_000)
        found.wrong += _clock(answer.headers.get("Date", ""))
    if status in (301, 302, 307, 308):
        found.wrong.append(f"{WHERE}: it leads elsewhere ({status}); name the address that it leads to")
    elif status in (502, 503, 504):
        found.notes.append(
            "the proxy answers, and the daemon doesn't run: check headers and WebSockets again when it does"
        )
    elif (seen := _seen(body) if status == 200 else None) is None:
        found.wrong.append(
            f"{WHERE}: something else answers there ({status}); have the proxy pass {PATH} on to the daemon"
        )
    else:
        found.wrong += _headers(seen, base, config)
        found.wrong += await _socket(web, base)


def _seen(body: bytes) -> WayIn | None:
    try:
        return msgspec.json.decode(body, type=WayIn)
    except msgspec.MsgspecError:
        return None


def _clock(date: str) -> Iterator[str]:
    try:
        off = time.time() - parsedate_to_datetime(date).timestamp()
    except ValueError:
        return
    if abs(off) > CLOCK_S:
        yield f"the clock: this machine is {off:+.0f} s off the server at {WHERE}; use NTP on both"


def _headers(seen: WayIn, base: str, config: Config) -> Iterator[str]:
    """Yield what the proxy leaves out, or lets through."""
    public = urlsplit(base)
    if seen.scheme != public.scheme:
        yield (
            f"the proxy: requests seem to come by {seen.scheme}, not {public.scheme}; have it set X-Forwarded-Proto, "
            "and name its address in http.proxies"
        )
    if urlsplit(f"//{seen.host}").hostname != public.hostname:
        yield f"the proxy: requests seem to be for {seen.host!r}, not {public.netloc!r}; have it pass the host on"
    if seen.client == NOBODY:
        yield (
            "the proxy: it believes what a patron writes in X-Forwarded-For, so anybody can pose as anybody; have it "
            "replace the header"
        )
    elif _is_proxy(seen.client, config) and not _is_here(public.hostname or ""):
        yield "the proxy: all patrons seem to come from its own address; have it set X-Forwarded-For"


def _is_proxy(address: str, config: Config) -> bool:
    try:
        client = ipaddress.ip_address(address)
    except ValueError:
        return False
    return any(client in ipaddress.ip_network(proxy, strict=False) for proxy in config.http.proxies)


def _is_here(host: str) -> bool:
    """Whether a name means this machine: then a proxy's address is the client's own."""
    found = {str(entry[4][0]).partition("%")[0] for entry in socket.getaddrinfo(host, None)}
    return any(ipaddress.ip_address(one).is_loopback for one in found)


async def _socket(web: aiohttp.ClientSession, base: str) -> list[str]:
    """Return what is wrong with WebSockets."""
    try:
        async with web.ws_connect(f"{base}{PATH}") as opened:
            said = await opened.receive(WITHIN_S / 2)
    except aiohttp.WSServerHandshakeError as error:
        return [f"the proxy: it lets no WebSocket through (it answers {error.status}); {POLLING}"]
    except (aiohttp.ClientError, OSError) as error:
        return [f"the proxy: it lets no WebSocket through ({type(error).__name__}); {POLLING}"]
    return [] if said.type is aiohttp.WSMsgType.TEXT else [f"the proxy: a WebSocket opens and stays mute; {POLLING}"]

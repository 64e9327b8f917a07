"""A patron's messenger in a hundred lines of our own: no XMPP library, so it shares no code with the adapter.

It signs in with PLAIN (over TLS, or to this machine), becomes available, and keeps what it is sent. RFC 6120, 6121.
"""

from __future__ import annotations

import asyncio
import base64
import secrets
import ssl
from collections.abc import Callable
from contextlib import suppress
from typing import Any
from xml.etree.ElementTree import Element, XMLPullParser
from xml.sax.saxutils import escape, quoteattr

BODY = "{jabber:client}body"
DEADLINE_S = 30.0


class Plain:
    """One signed-in connection of `name`@`domain`."""

    def __init__(self, name: str, password: str, domain: str = "localhost", resource: str = "phone") -> None:
        self.bare = f"{name}@{domain}"
        self.full = f"{self.bare}/{resource}"
        self.messages: asyncio.Queue[Element] = asyncio.Queue()
        self.stanzas: list[Element] = []
        self.receipts: set[str] = set()
        self.displayed: set[str] = set()
        self.composing = 0
        self.errors: asyncio.Queue[tuple[str, str]] = asyncio.Queue()  # (id, condition) of what came back
        self.presence: dict[str, tuple[str, str]] = {}  # bare address -> (show or type, status)
        self._domain = domain
        self._password = password
        self._resource = resource
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._parser: XMLPullParser[Element] = XMLPullParser(("start", "end"))
        self._depth = 0
        self._answers: dict[str, asyncio.Future[Element]] = {}
        self._changed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def sign_in(self, port: int, tls: ssl.SSLContext | None = None, *, available: bool = True) -> Plain:
        """Connect, authenticate, bind; become available."""
        host = self._domain if tls else None
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", port, ssl=tls, server_hostname=host)
        name = self.bare.partition("@")[0]
        await self._open()
        proof = base64.b64encode(f"\0{name}\0{self._password}".encode()).decode()
        self.write(f"<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>{proof}</auth>")
        answer = await self._next()
        assert answer.tag.endswith("success"), answer.tag
        await self._open()
        self._task = asyncio.create_task(self._read())
        bind = f"<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>{self._resource}</resource></bind>"
        await self.ask(bind, kind="set")
        if available:
            self.write("<presence/>")
        return self

    async def close(self) -> None:
        """Sign off."""
        if self._writer is not None:
            with suppress(OSError):
                self.write("</stream:stream>")
                self._writer.close()
                await self._writer.wait_closed()
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    def write(self, xml: str) -> None:
        """Send anything."""
        assert self._writer is not None
        self._writer.write(xml.encode("utf-8", "surrogatepass"))

    def say(self, to: str, words: str, *, id: str = "", extra: str = "") -> str:
        """Send a message as a modern client does: with an origin-id, asking for a receipt, markable. Returns its id."""
        id = id or secrets.token_hex(8)
        self.write(
            f"<message to={quoteattr(to)} type='chat' id='{id}'><body>{escape(words)}</body>"
            "<active xmlns='http://jabber.org/protocol/chatstates'/><request xmlns='urn:xmpp:receipts'/>"
            f"<markable xmlns='urn:xmpp:chat-markers:0'/><origin-id xmlns='urn:xmpp:sid:0' id='{id}'/>{extra}</message>"
        )
        return id

    async def ask(self, inside: str, *, kind: str = "get", to: str = "") -> Element:
        """Ask, and return the answer's stanza, an error or not."""
        id = secrets.token_hex(6)
        answer: asyncio.Future[Element] = asyncio.get_running_loop().create_future()
        self._answers[id] = answer
        self.write(f"<iq type='{kind}' id='{id}'{f' to={quoteattr(to)}' if to else ''}>{inside}</iq>")
        async with asyncio.timeout(DEADLINE_S):
            return await answer

    async def until(self, asked: Callable[[], Any]) -> None:
        """Return once `asked` is true, looking again at every stanza."""
        while not asked():
            self._changed.clear()
            await self._changed.wait()

    async def _open(self) -> None:
        self._parser, self._depth = XMLPullParser(("start", "end")), 0
        self.write(
            f"<?xml version='1.0'?><stream:stream to='{self._domain}' xmlns='jabber:client' "
            "xmlns:stream='http://etherx.jabber.org/streams' version='1.0'>"
        )
        features = await self._next()
        assert features.tag.endswith("features"), features.tag

    async def _next(self) -> Element:
        assert self._reader is not None
        while True:
            for found in self._parser.read_events():
                event, element = str(found[0]), found[-1]
                assert isinstance(element, Element)
                self._depth += 1 if event == "start" else -1
                if event == "end" and self._depth == 1:
                    return element
            data = await self._reader.read(1 << 16)
            if not data:
                raise ConnectionError("the server closed the connection")
            self._parser.feed(data)

    async def _read(self) -> None:
        with suppress(ConnectionError):
            while True:
                self._take(await self._next())

    def _take(self, stanza: Element) -> None:
        name = stanza.tag.rpartition("}")[2]
        if name == "iq":
            if (answer := self._answers.pop(stanza.get("id", ""), None)) is not None and not answer.done():
                answer.set_result(stanza)
        else:
            self.stanzas.append(stanza)
        if name == "presence":
            self._see(stanza)
        elif name == "message":
            self._hear(stanza)
        self._changed.set()

    def _see(self, stanza: Element) -> None:
        kind = stanza.get("type", "")
        if kind in ("", "unavailable"):
            show = stanza.findtext("{jabber:client}show") or ""
            who = stanza.get("from", "").partition("/")[0]
            self.presence[who] = (kind or show, stanza.findtext("{jabber:client}status") or "")

    def _hear(self, stanza: Element) -> None:
        for received in stanza.findall("{urn:xmpp:receipts}received"):
            self.receipts.add(received.get("id", ""))
        for displayed in stanza.findall("{urn:xmpp:chat-markers:0}displayed"):
            self.displayed.add(displayed.get("id", ""))
        self.composing += stanza.find("{http://jabber.org/protocol/chatstates}composing") is not None
        if stanza.get("type") == "error":
            error = stanza.find("{jabber:client}error")
            conditions = [each.tag.rpartition("}")[2] for each in error or () if each.tag.startswith("{urn:ietf")]
            self.errors.put_nowait((stanza.get("id", ""), next(iter(conditions), "")))
        elif stanza.find(BODY) is not None:
            self.messages.put_nowait(stanza)

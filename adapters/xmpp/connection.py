"""One stream to a server, from the first byte to the last: all of slixmpp that we use.

What slixmpp does: find the server (SRV), TCP, StartTLS or direct TLS, SCRAM, binding, a component's handshake, and cutting the
stream into stanzas. From there on stanzas are ours: they are read as plain XML, so that no hostile one meets a stanza class; sent
without slixmpp's queue, which is thrown away when a session ends; and counted by our own StreamManagement, which counts what is
durable (XEP-0198). slixmpp never reconnects: the supervisor does.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from contextlib import suppress
from typing import Any
from xml.etree.ElementTree import Element

from slixmpp.jid import InvalidJID
from slixmpp.xmlstream.xmlstream import NotConnectedError

from adapters.xmpp.codec import problem
from adapters.xmpp.config import ComponentConfig, XmppConfig
from adapters.xmpp.jid import PING, SM, attribute, split
from adapters.xmpp.stream_management import StreamManagement
from adapters.xmpp.streams import AccountStream, Component, StanzaRefused, StreamLost
from bridge.contract.adapter import Misconfigured, Unavailable

__all__ = ["StanzaRefused", "StreamLost", "XmppConnection"]

GOODBYE_S = 1.0


class XmppConnection:
    """A stream that is open, or opens. `hear` is called for each stanza, in order, and must not raise."""

    def __init__(
        self, server: str, hear: Callable[[Element, int], None], management: StreamManagement | None = None
    ) -> None:
        self.server = server
        self.own = ""
        self.management = management or StreamManagement()
        self.resumed = False
        self.lost: asyncio.Future[Exception] = asyncio.get_running_loop().create_future()
        self._ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._hear = hear
        self._stream: AccountStream | Component | None = None
        self._gone = asyncio.Event()
        self._asked: dict[str, asyncio.Future[Element]] = {}
        self._waiting: list[tuple[int, asyncio.Future[None]]] = []

    # -- opening and closing

    async def open(self, config: XmppConfig | ComponentConfig) -> None:
        """Connect and sign in. Raises Unavailable, BadCredentials, Misconfigured."""
        try:
            self._stream = AccountStream(config, self) if isinstance(config, XmppConfig) else Component(config, self)
        except InvalidJID:
            raise Misconfigured(f"{config.jid!r} is not an address") from None
        try:
            async with asyncio.timeout(config.patience_s):
                self._stream.begin()
                await asyncio.wait((self._ready, self.lost), return_when=asyncio.FIRST_COMPLETED)
        except TimeoutError:
            raise Unavailable("the server did not answer in time") from None
        if self.lost.done():
            raise self.lost.result()

    async def close(self) -> None:
        """End the stream in good order, if the other side lets us; leave nothing behind."""
        stream = self._stream
        if stream is None:
            return
        self.fail(StreamLost("closed"))
        stream.cancel_connection_attempt()
        if stream.transport is not None:
            with suppress(NotConnectedError):
                stream.send_raw(stream.stream_footer)
            stream.transport.close()
            with suppress(TimeoutError):
                async with asyncio.timeout(GOODBYE_S):
                    await self._gone.wait()
            stream.abort()
        await stream.stop_filters()

    def fail(self, error: Exception) -> None:
        """The stream is over; everybody who waits for it hears of it."""
        if not self.lost.done():
            self.lost.set_result(error)
        lost = StreamLost(str(error))
        futures: list[asyncio.Future[Any]] = [*self._asked.values(), *(future for _, future in self._waiting)]
        for waiting in futures:
            if not waiting.done():
                waiting.set_exception(lost)
        self._asked.clear()
        self._waiting.clear()

    def established(self) -> None:
        """The session is established."""
        if not self._ready.done():
            self._ready.set_result(None)

    # -- sending

    @property
    def connected(self) -> bool:
        """Whether stanzas can be sent."""
        return self._ready.done() and not self.lost.done()

    def send(self, xml: str) -> int:
        """Put a stanza on the wire; return its number for `settled`. Raises StreamLost."""
        if not self.connected:
            raise StreamLost("the stream is over")
        number = self.management.send(xml)
        self._raw(xml)
        return number

    async def settled(self, number: int, sender: str = "") -> None:
        """Return when the server has taken the stanza of that number. Raises StreamLost; the caller sets the time.

        By an acknowledgement (XEP-0198); where there is none, by the answer to a ping sent behind it: streams keep order.
        """
        if not self.management.counting:
            await self.alive(sender)
            return
        self._raw(f"<r xmlns='{SM}'/>")
        if not self.management.has(number):
            waiting: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.append((number, waiting))
            await waiting

    async def ask(self, inside: str, *, to: str = "", kind: str = "get", sender: str = "") -> Element:
        """Send a question and return the answer's stanza. Raises StanzaRefused, StreamLost; the caller sets the time."""
        id = secrets.token_hex(10)
        answer: asyncio.Future[Element] = asyncio.get_running_loop().create_future()
        address = (f" to={attribute(to)}" if to else "") + (f" from={attribute(sender)}" if sender else "")
        self._asked[id] = answer
        try:
            self.send(f"<iq type='{kind}' id='{id}'{address}>{inside}</iq>")
            stanza = await answer
        finally:
            self._asked.pop(id, None)
        if stanza.get("type") == "error":
            raise StanzaRefused(*problem(next((each for each in stanza if split(str(each.tag))[1] == "error"), None)))
        return stanza

    async def alive(self, sender: str = "") -> None:
        """Return when the server has shown that it hears us and we hear it. Raises StreamLost; the caller sets the time."""
        with suppress(StanzaRefused):
            await self.ask(f"<ping xmlns='{PING}'/>", to=sender or self.server, sender=sender)

    def handle(self, number: int) -> None:
        """Say that a stanza is durable, so that the server may forget it."""
        self.management.handle(number)

    def _raw(self, xml: str) -> None:
        if self._stream is None or self._stream.transport is None:
            raise StreamLost("the stream is over")
        self._stream.send_raw(xml)

    # -- what the stream hands over

    def take(self, stanza: Element) -> None:
        """Take a stanza of an established session."""
        number = self.management.arrive()
        answer = self._asked.get(stanza.get("id", "")) if split(stanza.tag)[1] == "iq" else None
        if answer is not None and stanza.get("type") in ("result", "error"):
            if not answer.done():
                answer.set_result(stanza)
            self.handle(number)
            return
        self._hear(stanza, number)

    def managed(self, element: Element) -> None:
        """Take a word of stream management: what the server has, or its question what we have."""
        if split(element.tag)[1] == "r":
            self._raw(f"<a xmlns='{SM}' h='{self.management.handled}'/>")
        elif split(element.tag)[1] == "a":
            self.acknowledge(element)

    def acknowledge(self, element: Element) -> None:
        """Read how much the server has."""
        count = element.get("h", "")
        if not (count.isascii() and count.isdigit()):
            return
        self.management.acknowledge(int(count))
        for number, waiting in self._waiting:
            if self.management.has(number) and not waiting.done():
                waiting.set_result(None)
        self._waiting = [each for each in self._waiting if not each[1].done()]

    async def manage(self, bound: bool) -> bool:
        """Ask the server to go on with the session before, or to count from here. True when the old one goes on."""
        if not bound and self.management.id:
            answer = await self._managed(
                f"<resume xmlns='{SM}' h='{self.management.handled}' previd={attribute(self.management.id)}/>"
            )
            if split(answer.tag)[1] == "resumed":
                self.resumed = True
                self.established()
                for xml in self.management.resume(int(answer.get("h", "0"))):
                    self._raw(xml)
                return True
            self.management.reset()
        elif bound:
            self.management.begin()
            answer = await self._managed(f"<enable xmlns='{SM}' resume='true'/>")
            if split(answer.tag)[1] == "enabled":
                self.management.id = answer.get("id", "") if answer.get("resume") in ("true", "1") else ""
            else:
                self.management.counting = False
        return False

    async def _managed(self, xml: str) -> Element:
        answer: asyncio.Future[Element] = asyncio.get_running_loop().create_future()
        self._asked[SM] = answer
        self._raw(xml)
        return await answer

    def answered(self, element: Element) -> None:
        """Take the answer to `manage`."""
        answer = self._asked.pop(SM, None)
        if answer is not None and not answer.done():
            answer.set_result(element)

    def ended(self) -> None:
        """The connection is closed."""
        self._gone.set()

"""One connection of a component, shared by the channels of its domain in this process (XEP-0114).

A server takes one connection for a component's domain, and a channel has one queue. So each address is a channel of its own.
The first one opens the connection, the last one closes it. What is for no channel is answered here: an address that is
expected (back) is away, any other is nobody's.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import ClassVar, Protocol
from xml.etree.ElementTree import Element

from adapters.xmpp import jid
from adapters.xmpp.answers import Identity, answer, refusal
from adapters.xmpp.config import ComponentConfig
from adapters.xmpp.connection import StreamLost, XmppConnection

BESIDE = "+"  # parts a channel's name from what a channel adds to it (an address per conversation)


Key = tuple[asyncio.AbstractEventLoop, str, int, str, str]


class ComponentAddress(Protocol):
    """A channel's address."""

    @property
    def identity(self) -> Identity:
        """Who answers questions."""

    def hear(self, stanza: Element, number: int) -> None:
        """Take a stanza."""


class SharedConnection:
    """The connection of one domain."""

    _open_connections: ClassVar[dict[Key, SharedConnection]] = {}
    _expected: ClassVar[dict[Key, set[str]]] = {}

    def __init__(self, config: ComponentConfig) -> None:
        self.link = XmppConnection(config.domain, self._hear)
        self._config = config
        self._addresses: dict[str, ComponentAddress] = {}
        self._silenced: set[str] = set()  # hold the connection and hear nothing any more
        self._opening: asyncio.Task[None] | None = None

    @classmethod
    def expect(cls, config: ComponentConfig) -> None:
        """Let an address be one that has a channel, with or without a session."""
        cls._expected.setdefault(_key(config), set()).add(config.jid)

    @classmethod
    def give_up(cls, config: ComponentConfig) -> None:
        """Let an address be nobody's."""
        expected = cls._expected.get(_key(config), set())
        expected.discard(config.jid)
        if not expected:
            cls._expected.pop(_key(config), None)

    @classmethod
    async def join(cls, config: ComponentConfig, channel: ComponentAddress) -> SharedConnection:
        """Return the domain's connection, opened, with `channel` on it. Raises as `XmppConnection.open`."""
        key = _key(config)
        shared = cls._open_connections.get(key)
        if shared is None or shared.link.lost.done():
            shared = cls._open_connections[key] = cls(config)
        shared._addresses[config.jid] = channel
        shared._silenced.discard(config.jid)
        try:
            await shared._open()
        except BaseException:
            await shared.leave(config)
            raise
        return shared

    def silence(self, config: ComponentConfig) -> None:
        """Let a channel that is about to leave hear nothing more."""
        self._silenced.add(config.jid)

    async def leave(self, config: ComponentConfig) -> None:
        """Take a channel off; the last one closes the connection."""
        self._addresses.pop(config.jid, None)
        self._silenced.discard(config.jid)
        if self._addresses:
            return
        if self._open_connections.get(_key(config)) is self:
            del self._open_connections[_key(config)]
        if self._opening is not None and not self._opening.done():
            self._opening.cancel()
            await asyncio.wait([self._opening])
        await self.link.close()

    async def _open(self) -> None:
        if self._opening is None:
            self._opening = asyncio.create_task(self.link.open(self._config))
        await asyncio.shield(self._opening)

    def _hear(self, stanza: Element, number: int) -> None:
        to = jid.bare(stanza.get("to", ""))
        whole, _, _ = jid.user(to).partition(BESIDE)
        address = to if to in self._addresses else f"{whole}@{jid.domain(to)}"
        channel = self._addresses.get(address) if address not in self._silenced else None
        if channel is not None:
            channel.hear(stanza, number)
        elif jid.bare(stanza.get("from", "")):
            away = address in self._expected.get(_key(self._config), ())
            with suppress(StreamLost):
                self._nobody(stanza, to, away=away)

    def _nobody(self, stanza: Element, to: str, *, away: bool) -> None:
        """Answer for the domain itself, for addresses whose channel is `away`, and for those that are nobody's."""
        kind, about = jid.split(stanza.tag)[1], stanza.get("type", "")
        problem, how = ("recipient-unavailable", "wait") if away else ("item-not-found", "cancel")
        if kind == "iq" and to == self._config.domain:
            reply = answer(stanza, self.identity)
        elif kind == "iq":
            reply = refusal(stanza, problem, how) if about in ("get", "set") else ""
        elif kind == "message" and about not in ("error", "groupchat", "headline"):
            reply = _returned(stanza, to, problem, how)
        elif kind == "presence" and about in ("subscribe", "probe") and not away:  # else buddies would forget it
            back = jid.attribute(jid.bare(stanza.get("from", "")))
            reply = f"<presence type='unsubscribed' from={jid.attribute(to)} to={back}/>"
        else:
            reply = ""
        if reply:
            self.link.send(reply)

    @property
    def identity(self) -> Identity:
        """Who the domain is: a component with its addresses."""
        items = tuple((jid, channel.identity.name) for jid, channel in sorted(self._addresses.items()))
        return Identity("component", "generic", self._config.domain, items)


def _returned(stanza: Element, to: str, problem: str, how: str) -> str:
    """Return a message that cannot be delivered as its sender gets it back."""
    id = f" id={jid.attribute(stanza.get('id', ''))}" if stanza.get("id") else ""
    back = jid.attribute(stanza.get("from", ""))
    error = f"<error type='{how}'><{problem} xmlns='{jid.STANZAS}'/></error>"
    return f"<message type='error' from={jid.attribute(to)} to={back}{id}>{error}</message>"


def _key(config: ComponentConfig) -> Key:
    return (asyncio.get_running_loop(), config.host, config.port, config.domain, config.secret)

"""One connection of a component, shared by the channels of its domain in this process (XEP-0114).

A server takes one connection for a component's domain, and a channel has one queue: so each address is a channel of its own, and
who comes first opens the connection, who leaves last closes it. What is for no channel is answered here.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import ClassVar, Protocol
from xml.etree.ElementTree import Element

from adapters.xmpp import names
from adapters.xmpp.answers import Identity, answer, refusal
from adapters.xmpp.config import ComponentConfig
from adapters.xmpp.link import Link, LinkLost

BESIDE = "+"  # parts a channel's name from what a channel adds to it (an address per conversation)


class Party(Protocol):
    """A channel's address."""

    @property
    def identity(self) -> Identity:
        """Who answers questions."""

    def hear(self, stanza: Element, number: int) -> None:
        """Take a stanza."""


class Trunk:
    """The connection of one domain."""

    _standing: ClassVar[dict[tuple[asyncio.AbstractEventLoop, str, int, str, str], Trunk]] = {}

    def __init__(self, config: ComponentConfig) -> None:
        self.link = Link(config.domain, self._hear)
        self._config = config
        self._parties: dict[str, Party] = {}
        self._opening: asyncio.Task[None] | None = None

    @classmethod
    async def join(cls, config: ComponentConfig, party: Party) -> Trunk:
        """Return the domain's connection, opened, with `party` on it. Raises as `Link.open`."""
        key = _key(config)
        trunk = cls._standing.get(key)
        if trunk is None or trunk.link.lost.done():
            trunk = cls._standing[key] = cls(config)
        trunk._parties[config.jid] = party
        try:
            await trunk._open()
        except BaseException:
            await trunk.leave(config)
            raise
        return trunk

    async def leave(self, config: ComponentConfig) -> None:
        """Take a channel off; the last one closes the connection."""
        self._parties.pop(config.jid, None)
        if self._parties:
            return
        if self._standing.get(_key(config)) is self:
            del self._standing[_key(config)]
        if self._opening is not None and not self._opening.done():
            self._opening.cancel()
            await asyncio.wait([self._opening])
        await self.link.close()

    async def _open(self) -> None:
        if self._opening is None:
            self._opening = asyncio.create_task(self.link.open(self._config))
        await asyncio.shield(self._opening)

    def _hear(self, stanza: Element, number: int) -> None:
        to = names.bare(stanza.get("to", ""))
        whole, _, _ = names.user(to).partition(BESIDE)
        party = self._parties.get(to) or self._parties.get(f"{whole}@{names.domain(to)}")
        if party is not None:
            party.hear(stanza, number)
        elif names.bare(stanza.get("from", "")):
            with suppress(LinkLost):
                self._nobody(stanza, to)

    def _nobody(self, stanza: Element, to: str) -> None:
        """Answer for the domain itself, and for addresses that are nobody's."""
        kind, back, about = names.split(stanza.tag)[1], stanza.get("from", ""), stanza.get("type", "")
        if kind == "iq" and to == self._config.domain:
            reply = answer(stanza, self.identity)
        elif kind == "iq":
            reply = refusal(stanza, "item-not-found") if about in ("get", "set") else ""
        elif kind == "message" and about not in ("error", "groupchat", "headline"):
            id = f" id={names.attribute(stanza.get('id', ''))}" if stanza.get("id") else ""
            problem = f"<error type='cancel'><item-not-found xmlns='{names.STANZAS}'/></error>"
            reply = (
                f"<message type='error' from={names.attribute(to)} to={names.attribute(back)}{id}>{problem}</message>"
            )
        elif kind == "presence" and about in ("subscribe", "probe"):
            reply = f"<presence type='unsubscribed' from={names.attribute(to)} to={names.attribute(names.bare(back))}/>"
        else:
            reply = ""
        if reply:
            self.link.send(reply)

    @property
    def identity(self) -> Identity:
        """Who the domain is: a component with its addresses."""
        items = tuple((jid, party.identity.name) for jid, party in sorted(self._parties.items()))
        return Identity("component", "generic", self._config.domain, items)


def _key(config: ComponentConfig) -> tuple[asyncio.AbstractEventLoop, str, int, str, str]:
    return (asyncio.get_running_loop(), config.host, config.port, config.domain, config.secret)

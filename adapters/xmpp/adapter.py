"""An account on any XMPP server (RFC 6120, 6121): the library is a buddy like any other.

Nothing is missed: what is not durable is not acknowledged (XEP-0198). After each start and each gap the server's archive
(XEP-0313) is asked for what came since; where there is none, the server's offline storage sends it by itself. What we sent and
nobody acknowledged is looked for in the same archive before it is sent again.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import AsyncGenerator, Mapping
from typing import Any, ClassVar
from xml.etree.ElementTree import Element

from msgspec.structs import replace

from adapters.xmpp import codec, files, jid
from adapters.xmpp.buddy import Buddy
from adapters.xmpp.codec import PatronWords
from adapters.xmpp.config import XmppConfig
from adapters.xmpp.connection import StanzaRefused, StreamLost, XmppConnection
from adapters.xmpp.files import fetched
from adapters.xmpp.mam import ArchivedMessage, MessageArchive
from adapters.xmpp.presence import BuddyPresence
from adapters.xmpp.stanza_ids import STANZAS
from adapters.xmpp.stream_management import StreamManagement
from bridge.contract.adapter import Busy, Capabilities, MessageIntake, Ports, Unavailable
from bridge.contract.message import Delivery

MAX_TEXT = 10_000  # four bytes each at most: within the smallest limit that servers set for a stanza, 64 KiB
PRIORITY = 10
OVERLAP_MS = 86_400_000  # the archive lost our place: this much is asked again
CLOCKS_MS = 600_000  # how far our clock and the server's may be apart


class XmppAdapter(Buddy):
    """See the module's header and bridge.contract.adapter."""

    name: ClassVar[str] = "xmpp"
    component: ClassVar[bool] = False
    Config: ClassVar[type[Any]] = XmppConfig
    capabilities: ClassVar[Capabilities] = Capabilities(
        max_text=MAX_TEXT,
        max_media=10 << 20,
        receipts="read",
        replay=True,
        lookup=True,
        check=True,
        live=True,
        marks=True,
        typing=True,
        label="Instant message",
        icon="messenger",
        answers=("im",),
        remembers=(STANZAS,),
    )

    def __init__(self, config: XmppConfig, ports: Ports) -> None:
        super().__init__(config, ports)
        self._account = config
        self._management: StreamManagement | None = None
        self._archive: MessageArchive | None = None
        self._archived = False

    async def run(self) -> None:
        """Hold one session."""
        self._begin()
        link = XmppConnection(jid.domain(self._own), self.hear, self._management)
        self._link, self._management, self._archive = link, link.management, MessageArchive(link)
        try:
            await link.open(self._account)
            await self._settle_in(link)
            await self._appear(link)
            await self._ports.inlet.up()
            await self._serve(link)
        except* StreamLost as lost:
            raise Unavailable(str(lost.exceptions[0])) from None
        finally:
            self._link = None
            await self._stop_fetching()
            if not link.lost.done():
                self._management = None  # we leave in good order: there is nothing to resume
            await link.close()

    async def check(self) -> None:
        """Sign in beside the session that may run. Raises Unavailable, BadCredentials, Misconfigured."""
        link = XmppConnection(jid.domain(self._own), lambda stanza, number: None, StreamManagement())
        try:
            await link.open(replace(self._account, resource=f"check-{secrets.token_hex(4)}"))
        except StreamLost as lost:
            raise Unavailable(str(lost)) from None
        finally:
            await link.close()

    async def _settle_in(self, link: XmppConnection) -> None:
        """Ask what the server offers."""
        assert self._archive is not None
        try:
            async with asyncio.timeout(self._config.patience_s):
                try:
                    self._archived = await self._archive.offered()
                except StanzaRefused:
                    self._archived = False
                self._service = await files.service(link)
                await self._block(link)
        except TimeoutError:
            raise Unavailable("the server did not answer in time") from None

    async def _appear(self, link: XmppConnection) -> None:
        """Be available before `up`: else what comes between the replay and our presence stays in offline storage."""
        if not link.resumed:
            self._shown = None
        desks = self._ports.desk("")
        try:
            async with asyncio.timeout(self._config.patience_s):
                async for desk in desks:
                    await self._tell_desk(link, desk)
                    break
                await link.alive()
        except TimeoutError:
            raise Unavailable("the desk, or the server, did not answer in time") from None
        finally:
            if isinstance(desks, AsyncGenerator):
                await desks.aclose()

    async def _block(self, link: XmppConnection) -> None:
        """Have the server itself keep away whom we do not hear (XEP-0191), where it can."""
        if self._blocked:
            items = "".join(f"<item jid={jid.attribute(address)}/>" for address in sorted(self._blocked))
            try:
                await link.ask(f"<block xmlns='{jid.BLOCKING}'>{items}</block>", kind="set")
            except StanzaRefused:
                return

    def hear(self, stanza: Element, number: int) -> None:
        """Take one stanza; the archive's answers among them are its own."""
        if self._archive is not None and self._archive.take(stanza):
            if self._link is not None:
                self._link.handle(number)
            return
        super().hear(stanza, number)

    # -- presence

    def _presence(self, link: XmppConnection, stanza: Element, sender: str) -> None:
        """Let everybody see whether we are there; we do not ask to see them."""
        kind = stanza.get("type", "")
        if kind == "subscribe" and self._limits.subscriptions.allows(jid.domain(sender), time.monotonic()):
            link.send(f"<presence to={jid.attribute(sender)} type='subscribed'/>")
        elif kind == "unsubscribe":
            link.send(f"<presence to={jid.attribute(sender)} type='unsubscribed'/>")

    async def _show(self, link: XmppConnection, now: BuddyPresence) -> None:
        link.send(now.stanza(inside=self.identity.caps(), priority=PRIORITY))

    # -- what must not be missed

    def _cursor(self, said: PatronWords) -> dict[str, str]:
        at = str(said.sent_at or int(time.time() * 1000))
        return {"mam": said.archived, "at": at} if said.archived else {}

    async def _busy(self, link: XmppConnection, said: PatronWords, error: Busy) -> None:
        raise Unavailable(f"the desk takes nothing in now: {error}")

    async def replay(self, cursor: Mapping[str, str], missed: MessageIntake) -> None:
        """Hand in what came since the cursor."""
        link, archive = self._link, self._archive
        if link is None or archive is None or not self._archived:
            return
        try:
            if cursor.get("mam") or cursor.get("at"):
                await self._replay(link, archive, cursor, missed)
            else:
                last = await archive.last()
                await missed.advance({"mam": last, "at": str(int(time.time() * 1000))})
        except (StreamLost, StanzaRefused) as error:
            raise Unavailable(f"the archive does not answer: {error}") from None
        except Busy as error:
            raise Unavailable(f"the desk takes nothing in now: {error}") from None

    async def _replay(
        self, link: XmppConnection, archive: MessageArchive, cursor: Mapping[str, str], missed: MessageIntake
    ) -> None:
        after, at = cursor.get("mam", ""), int(cursor.get("at", "0"))
        found = False
        try:
            async for page in archive.since(after=after, start=0 if after else max(1, at - CLOCKS_MS)):
                found = True
                await self._take_page(link, page, missed)
        except StanzaRefused as refused:
            if refused.condition != "item-not-found" or not at:
                raise
            lost = True
        else:  # ejabberd answers an empty, complete page for a place that it does not know
            lost = bool(after and at) and not found and await archive.is_behind(after)
        if lost:
            async for page in archive.since(start=max(1, at - OVERLAP_MS)):
                await self._take_page(link, page, missed)

    async def _take_page(self, link: XmppConnection, page: list[ArchivedMessage], missed: MessageIntake) -> None:
        for kept in page:
            if self._refuses(jid.bare(kept.stanza.get("from", ""))):
                continue
            for heard in codec.read(kept.stanza, self._own, archived=kept.id, archived_at=kept.at):
                if isinstance(heard, PatronWords):
                    await self._receive(link, heard, await fetched(self._files, heard.urls), missed)
                elif not isinstance(heard, codec.TypingSign):
                    await self._sign(link, heard)
        await missed.advance({"mam": page[-1].id, "at": str(page[-1].at)})

    async def lookup(self, delivery: Delivery) -> bool | None:
        """Look for a message of ours in the archive; see bridge.contract.adapter."""
        link, archive = self._link, self._archive
        if link is None or archive is None or not self._archived or not link.connected:
            return None
        try:
            async with asyncio.timeout(self._config.patience_s):
                start = max(1, delivery.at - CLOCKS_MS)
                async for page in archive.since(start=start, with_=delivery.to):
                    if any(kept.stanza.get("id") == delivery.id for kept in page):
                        return True
                return False
        except (StreamLost, StanzaRefused, TimeoutError):
            return None

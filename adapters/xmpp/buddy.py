"""What an account and a component's address have in common: words in and out, signs, questions, presence.

Order: letters are handed in one by one, as they arrived, and counted as handled when they are durable. Files of a letter are
fetched beside, under a time limit, so that a slow server holds nobody up for long. Signs (typing, receipts) go their own way.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from contextlib import suppress
from pathlib import Path
from typing import ClassVar, NoReturn, TypeAlias, TypeVar
from xml.etree.ElementTree import Element

from adapters.xmpp import codec, jid, stanzas
from adapters.xmpp.answers import Identity, answer, refusal
from adapters.xmpp.codec import Heard, Invited, PatronWords, Reached, ReturnedMessage, Sealed, TypingSign
from adapters.xmpp.config import ComponentConfig, XmppConfig, zone
from adapters.xmpp.connection import StreamLost, XmppConnection
from adapters.xmpp.fetching import Unfetched
from adapters.xmpp.files import UploadService, XmppFiles, fetched
from adapters.xmpp.limits import XmppLimits
from adapters.xmpp.presence import BuddyPresence, shown
from adapters.xmpp.stanza_ids import StanzaIds
from adapters.xmpp.words import word
from bridge.contract.adapter import (
    Busy,
    ChannelDesk,
    MessageIntake,
    Outcome,
    Ports,
    Rejected,
    Retry,
    Sent,
    Signal,
    TooLarge,
    Unavailable,
    Uncertain,
)
from bridge.contract.message import Attachment, Delivery, message_id

K = TypeVar("K")
V = TypeVar("V")
REMEMBERED = 5000

# What an error means to the desk (RFC 6120, 8.3.3): words of the catalogue.
REASONS = {
    "item-not-found": "no-such-address",
    "gone": "no-such-address",
    "jid-malformed": "no-such-address",
    "remote-server-not-found": "unreachable",
    "remote-server-timeout": "unreachable",
    "recipient-unavailable": "unreachable",
    "service-unavailable": "unreachable",
    "not-allowed": "unreachable",
    "forbidden": "blocked",
    "not-acceptable": "blocked",
    "policy-violation": "blocked",
}


# A patron's words in line: the stanza's number, what was said, and the fetching of its files.
Letter: TypeAlias = "tuple[int, PatronWords, asyncio.Task[tuple[list[Attachment], list[str]]] | None]"


class Buddy:
    """One address that patrons write to."""

    component: ClassVar[bool]

    def __init__(self, config: XmppConfig | ComponentConfig, ports: Ports) -> None:
        config.check()
        self._config = config
        self._ports = ports
        self._own = config.jid
        self._link: XmppConnection | None = None
        self._limits = XmppLimits()
        self._files = XmppFiles(ports, config.file_hosts, config.file_limit)
        self._service: UploadService | None = None
        self._zone = zone(config.timezone)
        self._shown: BuddyPresence | None = None
        self._language = "en"
        self._blocked = frozenset(config.blocked)
        self._stanzas = StanzaIds(ports.secret, ports.memory)
        self._states: OrderedDict[str, None] = OrderedDict()  # whose clients speak of typing
        self._letters: asyncio.Queue[Letter] = asyncio.Queue()
        self._reading: Letter | None = None  # the one that is being handed in
        self._signs: asyncio.Queue[tuple[int, Heard]]
        self._fetches: set[asyncio.Task[tuple[list[Attachment], list[str]]]] = set()

    @property
    def identity(self) -> Identity:
        """Who answers questions of protocol."""
        return Identity("client", "bot", self._config.title or jid.user(self._own))

    @property
    def sender(self) -> str:
        """The address in `from`: a component says it, an account's server does."""
        return self._own if self.component else ""

    # -- the session

    def _begin(self) -> None:
        """Forget the session before."""
        self._letters, self._signs, self._reading = asyncio.Queue(), asyncio.Queue(), None

    async def _serve(self, link: XmppConnection) -> None:
        """Do everything that a session does; ends only by raising."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._until_lost(link))
            group.create_task(self._hand_in(link))
            group.create_task(self._hand_signs(link))
            group.create_task(self._beat(link))
            group.create_task(self._show_desk(link))
            group.create_task(self._show_typing(link))
            group.create_task(self._serve_beside(link))

    async def _serve_beside(self, link: XmppConnection) -> None:
        """What one kind does besides."""

    async def _until_lost(self, link: XmppConnection) -> NoReturn:
        raise await asyncio.shield(link.lost)

    async def _beat(self, link: XmppConnection) -> None:
        while True:
            await asyncio.sleep(self._config.beat_s)
            try:
                async with asyncio.timeout(self._config.patience_s):
                    await link.alive(self.sender)
            except TimeoutError:
                raise Unavailable("the server has fallen silent") from None
            except StreamLost:
                return

    # -- what comes in

    def hear(self, stanza: Element, number: int) -> None:
        """Take one stanza, at once; what takes time is put into line."""
        link = self._link
        assert link is not None
        kind = jid.split(stanza.tag)[1]
        sender = jid.bare(stanza.get("from", ""))
        if kind == "message" and not self._refuses(sender):
            self._line_up(codec.read(stanza, self._own), number)
            return
        with suppress(StreamLost):
            if kind == "iq":
                self._questioned(link, stanza, sender)
            elif kind == "presence" and sender and not self._refuses(sender):
                self._presence(link, stanza, sender)
        link.handle(number)

    def _refuses(self, sender: str) -> bool:
        return sender in self._blocked or jid.domain(sender) in self._blocked

    def _line_up(self, heard: list[Heard], number: int) -> None:
        """Put what a stanza means into line; the stanza is handled when its last meaning is."""
        letters = [each for each in heard if isinstance(each, PatronWords)]
        signs = [each for each in heard if not isinstance(each, PatronWords)]
        for place, sign in enumerate(signs):
            self._signs.put_nowait((number if not letters and place == len(signs) - 1 else 0, sign))
        for said in letters:
            self._letters.put_nowait((number, said, self._fetching(said)))
        if not heard and self._link is not None:
            self._link.handle(number)

    def _fetching(self, said: PatronWords) -> asyncio.Task[tuple[list[Attachment], list[str]]] | None:
        if not said.urls or not self._limits.files.allows(said.sender, time.monotonic()):
            return None
        fetching = asyncio.create_task(fetched(self._files, said.urls))
        self._fetches.add(fetching)
        fetching.add_done_callback(self._fetches.discard)
        return fetching

    async def _stop_fetching(self) -> None:
        fetches = list(self._fetches)
        for fetch in fetches:
            fetch.cancel()
        if fetches:
            await asyncio.wait(fetches)

    def _questioned(self, link: XmppConnection, stanza: Element, sender: str) -> None:
        if (
            sender != self._own
            and sender != link.server
            and not self._limits.questions.allows(sender, time.monotonic())
        ):
            if stanza.get("type") in ("get", "set"):
                link.send(refusal(stanza, "resource-constraint", "wait"))
            return
        if said := answer(stanza, self.identity):
            link.send(said)

    def _presence(self, link: XmppConnection, stanza: Element, sender: str) -> None:
        raise NotImplementedError

    async def _hand_in(self, link: XmppConnection) -> None:
        while True:
            self._reading = number, said, fetching = await self._letters.get()
            files = await fetching if fetching is not None else ([], list(said.urls))
            now = time.monotonic()
            if self._limits.messages.allows(said.sender, now) and self._limits.domains.allows(
                jid.domain(said.sender), now
            ):
                await self._receive(link, said, files)
            else:
                self._refuse(link, said, "wait", "resource-constraint", "slowly")
            link.handle(number)
            self._reading = None

    async def _receive(
        self,
        link: XmppConnection,
        said: PatronWords,
        files: tuple[list[Attachment], list[str]],
        intake: MessageIntake | None = None,
    ) -> None:
        """Hand a patron's words in (to `intake` in a replay); then, and only then, say that they have arrived."""
        attachments, missed = files
        said = self._worded(said)
        cursor = self._cursor(said)
        intake = intake or self._ports.inlet
        try:
            corrected = await self._corrected(said)
            message = codec.message(self._ports.channel, _with_links(said, missed), attachments, corrected)
            await asyncio.gather(
                intake.receive(message, cursor), self._stanzas.put(said.sender, said.id, message.id)
            )  # both at once are one wait for the disk
        except Busy as error:
            await self._busy(link, said, error)
            return
        except (TooLarge, ValueError) as error:
            if isinstance(error, TooLarge):
                self._refuse(link, said, "modify", "policy-violation", "too-long")
            await intake.advance(cursor)
            return
        if said.states:
            _remember(self._states, said.sender, None)
        if said.receipt:
            link.send(stanzas.received(said, sender=self.sender))

    def _cursor(self, said: PatronWords) -> dict[str, str]:
        return {}

    async def _busy(self, link: XmppConnection, said: PatronWords, error: Busy) -> None:
        raise NotImplementedError

    def _worded(self, said: PatronWords) -> PatronWords:
        """Return a sign that has no words with ours, for the librarian to read."""
        if not said.marks or said.text.strip():
            return said
        return codec.replaced(said, word(self._language, said.marks[0]))

    async def _corrected(self, said: PatronWords) -> str:
        if not said.corrects:
            return ""
        known = await self._stanzas.get(said.sender, said.corrects)
        return known or message_id(self._ports.channel, said.sender, said.corrects)

    def _refuse(self, link: XmppConnection, said: PatronWords, kind: str, condition: str, why: str) -> None:
        words = word(said.language or self._language, why)
        link.send(stanzas.refused(said, kind, condition, words, sender=self.sender))

    # -- signs

    async def _hand_signs(self, link: XmppConnection) -> None:
        while True:
            number, sign = await self._signs.get()
            await self._sign(link, sign)
            link.handle(number)

    async def _sign(self, link: XmppConnection, sign: Heard) -> None:
        inlet = self._ports.inlet
        try:
            match sign:
                case Reached():
                    await inlet.receipt(sign.id, sign.stage)
                case ReturnedMessage():
                    reason = REASONS.get(sign.condition, "refused")
                    await inlet.receipt(
                        sign.id, "failed", reason=reason, detail=f"{sign.condition} {sign.words}".strip()
                    )
                case TypingSign():
                    _remember(self._states, sign.sender, None)
                    await self._ports.signals.tell(Signal(kind="typing" if sign.on else "paused", address=sign.sender))
                case Sealed() | Invited():
                    self._explain(link, sign)
                case _:
                    pass
        except Busy as error:
            raise Unavailable(f"the desk takes nothing in now: {error}") from None

    def _explain(self, link: XmppConnection, sign: Sealed | Invited) -> None:
        """Say once in a while why we do not do what was wanted."""
        if isinstance(sign, Invited):
            if sign.inviter and self._limits.notices.allows(f"room {sign.room}", time.monotonic()):
                link.send(stanzas.declined(sign, word(self._language, "rooms"), sender=self.sender))
            return
        if self._limits.notices.allows(f"sealed {sign.sender}", time.monotonic()):
            body = f"<body>{jid.text(word(sign.language or self._language, 'sealed'))}</body>"
            thread = f"<thread>{jid.text(sign.thread)}</thread>" if sign.thread else ""
            link.send(stanzas.chat(sign.sender, body + thread, sender=self.sender))

    # -- what the patron sees

    async def _show_desk(self, link: XmppConnection) -> None:
        async for desk in self._ports.desk(""):
            await self._tell_desk(link, desk)

    async def _tell_desk(self, link: XmppConnection, desk: ChannelDesk) -> None:
        self._language = desk.language
        now = shown(desk, time.time(), self._zone, leaves=self.component)
        if now != self._shown:
            self._shown = now
            await self._show(link, now)

    async def _show(self, link: XmppConnection, now: BuddyPresence) -> None:
        raise NotImplementedError

    async def _show_typing(self, link: XmppConnection) -> None:
        async for signal in self._ports.signals.listen(self._ports.channel):
            if signal.kind in ("typing", "paused") and signal.address in self._states:
                link.send(stanzas.typing(signal.address, signal.kind == "typing", sender=self.sender))

    # -- what goes out

    async def send(self, delivery: Delivery) -> Outcome:
        """Submit one delivery; see bridge.contract.adapter."""
        link = self._link
        if link is None or not link.connected:
            return Retry("no-session")
        try:
            written = [self._mark(delivery)] if delivery.kind == "mark" else await self._written(link, delivery)
        except Unfetched as error:
            return Rejected("attachment-gone" if str(error) == "gone" else "media-refused", str(error))
        except StreamLost:
            return Retry("no-session")
        return await self._submit(link, [stanza for stanza in written if stanza], delivery)

    async def _submit(self, link: XmppConnection | None, written: list[str], delivery: Delivery) -> Outcome:
        if link is None or not link.connected:
            return Retry("no-session")
        if not written:
            return Sent()
        try:
            async with asyncio.timeout(self._config.patience_s):
                number = [link.send(stanza) for stanza in written][-1]
                await link.settled(number, self.sender)
        except TimeoutError:
            link.fail(Unavailable("the server does not acknowledge what we send"))
            return Uncertain("timeout")
        except StreamLost:
            return Uncertain("link-lost")
        return Sent(network_id=delivery.id)

    async def _written(self, link: XmppConnection, delivery: Delivery) -> list[str]:
        """Return an answer's stanzas: files, then words under the delivery's own id, so that the last speaks for all."""
        urls = [await self._published(link, file) for file in delivery.attachments]
        whole = len(urls) if delivery.text else len(urls) - 1
        ids = [f"{delivery.id}~{place}" if place < whole else delivery.id for place in range(len(urls))]
        links = [stanzas.linked(delivery.to, id, url, sender=self.sender) for id, url in zip(ids, urls, strict=True)]
        return [*links, stanzas.spoken(delivery, sender=self.sender)] if delivery.text or not urls else links

    async def _published(self, link: XmppConnection, file: Attachment) -> str:
        path: Path | None = await self._ports.blobs.path(file.digest)
        if path is None:
            raise Unfetched("gone")
        if self._service is not None:
            try:
                return await self._files.upload(link, self._service, file, path)
            except Unfetched:
                if not self._files.offered(file):
                    raise
        if url := self._files.offered(file):
            return url
        raise Unfetched("this server takes no files, and public_url is not set")

    def _mark(self, delivery: Delivery) -> str:
        """Return the marker for a message that asked for one, "" for others."""
        token = codec.ReplyToken.decode(delivery.reply)
        if not token.id or message_id(self._ports.channel, delivery.to, token.source) != delivery.about:
            return ""
        return stanzas.displayed(delivery.to, token.id, sender=self.sender)


def _with_links(said: PatronWords, missed: list[str]) -> PatronWords:
    """Return what was said, with the addresses of files that could not be fetched in its text."""
    lines = [said.text] if said.text else []
    lines += [url for url in missed if url not in said.text]
    return codec.replaced(said, "\n".join(lines))


def _remember(held: OrderedDict[K, V], key: K, value: V) -> None:
    held[key] = value
    held.move_to_end(key)
    if len(held) > REMEMBERED:
        held.popitem(last=False)

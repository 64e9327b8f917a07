"""One address of a component (XEP-0114): a buddy per queue, and the messenger of librarians who like theirs better.

A component is its addresses' server: it answers presence and questions itself and remembers its buddies. What it does not take
is refused to the sender at once. Nothing is kept for it while it is down: the server says so to those who write. The protocol
acknowledges nothing, so we send a ping to ourselves behind a stanza, and its answer says that the stanza was taken. What we
have heard we hand in, also after the session.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any, ClassVar
from xml.etree.ElementTree import Element

from adapters.xmpp import codec, jid, staff, stanzas
from adapters.xmpp.answers import Identity, card
from adapters.xmpp.buddy import Buddy, Letter
from adapters.xmpp.buddy_list import BUDDIES, LINKED, BuddyList
from adapters.xmpp.codec import Heard, PatronWords
from adapters.xmpp.config import ComponentConfig
from adapters.xmpp.connection import StreamLost, XmppConnection
from adapters.xmpp.presence import BuddyPresence
from adapters.xmpp.shared_component import SharedConnection
from adapters.xmpp.stanza_ids import STANZAS
from bridge.contract.adapter import (
    Busy,
    Capabilities,
    MessageIntake,
    Misconfigured,
    Outcome,
    Ports,
    Rejected,
    Unavailable,
)
from bridge.contract.message import Action, Attachment, Delivery, Presence, action_id

MAX_TEXT = 10_000
MAX_AVATAR = 64 << 10
BROADCAST = 200  # presences between two breaths
STREAM = "http://etherx.jabber.org/streams"
AGAIN_S = 15.0  # how often librarians' presence is said again: a core that took over asks everybody again
GOODBYE_S = 1.0


class XmppComponent(Buddy):
    """See the module's header and bridge.contract.adapter."""

    name: ClassVar[str] = "xmpp-component"
    component: ClassVar[bool] = True
    Config: ClassVar[type[Any]] = ComponentConfig
    capabilities: ClassVar[Capabilities] = Capabilities(
        max_text=MAX_TEXT,
        max_media=10 << 20,
        receipts="read",
        staff=True,
        live=True,
        marks=True,
        typing=True,
        forget=True,
        check=True,
        label="Instant message",
        icon="messenger",
        answers=("im",),
        remembers=(BUDDIES, LINKED, STANZAS),
    )

    def __init__(self, config: ComponentConfig, ports: Ports) -> None:
        super().__init__(config, ports)
        self._address = config
        self._card = card(config.title or jid.user(config.jid), config.url, _avatar(config.avatar))
        self._key = staff.link_key(ports.secret)
        self._buddies = BuddyList(ports.memory, BUDDIES)
        self._staff = BuddyList(ports.memory, LINKED)
        self._spent: dict[str, float] = {}  # codes that were used -> until when they would be good
        self._here: dict[str, str] = {}  # full address of a librarian's client -> librarian
        self._left: dict[str, str] = {}  # the same of those whose leaving the desk has not heard of yet

    @property
    def identity(self) -> Identity:
        """Who answers questions of protocol."""
        return Identity("client", "bot", self._config.title or jid.user(self._own), card=self._card)

    async def run(self) -> None:
        """Hold one session. A person who writes between two of them is told to come again, where others hold the connection."""
        SharedConnection.expect(self._address)
        try:
            await self._session()
        except asyncio.CancelledError:
            SharedConnection.give_up(self._address)
            raise

    async def check(self) -> None:
        """Open a stream and read the server's answer, and no more: a component that signs in twice would end its own session.

        Raises Unavailable.
        """
        names = f"xmlns='jabber:component:accept' xmlns:stream='{STREAM}'"
        opening = f"<stream:stream {names} to={jid.attribute(self._address.domain)}>"
        where = f"the component port of {self._address.host}"
        try:
            async with asyncio.timeout(self._address.patience_s):
                reader, writer = await asyncio.open_connection(self._address.host, self._address.port)
                try:
                    writer.write(opening.encode())
                    answer = await reader.read(1)
                finally:
                    writer.close()
        except (OSError, TimeoutError) as error:
            raise Unavailable(f"{where} cannot be reached: {type(error).__name__}") from None
        if not answer:
            raise Unavailable(f"{where} closed the connection")

    async def _session(self) -> None:
        self._begin()
        await self._buddies.load()
        await self._staff.load()
        await self._say_left()
        shared: SharedConnection | None = None
        try:
            shared = await SharedConnection.join(self._address, self)
            self._link = shared.link
            await self._ports.inlet.up()
            await self._serve(shared.link)
        except* StreamLost as lost:
            raise Unavailable(str(lost.exceptions[0])) from None
        finally:
            if shared is not None:
                shared.silence(self._address)
            link, self._link = self._link, None
            await self._stop_fetching()
            if shared is not None:
                await self._finish(shared.link)
            await self._leave(link)
            if shared is not None:
                await shared.leave(self._address)

    def _begin(self) -> None:
        """Forget the session before but for the words that the desk has not taken yet: nobody says them again."""
        line = self._in_line()
        super()._begin()
        self._line_up_again(line)

    def _in_line(self) -> list[Letter]:
        """Take out the words that are in hand or stand in line."""
        line = [self._reading] if self._reading is not None else []
        while not self._letters.empty():
            line.append(self._letters.get_nowait())
        self._reading = None
        return line

    def _line_up_again(self, line: Iterable[Letter]) -> None:
        """Put words back into line; what was being fetched for them when a session ended stays an address in the text."""
        for number, said, fetching in line:
            broke_off = fetching is None or fetching.cancelled()
            self._letters.put_nowait((number, said, None if broke_off else fetching))

    async def _finish(self, link: XmppConnection) -> None:
        """Hand in the words that stand in line. What the desk does not take at once is refused while the connection is open;
        else, and where a receipt is due, it is the next session's."""
        line, owed = self._in_line(), []
        with suppress(TimeoutError):
            async with asyncio.timeout(GOODBYE_S):
                while line:
                    try:
                        await self._receive(link, line[0][1], _had(line[0]))
                    except StreamLost:
                        owed.append(line[0])
                    line.pop(0)
        for letter in line:
            try:
                self._refuse(link, letter[1], "wait", "resource-constraint", "later")
            except StreamLost:
                owed.append(letter)
        self._line_up_again(owed)

    async def _leave(self, link: XmppConnection | None) -> None:
        """Say good-bye to buddies and, for the librarians here, to the desk."""
        with suppress(StreamLost):
            if link is not None and link.connected:
                await self._show(link, BuddyPresence("gone", ""))
        self._shown = None
        self._left |= self._here
        self._here = {}
        with suppress(Busy, TimeoutError):
            async with asyncio.timeout(GOODBYE_S):
                await self._buddies.save()  # the last that came may still wait to be written down
                await self._say_left()

    async def _serve_beside(self, link: XmppConnection) -> None:
        """Ask librarians' servers who is there, and say it again from time to time."""
        for address in self._staff.held():
            link.send(f"<presence type='probe' to={jid.attribute(address)} from={jid.attribute(self._own)}/>")
        while True:
            await asyncio.sleep(AGAIN_S)
            with suppress(Busy):
                await self._say_left()
            for full, librarian in list(self._here.items()):
                with suppress(Busy):
                    await self._ports.inlet.presence(self._connection(full, librarian, up=True))

    # -- presence

    def _presence(self, link: XmppConnection, stanza: Element, sender: str) -> None:
        kind = stanza.get("type", "")
        if kind in ("subscribe", "probe") and self._limits.subscriptions.allows(jid.domain(sender), time.monotonic()):
            if kind == "subscribe":
                self._send_presence(link, sender, "subscribed")
            self._buddies.add(sender)
            if self._shown is not None:
                link.send(self._shown.stanza(to=sender, sender=self._own, inside=self.identity.caps()))
        elif kind in ("unsubscribe", "unsubscribed"):
            self._buddies.drop(sender)
            if kind == "unsubscribe":
                self._send_presence(link, sender, "unsubscribed")
        elif kind in ("", "unavailable"):
            self._librarian_seen(stanza, sender)
        if self._buddies.changed:
            self._signs.put_nowait((0, codec.SILENCE))  # written down outside of the wire's own task

    async def forget(self, addresses: Collection[str]) -> None:
        """Be nobody's buddy any more among these."""
        if self._link is not None:
            for address in addresses:
                if self._buddies.get(address) is not None:
                    self._send_presence(self._link, address, "unsubscribed")
        await self._buddies.forget(addresses)

    def _send_presence(self, link: XmppConnection, to: str, kind: str) -> None:
        link.send(f"<presence to={jid.attribute(to)} from={jid.attribute(self._own)} type='{kind}'/>")

    async def _show(self, link: XmppConnection, now: BuddyPresence) -> None:
        caps = self.identity.caps()
        for place, buddy in enumerate(self._buddies.held(), 1):
            link.send(now.stanza(to=buddy, sender=self._own, inside=caps))
            if place % BROADCAST == 0:
                await asyncio.sleep(0)

    async def _sign(self, link: XmppConnection, sign: Heard) -> None:
        if sign is codec.SILENCE:
            with suppress(Busy):  # saved with the next, or at the end of the session
                await self._buddies.save()
        elif isinstance(sign, codec.ClientPresence):
            with suppress(Busy):  # it is said again
                await (self._came if sign.here else self._went)(sign.full, sign.librarian)
        else:
            await super()._sign(link, sign)

    # -- words

    async def _busy(self, link: XmppConnection, said: PatronWords, error: Busy) -> None:
        self._refuse(link, said, "wait", "resource-constraint", "later")

    async def _receive(
        self,
        link: XmppConnection,
        said: PatronWords,
        files: tuple[list[Attachment], list[str]],
        intake: MessageIntake | None = None,
    ) -> None:
        librarian = self._staff.get(said.sender) or ""
        talk = staff.conversation(said.to)
        try:
            if talk or librarian:
                await self._from_librarian(link, said, librarian, talk)
            elif who := self._links(said):
                await self._link_up(link, said, who)
            else:
                await super()._receive(link, said, files, intake)
        except Busy as error:
            await self._busy(link, said, error)

    async def send(self, delivery: Delivery) -> Outcome:
        """Submit one delivery; see bridge.contract.adapter."""
        if delivery.kind not in ("offer", "line"):
            return await super().send(delivery)
        if self._staff.get(delivery.to) is None:
            return Rejected("no-such-address", "no librarian has linked this address")
        link = self._link
        sender = staff.address(self._own, delivery.conversation)
        stanza = stanzas.chat(delivery.to, f"<body>{jid.text(delivery.text)}</body>", id=delivery.id, sender=sender)
        return await self._submit(link, [stanza], delivery)

    # -- librarians

    def _links(self, said: PatronWords) -> str:
        """Return the librarian whom a code names, once."""
        now = time.time()
        self._spent = {code: until for code, until in self._spent.items() if until > now}
        words = said.text.strip()
        librarian = staff.linked(self._key, words, now) if words not in self._spent else ""
        if librarian:
            self._spent[words] = now + staff.CODE_S + 60
        return librarian

    async def _link_up(self, link: XmppConnection, said: PatronWords, librarian: str) -> None:
        self._staff.add(said.sender, librarian)
        try:
            await self._staff.save()
        except Busy:
            self._spent.pop(said.text.strip(), None)  # the code is sent again
            raise
        self._send_presence(link, said.sender, "subscribe")
        self._tell(link, said, f"This address is now {librarian}'s. {staff.HELP}")
        await self._came(said.full, librarian)

    async def _from_librarian(self, link: XmppConnection, said: PatronWords, librarian: str, talk: str) -> None:
        """Do what a librarian says; what others say to a conversation's address is refused."""
        if not librarian:
            self._refuse(link, said, "cancel", "item-not-found", "rooms")
            return
        if said.marks:  # a reaction is nothing to do, and nothing to say to a patron
            return
        deed = staff.deed(talk, said.text) if talk else staff.at_the_desk(said.text)
        if deed is None:
            self._tell(link, said, staff.HELP)
            return
        await self._came(said.full, librarian)
        id = action_id(librarian, f"{self._ports.channel} {said.sender} {said.source}")
        await self._ports.inlet.act(Action(id=id, by=librarian, deed=deed, via=self._ports.channel))
        if said.receipt:
            link.send(stanzas.received(said, sender=jid.bare(said.to)))

    def _tell(self, link: XmppConnection, said: PatronWords, words: str) -> None:
        link.send(stanzas.chat(said.full, f"<body>{jid.text(words)}</body>", sender=jid.bare(said.to)))

    def _librarian_seen(self, stanza: Element, sender: str) -> None:
        librarian = self._staff.get(sender)
        if librarian is None:
            return
        show = jid.content(jid.child(stanza, "show"))
        here = stanza.get("type", "") == "" and show not in ("away", "xa", "dnd")
        self._signs.put_nowait((0, codec.ClientPresence(stanza.get("from", ""), librarian, here)))

    async def _came(self, full: str, librarian: str) -> None:
        self._left.pop(full, None)
        if self._here.get(full) != librarian:
            self._here[full] = librarian
            await self._ports.inlet.presence(self._connection(full, librarian, up=True))

    async def _went(self, full: str, librarian: str) -> None:
        if self._here.pop(full, None) is not None:
            self._left[full] = librarian
            await self._say_left()

    async def _say_left(self) -> None:
        """Tell the desk who left, and keep in mind whom it has not heard of. Raises Busy."""
        while self._left:
            full, librarian = self._left.popitem()
            try:
                await self._ports.inlet.presence(self._connection(full, librarian, up=False))
            except BaseException:
                if full not in self._here:
                    self._left[full] = librarian
                raise

    def _connection(self, full: str, librarian: str, *, up: bool) -> Presence:
        connection = f"{self._ports.channel}|{full}"
        return Presence(process=self._ports.process, connection=connection, librarian=librarian, up=up)


def _avatar(path: str) -> bytes:
    """Return a picture's bytes. Raises Misconfigured."""
    if not path:
        return b""
    try:
        picture = Path(path).read_bytes()
    except OSError as error:
        raise Misconfigured(f"avatar {path!r} cannot be read: {error.strerror}") from None
    if len(picture) > MAX_AVATAR or not picture.startswith((b"\x89PNG", b"\xff\xd8\xff")):
        raise Misconfigured(f"avatar {path!r} must be PNG or JPEG of at most {MAX_AVATAR // 1024} KiB")
    return picture


def _had(letter: Letter) -> tuple[list[Attachment], list[str]]:
    """Return the files of words whose fetching is over, and the addresses of those that were not had."""
    _, said, fetching = letter
    return ([], list(said.urls)) if fetching is None or fetching.cancelled() else fetching.result()

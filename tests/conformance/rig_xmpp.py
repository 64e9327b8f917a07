"""XMPP as a network: a real server, patrons with a messenger that shares no code with the adapter (tests/xmpp/plain.py)."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Sequence
from itertools import count
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import urlsplit
from xml.sax.saxutils import quoteattr

import aiohttp

from adapters.xmpp.adapter import XmppAdapter
from adapters.xmpp.config import XmppConfig
from bridge.contract.adapter import Adapter, ChannelDesk
from bridge.contract.message import Stage
from bridge.testing.proxy import Proxy
from bridge.testing.rig import Heard, NetworkPatron, Rig, SentFile
from tests.peers.ejabberd import Ejabberd
from tests.peers.prosody import Prosody
from tests.xmpp.hostile import STANZAS
from tests.xmpp.plain import BODY, Plain

PASSWORD = "open-sesame-4711"
OOB = "{jabber:x:oob}x/{jabber:x:oob}url"
FOR_GOOD = ("policy-violation",)  # too long: to send it again would help nobody
UPLOAD = "{urn:xmpp:http:upload:0}"


class Messenger(NetworkPatron):
    """A patron with a messenger, who has the library as a buddy."""

    def __init__(self, client: Plain, library: str, away: str, upload: str, *, patience: float) -> None:
        self.client = client
        self.address = client.bare
        self._said: dict[str, tuple[str, str]] = {}
        self._patience = patience
        self._trying = [asyncio.create_task(self._try_again()), asyncio.create_task(self._wait_for_receipts())]
        self._library = library
        self._away = away
        self._upload = upload

    async def say(self, text: str, files: Sequence[SentFile] = ()) -> str:
        links = [await self._uploaded(file) for file in files]
        extra = "".join(f"<x xmlns='jabber:x:oob'><url>{link}</url></x>" for link in links)
        source = self.client.say(self._library, text, extra=extra)
        self._said[source] = (text, extra)
        return source

    async def repeat(self, source: str) -> None:
        text, extra = self._said[source]
        self.client.receipts.discard(source)
        self.client.say(self._library, text, id=source, extra=extra)

    async def acknowledged(self, source: str) -> bool:
        return source in self.client.receipts

    async def hear(self) -> Heard:
        stanza = await self.client.messages.get()
        text = stanza.findtext(BODY) or ""
        files = [await _fetched(url.text or "") for url in stanza.findall(OOB)]
        return Heard("" if files else text, tuple(files), stanza.get("id", ""))

    async def confirm(self, heard: Heard, stage: Stage) -> None:
        sign = (
            f"<displayed xmlns='urn:xmpp:chat-markers:0' id={quoteattr(heard.id)}/>"
            if stage == "read"
            else f"<received xmlns='urn:xmpp:receipts' id={quoteattr(heard.id)}/>"
        )
        self.client.write(f"<message to='{self._library}' type='chat'>{sign}</message>")

    async def type(self) -> None:
        state = "<composing xmlns='http://jabber.org/protocol/chatstates'/>"
        self.client.write(f"<message to='{self._library}' type='chat'>{state}</message>")

    async def sees_typing(self) -> None:
        await self.client.until(lambda: self.client.composing > 0)

    async def sees_read(self, source: str) -> None:
        await self.client.until(lambda: source in self.client.displayed)

    async def sees_desk(self, desk: ChannelDesk) -> None:
        wanted = "" if desk.online else self._away
        await self.client.until(lambda: self.client.presence.get(self._library, ("?", ""))[0] == wanted)

    async def close(self) -> None:
        for task in self._trying:
            task.cancel()
        await asyncio.wait(self._trying)
        await self.client.close()

    async def _try_again(self) -> None:
        """Send again what came back because nobody was there to take it, as people do."""
        while True:
            source, condition = await self.client.errors.get()
            if condition in FOR_GOOD:
                self._said.pop(source, None)
            elif source in self._said:
                await asyncio.sleep(0.2)
                self._say_again(source)

    async def _wait_for_receipts(self) -> None:
        """Send again what no receipt came for: a component's stream acknowledges nothing, so a broken one loses what was on it."""
        while True:
            waiting = set(self._said)
            await asyncio.sleep(self._patience)
            for source in waiting - self.client.receipts:
                if source in self._said:
                    self._say_again(source)

    def _say_again(self, source: str) -> None:
        text, extra = self._said[source]
        self.client.say(self._library, text, id=source, extra=extra)

    async def _uploaded(self, file: SentFile) -> str:
        wish = f"<request xmlns='urn:xmpp:http:upload:0' filename={quoteattr(file.name)} size='{len(file.data)}'/>"
        slot = await self.client.ask(wish, to=self._upload)
        put, get = slot.find(f".//{UPLOAD}put"), slot.find(f".//{UPLOAD}get")
        assert put is not None
        assert get is not None
        headers = {each.get("name", ""): each.text or "" for each in put}
        async with (
            aiohttp.ClientSession() as session,
            session.put(put.get("url", ""), data=file.data, headers=headers) as answer,
        ):
            assert answer.status == 201
        return get.get("url", "")


async def _fetched(url: str) -> SentFile:
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        assert answer.status == 200
        return SentFile(urlsplit(url).path.rpartition("/")[2], await answer.read())


class AccountRig(Rig):
    """An account on Prosody, over StartTLS."""

    adapter: ClassVar[type[Adapter]] = XmppAdapter
    keeps = True
    user: ClassVar[str] = "ask"
    domain: ClassVar[str] = "localhost"
    away: ClassVar[str] = "xa"  # what a closed library shows
    upload: ClassVar[str] = "files.localhost"
    patience: ClassVar[float] = 3600.0  # how long (s) a patron waits for a receipt before they send again

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.secrets = (PASSWORD,)
        self.tail = ""  # of every name at the server, where another case has used that server before
        self.server: Any = self.serve()

    def serve(self) -> Any:
        """Return the server, not started."""
        return Prosody({"ask": PASSWORD})

    @property
    def library(self) -> str:
        """The library's address."""
        return f"{self.user}{self.tail}@{self.domain}"

    @property
    def port(self) -> int:
        """Where the adapter connects."""
        return int(self.server.c2s)

    async def start(self) -> None:
        await asyncio.to_thread(self.server.start)
        self.wire = await Proxy("127.0.0.1", self.port).open()

    async def stop(self) -> None:
        if self.wire is not None:
            await self.wire.close()
        await asyncio.to_thread(self.server.remove)

    def config(self, **fields: Any) -> Any:
        assert self.wire is not None
        base: dict[str, Any] = {
            "jid": self.library,
            "password": PASSWORD,
            "host": "127.0.0.1",
            "port": self.wire.port,
            "ca": self.server.certificate.ca.read_text(),
            "file_hosts": ("127.0.0.1",),
            "beat_s": 0.5,
            "patience_s": 2.0,
        }
        return XmppConfig(**base | fields)

    def refused(self) -> Any:
        return self.config(password="wrong")

    def misconfigured(self) -> Any:
        return self.config(jid="ask@nowhere.example")

    async def patron(self, name: str) -> Messenger:
        client = await self.sign_in(name)
        client.write(f"<presence to='{self.library}' type='subscribe'/>")
        return Messenger(client, self.library, self.away, self.upload, patience=self.patience)

    async def sign_in(self, name: str) -> Plain:
        """Return a person's own client, signed in."""
        name += self.tail
        await asyncio.to_thread(self.server.account, name, name)
        tls = ssl.create_default_context(cafile=str(self.server.certificate.ca)) if self.server.tls else None
        return await Plain(name, name).sign_in(self.server.direct if tls else self.server.c2s, tls)

    async def hostile(self) -> Sequence[bytes]:
        mallory = await self.sign_in("mallory")
        try:
            for stanza in STANZAS:
                mallory.write(stanza.format(to=self.library))
            await mallory.ask("<ping xmlns='urn:xmpp:ping'/>")
        finally:
            await mallory.close()
        return [stanza.encode() for stanza in STANZAS]


class EjabberdRig(AccountRig):
    """An account on ejabberd. It takes seconds to start: one serves all cases of a test process, each with names of its own."""

    _kept: ClassVar[list[Ejabberd]] = []
    _tails: ClassVar[count[int]] = count(1)

    def serve(self) -> Any:
        if not self._kept:
            self._kept.append(Ejabberd({}))
        self.tail = f"-{next(self._tails)}"
        return self._kept[0]

    async def start(self) -> None:
        if not self.server.running:
            await asyncio.to_thread(self.server.start)
        await asyncio.to_thread(self.server.account, f"{self.user}{self.tail}", PASSWORD)
        self.wire = await Proxy("127.0.0.1", self.port).open()

    async def stop(self) -> None:
        if self.wire is not None:
            await self.wire.close()

    @classmethod
    def end_kept(cls) -> None:
        """End the kept server, if there is one."""
        while cls._kept:
            cls._kept.pop().remove()

    def config(self, **fields: Any) -> Any:
        return super().config(**{"security": "none", "ca": ""} | fields)

"""Mastodon, as a server that answers like it; patrons are other accounts there."""

from __future__ import annotations

import asyncio
import re
import urllib.request
from collections.abc import Sequence
from html import unescape
from pathlib import Path
from typing import ClassVar
from urllib.error import HTTPError

import msgspec

from adapters.mastodon.adapter import MastodonAdapter
from adapters.mastodon.config import MastodonConfig
from bridge.contract.adapter import Adapter, Capabilities, ChannelDesk
from bridge.testing.proxy import Proxy
from bridge.testing.rig import Heard, NetworkPatron, Rig, SentFile
from tests.peers.mastodon import FediClient, FediServer

LOOK_S = 0.1
TOO_LONG = 422


class FediPatron(NetworkPatron):
    """A person with an account."""

    def __init__(self, server: FediServer, client: FediClient, library: FediClient) -> None:
        self.address = f"{client.name}@{server.domain}"
        self._server, self._client, self._library = server, client, library
        self._seen = ""
        self._waiting: list[Heard] = []

    async def say(self, text: str, files: Sequence[SentFile] = ()) -> str:
        media = [await self._client.upload(file.name, file.data) for file in files]
        try:
            return await self._client.post(f"@{self._library.name} {text}", media)
        except HTTPError as refused:
            if refused.code != TOO_LONG:
                raise
            return ""  # their own server refuses it

    async def repeat(self, source: str) -> None:
        await asyncio.to_thread(self._server.notify_again, source)

    async def acknowledged(self, source: str) -> bool:
        marker = (await self._library.ask("GET", "/api/v1/markers?timeline[]=notifications")).get("notifications")
        told = [each for each in await self._library.mentions("") if each["status"]["id"] == source]
        return marker is not None and bool(told) and int(marker["last_read_id"]) >= int(told[0]["id"])

    async def hear(self) -> Heard:
        while not self._waiting:
            for each in await self._client.mentions(self._seen):
                self._seen = each["id"]
                self._waiting.append(await self._heard(each["status"]))
            if not self._waiting:
                await asyncio.sleep(LOOK_S)
        return self._waiting.pop(0)

    async def _heard(self, status: dict[str, object]) -> Heard:
        assert status["visibility"] == "direct"
        html = re.sub(r"</p><p>", "\n\n", str(status["content"]))
        text = unescape(re.sub(r"<[^>]*>", "", re.sub(r"<br ?/?>", "\n", html)))
        media = status["media_attachments"]
        assert isinstance(media, list)
        files = [SentFile(each["description"], await asyncio.to_thread(_read, each["url"])) for each in media]
        return Heard(text.removeprefix(f"@{self._client.name}").strip(), tuple(files), str(status["id"]))

    async def sees_desk(self, desk: ChannelDesk) -> None:
        """An account shows no presence."""

    async def close(self) -> None:
        """There is no connection to close."""


def _read(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=20) as answer:
        data: bytes = answer.read()
    return data


class UnlimitedMastodon(MastodonAdapter):
    """The adapter, where nobody limits what an account may post: the server is ours."""

    capabilities: ClassVar[Capabilities] = msgspec.structs.replace(MastodonAdapter.capabilities, rate=50.0)


class MastodonRig(Rig):
    """One account of the library's."""

    adapter: ClassVar[type[Adapter]] = UnlimitedMastodon
    keeps = True

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._patrons: dict[str, FediPatron] = {}

    async def start(self) -> None:
        self.server = await asyncio.to_thread(FediServer.kept)
        self.library = await asyncio.to_thread(self.server.account, "ask")
        self.secrets = (self.library.token,)
        self.wire = await Proxy("127.0.0.1", self.server.port).open()

    async def stop(self) -> None:
        if self.wire is not None:
            await self.wire.close()

    def config(self) -> MastodonConfig:
        return self._config(self.library.token)

    def refused(self) -> MastodonConfig:
        return self._config("no-such-token-anywhere")

    def misconfigured(self) -> MastodonConfig:
        return MastodonConfig(server="ftp://social.example", token="0123456789")

    def _config(self, token: str) -> MastodonConfig:
        assert self.wire is not None
        return MastodonConfig(server=f"http://127.0.0.1:{self.wire.port}", token=token, poll_s=0.2, patience_s=2.0)

    async def patron(self, name: str) -> FediPatron:
        if name not in self._patrons:
            client = await asyncio.to_thread(self.server.account, name)
            self._patrons[name] = FediPatron(self.server, client, self.library)
        return self._patrons[name]

    async def hostile(self) -> Sequence[bytes]:
        """Markup of every kind, as a server that cleans nothing would hand it on; public words; too much of it."""
        eve = await asyncio.to_thread(self.server.account, "eve")
        contents = [
            "<script>alert(1)</script><style>*{}</style>",
            "<div>" * 20_000,
            "<a href='javascript:alert(1)'>click</a><a href=\"http://[\">x</a>",
            "\u202e\x00\x1b[2J" + "x" * 60_000,
            "<p>" + "&#0;&#xD800;&amp;" * 1_000,
        ]
        for content in contents:
            id = await eve.post(f"@{self.library.name} x")
            await asyncio.to_thread(
                self.server.change,
                "update statuses set content = ?, spoiler_text = ?, created_at = created_at where id = ?",
                (content, "\x00" * 300, int(id)),
            )
        await eve.post(f"@{self.library.name} for everybody to see", visibility="public")
        return [each[:200].encode() for each in contents]

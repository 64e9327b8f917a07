"""Matrix, as Synapse and clients that encrypt; patrons are other accounts there."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar
from urllib.error import HTTPError

from adapters.matrix.adapter import MatrixAdapter
from adapters.matrix.config import MatrixConfig
from bridge.contract.adapter import Adapter, ChannelDesk
from bridge.contract.message import Stage
from bridge.testing.proxy import Proxy
from bridge.testing.rig import Heard, NetworkPatron, NotOffered, Rig, SentFile
from tests.peers.matrix_client import MatrixClient
from tests.peers.synapse import SynapseServer

MARK = "org.deskbridge.delivery"


class MatrixPatron(NetworkPatron):
    """A person with a client."""

    def __init__(self, client: MatrixClient, rig: MatrixRig) -> None:
        self.address = client.user
        self.client = client
        self._rig = rig
        self._said: dict[str, tuple[str, dict[str, Any]]] = {}

    async def say(self, text: str, files: Sequence[SentFile] = ()) -> str:
        await self.client.meet(self._rig.library)
        await self.client.joined(self._rig.library)
        content: dict[str, Any] = {"msgtype": "m.text", "body": text}
        for file in files:
            content = await self.client.file(file.name, file.data)
            if text:
                content |= {"filename": file.name, "body": text}
        transaction = secrets.token_hex(8)
        source = await self.client.say(content, transaction)
        self._said[source] = transaction, content
        return source

    async def repeat(self, source: str) -> None:
        transaction, content = self._said[source]
        assert await self.client.say(content, transaction) == source

    async def acknowledged(self, source: str) -> bool:
        assert self._rig.ring is not None
        place = (await self._rig.ring.cursor()).get("sync", "")
        return bool(place) and source in {each["event_id"] for each in await self.client.events(place)}

    async def hear(self) -> Heard:
        event = await self.client.heard.get()
        if not hasattr(event, "url"):
            return Heard(event.body, (), event.event_id)
        file = SentFile(event.body, await self.client.fetched(event))
        return Heard("", (file,), event.event_id)

    async def confirm(self, heard: Heard, stage: Stage) -> None:
        if stage == "delivered":
            raise NotOffered  # Matrix knows what was read, and nothing before that
        await self.client.client.update_receipt_marker(self.client.room, heard.id)

    async def type(self) -> None:
        await self.client.client.room_typing(self.client.room, False)
        await self.client.client.room_typing(self.client.room, True)

    async def sees_typing(self) -> None:
        await self.client.typing.wait()

    async def sees_read(self, source: str) -> None:
        while source not in self.client.read:
            await asyncio.sleep(0.02)

    async def sees_desk(self, desk: ChannelDesk) -> None:
        """An account shows no presence."""

    async def close(self) -> None:
        await self.client.close()


class MatrixRig(Rig):
    """One account of the library's."""

    adapter: ClassVar[type[Adapter]] = MatrixAdapter
    keeps = True

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._patrons: dict[str, MatrixClient] = {}

    async def start(self) -> None:
        self.server = await asyncio.to_thread(SynapseServer.kept)
        self.library, self._password = await asyncio.to_thread(self.server.account, "ask")
        self.secrets = (self._password,)
        self.wire = await Proxy("127.0.0.1", self.server.port).open()

    async def stop(self) -> None:
        for client in self._patrons.values():
            await client.close()
        if self.wire is not None:
            await self.wire.close()

    def config(self) -> MatrixConfig:
        return self._config(self._password)

    def refused(self) -> MatrixConfig:
        return self._config("no such password anywhere")

    def misconfigured(self) -> MatrixConfig:
        return MatrixConfig(server="ftp://matrix.example", user="@ask:example", password="0123456789")

    def _config(self, password: str) -> MatrixConfig:
        assert self.wire is not None
        return MatrixConfig(
            server=f"http://127.0.0.1:{self.wire.port}",
            user=self.library,
            password=password,
            poll_s=2.0,
            patience_s=2.0,
        )

    async def patron(self, name: str) -> MatrixPatron:
        if name not in self._patrons:
            user, password = await asyncio.to_thread(self.server.account, name)
            self._patrons[name] = MatrixClient(self.server, user, password, self.folder / name)
        client = self._patrons[name]
        await client.open()
        return MatrixPatron(client, self)

    def sign_out_everywhere(self) -> None:
        """End all sessions of the library's account, and remove its devices, as an operator can."""
        fields = {
            "type": "m.login.password",
            "identifier": {"type": "m.id.user", "user": self.library},
            "password": self._password,
        }
        made = self.server.ask("POST", "/_matrix/client/v3/login", fields)
        self.server.ask("POST", "/_matrix/client/v3/logout/all", {}, made["access_token"])

    async def arrived(self, delivery: str) -> bool:
        for client in self._patrons.values():
            if client.room and any(each["content"].get(MARK) == delivery for each in await client.events()):
                return True
        return False

    async def hostile(self) -> Sequence[bytes]:
        """Events of wrong types, too deep or too large, keys and files that are none, in a chat and between devices."""
        eve = await self.patron("eve")
        await eve.client.meet(self.library, encrypted=False)
        await eve.client.joined(self.library)
        contents: list[tuple[str, dict[str, Any]]] = [
            ("m.room.message", {}),
            ("m.room.message", {"msgtype": 7, "body": ["x"], "m.relates_to": "no"}),
            ("m.room.message", {"msgtype": "m.text", "body": "\x00\u202e" + "x" * 50_000}),
            ("m.room.message", {"msgtype": "m.image", "body": "x", "url": "mxc://../../../etc/passwd"}),
            ("m.room.message", {"msgtype": "m.file", "body": "x", "file": {"url": "mxc://test/none", "key": 1}}),
            ("m.room.message", {"msgtype": "m.location", "body": "x", "geo_uri": "geo:999,999"}),
            ("m.room.encrypted", {"algorithm": "m.megolm.v1.aes-sha2", "ciphertext": "x"}),
            ("m.room.encrypted", {"algorithm": 1, "sender_key": {}, "session_id": [], "ciphertext": {}}),
            ("m.reaction", {"m.relates_to": {"rel_type": "m.annotation", "event_id": 5, "key": {"a": "b"}}}),
        ]
        for kind, content in contents:
            where = f"/_matrix/client/v3/rooms/{eve.client.room}/send/{kind}/{secrets.token_hex(8)}"
            await asyncio.to_thread(_asked, eve.client, "PUT", where, content)
        states: list[tuple[str, dict[str, Any]]] = [
            ("m.room.encryption", {"algorithm": []}),
            ("m.room.tombstone", {"replacement_room": "!no:where"}),
        ]
        for kind, content in states:
            where = f"/_matrix/client/v3/rooms/{eve.client.room}/state/{kind}/"
            await asyncio.to_thread(_asked, eve.client, "PUT", where, content)
        messages: dict[str, Any] = {self.library: {"*": {"algorithm": "m.olm.v1.curve25519-aes-sha2", "ciphertext": 1}}}
        for kind in ("m.room.encrypted", "m.room_key", "m.room_key_request", "x.unknown"):
            where = f"/_matrix/client/v3/sendToDevice/{kind}/{secrets.token_hex(8)}"
            await asyncio.to_thread(_asked, eve.client, "PUT", where, {"messages": messages})
        return [repr(each)[:200].encode() for each in (*contents, *states)]


def _asked(client: MatrixClient, method: str, path: str, fields: Any) -> None:
    """Ask; a server that refuses it protects us already."""
    try:
        client.ask(method, path, fields)
    except HTTPError:
        return

"""Telegram, as a local server that answers like it; the patron is on its other side."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

from adapters.telegram.adapter import TelegramAdapter
from adapters.telegram.config import TelegramConfig
from bridge.contract.adapter import Adapter, ChannelDesk
from bridge.testing.proxy import Proxy
from bridge.testing.rig import Heard, NetworkPatron, Rig, SentFile
from tests.corpora import HOME
from tests.peers.telegram import TOKEN, TelegramServer


def described() -> dict[str, Any] | None:
    """Return Telegram's own description of the API, where it is there."""
    path = HOME / "telegram_bot_api.json"
    return dict(json.loads(path.read_text("utf-8"))) if path.is_file() else None


class TelegramPatron(NetworkPatron):
    """A person with Telegram."""

    def __init__(self, server: TelegramServer, name: str) -> None:
        self.chat = 10_000 + int.from_bytes(name.encode()) % 100_000
        self.address = str(self.chat)
        self._name = name.title()
        self._server = server
        self._shown = server.chat(self.chat)

    async def say(self, text: str, files: Sequence[SentFile] = ()) -> str:
        said: dict[str, Any] = {"text": text}
        if files:
            said = {"caption": text, "document": self._server.keep(files[0].name, files[0].data)}
        id = await self._server.say(self.chat, self._name, **said)
        return f"{self.chat}:{id}"

    async def repeat(self, source: str) -> None:
        again = self._server.message(self.chat, int(source.partition(":")[2]), self._name, text="once more")
        await self._server.push({"message": again})

    async def acknowledged(self, source: str) -> bool:
        return self._server.is_confirmed(self.chat, int(source.partition(":")[2]))

    async def hear(self) -> Heard:
        shown = await self._shown.get()
        return Heard(shown.text, tuple(SentFile(name, data) for name, data in shown.files), str(shown.id))

    async def sees_desk(self, desk: ChannelDesk) -> None:
        """A bot shows no presence."""

    async def close(self) -> None:
        """There is no connection to close."""


class TelegramRig(Rig):
    """One bot."""

    adapter: ClassVar[type[Adapter]] = TelegramAdapter
    keeps = True

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.secrets = (TOKEN,)
        self.server = TelegramServer(described())

    async def start(self) -> None:
        await self.server.open()
        self.wire = await Proxy("127.0.0.1", self.server.port).open()

    async def stop(self) -> None:
        if self.wire is not None:
            await self.wire.close()
        await self.server.close()
        assert self.server.wrong == [], "\n".join(self.server.wrong)

    def config(self) -> TelegramConfig:
        return self._config(TOKEN)

    def refused(self) -> TelegramConfig:
        return self._config("4711:no-such-token-anywhere-here")

    def misconfigured(self) -> TelegramConfig:
        return TelegramConfig(token="the token")

    def _config(self, token: str) -> TelegramConfig:
        assert self.wire is not None
        return TelegramConfig(token=token, api=f"http://127.0.0.1:{self.wire.port}", poll_s=1, patience_s=2.0)

    async def patron(self, name: str) -> TelegramPatron:
        return TelegramPatron(self.server, name)

    async def hostile(self) -> Sequence[bytes]:
        stranger = self.server.message(66_666, 1, "\u202eeve\x00")
        updates: list[dict[str, Any]] = [
            {},
            {"message": None},
            {"message": "text"},
            {"message": []},
            {"message": {"message_id": "1"}},
            {"message": stranger | {"text": {"a": 1}}},
            {"message": stranger | {"message_id": 2**70, "text": "x"}},
            {"message": stranger | {"date": -1, "text": "x"}},
            {"message": stranger | {"message_id": 2, "text": "<script>alert(1)</script>\u202e" + "x" * 50_000}},
            {
                "message": stranger
                | {"message_id": 3, "document": {"file_id": "../../etc/passwd", "file_unique_id": "x"}}
            },
            {"message": stranger | {"message_id": 4, "photo": [], "location": {"latitude": 1e300, "longitude": 0}}},
            {
                "message": stranger
                | {"message_id": 5, "chat": {"id": -5, "type": "supergroup", "title": "x"}, "text": "x"}
            },
            {"edited_message": stranger | {"message_id": 6, "edit_date": 0, "text": "never said"}},
            {"poll_answer": {"a": [{}] * 1000}},
            {"message": stranger | {"message_id": 7, "text": "\x00", "reply_to_message": {"text": "\n" * 5_000}}},
        ]
        for update in updates:
            await self.server.push(update, check=False)
        return [json.dumps(update)[:200].encode() for update in updates]

"""A patron on Matrix: matrix-nio's whole client, which shares the Olm machine with the adapter and nothing else.

Keys, store, device and timeline are its own.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
from pathlib import Path
from typing import Any

from nio import (
    AsyncClient,
    AsyncClientConfig,
    LoginResponse,
    MatrixRoom,
    ReceiptEvent,
    RoomCreateResponse,
    RoomEncryptedMedia,
    RoomMessageMedia,
    RoomMessageText,
    RoomSendResponse,
    TypingNoticeEvent,
    UploadResponse,
)
from nio.crypto.attachments import decrypt_attachment
from nio.events.room_events import RoomMessageNotice

from tests.peers.synapse import SynapseServer

ENCRYPTION = {"type": "m.room.encryption", "state_key": "", "content": {"algorithm": "m.megolm.v1.aes-sha2"}}


class MatrixClient:
    """One person with one device, in one chat with the library."""

    def __init__(self, server: SynapseServer, user: str, password: str, folder: Path) -> None:
        self.user = user
        self.room = ""
        self.heard: asyncio.Queue[Any] = asyncio.Queue()
        self.read: set[str] = set()  # events of ours that the library has read
        self.typing = asyncio.Event()
        self._server = server
        self._password = password
        self._folder = folder
        self._device = self._token = self._since = ""
        self._client: AsyncClient | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def client(self) -> AsyncClient:
        """The client, signed in."""
        assert self._client is not None
        return self._client

    async def open(self) -> None:
        """Sign in, under the same device each time, and read what is new."""
        if self._client is not None:
            return
        self._folder.mkdir(exist_ok=True)
        config = AsyncClientConfig(encryption_enabled=True, store_sync_tokens=False)
        self._client = client = AsyncClient(
            self._server.url, self.user, self._device or None, str(self._folder), config=config
        )
        if self._token:
            client.restore_login(self.user, self._device, self._token)
        else:
            answer = await client.login(self._password)
            assert isinstance(answer, LoginResponse), answer
            self._device, self._token = answer.device_id, answer.access_token
        client.add_event_callback(
            self._hear, (RoomMessageText, RoomMessageNotice, RoomMessageMedia, RoomEncryptedMedia)
        )
        client.add_ephemeral_callback(self._sign, (ReceiptEvent, TypingNoticeEvent))
        await self._look()
        self._task = asyncio.create_task(self._follow())

    async def close(self) -> None:
        """Sign off; the device stays."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        if self._client is not None:
            await self._client.close()
        self._client = self._task = None

    async def _look(self, wait_ms: int = 0) -> None:
        client = self.client
        answer = await client.sync(timeout=wait_ms, since=self._since or None, full_state=not client.rooms)
        self._since = getattr(answer, "next_batch", self._since)
        await client.run_response_callbacks([answer])
        if client.should_upload_keys:
            await client.keys_upload()
        if client.should_query_keys:
            await client.keys_query()

    async def _follow(self) -> None:
        while True:
            await self._look(10_000)

    async def _hear(self, room: MatrixRoom, event: Any) -> None:
        if event.sender != self.user and room.room_id == self.room:
            self.heard.put_nowait(event)

    async def _sign(self, room: MatrixRoom, event: Any) -> None:
        if isinstance(event, ReceiptEvent):
            self.read |= {each.event_id for each in event.receipts if each.user_id != self.user}
        elif set(event.users) - {self.user}:
            self.typing.set()

    # -- the chat

    async def meet(self, library: str, *, encrypted: bool = True) -> None:
        """Be in a chat with the library, a new one where it has left."""
        if self.room and await self.membership(library) in ("join", "invite"):
            return
        answer = await self.client.room_create(
            is_direct=True, invite=[library], initial_state=[ENCRYPTION] if encrypted else []
        )
        assert isinstance(answer, RoomCreateResponse), answer
        self.room = answer.room_id

    async def joined(self, library: str) -> None:
        """Return once the library has come, and this client knows it."""
        while self.room not in self.client.rooms or library not in self.client.rooms[self.room].users:
            await asyncio.sleep(0.02)
        while self.client.rooms[self.room].encrypted and library not in self.client.olm.tracked_users:
            await asyncio.sleep(0.02)

    async def membership(self, who: str) -> str:
        """Return how somebody belongs to the chat."""
        answer = await self.client.room_get_state_event(self.room, "m.room.member", who)
        return str(getattr(answer, "content", {}).get("membership", ""))

    async def say(self, content: dict[str, Any], transaction: str) -> str:
        """Send a message; return its id, "" where the server refuses it."""
        answer = await self.client.room_send(
            self.room, "m.room.message", content, transaction, ignore_unverified_devices=True
        )
        return answer.event_id if isinstance(answer, RoomSendResponse) else ""

    async def file(self, name: str, data: bytes) -> dict[str, Any]:
        """Upload an encrypted file; return the message that shows it."""
        answer, keys = await self.client.upload(
            io.BytesIO(data), content_type="application/octet-stream", filename=name, encrypt=True, filesize=len(data)
        )
        assert isinstance(answer, UploadResponse), answer
        return {"msgtype": "m.file", "body": name, "file": {**(keys or {}), "url": answer.content_uri}}

    async def fetched(self, event: Any) -> bytes:
        """Return the bytes of a file that was shown."""
        answer = await self.client.download(event.url)
        data: bytes = answer.body
        if not isinstance(event, RoomEncryptedMedia):
            return data
        plain: bytes = decrypt_attachment(data, event.key["k"], event.hashes["sha256"], event.iv)
        return plain

    async def events(self, start: str = "", limit: int = 60) -> list[dict[str, Any]]:
        """Return the chat's newest events before a place, newest first, as the server holds them."""
        query = f"?dir=b&limit={limit}" + (f"&from={start}" if start else "")
        where = f"/_matrix/client/v3/rooms/{self.room}/messages{query}"
        found = await asyncio.to_thread(self._server.ask, "GET", where, None, self._token)
        chunk: list[dict[str, Any]] = found["chunk"]
        return chunk

    def ask(self, method: str, path: str, fields: Any = None) -> Any:
        """Ask the server something in this person's name."""
        return self._server.ask(method, path, fields, self._token)

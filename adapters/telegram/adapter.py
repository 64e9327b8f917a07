"""A Telegram bot: updates by long poll, answers by the Bot API.

Asking for updates from a number on confirms all before it, and Telegram keeps what is not confirmed for a day. So we ask on only
when all that came is durable, and nothing is listed or replayed. The API drops no duplicates and cannot be asked whether a
message arrived: a submission whose answer was lost stays uncertain.

Private chats only. A bot that somebody adds to a group leaves it again, since a group's words are not written to the library.
"""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from typing import Any, ClassVar

import aiohttp
import msgspec
import structlog

from adapters.telegram import codec
from adapters.telegram.bot_api import ApiRefused, BotApi, ended
from adapters.telegram.codec import TelegramMessage
from adapters.telegram.config import TelegramConfig
from bridge.contract.adapter import (
    Busy,
    Capabilities,
    Outcome,
    Ports,
    Rejected,
    Retry,
    Sent,
    TooLarge,
    Unavailable,
    Uncertain,
)
from bridge.contract.message import Attachment, Delivery

MAX_TEXT = 4096
MAX_CAPTION = 1024
BATCH = 100
ALBUM = 10
FETCHES = 3  # tries to have a file, before its message comes in without
AWAY = (aiohttp.ClientError, OSError, ApiRefused)

log = structlog.get_logger("adapters.telegram")


class TelegramAdapter:
    """One bot. See the module."""

    name: ClassVar[str] = "telegram"
    Config: ClassVar[type[TelegramConfig]] = TelegramConfig
    capabilities: ClassVar[Capabilities] = Capabilities(
        max_text=MAX_TEXT,
        max_media=codec.MAX_FILE,
        receipts="sent",
        live=True,
        check=True,
        rate=25.0,
        label="Telegram",
        icon="messenger",
        private=True,
    )

    def __init__(self, config: TelegramConfig, ports: Ports) -> None:
        """Keep config and ports. Raises Misconfigured for what cannot work."""
        config.check()
        self._config = config
        self._ports = ports
        self._api: BotApi | None = None
        self._refused = asyncio.Event()
        self._fetches: dict[str, int] = {}

    # -- the session

    async def run(self) -> None:
        """Hold one session."""
        self._refused.clear()
        api = BotApi(self._config)
        try:
            await self._sign_in(api)
            self._api = api
            await self._ports.inlet.up()
            await self._read(api)
        finally:
            self._api = None
            await api.close()

    async def check(self) -> None:
        """Ask who the bot is. Raises Unavailable, BadCredentials."""
        api = BotApi(self._config)
        try:
            await self._sign_in(api)
        finally:
            await api.close()

    async def _sign_in(self, api: BotApi) -> None:
        try:
            await api.call("getMe", {})
        except AWAY as error:
            ended(error)

    async def _read(self, api: BotApi) -> None:
        """Take in updates for ever. What was taken in is confirmed by the next question."""
        after = 0
        while True:
            try:
                for raw in await self._updates(api, after):
                    after = max(after, await self._take(api, raw) + 1)
            except Busy as error:
                raise Unavailable(f"the desk takes nothing in now: {error}") from None
            except AWAY as error:
                ended(error)
            if self._refused.is_set():
                await self._sign_in(api)
                self._refused.clear()

    async def _updates(self, api: BotApi, after: int) -> list[msgspec.Raw]:
        wanted: dict[str, Any] = {
            "timeout": self._config.poll_s,
            "limit": BATCH,
            "allowed_updates": ["message", "edited_message"],
        }
        if after:
            wanted["offset"] = after
        raw = await api.call("getUpdates", wanted, wait_s=self._config.poll_s)
        try:
            return msgspec.json.decode(raw, type=list[msgspec.Raw])
        except ValueError:
            raise Unavailable("Telegram's answer is no list of updates") from None

    # -- what patrons write

    async def _take(self, api: BotApi, raw: msgspec.Raw) -> int:
        """Make an update durable and return its number. Raises Busy, and as the API does."""
        try:
            number = codec.number(raw)
        except ValueError:
            log.warning("an update without a number", channel=self._ports.channel)
            return -1
        try:
            update = codec.update(raw)
        except ValueError:
            log.warning("an update that cannot be read", channel=self._ports.channel, update=number)
            return number
        said = update.message or update.edited_message
        if said is not None:
            await self._hear(api, said, edited=update.message is None)
        return number

    async def _hear(self, api: BotApi, said: TelegramMessage, *, edited: bool) -> None:
        if said.chat.type != "private":
            with suppress(*AWAY):
                await api.call("leaveChat", {"chat_id": said.chat.id})
            return
        if codec.is_start(said):
            await self._welcome(api, said)
            return
        files, marks = await self._files(api, said)
        try:
            await self._ports.inlet.receive(codec.message(self._ports.channel, said, files, marks, edited=edited))
        except (TooLarge, ValueError) as error:
            log.warning("a message cannot be taken in", channel=self._ports.channel, why=type(error).__name__)
        self._fetches.pop(said.source, None)

    async def _welcome(self, api: BotApi, said: TelegramMessage) -> None:
        """Answer a patron who has only opened the chat; nobody waits for it, so a failure is left alone."""
        if self._config.welcome:
            with suppress(*AWAY):
                await api.call("sendMessage", {"chat_id": said.chat.id, "text": self._config.welcome})

    async def _files(self, api: BotApi, said: TelegramMessage) -> tuple[list[Attachment], list[str]]:
        """Fetch a message's files; what cannot be had after some tries is left out, and marked. Raises as the API does."""
        kept: list[Attachment] = []
        marks: dict[str, None] = {}
        for file in codec.files(said):
            if file.file_size > codec.MAX_FILE:
                marks["file-too-large"] = None
                continue
            try:
                async with api.file(file.file_id) as chunks:
                    kept.append(await self._ports.blobs.save(chunks, file.file_name, codec.MAX_FILE))
            except TooLarge:
                marks["file-too-large"] = None
            except LookupError:
                marks["file-missing"] = None
            except AWAY:
                tries = self._fetches[said.source] = self._fetches.get(said.source, 0) + 1
                if tries < FETCHES:
                    raise
                marks["file-missing"] = None
        return kept, list(marks)

    # -- sending

    async def send(self, delivery: Delivery) -> Outcome:
        """Submit one delivery: words, files with the words as their caption, or words and then files."""
        api = self._api
        if api is None:
            return Retry("no-session")
        if not delivery.to.isascii() or not delivery.to.isdigit():
            return Rejected("no-such-address")
        if not delivery.text and not delivery.attachments:
            return Rejected("empty")
        caption = delivery.text if delivery.attachments and len(delivery.text) <= MAX_CAPTION else ""
        files = []
        for attachment in delivery.attachments:
            path = await self._ports.blobs.path(attachment.digest)
            if path is None:
                return Rejected("attachment-gone")
            files.append((attachment, await asyncio.to_thread(path.read_bytes)))
        ids: list[int] = []
        if delivery.text and not caption:
            words = {"chat_id": int(delivery.to), "text": delivery.text}
            outcome = await self._submitted(api.call("sendMessage", words), ids)
            if not isinstance(outcome, Sent):
                return outcome
        for first in range(0, len(files), ALBUM):
            album = files[first : first + ALBUM]
            outcome = await self._submitted(_upload(api, int(delivery.to), album, caption if first == 0 else ""), ids)
            if not isinstance(outcome, Sent):
                return codec.sent(ids, "files") if ids else outcome
        return codec.sent(ids)

    async def _submitted(self, submission: Any, ids: list[int]) -> Outcome:
        """Return what became of a submission, and add the ids of what it made."""
        try:
            made = msgspec.json.decode(await submission)
        except ApiRefused as refused:
            outcome = codec.refusal(refused.status, refused.description, refused.retry_after)
            if outcome == Retry("credentials"):
                self._refused.set()
            return outcome
        except aiohttp.ClientConnectorError:
            return Retry("unavailable")
        except (aiohttp.ClientError, OSError, RuntimeError) as error:  # RuntimeError: the session was closed meanwhile
            return Uncertain("timeout" if isinstance(error, TimeoutError) else "link-lost")
        ids += [one["message_id"] for one in (made if isinstance(made, list) else [made])]
        return codec.sent(ids)


async def _upload(api: BotApi, chat: int, files: list[tuple[Attachment, bytes]], caption: str) -> msgspec.Raw:
    """Send one file, or several as an album; whole, as documents, so that a picture is not made smaller."""
    form = aiohttp.FormData()
    form.add_field("chat_id", str(chat))
    size = sum(len(data) for _, data in files)
    if len(files) == 1:
        attachment, data = files[0]
        if caption:
            form.add_field("caption", caption)
        form.add_field("document", data, filename=attachment.name, content_type=attachment.media_type)
        return await api.upload("sendDocument", form, size)
    media = [{"type": "document", "media": f"attach://file{n}"} for n in range(len(files))]
    if caption:
        media[0]["caption"] = caption
    form.add_field("media", json.dumps(media))
    for n, (attachment, data) in enumerate(files):
        form.add_field(f"file{n}", data, filename=attachment.name, content_type=attachment.media_type)
    return await api.upload("sendMediaGroup", form, size)

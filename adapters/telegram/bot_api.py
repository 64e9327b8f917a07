"""The Bot API by HTTP: one call, and what its answer means. The token stands in every address, so no address is ever told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, NoReturn

import aiohttp
import msgspec

from adapters.telegram import codec
from adapters.telegram.config import TelegramConfig
from bridge.contract.adapter import BadCredentials, Misconfigured, TooLarge, Unavailable

CHUNK = 1 << 16
MAX_ANSWER = 8 << 20


class ApiAnswer(msgspec.Struct, frozen=True):
    """What every method answers."""

    ok: bool
    result: msgspec.Raw = msgspec.Raw(b"null")
    description: str = ""
    parameters: dict[str, Any] = {}


class ApiRefused(Exception):
    """The API said no. `retry_after` is in seconds."""

    def __init__(self, status: int, description: str, retry_after: float) -> None:
        super().__init__(f"the Bot API answers {status}")
        self.status = status
        self.description = description
        self.retry_after = retry_after


class BotApi:
    """One session with the API. Methods raise ApiRefused, aiohttp.ClientError, TimeoutError."""

    def __init__(self, config: TelegramConfig) -> None:
        self._base = f"{config.api.rstrip('/')}"
        self._token = config.token
        self._patience_s = config.patience_s
        self._session = aiohttp.ClientSession()

    async def close(self) -> None:
        """Drop every connection."""
        await self._session.close()

    async def call(self, method: str, fields: Mapping[str, Any], *, wait_s: float = 0.0) -> msgspec.Raw:
        """Call a method; `wait_s` is how long the API itself may wait."""
        return await self._post(method, wait_s, json=dict(fields))

    async def upload(self, method: str, form: aiohttp.FormData, size: int) -> msgspec.Raw:
        """Call a method that carries files of `size` bytes."""
        return await self._post(method, size / 100_000, data=form)

    async def _post(self, method: str, wait_s: float, **body: Any) -> msgspec.Raw:
        async with (
            asyncio.timeout(self._patience_s + wait_s),
            self._session.post(f"{self._base}/bot{self._token}/{method}", allow_redirects=False, **body) as response,
        ):
            raw = await response.content.read(MAX_ANSWER)
            while more := await response.content.read(MAX_ANSWER):
                raw += more
                if len(raw) > MAX_ANSWER:
                    raise aiohttp.ClientPayloadError("an answer that is too large")
            status = response.status
        try:
            answer = msgspec.json.decode(raw, type=ApiAnswer)
        except ValueError:
            raise ApiRefused(status if status >= 400 else 502, "", 0.0) from None
        if not answer.ok:
            after = answer.parameters.get("retry_after", 0)
            raise ApiRefused(status, answer.description, float(after) if isinstance(after, int | float) else 0.0)
        return answer.result

    @asynccontextmanager
    async def file(self, file_id: str) -> AsyncIterator[AsyncIterator[bytes]]:
        """Open a patron's file. Raises LookupError where there is none to be had, TooLarge, and as the methods do."""
        try:
            found = msgspec.json.decode(await self.call("getFile", {"file_id": file_id}))
        except ApiRefused as refused:
            if "too big" in refused.description:
                raise TooLarge(codec.MAX_FILE) from None
            if refused.status == 400:
                raise LookupError("the API has no such file") from None
            raise
        path = str(found.get("file_path", ""))
        if not path or ".." in path or path.startswith("/"):
            raise LookupError("a file without a place")
        async with (
            asyncio.timeout(self._patience_s + codec.MAX_FILE / 1_000_000),
            self._session.get(f"{self._base}/file/bot{self._token}/{path}", allow_redirects=False) as response,
        ):
            if response.status == 429 or response.status >= 500:
                raise ApiRefused(response.status, "", 0.0)
            if response.status != 200:
                raise LookupError("the file is gone")
            yield response.content.iter_chunked(CHUNK)


def ended(error: Exception) -> NoReturn:
    """Raise what a failed question means for the session."""
    if isinstance(error, ApiRefused):
        if error.status in (401, 404):
            raise BadCredentials("Telegram refuses the bot's token") from None
        if error.status == 409 and "webhook" in error.description:
            raise Misconfigured("a webhook is set for this bot: delete it (deleteWebhook)") from None
        if error.status == 409:
            raise Unavailable("another program reads this bot's updates") from None
        raise Unavailable(f"Telegram answers {error.status}") from None
    raise Unavailable(f"Telegram cannot be reached: {type(error).__name__}") from None

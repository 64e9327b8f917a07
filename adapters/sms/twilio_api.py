"""The account at Twilio: lists, submissions and files, by Twilio's own library, with a clock of our own.

The library’s own asynchronous transport waits for ever, with any time limit, logs what goes out, and cannot carry two files; so
it is given one of ours (`Transport`), and every call has a deadline. Nothing tries again by itself: a submission is not made
twice unasked.
"""

from __future__ import annotations

import asyncio
import json
import logging
from base64 import b64encode
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import aiohttp
from twilio.base.exceptions import TwilioException
from twilio.http import AsyncHttpClient
from twilio.http.response import Response
from twilio.rest import Client
from yarl import URL

from adapters.sms.codec import milliseconds
from adapters.sms.config import SmsConfig
from adapters.sms.media_names import named
from adapters.sms.words import LATER, reason
from bridge.contract.adapter import BadCredentials, Outcome, Rejected, Retry, Sent, TooLarge, Unavailable, Uncertain

PAGE = 1000
CHUNK = 1 << 16
COST_S = 3.0


class Transport(AsyncHttpClient):  # type: ignore[misc]  # the library has no types
    """How the library's requests travel: one session, no redirects, nothing logged."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        super().__init__(logging.getLogger("adapters.sms"), True, None)
        self._session = session

    async def request(
        self,
        method: str,
        url: str,
        params: Mapping[str, Any] | None = None,
        data: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        timeout: float | None = None,
        allow_redirects: bool = False,
    ) -> Response:
        """Make a request; see the library's HttpClient."""
        told = {**(headers or {}), **(basic(*auth) if auth else {})}
        query = urlencode(params or {}, doseq=True)
        address = URL(f"{url}{'&' if '?' in url else '?'}{query}" if query else url, encoded=True)
        body = urlencode(data, doseq=True).encode() if data else None
        async with self._session.request(
            method.upper(), address, data=body, headers=told, allow_redirects=allow_redirects
        ) as answer:
            return Response(answer.status, await answer.text(), answer.headers)


def basic(name: str, password: str) -> dict[str, str]:
    """Return the header that signs in (RFC 7617)."""
    return {"Authorization": "Basic " + b64encode(f"{name}:{password}".encode()).decode()}


class TwilioApi:
    """One session with the API."""

    def __init__(self, config: SmsConfig) -> None:
        self._config = config
        self._api = config.api.rstrip("/")
        name, password = config.login
        self._session = aiohttp.ClientSession()
        self._client = Client(name, password, config.account_sid, http_client=Transport(self._session))
        self._client.api.base_url = self._api
        self._login = basic(name, password)
        self._closed = asyncio.Event()

    async def close(self) -> None:
        """Drop every connection."""
        self._closed.set()
        await self._session.close()

    async def lasts(self, seconds: float) -> bool:
        """Wait; False when the session is closed by then, and at once when it is."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._closed.wait()
        return not self._closed.is_set()

    async def check(self) -> None:
        """Return when the account lets us in. Raises BadCredentials, Unavailable."""
        async with self._asking():
            await self._client.messages.page_async(page_size=1)

    async def inbound(self, to: str, since: int) -> list[Any]:
        """Return the messages to `to` ("" = to anybody) since then (ms), newest first. Raises as `check`."""
        wanted: dict[str, Any] = {"date_sent_after": datetime.fromtimestamp(since / 1000, UTC)}
        found = await self._list(wanted | ({"to": to} if to else {}), since)
        return [each for each in found if each.direction == "inbound"]

    async def outbound(self, to: str, since: int) -> list[Any]:
        """Return what was handed to the API for `to` since then (ms), newest first. Raises as `check`.

        Not asked for by date: what is still queued has none.
        """
        return [each for each in await self._list({"to": to}, since) if each.direction == "outbound-api"]

    async def _list(self, wanted: Mapping[str, Any], since: int) -> list[Any]:
        return await self._pages(self._client.messages.page_async, wanted, since)

    async def _pages(self, first: Callable[..., Awaitable[Any]], wanted: Mapping[str, Any], since: int) -> list[Any]:
        """Return what a list has since then (ms), page by page."""
        async with self._asking():
            page = await first(page_size=PAGE, **wanted)
        found: list[Any] = []
        while page is not None:
            batch = list(page)
            found += [each for each in batch if milliseconds(each.date_created) >= since - 1000]
            if batch and milliseconds(batch[-1].date_created) < since - 1000:
                break
            async with self._asking():
                page = await page.next_page_async()
        return found

    async def media(self, sid: str) -> tuple[str, ...]:
        """Return the addresses of a message's files. Raises as `check`."""
        async with self._asking():
            found = await self._client.messages(sid).media.list_async()
        return tuple(self._api + each.uri.removesuffix(".json") for each in found)

    # -- calls

    async def calls(self, to: str, since: int) -> list[Any]:
        """Return the calls to a number since then (ms), newest first. Raises as `check`."""
        wanted = {"to": to, "start_time_after": datetime.fromtimestamp(since / 1000, UTC)}
        return await self._pages(self._client.calls.page_async, wanted, since)

    async def call(self, sid: str) -> Any:
        """Return a call. Raises as `check`."""
        async with self._asking():
            return await self._client.calls(sid).fetch_async()

    async def recordings(self, since: int) -> list[Any]:
        """Return the account's recordings since then (ms), newest first. Raises as `check`."""
        wanted = {"date_created_after": datetime.fromtimestamp(since / 1000, UTC)}
        return await self._pages(self._client.recordings.page_async, wanted, since)

    def recording(self, sid: str) -> str:
        """Return where the sound of a recording is."""
        return f"{self._api}/2010-04-01/Accounts/{self._config.account_sid}/Recordings/{sid}.mp3"

    async def delete_recording(self, sid: str) -> None:
        """Delete a recording, if that is possible now; the list shows it again otherwise."""
        with suppress(TwilioException, aiohttp.ClientError, OSError, ValueError):
            async with asyncio.timeout(self._config.patience_s):
                await self._client.recordings(sid).delete_async()

    @asynccontextmanager
    async def _asking(self) -> AsyncIterator[None]:
        """Say what a failed question means for the session."""
        try:
            async with asyncio.timeout(self._config.patience_s):
                yield
        except TwilioException as error:
            status, code = _codes(error)
            if status in (401, 403) or code in (20003, 20005):
                raise BadCredentials(f"Twilio refuses account {self._config.account_sid} ({code or status})") from None
            raise Unavailable(f"Twilio answers {code or status}") from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise Unavailable(f"Twilio cannot be reached: {type(error).__name__}") from None

    async def submit(self, fields: Mapping[str, Any]) -> Outcome:
        """Create a message."""
        try:
            async with asyncio.timeout(self._config.patience_s):
                made = await self._client.messages.create_async(**fields)
        except TwilioException as error:
            return _refusal(*_codes(error))
        except aiohttp.ClientConnectorError:
            return Retry("unavailable")
        except (aiohttp.ClientError, OSError, ValueError) as error:
            return Uncertain("timeout" if isinstance(error, TimeoutError) else "link-lost")
        return Sent(network_id=made.sid or "")

    async def cost(self, sid: str) -> str:
        """Return what a message was billed, as words; "" where nobody can say yet."""
        try:
            async with asyncio.timeout(COST_S):
                made = await self._client.messages(sid).fetch_async()
        except (TwilioException, aiohttp.ClientError, OSError, ValueError):
            return ""
        price = f", {made.price} {made.price_unit}" if made.price else ""
        return f"{made.num_segments} segments{price}"

    async def words(self, sid: str) -> str:
        """Return the words of a message, "" where they cannot be had soon."""
        try:
            async with asyncio.timeout(COST_S):
                made = await self._client.messages(sid).fetch_async()
        except (TwilioException, aiohttp.ClientError, OSError, ValueError):
            return ""
        return made.body or ""

    @asynccontextmanager
    async def file(self, url: str, limit: int) -> AsyncIterator[tuple[str, AsyncIterator[bytes]]]:
        """Open a file that a patron sent: its name and its bytes. The password goes to the API alone, and to nobody it sends
        us on to. Raises LookupError when there is none, Unavailable, TooLarge."""
        if not url.startswith(f"{self._api}/"):
            raise LookupError("a file that lies elsewhere")
        try:
            async with (
                asyncio.timeout(self._config.patience_s),
                self._session.get(url, headers=self._login) as answer,
            ):
                if answer.status == 429 or answer.status >= 500:
                    raise Unavailable(f"Twilio answers {answer.status}")
                if answer.status != 200:
                    raise LookupError(f"Twilio answers {answer.status}")
                if (answer.content_length or 0) > limit:
                    raise TooLarge(limit)
                yield _name(answer), answer.content.iter_chunked(CHUNK)
        except (aiohttp.ClientError, TimeoutError) as error:
            raise Unavailable(f"a file cannot be fetched: {type(error).__name__}") from None


def _codes(error: TwilioException) -> tuple[int, int]:
    """Return the HTTP status and Twilio's code of a refusal; lists are refused with the response itself."""
    response = next((each for each in error.args if isinstance(each, Response)), None)
    if response is None:
        return int(getattr(error, "status", 0) or 0), int(getattr(error, "code", 0) or 0)
    try:
        code = int(json.loads(response.text)["code"])
    except (ValueError, KeyError, TypeError):
        code = 0
    return int(response.status_code), code


def _refusal(status: int, code: int) -> Outcome:
    """Return what a refused submission means. A server that failed may have taken it all the same."""
    if status in (401, 403) and code in (0, 20003, 20005):
        return Retry("credentials")
    if status in (429, 503) or code in LATER:
        return Retry("busy")
    if status >= 500 or not status:
        return Uncertain("server-error")
    return Rejected(reason(code), f"Twilio {code or status}")


def _name(answer: aiohttp.ClientResponse) -> str:
    disposition = answer.content_disposition
    if disposition is not None and disposition.filename:
        return disposition.filename
    return named(answer.content_type)

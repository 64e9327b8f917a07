"""Private mentions on Mastodon: looked for every few seconds, answered by a private mention.

The library's account lies on one server; patrons write from any server that speaks with it. The place up to which mentions are
durable is kept as the channel's cursor, and as the server's own marker, so that other clients show them as read.

An answer carries its delivery's id as Idempotency-Key. Servers have doubled posts with one, though, and forget it after an hour
(mastodon/mastodon #21840, #40399), so a submission whose answer was lost stays uncertain.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, ClassVar

import aiohttp
import msgspec
import structlog

from adapters.mastodon import codec
from adapters.mastodon.api import IN_WORK, MAX_FILE, MastodonApi, ServerRefused, ended
from adapters.mastodon.codec import FediAccount, FediStatus
from adapters.mastodon.config import MastodonConfig
from bridge.contract.adapter import (
    Busy,
    Capabilities,
    MessageIntake,
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

MAX_TEXT = 400  # of the 500 characters of a status: names of up to 100 come before the words
FILES = 4  # of one status
PAGE = 40
FETCHES = 3  # tries to have a file, before its message comes in without
LOOKED_AT_S = 30.0  # how long a server may look at a file before it can be sent
AWAY = (aiohttp.ClientError, OSError, ServerRefused)
NEWEST = "newest"  # the cursor: the number of the newest notification that is durable

log = structlog.get_logger("adapters.mastodon")


class OwnServer(msgspec.Struct, frozen=True):
    """What the library's server says of itself."""

    domain: str


class Posted(msgspec.Struct, frozen=True):
    """What was made of a submission."""

    id: str


class MastodonAdapter:
    """One account. See the module."""

    name: ClassVar[str] = "mastodon"
    Config: ClassVar[type[MastodonConfig]] = MastodonConfig
    capabilities: ClassVar[Capabilities] = Capabilities(
        max_text=MAX_TEXT,
        max_media=16_000_000,
        receipts="sent",
        replay=True,
        check=True,
        rate=1.0,
        label="Mastodon",
        icon="messenger",
    )

    def __init__(self, config: MastodonConfig, ports: Ports) -> None:
        """Keep config and ports. Raises Misconfigured for what cannot work."""
        config.check()
        self._config = config
        self._ports = ports
        self._api: MastodonApi | None = None
        self._own = self._domain = ""
        self._newest = 0
        self._oldest = 0.0  # ms; what the first look ever leaves, since nobody was there to answer it
        self._replayed = asyncio.Event()
        self._refused = asyncio.Event()
        self._fetches: dict[str, int] = {}

    # -- the session

    async def run(self) -> None:
        """Hold one session."""
        self._replayed.clear()
        self._refused.clear()
        api = MastodonApi(self._config)
        try:
            await self._sign_in(api)
            self._api = api
            await self._ports.inlet.up()
            await self._replayed.wait()
            while True:
                await self._look(api, self._ports.inlet)
                await self._rest(api)
        finally:
            self._api = None
            await api.close()

    async def check(self) -> None:
        """Ask whose the token is. Raises Unavailable, BadCredentials, Misconfigured."""
        api = MastodonApi(self._config)
        try:
            await self._sign_in(api)
        finally:
            await api.close()

    async def _sign_in(self, api: MastodonApi) -> None:
        try:
            me = msgspec.json.decode(await api.get("/api/v1/accounts/verify_credentials"), type=FediAccount)
            server = msgspec.json.decode(await api.get("/api/v2/instance"), type=OwnServer)
        except AWAY as error:
            ended(error)
        except ValueError:
            raise Unavailable("the server's answer is none of Mastodon's") from None
        self._own, self._domain = me.acct, server.domain

    async def _rest(self, api: MastodonApi) -> None:
        """Wait until the next look; look at once whether we are still let in where a submission was refused."""
        with suppress(TimeoutError):
            async with asyncio.timeout(self._config.poll_s):
                await self._refused.wait()
        if self._refused.is_set():
            await self._sign_in(api)
            self._refused.clear()

    # -- what patrons write

    async def replay(self, cursor: Mapping[str, str], missed: MessageIntake) -> None:
        """Hand in what came since the cursor; without one, what came in the last hours."""
        api = self._api
        if api is None:
            raise Unavailable("the session has ended")
        kept = cursor.get(NEWEST, "")
        self._newest = int(kept) if kept.isascii() and kept.isdigit() else 0
        self._oldest = 0.0 if self._newest else (time.time() - self._config.first_hours * 3600) * 1000
        await self._look(api, missed)
        self._oldest = 0.0
        self._replayed.set()

    async def _look(self, api: MastodonApi, intake: MessageIntake) -> None:
        """Take in everything new, page by page, oldest first. Raises Unavailable, BadCredentials, Misconfigured."""
        try:
            while raws := await self._page(api):
                for number, raw in raws:
                    await self._take(api, number, raw, intake)
                    self._newest = number
                await intake.advance({NEWEST: str(self._newest)})
                await self._mark(api)
                if len(raws) < PAGE:
                    return
        except Busy as error:
            raise Unavailable(f"the desk takes nothing in now: {error}") from None
        except AWAY as error:
            ended(error)

    async def _page(self, api: MastodonApi) -> list[tuple[int, msgspec.Raw]]:
        """Return the mentions that follow the newest one, oldest first."""
        query = {"types[]": "mention", "limit": str(PAGE), "min_id": str(self._newest)}
        try:
            raws = msgspec.json.decode(await api.get("/api/v1/notifications", query), type=list[msgspec.Raw])
            found = [(codec.number(raw), raw) for raw in raws]
        except ValueError:
            raise Unavailable("the server's answer is no list of notifications") from None
        return sorted((each for each in found if each[0] > self._newest), key=lambda each: each[0])

    async def _mark(self, api: MastodonApi) -> None:
        """Tell the server how far we have read; a failure changes nothing for us."""
        with suppress(*AWAY):
            await api.post("/api/v1/markers", {"notifications": {"last_read_id": str(self._newest)}})

    async def _take(self, api: MastodonApi, number: int, raw: msgspec.Raw, intake: MessageIntake) -> None:
        """Make a mention durable. Raises Busy, and as the API does."""
        try:
            found = codec.notification(raw)
        except ValueError:
            log.warning("a mention that cannot be read", channel=self._ports.channel, notification=number)
            return
        said = found.status
        if said is None or not codec.is_ours(found) or codec.milliseconds(said.created_at) < self._oldest:
            return
        files, marks = await self._files(api, said)
        try:
            read = codec.message(self._ports.channel, said, self._domain, self._own, files, marks)
            await intake.receive(read, {NEWEST: str(number)})
        except (TooLarge, ValueError) as error:
            log.warning("a mention cannot be taken in", channel=self._ports.channel, why=type(error).__name__)
        self._fetches.pop(said.id, None)

    async def _files(self, api: MastodonApi, said: FediStatus) -> tuple[list[Attachment], list[str]]:
        """Fetch a mention's files; what cannot be had after some tries is left out, and marked. Raises as the API does."""
        kept: list[Attachment] = []
        marks: dict[str, None] = {}
        for n, file in enumerate(said.media_attachments, 1):
            if not file.url:
                marks["file-missing"] = None
                continue
            name = file.url.partition("?")[0].rpartition("/")[2][:100] or f"file{n}"
            try:
                async with api.file(file.url) as chunks:
                    kept.append(await self._ports.blobs.save(chunks, name, MAX_FILE))
            except TooLarge:
                marks["file-too-large"] = None
            except (LookupError, ValueError):
                marks["file-missing"] = None
            except AWAY:
                tries = self._fetches[said.id] = self._fetches.get(said.id, 0) + 1
                if tries < FETCHES:
                    raise
                marks["file-missing"] = None
        return kept, list(marks)

    # -- sending

    async def send(self, delivery: Delivery) -> Outcome:
        """Submit one delivery: a private mention, and more of them where there are more files than one can carry."""
        api = self._api
        if api is None:
            return Retry("no-session")
        if not codec.is_address(delivery.to):
            return Rejected("no-such-address")
        if not delivery.text and not delivery.attachments:
            return Rejected("empty")
        media: list[str] = []
        for attachment in delivery.attachments:
            outcome = await self._uploaded(api, attachment, media)
            if outcome is not None:
                return outcome
        ids: list[str] = []
        for first in range(0, max(1, len(media)), FILES):
            fields: dict[str, Any] = {
                "status": codec.status(delivery.text if first == 0 else "", delivery.to, self._domain),
                "visibility": "direct",
            }
            if delivery.language:
                fields["language"] = delivery.language.partition("-")[0]
            if media:
                fields["media_ids"] = media[first : first + FILES]
            outcome = await self._posted(api, fields, f"{delivery.id}.{first}", ids)
            if outcome is not None:
                return Sent(network_id=",".join(ids), reason="in-part", detail="files") if ids else outcome
        return Sent(network_id=",".join(ids))

    async def _posted(self, api: MastodonApi, fields: dict[str, Any], key: str, ids: list[str]) -> Outcome | None:
        """Add the id of what was made of a submission; return what went wrong instead."""
        try:
            ids.append(msgspec.json.decode(await api.post("/api/v1/statuses", fields, key), type=Posted).id)
        except ServerRefused as refused:
            return self._refusal(refused)
        except aiohttp.ClientConnectorError:
            return Retry("unavailable")
        except (
            aiohttp.ClientError,
            OSError,
            RuntimeError,
            ValueError,
        ) as error:  # RuntimeError: the session was closed
            return Uncertain("timeout" if isinstance(error, TimeoutError) else "link-lost")
        return None

    async def _uploaded(self, api: MastodonApi, attachment: Attachment, media: list[str]) -> Outcome | None:
        """Add the id of a file that the server took; return what went wrong instead. Nobody sees a file by itself."""
        path = await self._ports.blobs.path(attachment.digest)
        if path is None:
            return Rejected("attachment-gone")
        data = await asyncio.to_thread(path.read_bytes)
        form = aiohttp.FormData()
        form.add_field("description", attachment.name)  # a server gives files names of its own
        form.add_field("file", data, filename=attachment.name, content_type=attachment.media_type)
        try:
            status, body = await api.upload(form, len(data))
            media.append(msgspec.json.decode(body, type=Posted).id)
            until = time.monotonic() + LOOKED_AT_S
            while status in (202, IN_WORK):
                if time.monotonic() > until:
                    return Retry("unavailable")
                await asyncio.sleep(1)
                status = await api.uploaded(media[-1])
        except ServerRefused as refused:
            outcome = self._refusal(refused)
            return Retry("unavailable") if isinstance(outcome, Uncertain) else outcome
        except (aiohttp.ClientError, OSError, RuntimeError, ValueError):
            return Retry("unavailable")
        return None

    def _refusal(self, refused: ServerRefused) -> Outcome:
        outcome = codec.refusal(refused.status, refused.said, refused.retry_after)
        if outcome == Retry("credentials"):
            self._refused.set()
        return outcome

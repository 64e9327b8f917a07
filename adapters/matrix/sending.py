"""How answers go out: files first, then the words, each under an id that is made of the delivery's."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import aiohttp
import msgspec
from nio.crypto.attachments import encrypt_attachment

from adapters.matrix import codec
from adapters.matrix.api import HomeserverRefused, MatrixApi, path
from adapters.matrix.cipher import RoomCipher
from adapters.matrix.kept import MatrixRoom
from adapters.matrix.rooms import AccountRooms
from bridge.contract.adapter import Busy, Outcome, Ports, Rejected, Retry, Sent, Unavailable, Uncertain
from bridge.contract.message import Attachment, Delivery

PAGE = 100
PAGES = 5  # of a room's newest events, when we look for one of ours
SKEW_MS = 3_600_000  # how far apart the clocks of two servers may be
LOST = (aiohttp.ClientError, OSError, RuntimeError, ValueError)  # RuntimeError: the session was closed


class PostedEvent(msgspec.Struct, frozen=True):
    """What was made of a submission."""

    event_id: str


class MatrixOutlet:
    """One session's way out."""

    def __init__(self, ports: Ports, api: MatrixApi, cipher: RoomCipher, rooms: AccountRooms) -> None:
        self._ports = ports
        self._api = api
        self._cipher = cipher
        self._rooms = rooms

    async def send(self, delivery: Delivery) -> Outcome:
        """Submit a delivery; return what became of it."""
        if not delivery.text and not delivery.attachments:
            return Rejected("empty")
        id, room = self._room(delivery)
        if room is None or not room.there:
            return Rejected("gone" if room is not None else "no-such-address")
        thread = codec.place(delivery)[1]
        contents: list[dict[str, Any]] = []
        for attachment in delivery.attachments:
            made = await self._file(room, attachment)
            if not isinstance(made, dict):
                return made
            contents.append(made)
        if delivery.text:
            contents.append(codec.spoken(delivery))
        event = ""
        for n, content in enumerate(contents):
            part = codec.part_id(delivery, n, len(contents))
            outcome, made_event = await self._event(id, room, codec.outgoing(content, part, thread), part)
            if outcome is not None:
                in_part = event and isinstance(outcome, Rejected)
                return Sent(network_id=event, reason="in-part", detail="files") if in_part else outcome
            event = made_event
        return Sent(network_id=event)

    def _room(self, delivery: Delivery) -> tuple[str, MatrixRoom | None]:
        """Return the room that a delivery goes to: the one that was written from, or where that went on."""
        id, _, _ = codec.place(delivery)
        room = self._rooms.get(id)
        if room is None or room.moved:
            later = room.moved if room is not None else ""
            id = later if self._rooms.get(later) is not None else self._rooms.latest(delivery.to) or id
            room = self._rooms.get(id)
        return id, room if room is not None and room.patron == delivery.to else None

    async def _event(
        self, id: str, room: MatrixRoom, content: Mapping[str, Any], part: str
    ) -> tuple[Outcome | None, str]:
        """Submit one event under the id `part`; return what went wrong, or the event."""
        kind, body = codec.MESSAGE, dict(content)
        if room.encrypted:
            try:
                sealed = await self._cipher.sealed(id, [room.patron], kind, content)
            except HomeserverRefused as refused:
                outcome = codec.refusal(refused.status, refused.code, refused.words, refused.retry_after)
                return outcome if isinstance(outcome, Retry) else Retry("unavailable"), ""
            except (Busy, Unavailable, *LOST):
                return Retry("unavailable"), ""
            kind, body = codec.ENCRYPTED, sealed | codec.in_clear(content)
        try:
            posted = await self._api.put(path("rooms", id, "send", kind, part), body, PostedEvent)
        except HomeserverRefused as refused:
            return codec.refusal(refused.status, refused.code, refused.words, refused.retry_after), ""
        except aiohttp.ClientConnectorError:
            return Retry("unavailable"), ""
        except LOST as error:
            return Uncertain("timeout" if isinstance(error, TimeoutError) else "link-lost"), ""
        return None, posted.event_id

    async def _file(self, room: MatrixRoom, attachment: Attachment) -> dict[str, Any] | Outcome:
        """Hand a file in; return the content that shows it. Nobody sees a file by itself."""
        where = await self._ports.blobs.path(attachment.digest)
        if where is None:
            return Rejected("attachment-gone")
        data = await asyncio.to_thread(where.read_bytes)
        content: dict[str, Any] = {
            "msgtype": codec.form_of(attachment.media_type),
            "body": attachment.name,
            "filename": attachment.name,
            "info": {"mimetype": attachment.media_type, "size": attachment.size},
        }
        try:
            if room.encrypted:
                sealed, keys = await asyncio.to_thread(encrypt_attachment, data)
                address = await self._api.upload(sealed, "application/octet-stream")
                return content | {"file": keys | {"url": address}}
            return content | {"url": await self._api.upload(data, attachment.media_type)}
        except HomeserverRefused as refused:
            outcome = codec.refusal(refused.status, refused.code, refused.words, refused.retry_after)
            return Retry("unavailable") if isinstance(outcome, Uncertain) else outcome
        except LOST:
            return Retry("unavailable")

    async def tell(self, id: str, words: str, part: str) -> None:
        """Say something of our own in a room, once; a failure changes nothing."""
        room = self._rooms.get(id)
        if room is not None and room.there:
            content = codec.outgoing({"msgtype": "m.notice", "body": words}, part, "")
            await self._event(id, room, content, part)

    async def mark(self, delivery: Delivery) -> Outcome:
        """Show that a message was read."""
        id, _, event = codec.place(delivery)
        if not event or self._rooms.get(id) is None:
            return Sent()
        try:
            await self._api.post(path("rooms", id, "receipt", "m.read", event), {}, dict[str, Any])
        except HomeserverRefused as refused:
            return codec.refusal(refused.status, refused.code, refused.words, refused.retry_after)
        except LOST:
            return Retry("unavailable")
        return Sent()

    async def holds(self, delivery: Delivery) -> bool | None:
        """Say whether a room holds all of a delivery, by its newest events. Raises as the API does."""
        id, room = self._room(delivery)
        if room is None:
            return None
        many = max(1, len(delivery.attachments) + bool(delivery.text))
        wanted = {codec.part_id(delivery, n, many) for n in range(many)}
        missing, start = set(wanted), ""
        for _ in range(PAGES):
            query = {"dir": "b", "limit": str(PAGE)} | ({"from": start} if start else {})
            page = await self._api.get(path("rooms", id, "messages"), codec.OlderEvents, query)
            for said in codec.events(page.chunk):
                missing -= {said.transaction, str(said.content.get(codec.MARK, ""))}
                if not missing:
                    return True
                if said.origin_server_ts < delivery.at - SKEW_MS:
                    return False if missing == wanted else None
            if not page.end or not page.chunk:
                return False if missing == wanted else None
            start = page.end
        return None

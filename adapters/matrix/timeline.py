"""The account's timeline: what patrons wrote since a place in it, taken in before the place moves on.

Keys come before what they open: messages between devices are taken in, and durable, before anything else of the same answer. A
message whose key is not here yet waits for it; after a while the librarian reads that there is one, and the patron is asked to
send it again.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import msgspec
import structlog
from nio.crypto.attachments import decrypt_attachment
from nio.exceptions import EncryptionError

from adapters.matrix import codec
from adapters.matrix.api import AWAY, MAX_FILE, MatrixApi, path
from adapters.matrix.cipher import RoomCipher
from adapters.matrix.codec import JoinedRoom, MatrixFile, RoomEvent, SyncAnswer
from adapters.matrix.config import MatrixConfig
from adapters.matrix.kept import LockedEvent, MatrixRoom
from adapters.matrix.rooms import AccountRooms
from bridge.contract.adapter import MessageIntake, Ports, TooLarge
from bridge.contract.held_rows import HeldRows
from bridge.contract.memory import MAX_VALUE
from bridge.contract.message import Attachment

PAGE = 100
PAGES = 300  # of one room, in one gap: 30,000 events
FETCHES = 3  # tries to have a file, before its message comes in without
KEY_S = 60.0  # how long a message waits for its key
FILTER = {
    "presence": {"types": []},
    "account_data": {"types": []},
    "room": {
        "account_data": {"types": []},
        "timeline": {"limit": 50, "lazy_load_members": True},
        "state": {"types": [codec.MEMBER, codec.ENCRYPTION, codec.TOMBSTONE], "lazy_load_members": True},
        "ephemeral": {"types": ["m.receipt", "m.typing"]},
    },
}

log = structlog.get_logger("adapters.matrix")


class AccountTimeline:
    """What one session reads. Methods raise what the API raises, and Busy."""

    def __init__(
        self,
        config: MatrixConfig,
        ports: Ports,
        api: MatrixApi,
        cipher: RoomCipher,
        rooms: AccountRooms,
        signs: Callable[[str, JoinedRoom], Awaitable[None]],
        ask_again: Callable[[str, str], Awaitable[None]],
        locked: HeldRows[LockedEvent],
    ) -> None:
        self._config = config
        self._ports = ports
        self._api = api
        self._cipher = cipher
        self._rooms = rooms
        self._signs = signs
        self._ask_again = ask_again
        self._locked = locked
        self._fetches: dict[str, int] = {}

    @property
    def waits(self) -> bool:
        """Whether a message waits for its key."""
        return bool(self._locked.held())

    async def news(self, since: str, wait_s: float) -> SyncAnswer:
        """Ask what is new since a place; the server may wait for something to happen."""
        query = {"timeout": str(int(wait_s * 1000)), "filter": msgspec.json.encode(FILTER).decode()}
        if since:
            query["since"] = since
        return await self._api.get(path("sync"), SyncAnswer, query, wait_s)

    async def take(self, found: SyncAnswer, since: str, intake: MessageIntake) -> None:
        """Make durable all that an answer holds, in order."""
        devices = found.device_lists
        await self._cipher.heard(found.to_device.events, devices.changed, devices.left, found.key_count)
        for id, invited in found.rooms.invite.items():
            self._rooms.invited(id, codec.inviter(invited.invite_state, self._config.user))
        for id in found.rooms.leave:
            self._rooms.out(id)
        for id, joined in found.rooms.join.items():
            await self._room(id, joined, since, intake)
        await self._unlock(intake)
        await self._rooms.save()
        await self._locked.save()

    # -- one room

    async def _room(self, id: str, joined: JoinedRoom, since: str, intake: MessageIntake) -> None:
        room = await self._known(id)
        if room is None:
            return
        entered = not since or id in self._rooms.entered
        for said in codec.events(joined.state.events):
            self._changed(id, said)
        said_before: list[RoomEvent] = []
        if joined.timeline.limited:
            said_before = await self._older(id, joined.timeline.prev_batch, "" if entered else since)
        oldest = (time.time() - self._config.first_hours * 3600) * 1000 if entered else 0.0
        seen: set[str] = set()
        for said in (*said_before, *codec.events(joined.timeline.events)):
            if said.event_id not in seen and said.origin_server_ts >= oldest:
                seen.add(said.event_id)
                await self._event(id, said, intake)
        self._rooms.entered.discard(id)
        if self._rooms.get(id) is not None:
            await self._signs(id, joined)

    async def _known(self, id: str) -> MatrixRoom | None:
        """Return a room that we answer in. One that we are in already is looked at once."""
        room = self._rooms.get(id)
        if room is None and not self._rooms.is_leaving(id):
            room = await self._rooms.look(self._api, id)
            if room is not None:
                self._rooms.enter(id, room)
        return room

    async def _older(self, id: str, start: str, until: str) -> list[RoomEvent]:
        """Return what was said between two places, oldest first; without `until`, what was said in the last hours."""
        oldest = 0.0 if until else (time.time() - self._config.first_hours * 3600) * 1000
        found: list[RoomEvent] = []
        for _ in range(PAGES):
            query = {"dir": "b", "from": start, "limit": str(PAGE)} | ({"to": until} if until else {})
            page = await self._api.get(path("rooms", id, "messages"), codec.OlderEvents, query)
            events = list(codec.events(page.chunk))
            found += events
            if not page.end or not page.chunk or (events and events[-1].origin_server_ts < oldest):
                break
            start = page.end
        else:
            log.error("the oldest new messages of a room are left out", channel=self._ports.channel, read=len(found))
        return found[::-1]

    def _changed(self, id: str, said: RoomEvent) -> None:
        if self._rooms.told(id, said):
            self._cipher.drop(id)

    async def _event(self, id: str, said: RoomEvent, intake: MessageIntake) -> None:
        if said.state_key is not None:
            self._changed(id, said)
            return
        room = self._rooms.get(id)
        if said.type not in codec.SPOKEN or room is None or said.sender != room.patron:
            return
        if said.type != codec.ENCRYPTED:
            await self._words(id, room, said, said.type, said.content, [], intake)
        elif said.unsigned.get("redacted_because") is None and said.content:
            await self._sealed(id, room, said, intake)

    # -- encrypted words

    async def _sealed(self, id: str, room: MatrixRoom, said: RoomEvent, intake: MessageIntake) -> None:
        raw = msgspec.json.encode(said)
        if await self._opened(id, room, said, intake):
            return
        if len(raw) > MAX_VALUE * 2 // 3:  # a row holds it as base64
            await self._unread(id, room, said, intake)
        else:
            self._locked.put(said.event_id, LockedEvent(id, msgspec.Raw(raw), int(time.time() * 1000)))

    async def _opened(self, id: str, room: MatrixRoom, said: RoomEvent, intake: MessageIntake) -> bool:
        event = msgspec.to_builtins(said)
        inner = self._cipher.opened(id, event)
        if inner is None:
            return False
        marks = [] if await self._cipher.is_theirs(event) else ["other-sender"]
        kind, content = inner.get("type"), inner.get("content")
        if isinstance(kind, str) and isinstance(content, dict):
            await self._words(id, room, said, kind, content, marks, intake)
        return True

    async def _unlock(self, intake: MessageIntake) -> None:
        """Take in what waited for a key that has come, or waited too long."""
        for key in self._locked.held():
            row = self._locked.get(key)
            said = codec.event(row.event) if row is not None else None
            room = self._rooms.get(row.room) if row is not None else None
            if row is None or said is None or room is None or await self._opened(row.room, room, said, intake):
                self._locked.drop(key)
            elif time.time() * 1000 - row.at > KEY_S * 1000:
                await self._unread(row.room, room, said, intake)
                self._locked.drop(key)

    async def _unread(self, id: str, room: MatrixRoom, said: RoomEvent, intake: MessageIntake) -> None:
        """Show that there is a message which nobody here can read, and ask for it once more."""
        await self._words(id, room, said, codec.ENCRYPTED, {}, ["encrypted"], intake)
        await self._ask_again(id, said.event_id)

    # -- words

    async def _words(
        self,
        id: str,
        room: MatrixRoom,
        said: RoomEvent,
        kind: str,
        content: dict[str, Any],
        marks: list[str],
        intake: MessageIntake,
    ) -> None:
        if codec.is_silent(kind, content):
            return
        attachments = await self._files(said, kind, content, marks)
        try:
            await intake.receive(
                codec.message(self._ports.channel, id, said, kind, content, room.name, attachments, marks)
            )
        except (TooLarge, ValueError) as error:
            log.warning("a message cannot be taken in", channel=self._ports.channel, why=type(error).__name__)
        self._fetches.pop(said.event_id, None)

    async def _files(
        self, said: RoomEvent, kind: str, content: Mapping[str, Any], marks: list[str]
    ) -> list[Attachment]:
        """Fetch a message's files; what cannot be had after some tries is left out, and marked."""
        kept: list[Attachment] = []
        for file in codec.files(kind, content):
            try:
                kept.append(await self._file(file))
            except TooLarge:
                marks.append("file-too-large")
            except (LookupError, ValueError, TypeError, EncryptionError):
                marks.append("file-missing")
            except AWAY:
                tries = self._fetches[said.event_id] = self._fetches.get(said.event_id, 0) + 1
                if tries < FETCHES:
                    raise
                marks.append("file-missing")
        return kept

    async def _file(self, file: MatrixFile) -> Attachment:
        async with self._api.file(file.address) as chunks:
            if file.keys is None:
                return await self._ports.blobs.save(chunks, file.name, MAX_FILE)
            sealed = bytearray()
            async for chunk in chunks:
                sealed += chunk
                if len(sealed) > MAX_FILE:
                    raise TooLarge(MAX_FILE)
        keys = file.keys
        plain = decrypt_attachment(bytes(sealed), keys["key"]["k"], keys["hashes"]["sha256"], keys["iv"])
        return await self._ports.blobs.save(_whole(plain), file.name, MAX_FILE)


async def _whole(data: bytes) -> Any:
    yield data

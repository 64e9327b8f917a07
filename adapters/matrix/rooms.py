"""The rooms of the account: who is in them, which ones we enter, and which we leave.

We enter chats of two. In a larger room others would read along what a patron asks and what the library answers.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Collection
from typing import Any

import msgspec
import structlog

from adapters.matrix import codec
from adapters.matrix.api import HomeserverRefused, MatrixApi, path
from adapters.matrix.codec import RoomEvent
from adapters.matrix.kept import INVITATIONS, LEAVING, ROOMS, MatrixRoom
from bridge.contract.held_rows import HeldRows
from bridge.contract.memory import Memory
from bridge.contract.token_bucket import Rate, TokenBuckets

AT_ONCE = 10  # invitations that are answered between two looks at the timeline
INVITES = Rate(5 / 3600, 5)  # of one person
PEOPLE = 10_000  # whose rate is held
PRESENT = ("join", "invite")

log = structlog.get_logger("adapters.matrix")


class RoomMembers(msgspec.Struct, frozen=True):
    """Who is, was or is asked to be in a room."""

    chunk: list[msgspec.Raw] = []


class AccountRooms:
    """See the module. Methods that ask the server raise what the API raises; `load`, `save` and `forget` raise Busy."""

    def __init__(self, memory: Memory, own: str) -> None:
        self._own = own
        self._rooms = HeldRows(memory, ROOMS, MatrixRoom)
        self._invitations = HeldRows(memory, INVITATIONS, str)
        self._leaving = HeldRows(memory, LEAVING, bool)
        self._latest: dict[str, str] = {}  # person -> their newest room
        self.entered: set[str] = set()  # rooms of which nothing was read yet
        self._rates = TokenBuckets(INVITES, PEOPLE)

    async def load(self) -> None:
        """Read all rows."""
        for each in (self._rooms, self._invitations, self._leaving):
            await each.load()
        for id in self._rooms.held():
            if (room := self._rooms.get(id)) is not None:
                self._latest[room.patron] = id

    async def save(self) -> None:
        """Return once all changes are durable."""
        for each in (self._rooms, self._invitations, self._leaving):
            if each.changed:
                await each.save()

    def get(self, id: str) -> MatrixRoom | None:
        """Return a room that we are in, None for any other."""
        return self._rooms.get(id)

    def latest(self, patron: str) -> str:
        """Return a person's newest room, "" where there is none."""
        return self._latest.get(patron, "")

    def put(self, id: str, room: MatrixRoom) -> None:
        """Keep what is known of a room."""
        if self._rooms.get(id) != room:
            self._rooms.put(id, room)
        self._latest[room.patron] = id

    def enter(self, id: str, room: MatrixRoom) -> None:
        """Keep a room that we are in from now on: what was said there before is read as well."""
        self.put(id, room)
        self.entered.add(id)

    async def forget(self, people: Collection[str]) -> None:
        """Return once nothing names these people any more; their rooms are left as soon as there is a session."""
        gone = [id for id in self._rooms.held() if (room := self._rooms.get(id)) and room.patron in people]
        asked = [id for id in self._invitations.held() if self._invitations.get(id) in people]
        for id in (*gone, *asked):
            self._leaving.put(id, True)
        await self._leaving.save()
        await self._rooms.forget(gone)
        await self._invitations.forget(asked)
        for person in people:
            self._latest.pop(person, None)

    # -- what the timeline tells

    def invited(self, id: str, by: str) -> None:
        """Note that somebody asks us in."""
        if by and by != self._own:
            self._invitations.put(id, by)

    def out(self, id: str) -> None:
        """Note that we are not in a room any more."""
        self._invitations.drop(id)
        self._change(id, there=False)

    def told(self, id: str, said: RoomEvent) -> bool:
        """Take a change of a room in; say whether it is one that its people have changed by."""
        match said.type:
            case codec.ENCRYPTION:
                self._change(id, encrypted=True)
            case codec.TOMBSTONE:
                moved = said.content.get("replacement_room")
                if isinstance(moved, str) and moved.startswith("!"):
                    self._change(id, moved=moved)
                    self._invitations.put(moved, said.sender)
            case codec.MEMBER if said.state_key != self._own:
                return self._member(id, said)
            case _:
                pass
        return False

    def _member(self, id: str, said: RoomEvent) -> bool:
        room = self._rooms.get(id)
        here = said.content.get("membership") in PRESENT
        if room is None:
            return False
        if said.state_key != room.patron:
            if here:  # a third person: others would read along
                self._change(id, there=False)
                self._leaving.put(id, False)
            return True
        name = said.content.get("displayname")
        self._change(id, there=here, **({"name": name[:200]} if isinstance(name, str) else {}))
        return room.there != here

    def _change(self, id: str, **fields: Any) -> None:
        room = self._rooms.get(id)
        if room is not None:
            self.put(id, msgspec.structs.replace(room, **fields))

    # -- in and out

    @property
    def busy(self) -> bool:
        """Whether somebody waits to be let in, or a room to be left."""
        return bool(self._invitations.held() or self._leaving.held())

    async def settle(self, api: MatrixApi, group: str) -> None:
        """Enter the rooms that we are asked into and leave those that we must; `group` says why we answer in none of many."""
        await self.part(api, group)
        for id in self._invitations.held()[:AT_ONCE]:
            by = self._invitations.get(id) or ""
            if self._rates.take(by, time.monotonic()):
                log.warning("an invitation is declined: one person sent too many")
                await self._leave(api, id)
            elif await self._asked(api, "join", id):
                await self._enter(api, id, group)
            self._invitations.drop(id)
        await self.save()

    async def part(self, api: MatrixApi, group: str) -> None:
        """Leave the rooms that we must; no word that is said there now is taken in."""
        for id in self._leaving.held():
            if not self._leaving.get(id):
                await self._explain(api, id, group)
            await self._leave(api, id)
            self._leaving.drop(id)
        await self.save()

    def is_leaving(self, id: str) -> bool:
        """Say whether we are about to leave a room."""
        return self._leaving.get(id) is not None

    async def _enter(self, api: MatrixApi, id: str, group: str) -> None:
        """Look who is in a room that we have just entered."""
        room = await self.look(api, id)
        if room is not None:
            self.enter(id, room)
        else:
            await self._explain(api, id, group)
            await self._leave(api, id)

    async def look(self, api: MatrixApi, id: str) -> MatrixRoom | None:
        """Return what a room of two is, None for any other."""
        members = await api.get(path("rooms", id, "members"), RoomMembers, {"not_membership": "leave"})
        people = {
            each.state_key: each for each in codec.events(members.chunk) if each.content.get("membership") in PRESENT
        }
        people.pop(self._own, None)
        if len(people) != 1:
            return None
        ((patron, said),) = people.items()
        name = said.content.get("displayname")
        return MatrixRoom(
            patron=patron or "",
            name=name[:200] if isinstance(name, str) else "",
            encrypted=await self._is_encrypted(api, id),
        )

    async def _is_encrypted(self, api: MatrixApi, id: str) -> bool:
        try:
            await api.get(path("rooms", id, "state", codec.ENCRYPTION, ""), dict[str, Any])
        except HomeserverRefused as refused:
            if refused.status != 404:
                raise
            return False
        return True

    async def _explain(self, api: MatrixApi, id: str, words: str) -> None:
        """Say why we leave, where it can be said: these words are for everybody, so they need no key."""
        if (room := self._rooms.get(id)) is not None and room.encrypted:
            return
        content = {"msgtype": "m.notice", "body": words}
        try:
            if not await self._is_encrypted(api, id):
                await api.put(path("rooms", id, "send", codec.MESSAGE, secrets.token_hex(8)), content, dict[str, Any])
        except HomeserverRefused as refused:
            if refused.status not in (403, 404):
                raise

    async def _leave(self, api: MatrixApi, id: str) -> None:
        await self._asked(api, "leave", id)
        await self._asked(api, "forget", id)

    async def _asked(self, api: MatrixApi, what: str, id: str) -> bool:
        """Join, leave or forget a room; say whether the server did so. Raises where it may do so later."""
        try:
            await api.post(path("rooms", id, what), {}, dict[str, Any])
        except HomeserverRefused as refused:
            if refused.status == 429 or refused.status >= 500 or refused.status == 401:
                raise
            return False
        return True

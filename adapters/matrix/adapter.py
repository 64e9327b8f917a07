"""Matrix: an account on any homeserver, in chats of two, encrypted where the patron's client encrypts.

The place up to which everything is durable is the cursor, a token of the account's timeline. An answer is submitted under its
delivery's id, which the homeserver drops when it comes twice from the same device; so one device is kept for ever, with its keys,
in the channel's memory.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Collection, Mapping
from contextlib import suppress
from typing import Any, ClassVar

import aiohttp
import msgspec
import structlog

from adapters.matrix import codec
from adapters.matrix.account import signed_in, tried
from adapters.matrix.api import AWAY, HomeserverRefused, MatrixApi, ended, path
from adapters.matrix.cipher import RoomCipher
from adapters.matrix.codec import JoinedRoom
from adapters.matrix.config import MatrixConfig
from adapters.matrix.kept import KINDS, LOCKED, SENT, DeviceVault, LockedEvent, OwnDevice, SentEvent
from adapters.matrix.key_store import KeyStore
from adapters.matrix.rooms import AccountRooms
from adapters.matrix.sending import MatrixOutlet
from adapters.matrix.timeline import AccountTimeline
from adapters.matrix.words import word
from bridge.contract.adapter import (
    Busy,
    Capabilities,
    MessageIntake,
    Outcome,
    Ports,
    Retry,
    Signal,
    Unavailable,
)
from bridge.contract.held_rows import HeldRows
from bridge.contract.message import Delivery

SYNC = "sync"  # the cursor: a token of the account's timeline
SOON_S = 1.0  # how long the server may wait while somebody waits for us
ORDER = 200  # events of a room whose order is held, for what is read up to where
TYPING_MS = 20_000

log = structlog.get_logger("adapters.matrix")


class MatrixAdapter:
    """One account. See the module."""

    name: ClassVar[str] = "matrix"
    Config: ClassVar[type[MatrixConfig]] = MatrixConfig
    capabilities: ClassVar[Capabilities] = Capabilities(
        max_text=10_000,
        max_media=20_000_000,
        receipts="read",
        idempotent=True,
        replay=True,
        lookup=True,
        forget=True,
        check=True,
        live=True,
        marks=True,
        typing=True,
        rate=5.0,
        label="Matrix",
        icon="messenger",
        remembers=KINDS,
    )

    def __init__(self, config: MatrixConfig, ports: Ports) -> None:
        """Keep config and ports. Raises Misconfigured for what cannot work."""
        config.check()
        self._config = config
        self._ports = ports
        self._vault = DeviceVault(ports.memory, ports.secret)
        self._rooms = AccountRooms(ports.memory, config.user)
        self._sent = HeldRows(ports.memory, SENT, SentEvent)
        self._locked = HeldRows(ports.memory, LOCKED, LockedEvent)
        self._order: OrderedDict[str, list[str]] = OrderedDict()  # room -> its newest events
        self._typing: set[str] = set()  # patrons who type
        self._keys: KeyStore | None = None
        self._api: MatrixApi | None = None
        self._outlet: MatrixOutlet | None = None
        self._timeline: AccountTimeline | None = None
        self._since = ""
        self._language = ""
        self._replayed = asyncio.Event()

    # -- the session

    async def run(self) -> None:
        """Hold one session."""
        self._replayed.clear()
        api = MatrixApi(self._config)
        try:
            timeline = await self._begin(api)
            await self._ports.inlet.up()
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._show_typing(api))
                tasks.create_task(self._know_language())
                await self._replayed.wait()
                while True:
                    await self._look(api, timeline, self._ports.inlet, SOON_S if self._hurries(timeline) else None)
        except BaseExceptionGroup as group:
            raise group.exceptions[0] from None
        finally:
            self._api = self._outlet = self._timeline = None
            await api.close()

    async def _begin(self, api: MatrixApi) -> AccountTimeline:
        """Sign in and read what is kept. Raises Unavailable, BadCredentials, Misconfigured."""
        own = await signed_in(api, self._config, self._vault)
        try:
            keys = KeyStore(self._ports.memory, self._vault, own, self._ports.secret)
            await keys.load()
            await self._rooms.load()
            await self._sent.load()
            cipher = RoomCipher(api, keys)
            await cipher.present(self._config.password, replace=self._config.replace_identity)
            outlet = MatrixOutlet(self._ports, api, cipher, self._rooms)
            timeline = AccountTimeline(
                self._config, self._ports, api, cipher, self._rooms, self._signs, self._ask_again, self._locked
            )
            await self._locked.load()
            await self._rooms.part(api, word(self._language, "group"))
        except Busy as error:
            raise Unavailable(f"the desk takes nothing in now: {error}") from None
        except (*AWAY, ValueError) as error:
            ended(error)
        self._keys, self._api, self._outlet, self._timeline = keys, api, outlet, timeline
        return timeline

    async def check(self) -> None:
        """Sign in and out again. Raises Unavailable, BadCredentials, Misconfigured."""
        api = MatrixApi(self._config)
        try:
            await tried(api, self._config)
        finally:
            await api.close()

    def _hurries(self, timeline: AccountTimeline) -> bool:
        return self._rooms.busy or timeline.waits

    # -- what patrons write

    async def replay(self, cursor: Mapping[str, str], missed: MessageIntake) -> None:
        """Hand in what came since the cursor; without one, what came in the last hours."""
        if self._api is None or self._timeline is None:
            raise Unavailable("the session has ended")
        self._since = cursor.get(SYNC, "")
        await self._look(self._api, self._timeline, missed, 0.0)
        self._replayed.set()

    async def _look(
        self, api: MatrixApi, timeline: AccountTimeline, intake: MessageIntake, wait_s: float | None
    ) -> None:
        """Take in everything new. Raises Unavailable, BadCredentials, Misconfigured."""
        try:
            found = await timeline.news(self._since, self._config.poll_s if wait_s is None else wait_s)
            await timeline.take(found, self._since, intake)
            await self._sent.save()
            await intake.advance({SYNC: found.next_batch})
            self._since = found.next_batch
            await self._rooms.settle(api, word(self._language, "group"))
        except Busy as error:
            raise Unavailable(f"the desk takes nothing in now: {error}") from None
        except (*AWAY, ValueError) as error:
            ended(error)

    async def _ask_again(self, room: str, event: str) -> None:
        """Ask the patron to send a message again that nobody here could open."""
        if self._outlet is not None:
            await self._outlet.tell(room, word(self._language, "locked"), f"locked-{event}")

    # -- signs

    async def _signs(self, id: str, joined: JoinedRoom) -> None:
        """Take in what is read and who types, and the order in which things were said."""
        order = self._order.setdefault(id, [])
        for each in codec.events(joined.timeline.events):
            order.append(each.event_id)
            delivery = codec.delivery_of(each) if each.sender == self._config.user else ""
            if delivery:
                self._sent.put(each.event_id, SentEvent(id, delivery))
        del order[:-ORDER]
        self._order.move_to_end(id)
        while len(self._order) > ORDER * 10:
            self._order.popitem(last=False)
        room = self._rooms.get(id)
        if room is None:
            return
        for raw in joined.ephemeral.events:
            with suppress(ValueError, RecursionError):
                sign = msgspec.json.decode(raw, type=codec.RoomSign)
                if sign.type == "m.typing":
                    await self._types(room.patron, room.patron in sign.typists)
                for event in sign.read_by(room.patron):
                    await self._read(id, event)

    async def _types(self, patron: str, now: bool) -> None:
        if now == (patron in self._typing):
            return
        self._typing ^= {patron}
        await self._ports.signals.tell(Signal(kind="typing" if now else "paused", address=patron))

    async def _read(self, room: str, event: str) -> None:
        """Note that the patron has read up to an event: what we said before it is read as well."""
        order = self._order.get(room, [])
        until = order[: order.index(event) + 1] if event in order else [event]
        for each in until:
            found = self._sent.get(each)
            if found is not None:
                await self._ports.inlet.receipt(found.delivery, "read", network_id=each)
                self._sent.drop(each)

    async def _show_typing(self, api: MatrixApi) -> None:
        async for signal in self._ports.signals.listen(self._ports.channel):
            room = self._rooms.latest(signal.address)
            if signal.kind not in ("typing", "paused") or not room:
                continue
            content: dict[str, Any] = {"typing": signal.kind == "typing"}
            if content["typing"]:
                content["timeout"] = TYPING_MS
            with suppress(*AWAY):  # a sign that nobody sees does no harm
                await api.put(path("rooms", room, "typing", self._config.user), content, dict[str, Any])

    async def _know_language(self) -> None:
        async for desk in self._ports.desk(""):
            self._language = desk.language

    # -- what goes out

    async def send(self, delivery: Delivery) -> Outcome:
        """Submit one delivery; see bridge.contract.adapter."""
        outlet = self._outlet
        if outlet is None:
            return Retry("no-session")
        if delivery.kind == "mark":
            return await outlet.mark(delivery)
        return await outlet.send(delivery)

    async def lookup(self, delivery: Delivery) -> bool | None:
        """Say whether the room holds all of a delivery."""
        outlet = self._outlet
        if outlet is None:
            return None
        try:
            return await outlet.holds(delivery)
        except (HomeserverRefused, aiohttp.ClientError, OSError, ValueError):
            return None

    async def forget(self, addresses: Collection[str]) -> None:
        """Forget people's rooms and devices; the rooms are left as soon as there is a session."""
        keys = self._keys
        if keys is None:
            own = await self._vault.load(self._config.user)
            keys = KeyStore(self._ports.memory, self._vault, own or OwnDevice(), self._ports.secret)
            await keys.load()
            await self._rooms.load()
            await self._locked.load()
        await self._locked.forget([key for key in self._locked.held() if self._locked_by(key) in addresses])
        await self._rooms.forget(addresses)
        await keys.forget(addresses)
        for each in addresses:
            self._typing.discard(each)
        if self._api is not None:
            with suppress(*AWAY):  # else at the start of the next session
                await self._rooms.part(self._api, "")

    def _locked_by(self, key: str) -> str:
        row = self._locked.get(key)
        said = codec.event(row.event) if row is not None else None
        return said.sender if said is not None else ""

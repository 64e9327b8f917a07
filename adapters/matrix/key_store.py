"""The store in which matrix-nio's Olm machine keeps its keys: held in this process, made durable by `save`.

The machine writes at once and does not wait. So `save` is called before anything goes out that rests on what it wrote, and before
our place in the account's timeline moves on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import msgspec
from nio.crypto import (
    DeviceStore,
    GroupSessionStore,
    InboundGroupSession,
    OlmAccount,
    OlmDevice,
    Session,
    SessionStore,
)

from adapters.matrix.kept import DEVICES, OLM_SESSIONS, ROOM_KEYS, DeviceVault, OwnDevice
from bridge.contract.held_rows import HeldRows
from bridge.contract.memory import Memory
from bridge.contract.sealed_token import derived_key


class OlmRow(msgspec.Struct, frozen=True):
    """A session with one device of a patron."""

    sender_key: str
    pickle: str
    created: float  # seconds since the epoch


class RoomKeyRow(msgspec.Struct, frozen=True):
    """A key of a room, from one device."""

    room: str
    sender_key: str
    signing_key: str
    pickle: str
    chain: tuple[str, ...] = ()


class DeviceRow(msgspec.Struct, frozen=True):
    """The public keys of a device."""

    keys: dict[str, str]
    deleted: bool = False


class KeyStore:
    """See the module. Methods without a word of their own are those that the machine calls."""

    def __init__(self, memory: Memory, vault: DeviceVault, own: OwnDevice, secret: bytes) -> None:
        self._vault = vault
        self.own = own
        self._own_changed = False
        self._passphrase = derived_key(secret, "matrix keys").hex()
        self._olm = HeldRows(memory, OLM_SESSIONS, OlmRow)
        self._room_keys = HeldRows(memory, ROOM_KEYS, RoomKeyRow)
        self._devices = HeldRows(memory, DEVICES, DeviceRow)
        self._saving = asyncio.Lock()

    async def load(self) -> None:
        """Read all keys. Raises Busy."""
        await asyncio.gather(self._olm.load(), self._room_keys.load(), self._devices.load())

    async def save(self) -> None:
        """Return once all that the machine wrote is durable. Raises Busy: it is kept for the next call."""
        async with self._saving:
            await asyncio.gather(*(each.save() for each in (self._olm, self._room_keys, self._devices) if each.changed))
            if self._own_changed:
                self._own_changed = False
                try:
                    await self._vault.save(self.own)
                except BaseException:
                    self._own_changed = True
                    raise

    def change_own(self, **fields: Any) -> None:
        """Change our own device's row."""
        self.own = msgspec.structs.replace(self.own, **fields)
        self._own_changed = True

    async def forget(self, users: Iterable[str]) -> None:
        """Return once no device of these people is kept. Raises Busy."""
        prefixes = tuple(f"{user}|" for user in users)
        await self._devices.forget([key for key in self._devices.held() if key.startswith(prefixes)])

    # -- what the machine calls

    def load_account(self) -> OlmAccount | None:
        if not self.own.pickle:
            return None
        return OlmAccount.from_pickle(self.own.pickle.encode(), self._passphrase, self.own.shared)

    def save_account(self, account: OlmAccount) -> None:
        self.change_own(pickle=account.pickle(self._passphrase).decode(), shared=account.shared)

    def load_sessions(self) -> SessionStore:
        found = SessionStore()
        for key in self._olm.held():
            row = self._olm.get(key)
            if row is not None:
                created = datetime.fromtimestamp(row.created)
                found.add(row.sender_key, Session.from_pickle(row.pickle.encode(), created, self._passphrase))
        return found

    def save_session(self, curve_key: str, session: Session) -> None:
        row = OlmRow(curve_key, session.pickle(self._passphrase).decode(), session.creation_time.timestamp())
        self._olm.put(session.id, row)

    def load_inbound_group_sessions(self) -> GroupSessionStore:
        found = GroupSessionStore()
        for key in self._room_keys.held():
            row = self._room_keys.get(key)
            if row is not None:
                pickle, chain = row.pickle.encode(), list(row.chain)
                found.add(
                    InboundGroupSession.from_pickle(
                        pickle, row.signing_key, row.sender_key, row.room, self._passphrase, chain
                    )
                )
        return found

    def save_inbound_group_session(self, session: InboundGroupSession) -> None:
        pickle, chain = session.pickle(self._passphrase).decode(), tuple(session.forwarding_chain)
        row = RoomKeyRow(session.room_id, session.sender_key, session.ed25519, pickle, chain)
        self._room_keys.put(session.id, row)

    def load_device_keys(self) -> DeviceStore:
        found = DeviceStore()
        for key in self._devices.held():
            row = self._devices.get(key)
            user, _, device = key.rpartition("|")
            if row is not None:
                found.add(OlmDevice(user, device, dict(row.keys), deleted=row.deleted))
        return found

    def save_device_keys(self, changed: Mapping[str, Mapping[str, OlmDevice]]) -> None:
        for user, devices in changed.items():
            for name, device in devices.items():
                self._devices.put(f"{user}|{name}", DeviceRow(dict(device.keys), device.deleted))

    def load_outgoing_key_requests(self) -> dict[str, Any]:
        return {}

    def add_outgoing_key_request(self, _request: object) -> None:
        """A request that is not answered before the daemon starts again is not waited for."""

    def remove_outgoing_key_request(self, _request: object) -> None:
        """See `add_outgoing_key_request`."""

    def is_device_verified(self, _device: OlmDevice) -> bool:
        return False

    def is_device_blacklisted(self, _device: OlmDevice) -> bool:
        return False

    def is_device_ignored(self, _device: OlmDevice) -> bool:
        """Every device of a patron gets the answer: they asked from one of them, and nobody at a desk can compare emoji."""
        return True

    def ignore_devices(self, _devices: list[OlmDevice]) -> None:
        """There is nothing to keep; see `is_device_ignored`."""

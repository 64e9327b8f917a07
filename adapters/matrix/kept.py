"""What a Matrix account remembers: its device and keys, its rooms, and what waits for a key.

The account's own row is encrypted with a key of the channel (AES-256-GCM), and the other keys with a second one. Whoever has a copy
of the store alone can open no chat.
"""

from __future__ import annotations

import os

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from bridge.contract.memory import Memory, MemoryKind, MemoryRow
from bridge.contract.sealed_token import derived_key

DAY_MS = 86_400_000
ACCOUNT = MemoryKind(name="account", most=1)
OLM_SESSIONS = MemoryKind(name="olm-sessions", most=20_000, keep_ms=365 * DAY_MS)
ROOM_KEYS = MemoryKind(name="room-keys", most=10_000, keep_ms=90 * DAY_MS)
DEVICES = MemoryKind(name="devices", most=50_000)
ROOMS = MemoryKind(name="rooms", most=50_000)
INVITATIONS = MemoryKind(name="invitations", most=2_000, keep_ms=30 * DAY_MS)
LOCKED = MemoryKind(name="locked", most=2_000, keep_ms=7 * DAY_MS)
SENT = MemoryKind(name="sent", most=20_000, keep_ms=30 * DAY_MS)
LEAVING = MemoryKind(name="leaving", most=2_000)
KINDS = (ACCOUNT, OLM_SESSIONS, ROOM_KEYS, DEVICES, ROOMS, INVITATIONS, LOCKED, SENT, LEAVING)

OWN = "own"
NONCE = 12  # bytes


class OwnDevice(msgspec.Struct, frozen=True, kw_only=True):
    """Our device. `seeds` are the private keys of the account's cross-signing identity: master, self-signing, user-signing.

    `user` is whose it is; `pickle` holds the device's own keys; `shared`: the server has the public ones.
    """

    user: str = ""
    device: str = ""
    token: str = ""
    pickle: str = ""
    shared: bool = False
    seeds: tuple[bytes, ...] = ()
    signed: bool = False


class MatrixRoom(msgspec.Struct, frozen=True, kw_only=True):
    """A chat with a patron. `encrypted` stays true once it is; `there`: both are in it; `moved`: where it went on."""

    patron: str
    name: str = ""
    encrypted: bool = False
    there: bool = True
    moved: str = ""


class LockedEvent(msgspec.Struct, frozen=True):
    """A message whose key has not come yet, as the server handed it over; `at` is when it came (ms)."""

    room: str
    event: msgspec.Raw
    at: int


class SentEvent(msgspec.Struct, frozen=True):
    """Which delivery an event of ours was."""

    room: str
    delivery: str


class DeviceVault:
    """The account's own row."""

    def __init__(self, memory: Memory, secret: bytes) -> None:
        self._memory = memory
        self._cipher = AESGCM(derived_key(secret, "matrix account"))

    async def load(self, user: str) -> OwnDevice | None:
        """Return our device, None where there is none of this account. Raises Busy."""
        for row in await self._memory.rows(ACCOUNT, [OWN]):
            try:
                raw = self._cipher.decrypt(row.value[:NONCE], row.value[NONCE:], None)
                found = msgspec.json.decode(raw, type=OwnDevice)
            except (InvalidTag, msgspec.DecodeError):
                return None
            return found if found.user == user else None
        return None

    async def save(self, device: OwnDevice) -> None:
        """Return once it is durable. Raises Busy."""
        nonce = os.urandom(NONCE)
        sealed = self._cipher.encrypt(nonce, msgspec.json.encode(device), None)
        await self._memory.put(ACCOUNT, [MemoryRow(OWN, nonce + sealed)])

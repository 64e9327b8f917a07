"""End-to-end encryption (Olm and Megolm by matrix-nio's machine), between the account's timeline and its rooms.

We write to all devices of the patron, also those that they never compared emoji with: a desk cannot know which one they sit at.
A room that was encrypted once never gets a word in clear.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import msgspec
import structlog
from nio.crypto import Olm
from nio.events import MegolmEvent, ToDeviceEvent
from nio.exceptions import EncryptionError
from nio.responses import KeysClaimResponse, KeysQueryResponse, KeysUploadResponse, ToDeviceResponse

from adapters.matrix.api import HomeserverRefused, MatrixApi, path
from adapters.matrix.key_store import KeyStore
from adapters.matrix.signing import CrossSigner
from bridge.contract.adapter import Unavailable

ENCRYPTED = "m.room.encrypted"
FEW = 0.5  # of all one-time keys: below that we hand in new ones
ROUNDS = 5  # tries to share a room's key, while devices come and go

log = structlog.get_logger("adapters.matrix")
logging.getLogger("nio").setLevel(logging.CRITICAL)  # it names people, devices and rooms


class KeysOfUser(msgspec.Struct, frozen=True):
    """What the server knows of an account's keys."""

    device_keys: dict[str, dict[str, dict[str, Any]]] = {}
    master_keys: dict[str, dict[str, Any]] = {}
    failures: dict[str, Any] = {}


class KeyCounts(msgspec.Struct, frozen=True):
    """How many one-time keys of ours the server holds."""

    one_time_key_counts: dict[str, int] = {}


class ClaimedKeys(msgspec.Struct, frozen=True):
    """One-time keys of other devices."""

    one_time_keys: dict[str, dict[str, dict[str, Any]]] = {}


class RoomCipher:
    """The keys of one session. Methods raise what the API raises, and Busy."""

    def __init__(self, api: MatrixApi, store: KeyStore) -> None:
        self._api = api
        self._store = store
        self._user, self._device = store.own.user, store.own.device
        self._olm = Olm(self._user, self._device, store)
        self._turn = asyncio.Lock()  # claims and shares go one after the other

    # -- our own keys

    async def present(self, password: str, *, replace: bool) -> None:
        """Hand in our device's keys where the server has none, and have the account's identity vouch for them."""
        known = await self._query([self._user])
        theirs = known.device_keys.get(self._user, {}).get(self._device)
        if theirs is None and self._olm.account.shared:
            self._olm.account.shared = False  # somebody removed the device: it comes anew, with the same keys
        await self._upload()
        if theirs is None:
            known = await self._query([self._user])
            theirs = known.device_keys.get(self._user, {}).get(self._device)
        if theirs is None:
            raise Unavailable("the server does not show the keys of our device")
        await self._identify(known, theirs, password, replace)

    async def _upload(self) -> None:
        """Hand in our device's keys, the first time, and one-time keys where few are left."""
        olm = self._olm
        count = olm.uploaded_key_count
        enough = count is None or count >= olm.account.max_one_time_keys * FEW
        if olm.account.shared and enough:
            return
        content = olm.share_keys()
        olm.save_account()  # private halves first: nobody may hold a key that we have lost
        await self._store.save()
        answer = await self._api.post(path("keys", "upload"), content, KeyCounts)
        olm.handle_response(KeysUploadResponse(0, answer.one_time_key_counts.get("signed_curve25519", 0)))
        await self._store.save()

    async def _identify(self, known: KeysOfUser, theirs: dict[str, Any], password: str, replace: bool) -> None:
        own = self._store.own
        master = known.master_keys.get(self._user, {}).get("keys", {})
        signer = CrossSigner(self._user, own.seeds) if own.seeds else None
        if signer is None or f"ed25519:{signer.public('master')}" not in master:
            if master and not replace:
                log.warning("another client made the account's identity, so it does not vouch for us", user=self._user)
                return
            signer = await self._found_identity(signer if not master else None, password)
            if signer is None:
                return
        key = f"ed25519:{signer.public('self_signing')}"
        if key in theirs.get("signatures", {}).get(self._user, {}):
            return
        signed = signer.signed("self_signing", {name: each for name, each in theirs.items() if name != "unsigned"})
        await self._api.post(path("keys", "signatures", "upload"), {self._user: {self._device: signed}}, dict[str, Any])

    async def _found_identity(self, signer: CrossSigner | None, password: str) -> CrossSigner | None:
        """Hand in an identity of ours; None where the server does not let us. The private keys are durable before."""
        if signer is None:
            seeds = CrossSigner.new_seeds()
            self._store.change_own(seeds=seeds)
            await self._store.save()
            signer = CrossSigner(self._user, seeds)
        where = path("keys", "device_signing", "upload")
        content = signer.identity(self._device, self._olm.sign_json)
        try:
            try:
                await self._api.post(where, content, dict[str, Any])
            except HomeserverRefused as refused:
                if refused.status != 401:
                    raise
                session = msgspec.json.decode(refused.body, type=dict[str, Any]).get("session", "")
                proof = {
                    "type": "m.login.password",
                    "identifier": {"type": "m.id.user", "user": self._user},
                    "password": password,
                    "session": session,
                }
                await self._api.post(where, content | {"auth": proof}, dict[str, Any])
        except HomeserverRefused as refused:
            log.warning("the server takes no identity of ours", status=refused.status, code=refused.code)
            return None
        return signer

    # -- what the timeline brings

    async def heard(
        self, events: Sequence[dict[str, Any]], changed: Collection[str], left: Collection[str], count: int | None
    ) -> None:
        """Take in a timeline's messages between devices, whose devices changed, and how many one-time keys are left.

        What follows from it is durable when this returns.
        """
        olm = self._olm
        for each in events:
            event = ToDeviceEvent.parse_event(each)
            if event is not None:
                olm.handle_to_device_event(event)
        for user in changed:
            if user in olm.tracked_users:
                olm.users_for_key_query.add(user)
                olm.tracked_users.discard(user)
        for user in left:
            olm.tracked_users.discard(user)
        olm.uploaded_key_count = count if count is not None else olm.uploaded_key_count
        await self._store.save()
        await self._upload()
        await self._mend()

    async def _mend(self) -> None:
        """Begin anew with devices whose session broke, and send what the machine wants sent between devices."""
        olm = self._olm
        if olm.wedged_devices or olm.key_request_devices_no_session:
            async with self._turn:
                await self._claim(olm.get_users_for_key_claiming())
        for message in list(olm.outgoing_to_device_messages):
            content = {"messages": {message.recipient: {message.recipient_device: message.content}}}
            await self._store.save()
            await self._to_devices(message.type, content)
            olm.handle_response(ToDeviceResponse(message))

    def opened(self, room: str, event: Mapping[str, Any]) -> dict[str, Any] | None:
        """Return an event as it was before its sender encrypted it; None where its key is not here."""
        raw = {**event, "room_id": room}
        raw.setdefault("unsigned", {})
        sealed = MegolmEvent.from_dict(raw)
        if not isinstance(sealed, MegolmEvent):
            return None
        try:
            found = self._olm.decrypt_megolm_event(sealed, room)
        except (EncryptionError, ValueError, AssertionError):
            return None
        source = getattr(found, "source", None)
        return source if isinstance(source, dict) else None

    async def is_theirs(self, event: Mapping[str, Any]) -> bool:
        """Say whether the key of an encrypted event belongs to a device of its sender, as their server tells."""
        content = event.get("content", {})
        sender, key = str(event.get("sender", "")), str(content.get("sender_key", ""))
        if not self._has_device(sender, key):
            await self._query([sender])
        return self._has_device(sender, key)

    def _has_device(self, user: str, key: str) -> bool:
        """Say whether a person has, or had, a device with this key: who signs out after a message has written it all the same."""
        return any(each.curve25519 == key for each in self._olm.device_store[user].values())

    # -- what goes out

    async def sealed(self, room: str, users: Sequence[str], kind: str, content: Mapping[str, Any]) -> dict[str, Any]:
        """Return an event's content, encrypted for all devices of `users`."""
        for _ in range(ROUNDS):
            async with self._turn:
                await self._share(room, users)
            if not self._olm.should_share_group_session(room):
                await self._store.save()
                return dict(self._olm.group_encrypt(room, {"type": kind, "content": dict(content)}))
        raise Unavailable("the devices of a room change all the time")

    async def _share(self, room: str, users: Sequence[str]) -> None:
        """See to it that all devices have the room's key; a new device, or one that left, brings a new key."""
        olm = self._olm
        unknown = [user for user in users if user not in olm.tracked_users]
        if unknown and await self._changed(unknown):
            olm.outbound_group_sessions.pop(room, None)
        if not olm.should_share_group_session(room):
            return
        await self._claim(olm.get_missing_sessions(list(users)))
        for devices, content in olm.share_group_session_parallel(room, list(users), ignore_unverified_devices=True):
            await self._store.save()
            await self._to_devices(ENCRYPTED, content)
            olm.outbound_group_sessions[room].users_shared_with.update(devices)
        if all(user in olm.tracked_users for user in users):
            olm.outbound_group_sessions[room].mark_as_shared()

    async def _changed(self, users: Sequence[str]) -> bool:
        """Ask for people's devices; say whether any of them is new or gone."""
        before = {(user, each.id) for user in users for each in self._olm.device_store.active_user_devices(user)}
        await self._query(users)
        for user in users:
            self._olm.tracked_users.add(user)  # a server that is away tells of its devices by `device_lists` later
        return before != {
            (user, each.id) for user in users for each in self._olm.device_store.active_user_devices(user)
        }

    async def _query(self, users: Sequence[str]) -> KeysOfUser:
        question: dict[str, dict[str, list[str]]] = {"device_keys": {user: [] for user in users}}
        found = await self._api.post(path("keys", "query"), question, KeysOfUser)
        wanted = {user: each for user, each in found.device_keys.items() if user in users}
        self._olm.handle_response(KeysQueryResponse(wanted, found.failures))
        self._revive(wanted)
        await self._store.save()
        return found

    def _revive(self, found: Mapping[str, Mapping[str, Any]]) -> None:
        """Take a device for one again that was removed and came back with its keys; the machine leaves it removed."""
        for user, devices in found.items():
            for name, device in self._olm.device_store[user].items():
                if device.deleted and device.ed25519 == devices.get(name, {}).get("keys", {}).get(f"ed25519:{name}"):
                    device.deleted = False
                    self._store.save_device_keys({user: {name: device}})

    async def _claim(self, wanted: Mapping[str, Sequence[str]]) -> None:
        if not wanted:
            return
        question: dict[str, dict[str, str]] = {
            user: dict.fromkeys(devices, "signed_curve25519") for user, devices in wanted.items()
        }
        found = await self._api.post(path("keys", "claim"), {"one_time_keys": question}, ClaimedKeys)
        self._olm.handle_response(KeysClaimResponse(found.one_time_keys, {}))
        await self._store.save()

    async def _to_devices(self, kind: str, content: Mapping[str, Any]) -> None:
        await self._api.put(path("sendToDevice", kind, secrets.token_hex(12)), content, dict[str, Any])

    def drop(self, room: str) -> None:
        """Use a new key for a room's next message: somebody left it."""
        self._olm.outbound_group_sessions.pop(room, None)

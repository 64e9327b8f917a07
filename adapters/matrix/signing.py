"""Cross-signing: the account's identity, which vouches for our device (client-server specification, 11.12.3).

Clients may keep keys from a device that its owner did not sign (MSC4153), so an account without an identity gets one of us. An
identity that another client made is left alone, unless the operator says otherwise.
"""

from __future__ import annotations

import os
from base64 import b64encode
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

USAGES = ("master", "self_signing", "user_signing")
SEED = 32  # bytes


def unpadded(raw: bytes) -> str:
    """Return bytes as Matrix spells keys and signatures: base64 without padding. Clients drop padded ones silently."""
    return b64encode(raw).decode("ascii").rstrip("=")


def canonical(value: Mapping[str, Any]) -> bytes:
    """Return the bytes that a signature is over (appendix 3.3): sorted, without signatures and what the server adds."""
    bare = {key: each for key, each in value.items() if key not in ("signatures", "unsigned")}
    return msgspec.json.encode(bare, order="sorted")


class CrossSigner:
    """The identity of one account, made of three private keys."""

    def __init__(self, user: str, seeds: tuple[bytes, ...]) -> None:
        self._user = user
        self._keys = dict(zip(USAGES, map(Ed25519PrivateKey.from_private_bytes, seeds), strict=True))

    @staticmethod
    def new_seeds() -> tuple[bytes, ...]:
        """Return new private keys."""
        return tuple(os.urandom(SEED) for _ in USAGES)

    def public(self, usage: str) -> str:
        """Return the public key of a usage."""
        return unpadded(self._keys[usage].public_key().public_bytes_raw())

    def signed(self, usage: str, value: Mapping[str, Any]) -> dict[str, Any]:
        """Return `value` with one more signature, by the key of `usage`."""
        signature = unpadded(self._keys[usage].sign(canonical(value)))
        return _with_signature(value, self._user, f"ed25519:{self.public(usage)}", signature)

    def identity(self, device: str, sign: Callable[[dict[str, Any]], str]) -> dict[str, Any]:
        """Return the three public keys as they are handed in; `sign` signs with our device, which vouches for the master key."""
        keys = {f"{usage}_key": self._public(usage) for usage in USAGES}
        master = keys["master_key"]
        keys["master_key"] = _with_signature(master, self._user, f"ed25519:{device}", sign(dict(master)))
        for usage in USAGES[1:]:
            keys[f"{usage}_key"] = self.signed("master", keys[f"{usage}_key"])
        return keys

    def _public(self, usage: str) -> dict[str, Any]:
        key = self.public(usage)
        return {"user_id": self._user, "usage": [usage], "keys": {f"ed25519:{key}": key}}


def _with_signature(value: Mapping[str, Any], user: str, key: str, signature: str) -> dict[str, Any]:
    signatures = {who: dict(each) for who, each in value.get("signatures", {}).items()}
    signatures.setdefault(user, {})[key] = signature
    return {**value, "signatures": signatures}

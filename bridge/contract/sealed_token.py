"""Seals: how we recognise later what we wrote ourselves (HMAC-SHA-256, RFC 2104).

A signed reply address, a chat token, an upload ticket and the address of a lent file all work alike. We hand out some fields and a
seal over them; when both come back, the seal proves that this daemon wrote these fields for this purpose. Nobody without the
secret can make one, and any process that has the secret can check it.

The rules, in one place so that they are read and tested once:

- A seal covers its purpose first, then the fields, divided by the byte 0x1F. So a seal for one purpose is none for another.
- Only the last field may hold that byte. Otherwise two lists of fields could read as one text, so `of` refuses them.
- A seal may be cut short; `size` is in bytes. A short one must be checked by us (a guess costs a request): 64 bits at least.
- Seals are compared in constant time, in the one spelling that we write.

Each kind of token has one `Seal`, a constant beside the code that makes it. Tokens of earlier releases are in patrons' mail boxes
and browsers, so the bytes of each purpose are fixed; `tests/bridge/test_sealed_token.py` holds one of each. No library
makes them: itsdangerous derives a key for each purpose and signs a text in its own frame.
"""

from __future__ import annotations

import hmac
from base64 import b32encode, urlsafe_b64encode
from dataclasses import dataclass
from typing import Literal

FIELD_END = b"\x1f"


@dataclass(frozen=True, slots=True)
class Seal:
    """The seal of one purpose: `size` bytes (at most 32), written as `spelling` where it travels as text."""

    purpose: str
    size: int = 32
    spelling: Literal["hex", "base32", "base64"] = "hex"

    def of(self, secret: bytes, *fields: str | bytes) -> bytes:
        """Return the seal over `fields`. Raises ValueError where a field but the last holds the byte that divides them."""
        raw = [_bytes(each) for each in fields]
        if any(FIELD_END in each for each in raw[:-1]):
            raise ValueError("only the last field of a seal may hold 0x1F")
        return sealed(secret, FIELD_END.join((self.purpose.encode(), *raw)))[: self.size]

    def text(self, secret: bytes, *fields: str | bytes) -> str:
        """Return the seal as text: lower-case hexadecimal or base32, or URL-safe base64; no padding."""
        raw = self.of(secret, *fields)
        match self.spelling:
            case "hex":
                return raw.hex()
            case "base32":
                return b32encode(raw).decode("ascii").rstrip("=").lower()
            case "base64":
                return urlsafe_b64encode(raw).decode("ascii").rstrip("=")

    def proves(self, given: str | bytes, secret: bytes, *fields: str | bytes) -> bool:
        """Say whether `given`, from outside, is the seal over `fields`; text is compared as text, bytes as bytes."""
        try:
            return same(given, self.of(secret, *fields) if isinstance(given, bytes) else self.text(secret, *fields))
        except ValueError:
            return False


def sealed(secret: bytes, said: bytes) -> bytes:
    """Return the 32 bytes of HMAC-SHA-256 over `said`, which must name its purpose and divide its fields by itself."""
    return hmac.digest(secret, said, "sha256")


def derived_key(secret: bytes, purpose: str) -> bytes:
    """Return a key of 32 bytes for one purpose. A person who learns it cannot find `secret` or the keys of other purposes."""
    return sealed(secret, purpose.encode())


def same(given: str | bytes, ours: str | bytes) -> bool:
    """Compare two secrets in constant time; the given one comes from outside and may hold any character."""
    return hmac.compare_digest(_bytes(given), _bytes(ours))


def _bytes(field: str | bytes) -> bytes:
    return field if isinstance(field, bytes) else field.encode("utf-8", "replace")

"""A notice, sealed for one browser alone (RFC 8291, with the content coding aes128gcm of RFC 8188).

The push service that carries it sees its size and nothing else. Every notice is padded to one size, so the size says nothing.
"""

from __future__ import annotations

import os
import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

CURVE = ec.SECP256R1()
POINT = 65  # bytes of an uncompressed point
SECRET = 16  # bytes of a browser's authentication secret
SIZE = 512  # bytes of a notice with its padding
RECORD = 4096


class BadKey(ValueError):
    """A browser's key is none."""


def encoded(raw: bytes) -> str:
    """Write bytes as URL-safe base64 without padding (RFC 4648 5)."""
    return urlsafe_b64encode(raw).decode("ascii").rstrip("=")


def decoded(text: str) -> bytes:
    """Read what `encoded` writes. Raises BadKey."""
    try:
        return urlsafe_b64decode(text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4))
    except ValueError:
        raise BadKey("not URL-safe base64") from None


def public_key(p256dh: str) -> ec.EllipticCurvePublicKey:
    """Read a browser's public key. Raises BadKey."""
    try:
        return ec.EllipticCurvePublicKey.from_encoded_point(CURVE, decoded(p256dh))
    except ValueError:
        raise BadKey("not a point of P-256") from None


def check_secret(auth: str) -> bytes:
    """Read a browser's authentication secret. Raises BadKey."""
    raw = decoded(auth)
    if len(raw) != SECRET:
        raise BadKey("not 16 bytes")
    return raw


def point(key: ec.EllipticCurvePublicKey) -> bytes:
    """Write a public key as an uncompressed point."""
    return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def encrypted(notice: bytes, p256dh: str, auth: str) -> bytes:
    """Return a notice of at most `SIZE` - 1 bytes as the body of a push. Raises BadKey, ValueError for one that is too long."""
    if len(notice) >= SIZE:
        raise ValueError("the notice is too long")
    browser, secret = public_key(p256dh), check_secret(auth)
    ours = ec.generate_private_key(CURVE)
    shared = ours.exchange(ec.ECDH(), browser)
    theirs_raw, ours_raw = point(browser), point(ours.public_key())
    seed = _expanded(shared, secret, b"WebPush: info\0" + theirs_raw + ours_raw, 32)
    salt = os.urandom(16)
    key = _expanded(seed, salt, b"Content-Encoding: aes128gcm\0", 16)
    nonce = _expanded(seed, salt, b"Content-Encoding: nonce\0", 12)
    padded = notice + b"\2" + bytes(SIZE - len(notice) - 1)
    header = salt + struct.pack("!IB", RECORD, POINT) + ours_raw
    return header + AESGCM(key).encrypt(nonce, padded, None)


def _expanded(secret: bytes, salt: bytes, about: bytes, length: int) -> bytes:
    return HKDF(algorithm=hashes.SHA256(), length=length, salt=salt, info=about).derive(secret)

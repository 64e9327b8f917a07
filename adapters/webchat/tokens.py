"""What a browser holds to be known again: pure functions over the channel's secret.

The rules:
- A token is minted when a patron first writes, never before, and travels in a frame or an Authorization header, never in a URL.
- It is 256 bits and a tag under the channel's secret, so one that we did not mint is refused without asking anybody, in
  every process alike. Only its hash leaves this module: the patron's address is `web:<hash>`.
- The browser sends a random seed with its first message. The same seed mints the same token: when the answer to a first
  message is lost, the repetition is still the same patron's same message, and not a second conversation.
- A file may be named, or fetched, only with the proof that binds it to this patron.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from hmac import compare_digest
from hmac import digest as hmac
from secrets import token_bytes

from bridge.message import derive

BODY = 32
TAG = 16


def mint(secret: bytes, seed: str = "") -> str:
    """Return a new token; the same one for the same seed."""
    body = hmac(secret, b"seed\x1f" + seed.encode(), "sha256") if seed else token_bytes(BODY)
    return urlsafe_b64encode(body + tag(secret, body)).decode()


def genuine(secret: bytes, token: str) -> bool:
    """Say whether this channel minted `token`."""
    try:
        raw = urlsafe_b64decode(token.encode("ascii"))
    except (NotBase64, UnicodeEncodeError, ValueError):
        return False
    if (
        len(raw) != BODY + TAG or urlsafe_b64encode(raw).decode() != token
    ):  # one spelling alone: addresses are hashes of it
        return False
    return compare_digest(raw[BODY:], tag(secret, raw[:BODY]))


def tag(secret: bytes, body: bytes) -> bytes:
    """Return the tag that shows a token's body to be ours."""
    return hmac(secret, b"token\x1f" + body, "sha256")[:TAG]


def address(token: str) -> str:
    """Return the patron's address on this channel: a hash, from which no token can be made."""
    return "web:" + derive("web patron", token)


def proof(secret: bytes, sender: str, digest: str) -> str:
    """Return what lets this patron, and nobody else, name or fetch the file `digest`."""
    return hmac(secret, f"file\x1f{sender}\x1f{digest}".encode(), "sha256").hex()[:32]


def proven(secret: bytes, sender: str, digest: str, given: str) -> bool:
    """Say whether `given` is the proof for that file and patron."""
    return compare_digest(proof(secret, sender, digest).encode(), given.encode("utf-8", "replace"))

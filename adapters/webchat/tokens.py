"""What a browser holds to be known again: pure functions over the channel's secret.

The rules:
- A token is minted when a patron first writes, never before, and travels in a frame or an Authorization header, never in a URL.
- It has a tag under the channel's secret, so one that we did not mint is refused without asking anybody, in every process
  alike. Only the patron's address leaves this module: `web:<hash>` of 256 bits that were drawn for the patron.
- The browser sends a random seed with its first message. The same seed mints the same token. So when the answer to a first
  message is lost, the repetition is the same patron's same message, not a second conversation.
- A token carries the hour of its issue, and opens for as many days as the channel says; the channel can revoke it before
  (adapters/webchat/admission.py). It signs the patron's address, so another one for the same patron can be issued later.
  Cutting a piece off one makes no other. Tokens of earlier versions had no date; they are read still.
- A file may be named, or fetched, only with the proof that binds it to this patron.
"""

from __future__ import annotations

import itertools
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from secrets import token_bytes
from typing import NamedTuple

from bridge.contract.message import derive
from bridge.contract.sealed_token import Seal

BODY = 32
ADDRESS = "web:"
DATED = b"\x02"  # the first byte of a token with a date, which is a byte shorter than one without
ID = 15  # bytes of the patron's id, as `derive` makes them
HOUR_S = 3600
SEED = re.compile(r"[A-Za-z0-9_-]{22,64}")  # 128 bits or more, as URL-safe text or in hexadecimal
LEAST_SIGNS = 8  # different ones

SEEDED = Seal("seed", BODY)  # what replaces 32 random bytes where the browser brings a seed
UNDATED_TAG, DATED_TAG = Seal("token", 16), Seal("token", 27)  # two lengths of one seal
PROOF = Seal("file", 16)
NAME = Seal("name", 16)


class TokenClaims(NamedTuple):
    """What a token says: the patron's address, and when it was issued (s since the epoch; 0 = it does not say)."""

    address: str
    issued: int


def mint(secret: bytes, seed: str = "", issued: float = 0) -> str:
    """Return a new patron's token, issued at `issued` (s; 0 = without a date); the same patron's for the same seed."""
    body = SEEDED.of(secret, seed) if seed else token_bytes(BODY)
    undated = urlsafe_b64encode(body + UNDATED_TAG.of(secret, body)).decode()
    return issue(secret, address(undated), issued) if issued else undated


def issue(secret: bytes, sender: str, issued: float) -> str:
    """Return a token for the patron whose address is `sender`, dated `issued` (s, kept in whole hours)."""
    hours = int(issued // HOUR_S).to_bytes(4, "big")
    body = DATED + urlsafe_b64decode(sender.removeprefix(ADDRESS)) + hours
    return urlsafe_b64encode(body + DATED_TAG.of(secret, body)).decode()


def read(secret: bytes, token: str) -> TokenClaims | None:
    """Return what a token of this channel says, None for one that this channel did not mint."""
    try:
        raw = urlsafe_b64decode(token.encode("ascii"))
    except (NotBase64, UnicodeEncodeError, ValueError):
        return None
    tag = DATED_TAG if _dated(raw) else UNDATED_TAG
    if tag is UNDATED_TAG and len(raw) != BODY + tag.size:
        return None
    if urlsafe_b64encode(raw).decode() != token:  # one spelling alone: addresses are hashes of it
        return None
    body = raw[: -tag.size]
    if not tag.proves(raw[-tag.size :], secret, body):
        return None
    return TokenClaims(address(token), int.from_bytes(body[-4:], "big") * HOUR_S if tag is DATED_TAG else 0)


def _dated(raw: bytes) -> bool:
    return len(raw) == len(DATED) + ID + 4 + DATED_TAG.size and raw.startswith(DATED)


def is_random(seed: str) -> bool:
    """Say whether a seed looks like the 128 random bits or more that it is made of. A word, a count or a row does not."""
    signs = set(seed)
    follow = sum(1 for one, two in itertools.pairwise(seed) if abs(ord(one) - ord(two)) <= 1)
    return bool(SEED.fullmatch(seed)) and len(signs) >= LEAST_SIGNS and follow < len(seed) / 2


def genuine(secret: bytes, token: str) -> bool:
    """Say whether this channel minted `token`, however long ago."""
    return read(secret, token) is not None


def address(token: str) -> str:
    """Return the patron's address on this channel, from which no token can be made, for a token that is genuine."""
    raw = urlsafe_b64decode(token)
    if _dated(raw):
        return ADDRESS + urlsafe_b64encode(raw[len(DATED) : len(DATED) + ID]).decode()
    return ADDRESS + derive("web patron", token)


def proof(secret: bytes, sender: str, digest: str) -> str:
    """Return what lets this patron, and nobody else, name or fetch the file `digest`."""
    return PROOF.text(secret, sender, digest)


def ticket(secret: bytes, sender: str, digest: str, name: str) -> str:
    """Return what says under which name this patron uploaded the file `digest`."""
    spelled = urlsafe_b64encode(name.encode("utf-8", "replace")).decode()
    return f"{NAME.text(secret, sender, digest, spelled)}.{spelled}"


def uploaded_as(secret: bytes, sender: str, digest: str, given: str) -> str:
    """Return the name that a ticket says, "" when it is none of ours for that file and patron."""
    seal, _, spelled = given.partition(".")
    try:
        name = urlsafe_b64decode(spelled.encode("ascii")).decode()
    except (NotBase64, ValueError):
        return ""
    return name if NAME.proves(seal, secret, sender, digest, spelled) else ""


def proven(secret: bytes, sender: str, digest: str, given: str) -> bool:
    """Say whether `given` is the proof for that file and patron."""
    return PROOF.proves(given, secret, sender, digest)

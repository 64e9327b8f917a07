"""Signatures of HTTP messages: the small part of RFC 9421 and RFC 9530 that partners use. Pure.

A message carries one signature by Ed25519 (RFC 9421 3.3.6). It covers the method, the whole address, the version of the protocol
and the digest of the body. It names the key, the second it was made at, and a nonce. So nobody can change, redirect or repeat it.
What the header says is built again from its parts and compared. So two readings of one header can't differ (RFC 9421 7.5.3).
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256, sha512
from urllib.parse import urlsplit

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

LABEL = "sig"
VERSION = "deskbridge-partner"  # the header that names the protocol's version
COVERED = ("@method", "@target-uri", VERSION, "content-digest")
TAG = "deskbridge-partner"
MAX_HEADER = 2000  # characters
DIGESTS = {"sha-256": sha256, "sha-512": sha512}

_NAME = r'"(@?[a-z][a-z0-9-]{0,63})"'
_VALUE = r"(?:\d{1,15}|\"[\x21\x23-\x5b\x5d-\x7e]{0,200}\")"
_INPUT = re.compile(rf"([a-z*][a-z0-9_.*-]{{0,63}})=(\((?:{_NAME}(?: {_NAME})*)?\)((?:;[a-z]+={_VALUE})*))")
_COMPONENT = re.compile(_NAME)
_PARAMETER = re.compile(r';([a-z]+)=(?:(\d+)|"([^"]*)")')
_SIGNATURE = re.compile(r"([a-z*][a-z0-9_.*-]{0,63})=:([A-Za-z0-9+/]{86}==):")
_DIGEST = re.compile(r"(sha-256|sha-512)=:([A-Za-z0-9+/]{43,88}={0,2}):")


class BadSignature(ValueError):
    """The message isn't signed as it must be. The text says why and holds nothing of the message."""


@dataclass(frozen=True, slots=True)
class Request:
    """What a signature can cover. `headers` by lower-case name; `url` is the whole address."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class SignatureInput:
    """A parsed `Signature-Input`: `text` is all after the label, as it was written."""

    label: str
    text: str
    covered: tuple[str, ...]
    created: int = 0
    keyid: str = ""
    nonce: str = ""
    tag: str = ""
    alg: str = ""


def digest(body: bytes) -> str:
    """Return a body's Content-Digest (RFC 9530 2)."""
    return f"sha-256=:{b64encode(sha256(body).digest()).decode()}:"


def sign(seed: bytes, keyid: str, request: Request, *, created: int, nonce: str) -> dict[str, str]:
    """Return the headers to add to a request. `created` is in seconds; `request.headers` must hold the version."""
    added = {"content-digest": digest(request.body)}
    covered = " ".join(f'"{name}"' for name in COVERED)
    text = f'({covered});created={created};keyid="{keyid}";nonce="{nonce}";tag="{TAG}";alg="ed25519"'
    whole = Request(request.method, request.url, {**request.headers, **added}, request.body)
    signed = Ed25519PrivateKey.from_private_bytes(seed).sign(base(whole, COVERED, text))
    return added | {
        "signature-input": f"{LABEL}={text}",
        "signature": f"{LABEL}=:{b64encode(signed).decode()}:",
    }


def read(request: Request) -> SignatureInput:
    """Return what a request says of its signature; nothing is checked yet. Raises BadSignature."""
    value = request.headers.get("signature-input", "")
    found = _INPUT.fullmatch(value) if len(value) <= MAX_HEADER else None
    if found is None:
        raise BadSignature("the request has no signature that we can read")
    covered = tuple(_COMPONENT.findall(found[2].partition(")")[0]))
    parameters = [(name, number or text) for name, number, text in _PARAMETER.findall(found[5] or "")]
    if len(dict(parameters)) != len(parameters) or len(set(covered)) != len(covered):
        raise BadSignature("the signature names a component or parameter twice")
    held = dict(parameters)
    created = held.get("created", "")
    return SignatureInput(
        label=found[1],
        text=found[2],
        covered=covered,
        created=int(created) if created.isdigit() else 0,
        keyid=held.get("keyid", ""),
        nonce=held.get("nonce", ""),
        tag=held.get("tag", ""),
        alg=held.get("alg", ""),
    )


def check(request: Request, said: SignatureInput, key: bytes) -> None:
    """Check the signature, and the body where its digest is covered. Raises BadSignature."""
    value = request.headers.get("signature", "")
    found = _SIGNATURE.fullmatch(value) if len(value) <= MAX_HEADER else None
    if found is None or found[1] != said.label:
        raise BadSignature("the request has no signature that we can read")
    if said.alg not in ("", "ed25519"):
        raise BadSignature("the signature is not by Ed25519")
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(b64decode(found[2]), base(request, said.covered, said.text))
    except (InvalidSignature, ValueError):
        raise BadSignature("the signature does not fit the message") from None
    if "content-digest" in said.covered and not _fits(request.headers["content-digest"], request.body):
        raise BadSignature("the body does not fit its digest")


def check_ours(request: Request, said: SignatureInput, key: bytes) -> None:
    """Check a signature that must cover all that a partner's message is made of. Raises BadSignature."""
    if not set(COVERED) <= set(said.covered) or said.tag != TAG or not said.nonce or not said.created:
        raise BadSignature("the signature does not cover the whole message")
    check(request, said, key)


def base(request: Request, covered: tuple[str, ...], text: str) -> bytes:
    """Return what is signed (RFC 9421 2.5). Raises BadSignature for a component that the request does not have."""
    lines = [f'"{name}": {_component(request, name)}' for name in covered]
    return "\n".join([*lines, f'"@signature-params": {text}']).encode("ascii", "replace")


def _component(request: Request, name: str) -> str:
    where = urlsplit(request.url)
    match name:
        case "@method":
            return request.method
        case "@target-uri":
            return request.url
        case "@authority":
            return where.netloc.lower()
        case "@path":
            return where.path or "/"
        case _ if name.startswith("@") or name not in request.headers:
            raise BadSignature("the signature covers what the request does not have")
        case _:
            return request.headers[name].strip()


def _fits(value: str, body: bytes) -> bool:
    """Say whether every digest that we know is the body's, and there is one."""
    members = [_DIGEST.fullmatch(member.strip()) for member in value.split(",")]
    try:
        known = [(DIGESTS[found[1]], b64decode(found[2], validate=True)) for found in members if found]
    except NotBase64:
        return False
    return bool(known) and all(kind(body).digest() == given for kind, given in known)

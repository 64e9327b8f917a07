"""Signatures of partners' messages: the RFC's own vector, another implementation, and everything that may be changed on the way."""

from __future__ import annotations

import dataclasses
from base64 import b64decode
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.partner import signature
from adapters.partner.signature import BadSignature, Request
from bridge.contract.partners import fingerprint, public_key

SEED = bytes(range(32))
KEY = public_key(SEED)
URL = "https://law.example/channels/partners/v1/messages"

# RFC 9421, appendices B.1.4 and B.2.6.
VECTOR_KEY = b64decode("MCowBQYDK2VwAyEAJrQLj5P/89iXES9+vFgrIy29clF9CC/oPPsw3c5D0bs=")[-32:]
VECTOR = Request(
    "POST",
    "https://example.com/foo?param=Value&Pet=dog",
    {
        "date": "Tue, 20 Apr 2021 02:07:55 GMT",
        "content-type": "application/json",
        "content-length": "18",
        "content-digest": "sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm+AbwAgBWnrIiYllu7BNNyealdVLvRwEmTHWXvJwew==:",
        "signature-input": 'sig-b26=("date" "@method" "@path" "@authority" "content-type" "content-length");created=1618884473;'
        'keyid="test-key-ed25519"',
        "signature": "sig-b26=:wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw==:",
    },
    b'{"hello": "world"}',
)


def signed(body: bytes = b'{"k":"line"}', *, nonce: str = "n1") -> Request:
    request = Request("POST", URL, {signature.VERSION: "1"}, body)
    added = signature.sign(SEED, "us", request, created=1_700_000_000, nonce=nonce)
    return dataclasses.replace(request, headers={**request.headers, **added})


def verify(request: Request) -> None:
    signature.check_ours(request, signature.read(request), KEY)


def test_the_vector_of_the_rfc_is_good() -> None:
    signature.check(VECTOR, signature.read(VECTOR), VECTOR_KEY)


@pytest.mark.parametrize("name", ["date", "content-type", "content-length"])
def test_the_vector_with_another_header_is_refused(name: str) -> None:
    other = dataclasses.replace(VECTOR, headers={**VECTOR.headers, name: "x"})
    with pytest.raises(BadSignature):
        signature.check(other, signature.read(other), VECTOR_KEY)


def test_a_signature_that_covers_too_little_is_not_ours() -> None:
    with pytest.raises(BadSignature, match="whole message"):
        signature.check_ours(VECTOR, signature.read(VECTOR), VECTOR_KEY)


def test_what_we_sign_we_take() -> None:
    verify(signed())


CHANGES: dict[str, dict[str, Any]] = {
    "method": {"method": "GET"},
    "address": {"url": URL.replace("law", "jaw")},
    "path": {"url": URL + "?x=1"},
    "scheme": {"url": URL.replace("https", "http")},
    "body": {"body": b'{"k":"close"}'},
    "no body": {"body": b""},
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_message_is_refused(change: str) -> None:
    with pytest.raises(BadSignature):
        verify(dataclasses.replace(signed(), **CHANGES[change]))


HEADERS = {
    "version": (signature.VERSION, "2"),
    "digest": ("content-digest", signature.digest(b"another")),
    "digest of no kind": ("content-digest", "md5=:AAAA:"),
    "signature": ("signature", f"sig=:{'A' * 86}==:"),
    "another label": ("signature", signed().headers["signature"].replace("sig=", "gis=")),
    "later": ("signature-input", signed().headers["signature-input"].replace("1700000000", "1700000001")),
    "another nonce": ("signature-input", signed().headers["signature-input"].replace('"n1"', '"n2"')),
    "another key": ("signature-input", signed().headers["signature-input"].replace('"us"', '"them"')),
    "twice": ("signature-input", signed().headers["signature-input"] + ";created=1"),
    "two": ("signature-input", "{0}, {0}".format(signed().headers["signature-input"])),
    "long": ("signature-input", signed().headers["signature-input"] + ';x="' + "y" * 3000 + '"'),
    "none": ("signature-input", ""),
}


@pytest.mark.parametrize("change", HEADERS)
def test_a_changed_header_is_refused(change: str) -> None:
    name, value = HEADERS[change]
    with pytest.raises(BadSignature):
        verify(dataclasses.replace(signed(), headers={**signed().headers, name: value}))


def test_another_key_is_refused() -> None:
    with pytest.raises(BadSignature):
        signature.check_ours(signed(), signature.read(signed()), public_key(bytes(32)))


@given(st.text(max_size=300))
def test_no_header_is_a_bug(value: str) -> None:
    request = dataclasses.replace(signed(), headers={**signed().headers, "signature-input": value})
    with pytest.raises(BadSignature):
        verify(request)


def test_a_fingerprint_is_eight_groups() -> None:
    assert [len(group) for group in fingerprint(KEY).split(" ")] == [4] * 8

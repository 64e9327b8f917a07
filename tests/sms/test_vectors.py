"""Signatures and segments: every vector of the corpora, and what they leave out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from adapters.sms.segments import plain, segments
from adapters.sms.signature import sign, signed


def rows(corpora: Path, name: str) -> list[dict[str, Any]]:
    path = corpora / name
    if not path.is_file():
        pytest.skip(f"no {name}")
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def test_every_signature_of_the_corpus(corpora: Path) -> None:
    for row in rows(corpora, "twilio_signature.jsonl"):
        body = row["body"].encode() if row["body"] is not None else None
        fields = [(name, value) for name, value in row["params"]]
        valid = signed(row["token"], row["url"], row["signature"] or "", fields, body=body)
        assert valid == row["valid"], row["id"]


def test_every_text_of_the_corpus(corpora: Path) -> None:
    for row in rows(corpora, "twilio_segments.jsonl"):
        found = segments(row["body"])
        assert (found.encoding, found.count) == (row["encoding"], row["segments"]), row["testDescription"]
        assert (found.bits, found.total_bits) == (row["messageSize"], row["totalSize"]), row["testDescription"]


def test_newer_signatures_name_their_algorithm() -> None:
    url, fields = "https://desk.example.org/x", [("AccountSid", "AC1"), ("Body", "öl")]
    settings = "key=webhooks_sharedkey_1,algorithm=HMAC_SHA256"
    right = sign("secret", url, fields, "HMAC_SHA256")
    assert signed("secret", url, right, fields, settings=settings)
    assert not signed("secret", url, right, fields)
    assert not signed("secret", url, right, fields, settings="algorithm=HMAC_MD5")


@pytest.mark.parametrize("url", ["https://[::1", "https://a:b:c/", "", "\ud800", "https://h:99999/"])
def test_a_strange_address_is_no_error(url: str) -> None:
    assert not signed("secret", url, "x\udc80")


def test_a_body_without_its_digest_is_not_signed() -> None:
    url = "https://desk.example.org/x"
    assert not signed("secret", url, sign("secret", url), body=b"{}")


@pytest.mark.parametrize(
    "text, count",
    [("", 1), ("a" * 160, 1), ("a" * 161, 2), ("€" * 80, 1), ("€" * 81, 2), ("a" * 152 + "€" * 77, 3), ("я" * 70, 1)],
)
def test_a_character_of_two_septets_is_never_torn(text: str, count: int) -> None:
    assert segments(text).count == count


def test_typographic_characters_can_be_spelt_plainly() -> None:
    assert plain("“It’s here” – 1…2\u00a0km") == '"It\'s here" - 1...2 km'
    assert segments(plain("“It’s here”")).encoding == "GSM-7"

"""Signatures and segments: every vector of the corpora, and what they leave out."""

from __future__ import annotations

from itertools import product

import pytest
from twilio.request_validator import RequestValidator

from adapters.sms.signature import sign, signed
from bridge.contract.segments import plain, segments
from tests.corpora import rows


def test_every_signature_of_the_corpus() -> None:
    for row in rows("twilio_signature"):
        body = row["body"].encode() if row["body"] is not None else None
        fields = [(name, value) for name, value in row["params"]]
        valid = signed(row["token"], row["url"], row["signature"] or "", fields, body=body)
        assert valid == row["valid"], row["id"]


def test_every_text_of_the_corpus() -> None:
    for row in rows("twilio_segments"):
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


FAMILY, FLAG = "👩\u200d👩\u200d👧\u200d👦", "🇮🇹"  # 11 and 4 units


@pytest.mark.parametrize(
    "text, count",
    [
        ("я" * 66 + "😀" + "я" * 66, 3),
        ("я" * 56 + FAMILY + "я" * 3, 1),
        ("я" * 60 + FAMILY + "я" * 53, 2),
        ("я" * 60 + FAMILY + "я" * 57, 3),
        (FLAG * 17 + "яя", 1),
        (FLAG * 18, 2),
        (FLAG * 32, 2),
        (FLAG * 33, 3),
        ("я" * 66 + "e\u0301" + "я" * 65, 2),
        ("я" * 66 + "e\u0301" + "я" * 66, 3),
        ("👍🏽" * 17, 1),
        ("\u0301" * 200, 3),
    ],
)
def test_what_a_reader_sees_as_one_character_is_never_torn(text: str, count: int) -> None:
    assert segments(text).count == count


PARAMETERS: tuple[dict[str, str], ...] = ({}, {"Body": "ü 😀", "AccountSid": "AC1", "a": ""})


@pytest.mark.parametrize("scheme", ["https", "http"])
@pytest.mark.parametrize("host", ["desk.example.org", "u:p@desk.example.org", "Desk.Example.org", "192.0.2.1"])
@pytest.mark.parametrize("port", ["", ":80", ":443", ":8443"])
def test_what_twilios_own_library_believes_is_believed(scheme: str, host: str, port: str) -> None:
    judge = RequestValidator("secret")
    for path in ("", "/", "/a:8443/b", "/ü", "/a%20b"):
        for query in ("", "?a=1&a=2", "?q=It's", "?q=a+b%20c", "?u=https://x.example:443/"):
            url = f"{scheme}://{host}{port}{path}{query}"
            for signing, fields in product((url, f"{scheme}://{host}{path}{query}"), PARAMETERS):
                signature = judge.compute_signature(signing, fields)
                if judge.validate(url, fields, signature):
                    assert signed("secret", url, signature, fields.items()), url
                assert not signed("another", url, signature, fields.items())
                assert not signed("secret", url, signature, [*fields.items(), ("More", "x")])


def test_typographic_characters_can_be_spelt_plainly() -> None:
    assert plain("“It’s here” – 1…2\u00a0km") == '"It\'s here" - 1...2 km'
    assert segments(plain("“It’s here”")).encoding == "GSM-7"

"""What Kannel says, read: numbers, texts, answers and reports."""

from __future__ import annotations

import pytest

from adapters.kannel import codec, numbers
from bridge.contract.adapter import Rejected, Retry, Sent, Uncertain

TOLD = {
    "id": "26aa766b-5c2f",
    "from": "+43660555100",
    "to": "1234",
    "coding": "0",
    "charset": "UTF-8",
    "time": "1796052791",
}


@pytest.mark.parametrize(
    ("given", "country", "address"),
    [
        ("+43 660 555 100", "", "+43660555100"),
        ("0043660555100", "", "+43660555100"),
        ("43660555100", "", "+43660555100"),
        ("43660555100", "AT", "+43660555100"),
        ("0660 555100", "AT", "+43660555100"),
        ("4155550123", "US", "+14155550123"),
        ("1234", "AT", "1234"),
        ("City Lib", "AT", "City Lib"),
        ("3-2-1 Library", "AT", "3-2-1 Library"),
    ],
)
def test_a_number_is_one_patron_however_it_is_spelt(given: str, country: str, address: str) -> None:
    assert numbers.address(given, country) == address


@pytest.mark.parametrize("given", ["", " ", "\x00", "x" * 65, "+1", "0", "+999999999999999999999"])
def test_what_can_be_nobody_is_refused(given: str) -> None:
    with pytest.raises(ValueError, match="not"):
        numbers.address(given)


@pytest.mark.parametrize(
    ("raw", "told", "text"),
    [
        ("Grüße €".encode(), {}, "Grüße €"),
        ("日本".encode("utf-16-be"), {"coding": "2", "charset": "UTF-16BE"}, "日本"),
        ("日本".encode(), {"coding": "2", "charset": "utf-8"}, "日本"),
        (b"caf\xe9", {"charset": "ISO-8859-1"}, "café"),
        (b"\xd8", {"coding": "2", "charset": "UTF-16BE"}, "\ufffd"),
    ],
)
def test_words_are_read_as_they_were_written(raw: bytes, told: dict[str, str], text: str) -> None:
    assert codec.inbound(TOLD | told, raw, "", 0).text == text


def test_a_text_that_is_none_is_said_to_be_unreadable() -> None:
    picture = codec.inbound(TOLD | {"coding": "1"}, b"\x06\x05\x04", "", 0)
    assert codec.message("text", picture, []).marks == ("unshown",)
    assert codec.message("text", picture, []).text == ""


def test_a_time_that_is_none_is_now() -> None:
    assert codec.inbound(TOLD, b"", "", 5).at == 1_796_052_791_000
    for time in ("", "-1", "NaN", "9" * 400, "²"):
        assert codec.inbound(TOLD | {"time": time}, b"", "", 5).at == 5


def test_letters_of_the_gsm_alphabet_cost_one_septet() -> None:
    assert [codec.coding(text) for text in ("Grüße, €5 {x}", "日本", "`", "naïve")] == ["0", "2", "2", "2"]


@pytest.mark.parametrize(
    ("status", "said", "outcome"),
    [
        (202, "0: Accepted for delivery", Sent()),
        (202, "3: Queued for later delivery", Sent()),
        (403, "Authorization failed for sendsms", Retry("credentials")),
        (503, "Temporal failure, try again later.", Retry("busy")),
        (500, "", Uncertain("server-error")),
        (403, "Not routable. Do not try again.", Rejected("not-there", "Not routable. Do not try again.")),
        (400, "Number(s) has/have been denied by white- and/or black-lists.",
         Rejected("no-such-address", "Number(s) has/have been denied by white- and/or black-lists.")),
    ],
)  # fmt: skip
def test_what_an_answer_means(status: int, said: str, outcome: object) -> None:
    assert codec.outcome(status, said) == outcome


def test_what_a_report_means() -> None:
    assert [codec.stage(word) for word in ("8", "1", "2", "16", "4", "32", "", "x", "²", "99999")] == [
        ("sent", ""), ("delivered", ""), ("failed", "unreachable"), ("failed", "refused"), None, None, None, None, None, None,
    ]  # fmt: skip

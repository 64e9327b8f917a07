"""Addresses as programs and people wrap and mutilate them: repaired where one reading is certain, else not valid."""

from __future__ import annotations

import pytest

from adapters.email.addresses import MailAddress, read_addresses
from adapters.email.codec import parse


@pytest.mark.parametrize(
    "field",
    [
        "\"'jane@reader.example'\" <'jane@reader.example'>",
        "'jane@reader.example'",
        "\u2018jane@reader.example\u2019",
        "jane@reader,example",
        "Jane <jane@reader,example>",
        "mailto:jane@reader.example",
        "Jane <MAILTO:jane@reader.example?subject=books>",
        "[mailto:jane@reader.example]",
        "SMTP:jane@reader.example",
        '"jane@reader.example" <>',
        "jane@reader.example.",
        "jane@reader..example",
        "jane\u200b@reader.example",
        "jane\uff20reader.example",
        "jane@\uff52eader\uff0eexample",
        "<<jane@reader.example>>",
    ],
)
def test_what_an_address_is_wrapped_in_goes(field: str) -> None:
    [found] = read_addresses(field)
    assert (found.address, found.valid) == ("jane@reader.example", True)


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ("o'neil@x.example", ["o'neil@x.example"]),
        ("'odd'@x.example", ["'odd'@x.example"]),
        ("a@b.example,c@d.example", ["a@b.example", "c@d.example"]),
        ("ask@localhost,bob@localhost", ["ask@localhost", "bob@localhost"]),
        ("Doe, Jane <jane@x.example>, bob@y.example", ["jane@x.example", "bob@y.example"]),
        ("jane@reader,co.uk, bob@x.example", ["jane@reader.co.uk", "bob@x.example"]),
        ("jane@[192.0.2.1]", ["jane@[192.0.2.1]"]),
    ],
)
def test_addresses_that_are_right_stay_as_they_are(field: str, expected: list[str]) -> None:
    assert [one.address for one in read_addresses(field) if one.valid] == expected


@pytest.mark.parametrize("field", ["jane,doe@reader.example", "Jane <jane,doe@reader.example>"])
def test_a_comma_in_the_local_part_never_makes_a_strangers_address(field: str) -> None:
    """`doe@reader.example` is somebody else."""
    assert not any(one.valid for one in read_addresses(field))
    mail = parse(f"From: jane.doe@reader.example\r\nReply-To: {field}\r\n\r\nhello\r\n".encode())
    assert mail.patron.address == "jane.doe@reader.example"


@pytest.mark.parametrize(
    "name",
    [
        'a" <eve@evil.example>, "b',
        "a, eve@evil.example",
        "=?utf-8?q?=3Ceve=40evil.example=3E?=",
        "a\\",
        "O'Neil",
        "(eve@evil.example",
        "<eve@evil.example>",
    ],
)
def test_a_name_never_becomes_an_address_on_its_way_to_a_reply_to_all(name: str) -> None:
    [found] = read_addresses(str(MailAddress(name, "bob@example.org")))
    assert found.address == "bob@example.org"

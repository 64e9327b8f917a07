"""One rule for what is an address, tested on the examples that `ui/address.ts` is tested on as well."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bridge.contract.address import is_mail_address, is_phone_number, mentions_mail_address

EXAMPLES = json.loads((Path(__file__).parents[1] / "addresses.json").read_text())


@pytest.mark.parametrize("address", EXAMPLES["mail"])
def test_one_plain_address_is_one(address: str) -> None:
    assert is_mail_address(address)
    assert mentions_mail_address(f"Write to {address}, please.")


@pytest.mark.parametrize("text", EXAMPLES["none"])
def test_what_is_no_plain_address_or_more_than_one_is_none(text: str) -> None:
    assert not is_mail_address(text)
    assert not is_phone_number(text)


def test_a_text_mentions_an_address_without_spaces_around_it() -> None:
    assert mentions_mail_address("宛先はjane@example.orgです")
    assert not any(map(mentions_mail_address, ("jane @ home", "@jane", "a@b", "")))

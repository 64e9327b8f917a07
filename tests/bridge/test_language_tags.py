"""A patron's language is a BCP 47 tag or nothing, on every channel: a field without a shape has room for a name."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from bridge.channels.inbound.validate import fit
from bridge.contract.language_tag import language_tag
from bridge.contract.message import Message

TAG = re.compile(r"|[a-z]{2,3}(-[a-z]{3})?(-[A-Z][a-z]{3})?(-([A-Z]{2}|[0-9]{3}))?")
READ = {
    "de": "de",
    "pt_BR": "pt-BR",
    "en-US@posix": "en-US",
    "de_AT.UTF-8": "de-AT",
    "ZH-hant-tw": "zh-Hant-TW",
    "es-419": "es-419",
    "zh-yue-HK": "zh-yue-HK",
    "ca-valencia": "ca",
    "de-DE-u-co-phonebk": "de-DE",
    "en-x-janedoe": "en",
    "sr-Latn-RS": "sr-Latn-RS",
    " fr ": "fr",
}
NOTHING = (
    "Jane Doe, 12 Main Street",
    "x-secret",
    "C",
    "POSIX",
    "en-",
    "en--US",
    "deutsch",
    "e",
    "en us",
    "a" * 5000,
    "ｄｅ",
)


@pytest.mark.parametrize("text", READ)
def test_a_tag_is_read_and_loses_what_has_room_for_a_name(text: str) -> None:
    assert language_tag(text) == READ[text]


@pytest.mark.parametrize("text", NOTHING)
def test_what_is_no_tag_is_nothing(text: str) -> None:
    assert language_tag(text) == ""


@given(st.text(max_size=60) | st.from_regex(r"[A-Za-z]{1,9}([-_][A-Za-z0-9]{1,9}){0,6}", fullmatch=True))
def test_whatever_comes_is_a_tag_of_at_most_fifteen_characters_and_stays_one(text: str) -> None:
    found = language_tag(text)
    assert TAG.fullmatch(found)
    assert len(found) <= 15
    assert language_tag(found) == found


@pytest.mark.parametrize("channel", ["web", "im", "mail", "sms"])
def test_the_door_mends_it_for_every_channel(channel: str) -> None:
    message = Message(id="", channel=channel, sender="s", source="1", text="Hello", language="my name is Jane")
    assert fit(message, channel).language == ""
    assert fit(replace(message, language="pt_BR"), channel).language == "pt-BR"

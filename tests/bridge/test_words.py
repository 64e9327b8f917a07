"""What is a text at all: the vocabulary's own rules."""

from __future__ import annotations

import pytest

from bridge.contract.message import is_blank

NOTHING = [
    "",
    " \n\t",
    "\u200b",
    "\u200d\ufeff",
    "\u2060",
    "\u00ad",
    "\u3164",
    "\u115f\u1160\uffa0",
    "\u2800",
    "\u3000",
]
NOTHING += ["\u034f", "\ufe0f", "\U000e0001", "\u061c", "\u180e", "\0", "\u2028\u2029", "\u17b4"]
SOMETHING = ["a", ".", "\u200bx", "👍🏽", "ا", "。", "0", "e\u0301", "🏴\U000e0067\U000e007f"]


@pytest.mark.parametrize("text", NOTHING)
def test_what_shows_nothing_is_blank(text: str) -> None:
    assert is_blank(text)


@pytest.mark.parametrize("text", SOMETHING)
def test_what_shows_something_is_not(text: str) -> None:
    assert not is_blank(text)

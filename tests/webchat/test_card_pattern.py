"""The pattern of card numbers in a web chat's configuration."""

from __future__ import annotations

import pytest

from adapters.webchat.adapter import WebchatConfig, check_pattern
from bridge.contract.adapter import Misconfigured


@pytest.mark.parametrize("pattern", ["(", "x*", "a" * 301])
def test_a_pattern_that_is_none_is_refused(pattern: str) -> None:
    with pytest.raises(Misconfigured, match="card_pattern"):
        check_pattern(pattern)


def test_a_pattern_is_taken_and_none_is_given_by_itself() -> None:
    check_pattern(r"\b2\d{13}\b")
    assert WebchatConfig().card_pattern == ""

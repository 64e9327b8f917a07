"""Cutting texts: every part fits, nothing but white space at cuts is lost, no grapheme is torn."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.channels.outbound.split import boundary, split

FAMILY = "\U0001f469\u200d\U0001f469\u200d\U0001f467"
FLAG = "\U0001f1fa\U0001f1e6"


def test_a_text_that_fits_is_left_alone() -> None:
    assert split("  as it is \n", 100) == ["  as it is \n"]
    assert split("", 10) == [""]
    assert split("x" * 1000, 0) == ["x" * 1000]


def test_cuts_fall_between_words() -> None:
    assert split("one two three four", 9) == ["one two", "three", "four"]


def test_a_blank_line_is_preferred_then_a_line() -> None:
    assert split("first words.\n\nsecond words here", 20) == ["first words.", "second words here"]
    assert split("first words\nsecond words", 20) == ["first words", "second words"]


def test_no_part_is_blank() -> None:
    assert split(" " * 20 + "one two three", 9) == ["one two", "three"]
    assert split("\n\n\n\n\n  one two", 9) == ["one two"]
    assert split(" " * 20, 9) == [""]


def test_a_script_without_spaces_is_cut_between_characters() -> None:
    assert split("红楼梦在哪里红楼梦", 4) == ["红楼梦在", "哪里红楼", "梦"]


@pytest.mark.parametrize(
    "whole", [FAMILY, FLAG, "e\u0301", "\U0001f44d\U0001f3fd", "한", "\u1112\u1161\u11ab", "\r\n", "❤\ufe0f"]
)
def test_no_grapheme_is_torn(whole: str) -> None:
    for lead in range(1, 8):
        text = "x" * lead + whole * 4
        for part in split(text, 8):
            rest = part.lstrip("x").replace(whole, "")
            assert not rest.strip()


def test_flags_are_cut_between_pairs() -> None:
    assert split(FLAG * 3, 3) == [FLAG, FLAG, FLAG]
    assert boundary(FLAG * 2, 2)
    assert not boundary(FLAG * 2, 1)


def test_one_grapheme_beyond_the_limit_is_cut_all_the_same() -> None:
    parts = split("e" + "\u0301" * 50, 10)
    assert all(len(part) <= 10 for part in parts)
    assert "".join(parts) == "e" + "\u0301" * 50


@given(
    st.text(alphabet=st.characters() | st.sampled_from(" \n\t\u0301\u200d" + FLAG + FAMILY), max_size=300),
    st.integers(1, 40),
)
def test_every_part_fits_and_nothing_but_white_space_is_lost(text: str, limit: int) -> None:
    parts = split(text, limit)
    assert all(len(part) <= limit for part in parts)
    assert all(map(str.strip, parts)) or len(parts) == 1
    assert "".join("".join(parts).split()) == "".join(text.split())

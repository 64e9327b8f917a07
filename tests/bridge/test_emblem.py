"""The letters that stand for a library."""

from __future__ import annotations

import pytest

from bridge.contract.emblem import emblem


@pytest.mark.parametrize(
    ("name", "letters"),
    [
        ("Northfield Public Library", "NP"),
        ("University of the West", "UW"),
        ("Bibliothèque nationale de France", "BF"),
        ("Élan", "É"),
        ("stadtbücherei am markt", "SA"),
        ("«Reading Room» 24", "RR"),
        ("上海图书馆", "上"),
        ("مكتبة الإسكندرية", "م"),
        ("— · —", ""),
        ("", ""),
    ],
)
def test_a_library_s_letters(name: str, letters: str) -> None:
    assert emblem(name) == letters

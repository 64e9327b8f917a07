"""Trimming the streams after an erasure, step by step."""

from __future__ import annotations

from bridge.core.erasure_trim import ErasureTrim


def test_nothing_is_trimmed_before_an_erasure() -> None:
    assert ErasureTrim(600.0).next(committed=100, older=90) == "nothing"


def test_an_entry_two_snapshots_and_a_trimming_then_the_fan_outs_when_their_time_has_come() -> None:
    trim = ErasureTrim(600.0)
    trim.begin(100)
    assert trim.next(committed=99, older=90) == "entry"
    assert trim.next(committed=100, older=90) == "entry", "the erasure's own entry goes, too"
    assert trim.next(committed=101, older=100) == "snapshot"
    assert trim.next(committed=101, older=101) == "trim"
    trim.trimmed = True
    assert trim.next(committed=101, older=101) == "nothing"
    trim.since -= 600.0
    assert trim.next(committed=101, older=101) == "fanouts"


def test_another_erasure_meanwhile_begins_again() -> None:
    trim = ErasureTrim(600.0)
    trim.begin(100)
    trim.trimmed = True
    trim.begin(105)
    assert trim.next(committed=106, older=101) == "snapshot"
    assert trim.next(committed=106, older=106) == "trim"

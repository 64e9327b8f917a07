"""What the streams owe after an erasure, step by step."""

from __future__ import annotations

from bridge.core.erasure_trim import ErasureTrim


def test_nothing_is_owed_before_something_was_erased() -> None:
    assert ErasureTrim(600.0).next(committed=100, older=90) == "nothing"


def test_an_entry_two_snapshots_and_a_trimming_then_the_fan_outs_when_their_time_has_come() -> None:
    owing = ErasureTrim(600.0)
    owing.incur(100)
    assert owing.next(committed=99, older=90) == "entry"
    assert owing.next(committed=100, older=90) == "entry", "the erasure's own entry goes, too"
    assert owing.next(committed=101, older=100) == "snapshot"
    assert owing.next(committed=101, older=101) == "trim"
    owing.trimmed = True
    assert owing.next(committed=101, older=101) == "nothing"
    owing.since -= 600.0
    assert owing.next(committed=101, older=101) == "fanouts"


def test_another_erasure_meanwhile_begins_anew() -> None:
    owing = ErasureTrim(600.0)
    owing.incur(100)
    owing.trimmed = True
    owing.incur(105)
    assert owing.next(committed=106, older=101) == "snapshot"
    assert owing.next(committed=106, older=106) == "trim"

"""The waiting line keeps its order through anything, as a plain sorted list would."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.waiting_list import CHUNK, Entry, WaitingList

ENTRIES = st.tuples(st.integers(0, 50), st.text("abc", min_size=1, max_size=3))


@given(st.lists(st.tuples(ENTRIES, st.booleans()), max_size=200))
def test_like_a_sorted_list(moves: list[tuple[Entry, bool]]) -> None:
    line, plain = WaitingList(), set[Entry]()
    for entry, joins in moves:
        if joins and entry not in plain:
            line.add(entry)
            plain.add(entry)
        elif not joins and entry in plain:
            line.remove(entry)
            plain.discard(entry)
    order = sorted(plain)
    assert list(line) == order
    assert len(line) == len(order)
    assert line.first() == (order[0] if order else None)
    for entry, _ in moves:
        assert line.ahead_of(entry) == sum(1 for one in order if one < entry)
        assert list(line.after(entry)) == [one for one in order if one > entry]


def test_many_come_leave_from_the_front_and_come_back() -> None:
    line = WaitingList()
    for n in range(5 * CHUNK):
        line.add((n, "x"))
    for n in range(3 * CHUNK):
        line.remove((n, "x"))
    for n in range(CHUNK, 0, -1):
        line.add((n, "x"))
    for n in range(4 * CHUNK):
        line.add((7, f"{n:05d}"))
    assert list(line) == sorted(line)
    assert line.first() == (1, "x")
    assert line.ahead_of((3 * CHUNK, "")) == CHUNK + 4 * CHUNK


def test_who_does_not_stand_there_cannot_leave() -> None:
    line = WaitingList()
    with pytest.raises(KeyError):
        line.remove((1, "x"))
    line.add((1, "x"))
    with pytest.raises(KeyError):
        line.remove((1, "y"))

"""Waits: full jitter below a bound that doubles up to five minutes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bridge.runtime.backoff import FIRST_S, MOST_S, Backoff, leaves


def test_the_bound_doubles_up_to_the_most() -> None:
    backoff = Backoff(chance=lambda: 1.0)
    waits = [backoff.next() for _ in range(12)]
    assert waits[:4] == [FIRST_S, 2 * FIRST_S, 4 * FIRST_S, 8 * FIRST_S]
    assert waits[-1] == MOST_S
    backoff.reset()
    assert backoff.next() == FIRST_S


@given(st.integers(0, 10_000), st.floats(0, 1, exclude_max=True))
def test_a_wait_is_never_beyond_its_bound(failures: int, chance: float) -> None:
    backoff = Backoff(chance=lambda: chance)
    backoff.failures = failures
    bound = backoff.bound()
    assert 0 <= backoff.next() <= bound <= MOST_S


def test_leaves_of_nested_groups() -> None:
    a, b = ValueError("a"), KeyError("b")
    assert list(leaves(ExceptionGroup("x", [a, ExceptionGroup("y", [b])]))) == [a, b]
    assert list(leaves(a)) == [a]

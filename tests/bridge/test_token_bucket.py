"""Token buckets: a burst at once, then the rate; what is refused takes nothing."""

from __future__ import annotations

import time

import pytest

from bridge.contract.token_bucket import PacedCalls, Rate, TokenBucket, TokenBuckets


def test_a_bucket_lets_a_burst_through_and_then_the_rate() -> None:
    bucket = TokenBucket(Rate(2, 3), 100.0)
    assert [bucket.take(100.0) for _ in range(3)] == [0, 0, 0]
    wait = bucket.take(100.0)
    assert wait == pytest.approx(0.5)
    assert bucket.take(100.0 + wait) == 0
    assert bucket.take(100.0 + wait) > 0


def test_a_long_pause_saves_up_no_more_than_a_burst() -> None:
    bucket = TokenBucket(Rate(2, 3), 0.0)
    assert [bucket.take(1000.0) > 0 for _ in range(4)] == [False, False, False, True]


def test_many_tokens_are_taken_together_or_not_at_all() -> None:
    bucket = TokenBucket(Rate(1, 10), 0.0)
    assert bucket.take(0.0, 8) == 0
    assert bucket.take(0.0, 5) == pytest.approx(3)
    assert bucket.take(0.0, 2) == 0


def test_a_debt_delays_the_next_and_beyond_the_patience_takes_none() -> None:
    bucket = TokenBucket(Rate(10, 10), 0.0)
    assert bucket.owe(0.0, 50, 6.0) == 0
    assert bucket.owe(0.0, 20, 6.0) == pytest.approx(5)
    assert bucket.owe(0.0, 20, 6.0) == pytest.approx(7)
    assert bucket.owe(0.0, 20, 6.0) == pytest.approx(7)


def test_buckets_forget_a_key_that_was_quiet() -> None:
    buckets = TokenBuckets(Rate(1, 2))
    buckets.take("pat", 10.0)
    buckets.forget_full(10.5)
    assert len(buckets) == 1
    buckets.forget_full(11.5)
    assert len(buckets) == 0


def test_beyond_the_limit_the_key_that_was_used_longest_ago_is_forgotten() -> None:
    buckets = TokenBuckets(Rate(1, 1), most=2)
    assert [buckets.allows(key, 0.0) for key in ("a", "b", "a", "c", "b", "a")] == [True, True, False, True, True, True]


async def test_paced_calls_give_a_second_s_worth_at_once_and_then_wait() -> None:
    calls = PacedCalls(10.0)
    began = time.monotonic()
    for _ in range(10):
        await calls.take()
    assert time.monotonic() - began < 0.5
    for _ in range(5):
        await calls.take()
    assert time.monotonic() - began >= 0.45


async def test_a_rate_of_nothing_is_no_limit() -> None:
    calls = PacedCalls(0.0)
    for _ in range(1000):
        await calls.take()

"""Counters of the hot path, as Prometheus reads them."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, generate_latest

from bridge.runtime.metrics import CountFamily, TimesFamily


def test_counts_are_told_by_their_labels() -> None:
    registry = CollectorRegistry()
    counts = CountFamily("mails", "Mails by channel and outcome", ["channel", "outcome"], registry)
    counts.labels("ask", "new").value += 2
    counts.labels("ask", "new").value += 1
    counts.labels('odd"name', "busy").value += 1
    told = generate_latest(registry).decode()
    assert "# TYPE mails_total counter" in told
    assert 'mails_total{channel="ask",outcome="new"} 3.0' in told
    assert 'mails_total{channel="odd\\"name",outcome="busy"} 1.0' in told


def test_times_are_told_as_a_histogram() -> None:
    registry = CollectorRegistry()
    times = TimesFamily("sending_seconds", "How long it takes to send", ["channel"], (1, 5), registry)
    for seconds in (0.5, 1, 3, 70):
        times.labels("ask").observe(seconds)
    told = generate_latest(registry).decode()
    assert "# TYPE sending_seconds histogram" in told
    assert 'sending_seconds_bucket{channel="ask",le="1"} 2.0' in told
    assert 'sending_seconds_bucket{channel="ask",le="+Inf"} 4.0' in told
    assert 'sending_seconds_sum{channel="ask"} 74.5' in told

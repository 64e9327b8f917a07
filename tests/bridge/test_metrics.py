"""Counters of the hot path, as Prometheus reads them."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, generate_latest

from bridge.runtime.metrics import CountFamily


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

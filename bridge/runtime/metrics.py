"""Counters of the hot path: each step is a plain addition, and Prometheus gets the sums when it asks.

prometheus_client's own counter takes a lock and checks its amount at every step. That cost as much as deriving a message's id.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from prometheus_client import REGISTRY
from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector, CollectorRegistry


class MetricCount:
    """One number that only grows; the event loop's thread alone adds to `value`."""

    __slots__ = ("value",)

    def __init__(self) -> None:
        self.value = 0


class CountFamily(Collector):
    """A family of counts under one name, by the values of its labels."""

    def __init__(
        self, name: str, documentation: str, labels: Sequence[str], registry: CollectorRegistry = REGISTRY
    ) -> None:
        self._name = name
        self._documentation = documentation
        self._labels = labels
        self._counts: dict[tuple[str, ...], MetricCount] = {}
        registry.register(self)

    def labels(self, *values: str) -> MetricCount:
        """Return the count of these labels' values, the same each time."""
        return self._counts.setdefault(values, MetricCount())

    def collect(self) -> Iterable[CounterMetricFamily]:
        """Return the family with its present values; called by Prometheus's exposition."""
        family = CounterMetricFamily(self._name, self._documentation, labels=self._labels)
        for values, count in self._counts.items():
            family.add_metric(values, count.value)
        yield family

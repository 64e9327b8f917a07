"""Counters and times of the hot path: each step is a plain addition, and Prometheus gets the sums when it asks.

prometheus_client's own counter takes a lock and checks its amount at every step. That cost as much as deriving a message's id.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from itertools import accumulate

from prometheus_client import REGISTRY
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily
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


class MetricTimes:
    """How long something took, counted into buckets; the event loop's thread alone adds."""

    __slots__ = ("_bounds", "counts", "total")

    def __init__(self, bounds: Sequence[float]) -> None:
        self._bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.total = 0.0

    def observe(self, seconds: float) -> None:
        """Count one that took so long."""
        self.counts[bisect_left(self._bounds, seconds)] += 1
        self.total += seconds

    def buckets(self) -> list[tuple[str, float]]:
        """Return the upper bound of each bucket with the count up to it, as Prometheus wants them."""
        names = [*map(str, self._bounds), "+Inf"]
        return list(zip(names, map(float, accumulate(self.counts)), strict=True))


class TimesFamily(Collector):
    """A family of times in seconds under one name, by the values of its labels."""

    def __init__(
        self,
        name: str,
        documentation: str,
        labels: Sequence[str],
        bounds: Sequence[float],
        registry: CollectorRegistry = REGISTRY,
    ) -> None:
        self._name, self._documentation = name, documentation
        self._labels, self._bounds = labels, bounds
        self._times: dict[tuple[str, ...], MetricTimes] = {}
        registry.register(self)

    def labels(self, *values: str) -> MetricTimes:
        """Return the times of these labels' values, the same each time."""
        found = self._times.get(values)
        if found is None:
            found = self._times[values] = MetricTimes(self._bounds)
        return found

    def collect(self) -> Iterable[HistogramMetricFamily]:
        """Return the family with its present values; called by Prometheus's exposition."""
        family = HistogramMetricFamily(self._name, self._documentation, labels=self._labels)
        for values, times in self._times.items():
            family.add_metric(values, times.buckets(), times.total)
        yield family

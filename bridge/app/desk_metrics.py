"""What Prometheus reads of each consortium: how things stand in this process, worked out when it asks.

Nothing is asked of the store or the database then. `RingWatch` looks at the store each second, the replica holds the desk's state,
and the core's process tells its counts with each beat. Names follow Prometheus's rules: base units, `_total` for what only grows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from importlib.metadata import version

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from bridge.app.consortium import Consortium
from bridge.channels.desk_status import clock
from bridge.log.follower import Entry
from bridge.runtime.health import DaemonHealth
from bridge.runtime.metrics import TimesFamily
from routing.desk_view import waiting
from routing.events import Claimed
from routing.practice_queue import is_practice
from routing.state import State

CORE_COUNTS = {
    "terms": "Times that the core was started here",
    "inputs": "Inputs that the core decided",
    "commits": "Commits of the core",
    "faults": "Inputs that the core could not decide and set aside",
    "snapshots": "Snapshots that the core wrote",
    "ticks": "Deadlines that the core noted",
}
WAITS = TimesFamily(
    "deskbridge_patron_wait_seconds",
    "Time from a patron's first message until a librarian claimed the conversation",
    ["consortium", "library"],
    (15, 30, 60, 90, 120, 300, 900, 3_600, 14_400, 86_400),
)


class DeskMetrics(Collector):
    """The figures of all consortia of this process; register it, and unregister it when the daemon stops."""

    def __init__(self, desks: Sequence[Consortium], health: DaemonHealth) -> None:
        self._desks = desks
        self._health = health
        for desk in desks:
            desk.replica.on_entries.append(_note_waits(desk))

    def collect(self) -> Iterable[Metric]:
        """Return the families with their present values; called by Prometheus's exposition."""
        yield self._parts()
        build = GaugeMetricFamily("deskbridge_build_info", "The release that runs; always 1", labels=["version"])
        build.add_metric([version("deskbridge")], 1)
        yield build
        for family in _FAMILIES:
            yield family.of(self._desks)

    def _parts(self) -> Metric:
        found = GaugeMetricFamily("deskbridge_part_up", "Whether a part works, as /readyz says", labels=["part"])
        for part in self._health.report():
            found.add_metric([part.name], part.ready)
        found.add_metric(["all"], self._health.ready)
        return found


class _Family:
    """One gauge or counter: its name, what it means, its labels beside the consortium, and its values."""

    def __init__(
        self,
        name: str,
        about: str,
        values: Callable[[Consortium], Iterator[tuple[tuple[str, ...], float]]],
        labels: Sequence[str] = (),
        *,
        counter: bool = False,
    ) -> None:
        self._name, self._about, self._values = name, about, values
        self._labels = ["consortium", *labels]
        self._kind = CounterMetricFamily if counter else GaugeMetricFamily

    def of(self, desks: Sequence[Consortium]) -> Metric:
        family = self._kind(self._name, self._about, labels=self._labels)
        for desk in desks:
            for labels, value in self._values(desk):
                family.add_metric([desk.name, *labels], value)
        return family


def _note_waits(desk: Consortium) -> Callable[[Sequence[Entry]], None]:
    """Return what counts how long patrons waited whom a librarian claimed."""

    def note(entries: Sequence[Entry]) -> None:
        for entry in entries:
            for step in entry.steps:
                for event in step.events:
                    if type(event) is Claimed and event.since:
                        it = desk.replica.state.conversations.get(event.conversation)
                        library = it.library if it is not None else ""
                        WAITS.labels(desk.name, library).observe(max(0, step.at - event.since) / 1000)

    return note


# ---- where the values come from


def _core(name: str) -> Callable[[Consortium], Iterator[tuple[tuple[str, ...], float]]]:
    def values(desk: Consortium) -> Iterator[tuple[tuple[str, ...], float]]:
        if desk.core is not None:
            yield (), getattr(desk.core.counts, name)

    return values


def _input_age(desk: Consortium) -> Iterator[tuple[tuple[str, ...], float]]:
    if (pulse := desk.ring_watch.pulse) is not None:
        yield (), pulse.waiting_ms / 1000


def _position(desk: Consortium) -> Iterator[tuple[tuple[str, ...], float]]:
    if (pulse := desk.ring_watch.pulse) is not None:
        yield (), pulse.seq


def _lags(desk: Consortium) -> Iterator[tuple[tuple[str, ...], float]]:
    for follower, seconds in desk.ring_watch.lag_s.items():
        yield (follower,), seconds


def _streams(desk: Consortium) -> Iterator[tuple[tuple[str, ...], float]]:
    for stream, entries in desk.ring_watch.depths.items():
        yield (stream,), entries


def _memory(name: str) -> Callable[[Consortium], Iterator[tuple[tuple[str, ...], float]]]:
    def values(desk: Consortium) -> Iterator[tuple[tuple[str, ...], float]]:
        if name in desk.ring_watch.server:
            yield (), desk.ring_watch.server[name]

    return values


def _queues(state: State) -> Iterator[str]:
    return (queue.id for library in state.roster.libraries.values() for queue in library.queues)


def _waiting(desk: Consortium) -> Iterator[tuple[tuple[str, ...], float]]:
    state = desk.replica.state
    for queue in _queues(state):
        yield (queue,), state.waiting_in(queue)


def _oldest(desk: Consortium) -> Iterator[tuple[tuple[str, ...], float]]:
    state, now = desk.replica.state, clock()
    for queue in _queues(state):
        first = next(waiting(state, queue), None)
        yield (queue,), max(0, now - first[0]) / 1000 if first is not None else 0.0


def _open(desk: Consortium) -> Iterator[tuple[tuple[str, ...], float]]:
    opened = desk.replica.state.opened.items()
    yield (), sum(len(held) for queue, held in opened if not is_practice(queue))


def _present(desk: Consortium) -> Iterator[tuple[tuple[str, ...], float]]:
    yield (), sum(1 for one in desk.replica.state.staff.values() if one.connections)


_FAMILIES = (
    _Family("deskbridge_core_input_age_seconds", "How long the oldest undecided input has waited", _input_age),
    _Family("deskbridge_log_position", "The number of the last commit", _position),
    _Family("deskbridge_follower_lag_seconds", "How late a follower of the log is here", _lags, ["follower"]),
    _Family("deskbridge_stream_entries", "Entries of a stream", _streams, ["stream"]),
    _Family("deskbridge_redis_memory_bytes", "Memory that Redis uses", _memory("used_memory")),
    _Family("deskbridge_redis_memory_limit_bytes", "Memory that Redis may use, 0 = no limit", _memory("maxmemory")),
    _Family("deskbridge_redis_replicas", "Replicas that are connected", _memory("connected_slaves")),
    _Family("deskbridge_queue_waiting", "Conversations that wait in a queue", _waiting, ["queue"]),
    _Family("deskbridge_queue_oldest_wait_seconds", "How long the first of a queue has waited", _oldest, ["queue"]),
    _Family("deskbridge_conversations_open", "Conversations that are open", _open),
    _Family("deskbridge_librarians_connected", "Librarians with an open page or messenger", _present),
    *(_Family(f"deskbridge_core_{name}", about, _core(name), counter=True) for name, about in CORE_COUNTS.items()),
)

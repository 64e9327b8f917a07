"""OpenTelemetry spans to a collector, by OTLP over HTTP: an extra (`deskbridge[tracing]`), imported only where it is configured.

Spans are handed to a thread of the SDK, which sends them in batches. While the collector is away the newest are dropped, and
nothing waits. The ids of traces and spans are hashes, so every process computes the same ones and none travels with a message.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from hashlib import blake2b
from importlib.metadata import version
from threading import Thread
from typing import TYPE_CHECKING

import msgspec
import structlog

if TYPE_CHECKING:
    from opentelemetry.trace import SpanContext

EXPORT_S = 5.0  # for one batch, with all tries
STOP_S = 2.0  # what waits may still be sent when the process ends
_RANGE = 1 << 64

log = structlog.get_logger("bridge.runtime.tracing")


class TracingConfig(msgspec.Struct, frozen=True, kw_only=True):
    """`endpoint`: the base URL of a collector, "" = no traces; `sample`: the share of patrons' messages that are traced, 0 to 1."""

    endpoint: str = ""
    sample: float = 0.01


class MissingTracing(Exception):
    """The packages that send traces are not installed. The text says what to do."""


def trace_of(message: str, sample: float) -> int:
    """Return the id of a message's trace, the same in every process; 0 for one that is not in the sample."""
    trace = int.from_bytes(blake2b(message.encode(), digest_size=16, person=b"trace").digest(), "big")
    return trace if trace % _RANGE < sample * _RANGE else 0


def span_of(trace: int, name: str, key: str) -> int:
    """Return the id of the span that `name` and `key` mean in a trace, the same in every process."""
    return int.from_bytes(blake2b(f"{trace:x} {name} {key}".encode(), digest_size=8).digest(), "big")


class SpanSender:
    """Sends ended spans in the background; `send` never waits. Raises MissingTracing where the extra is not installed."""

    def __init__(self, endpoint: str, process: str) -> None:
        try:
            from opentelemetry import trace as api
            from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
            from opentelemetry.sdk import trace as sdk
            from opentelemetry.sdk.resources import Resource
            from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExportResult
        except ImportError:
            raise MissingTracing("what sends traces is missing; install deskbridge[tracing]") from None

        class Exporter(OTLPSpanExporter):
            """The SDK's exporter; says once that a collector is away, and that it is back."""

            away = False

            def export(self, spans: Sequence[sdk.ReadableSpan]) -> SpanExportResult:
                result = super().export(spans)
                if (away := result is not SpanExportResult.SUCCESS) != self.away:
                    self.away = away
                    log.warning("traces are dropped: the collector is away" if away else "the collector is back")
                return result

        logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)  # it complains of every batch
        self._api, self._sdk = api, sdk
        told = {"service.name": "deskbridge", "service.version": version("deskbridge"), "service.instance.id": process}
        self._resource = Resource(told)
        exporter = Exporter(endpoint=f"{endpoint}/v1/traces", timeout=EXPORT_S)
        self._processor = BatchSpanProcessor(exporter, schedule_delay_millis=1_000)

    def send(
        self, name: str, ids: tuple[int, int, int], began: int, ended: int, about: Mapping[str, str] | None = None
    ) -> None:
        """Hand over a span: its ids are those of trace, span and parent (0 = none), its times nanoseconds of the wall clock."""
        trace, span, parent = ids
        self._processor.on_end(
            self._sdk.ReadableSpan(
                name,
                context=self._context(trace, span),
                parent=self._context(trace, parent) if parent else None,
                resource=self._resource,
                attributes={f"deskbridge.{key}": value for key, value in (about or {}).items() if value},
                start_time=min(began, ended),
                end_time=ended,
            )
        )

    def _context(self, trace: int, span: int) -> SpanContext:
        sampled = self._api.TraceFlags(self._api.TraceFlags.SAMPLED)
        return self._api.SpanContext(trace, span, is_remote=False, trace_flags=sampled)

    async def close(self) -> None:
        """Send what waits, for a moment; a collector that is away keeps nobody."""
        closing = Thread(target=self._processor.shutdown, daemon=True)
        closing.start()
        await asyncio.to_thread(closing.join, STOP_S)

"""A collector of traces: takes OTLP over HTTP and reads it with OpenTelemetry's own definitions."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import NamedTuple

from aiohttp import web
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)


class CollectedSpan(NamedTuple):
    """One span: its ids in hexadecimal, who sent it, and what it tells."""

    name: str
    trace: str
    id: str
    parent: str
    process: str
    about: dict[str, str]
    took: int


class Collector:
    """Listens at `port` of this machine between `open` and `close`."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.spans: list[CollectedSpan] = []
        self.raw = b""  # all that came
        self._port = port
        self._came = asyncio.Event()
        self._runner: web.AppRunner | None = None

    async def open(self) -> None:
        """Listen."""
        application = web.Application()
        application.router.add_post("/v1/traces", self._take)
        self._runner = web.AppRunner(application)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self._port).start()

    async def close(self) -> None:
        """End."""
        if self._runner is not None:
            await self._runner.cleanup()

    async def until(self, true: Callable[[], bool]) -> None:
        """Wait until what came is as wanted."""
        async with asyncio.timeout(60):
            while not true():
                self._came.clear()
                await self._came.wait()

    async def _take(self, request: web.Request) -> web.Response:
        body = await request.read()
        self.raw += body
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            told = {each.key: each.value.string_value for each in resource.resource.attributes}
            assert told["service.name"] == "deskbridge"
            for scope in resource.scope_spans:
                for span in scope.spans:
                    about = {each.key: each.value.string_value for each in span.attributes}
                    ids = (span.trace_id.hex(), span.span_id.hex(), span.parent_span_id.hex())
                    took = span.end_time_unix_nano - span.start_time_unix_nano
                    self.spans.append(CollectedSpan(span.name, *ids, told["service.instance.id"], about, took))
        self._came.set()
        answer = ExportTraceServiceResponse().SerializeToString()
        return web.Response(body=answer, content_type="application/x-protobuf")

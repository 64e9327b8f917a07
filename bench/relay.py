"""FastStream on Redis, doing only receive -> publish. Runs in the peers' own environment (build/peers), not in ours:

    build/peers/bin/python bench/relay.py <redis url> one|batch

`one` is its documented way with 64 workers; `batch` reads up to 64 at once and publishes them by hand in one pipeline.
"""

import asyncio
import sys
from typing import Any

import uvloop
from faststream.redis import RedisBroker, StreamSub
from faststream.redis.annotations import Pipeline

IN, OUT = "bench:peer:in", "bench:peer:out"
AT_ONCE = 64


def one(broker: Any) -> None:
    """Relay message by message."""
    sub = StreamSub(IN, group="relay", consumer="relay", max_records=AT_ONCE, polling_interval=100)

    async def relay(body: bytes) -> None:
        await broker.publish(body, stream=OUT)

    broker.subscriber(stream=sub, max_workers=AT_ONCE)(relay)


def batch(broker: Any) -> None:
    """Relay what one reading brings at once."""
    sub = StreamSub(IN, group="relay", consumer="relay", batch=True, max_records=AT_ONCE, polling_interval=100)

    async def relay(bodies: list[Any], pipe: Pipeline) -> None:
        for body in bodies:
            await broker.publish(body, stream=OUT, pipeline=pipe)
        await pipe.execute()

    broker.subscriber(stream=sub)(relay)


async def main() -> None:
    """Serve until killed."""
    url, form = sys.argv[1:]
    broker = RedisBroker(url, logger=None)
    {"one": one, "batch": batch}[form](broker)
    async with broker:
        await broker.start()
        print("ready", flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(main())

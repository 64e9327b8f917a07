"""A server program in a folder and a process group of its own, run by an unprivileged user, ended by its group alone."""

from __future__ import annotations

import contextlib
import grp
import os
import pwd
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from itertools import cycle
from pathlib import Path
from types import TracebackType
from typing import Any, Self

DEADLINE = 60.0
PORTS = range(15_000, 32_000)  # the kernel gives none of these to a connection
SHARES = 10  # of the ports, one for each process that the tests are spread over


def _shared_out() -> Iterator[int]:
    """Go round and round through this process's share, from anywhere in it: what it stopped and will start keeps its port."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "").removeprefix("gw")
    share = PORTS[int(worker) % SHARES if worker.isdigit() else random.randrange(SHARES) :: SHARES]
    start = random.randrange(len(share))
    return cycle([*share[start:], *share[:start]])


_ports = _shared_out()


def free_port() -> int:
    """Return a TCP port of loopback that nobody listens on, and that neither the kernel nor another test takes meanwhile."""
    for port in _ports:
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise AssertionError("there are always more")


class Daemon:
    """A program to start and stop; a subclass writes the configuration and says which command and ports."""

    program = ""

    def __init__(self, prefix: str) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix=prefix, dir="/tmp"))  # sockets have short paths
        name = "nobody" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
        self.account = pwd.getpwnam(name)
        self.group = grp.getgrgid(self.account.pw_gid).gr_name
        self.process: subprocess.Popen[bytes] | None = None

    @classmethod
    def missing(cls) -> str:
        """Return why it cannot be started, "" when it can."""
        return "" if os.access(cls.program, os.X_OK) else f"{cls.program} is not installed (tests/install-peers)"

    def command(self) -> Sequence[str]:
        """Return what to run, staying in the foreground."""
        raise NotImplementedError

    def ports(self) -> Sequence[int]:
        """Return the ports that greet once it works."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self) -> None:
        """Start it, or start it again with the data it has; return when it greets. What fails at once is tried once more."""
        try:
            self._start()
        except RuntimeError:
            self.stop(kill=True)
            self._start()

    def _start(self) -> None:
        run_as: dict[str, Any] = {}
        if os.geteuid() == 0:
            run_as = {"user": self.account.pw_uid, "group": self.account.pw_gid, "extra_groups": []}
            for path in (self.folder, *self.folder.rglob("*")):
                os.chown(path, self.account.pw_uid, self.account.pw_gid, follow_symlinks=False)
        with (self.folder / "out.log").open("ab") as out:
            self.process = subprocess.Popen(
                self.command(), cwd=self.folder, stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": str(self.folder)}, start_new_session=True, **run_as,
            )  # fmt: skip
        deadline = time.monotonic() + DEADLINE
        while not all(_greets(port) for port in self.ports()):
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{self.program} did not start: {self.logs()}")
            time.sleep(0.02)

    def stop(self, *, kill: bool = False) -> None:
        """End its whole group."""
        if self.process is None:
            return
        process, self.process = self.process, None
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL if kill else signal.SIGTERM)
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(DEADLINE)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)  # children that outlive their parent

    def logs(self) -> str:
        """Return the end of what it wrote."""
        files = [path for path in self.folder.rglob("*log") if path.is_file()]
        return "\n".join(f"-- {path.name}\n{path.read_text(errors='replace')[-2000:]}" for path in files)


def _greets(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), 1) as probe:
            probe.settimeout(5)
            return bool(probe.recv(200))
    except OSError:
        return False

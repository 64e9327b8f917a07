"""A private PostgreSQL server on a unix socket, for tests."""

from __future__ import annotations

import contextlib
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Any


def _binaries() -> Path | None:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return found[-1].parent if found else None


def missing() -> str:
    """Return why no server can be started, "" when one can."""
    return "" if _binaries() else "PostgreSQL's server is not installed (apt-get install postgresql)"


class PostgreSQL:
    """A server of one test process; `fresh` gives an empty database."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="dbpg-", dir="/tmp"))  # a socket's path is short
        self._process: subprocess.Popen[bytes] | None = None
        self._as: dict[str, Any] = {}
        if os.geteuid() == 0:  # the server refuses to run as root
            nobody = pwd.getpwnam("nobody")
            self._as = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
            os.chown(self.folder, nobody.pw_uid, nobody.pw_gid)

    def __enter__(self) -> PostgreSQL:
        self._run(
            "initdb",
            "-D",
            self.folder / "data",
            "-U",
            "desk",
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--no-sync",
            "--locale=C.UTF-8",
        )
        self.start()
        return self

    def start(self) -> None:
        """Start it, or start it again with the data it has."""
        command = [self._binary("postgres"), "-D", self.folder / "data", "-k", self.folder, "-h", "", "-F"]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                list(map(str, command)), stdout=log, stderr=log, cwd=self.folder, start_new_session=True, **self._as
            )
        self._wait()

    def stop(self) -> None:
        """Stop it at once, whoever is connected."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGQUIT)
            self._process.wait(20)

    def freeze(self) -> None:
        """Stop the server's processes in their tracks; `thaw` lets them go on."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let the server go on."""
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        """Signal the server and its children, which have sessions of their own."""
        assert self._process is not None
        server = self._process.pid
        children = Path(f"/proc/{server}/task/{server}/children").read_text().split()
        for process in (server, *map(int, children)):
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, number)

    @staticmethod
    def _binary(name: str) -> Path:
        folder = _binaries()
        assert folder is not None
        return folder / name

    def _run(self, program: str, *words: object) -> None:
        command = [str(self._binary(program)), *map(str, words)]
        done = subprocess.run(command, capture_output=True, text=True, cwd=self.folder, check=False, **self._as)
        if done.returncode:
            raise RuntimeError(done.stderr)

    def _wait(self) -> None:
        deadline = time.monotonic() + 30
        while True:
            try:
                self._run("psql", "-h", self.folder, "-U", "desk", "-d", "postgres", "-c", "SELECT 1")
                return
            except RuntimeError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)

    def fresh(self) -> str:
        """Return the URL of a new, empty database."""
        name = f"desk_{secrets.token_hex(6)}"
        self._run("createdb", "-h", self.folder, "-U", "desk", "-T", "template0", name)
        return f"postgresql://desk@/{name}?host={self.folder}"

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

"""An OpenID provider of its own: certified software in Node, with a folder and a lock file of its own (tests/sign_on/provider).

It is installed by npm at the first use, from the lock file. It runs in a process group of its own and is ended by that alone.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from hatch_build import install, node_home
from tests.peers.daemon import DEADLINE, free_port

FOLDER = Path(__file__).parents[1] / "sign_on/provider"
SECRET = "only-for-tests-and-long-enough"

People = Mapping[str, Mapping[str, Any]]


class Provider:
    """A provider at one address; started again, it may have other people, keys or another clock."""

    def __init__(self) -> None:
        self.port = free_port()
        self.issuer = f"http://127.0.0.1:{self.port}"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, desk: str, people: People, *, key: str = "first", shift: int = 0) -> None:
        """Serve people who go back to `desk`. `shift`: seconds by which its clock is ahead."""
        with (FOLDER / "package-lock.json").open("rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # the tests are spread over processes
            install(FOLDER)
        asked = {"issuer": self.issuer, "port": self.port, "secret": SECRET, "desk": desk, "people": people}
        told = json.dumps({**asked, "key": key, "shift": shift})
        self._process = subprocess.Popen(
            [str(node_home() / "bin/node"), "provider.mjs"],
            cwd=FOLDER,
            env={"PATH": "/usr/bin:/bin", "DESKBRIDGE_PROVIDER": told, "NODE_ENV": "test"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        assert self._process.stdout is not None
        deadline = time.monotonic() + DEADLINE
        while b"listening" not in (line := self._process.stdout.readline()):
            assert line, f"the provider ended with {self._process.wait(5)}"
            assert time.monotonic() < deadline

    def stop(self) -> None:
        """End it."""
        if self._process is None:
            return
        process, self._process = self._process, None
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(DEADLINE)
        assert process.stdout is not None
        process.stdout.close()


@contextlib.contextmanager
def provider() -> Iterator[Provider]:
    """Return a provider that isn't started yet, and end it afterwards."""
    found = Provider()
    try:
        yield found
    finally:
        found.stop()

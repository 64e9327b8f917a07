"""A whole house as an operator runs it: `deskbridge run` in a process of its own, over one data directory.

It can be killed at any moment and started again over the same data, on the same address.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType

import aiohttp

from bridge.app.config import load
from bridge.app.daemon import archive_url, private
from bridge.sql.archive import Archive
from bridge.sql.people.organisation import LibraryEntry
from bridge.sql.people.organisation_file import parse

PROGRAM = [sys.executable, "-m", "bridge.app.cli"]
START_S = 60.0

ORGANISATION = """
[[library]]
id = "north"
name = "North Library"
descriptive = ["Catalogue", "Homework"]
policy_page = "# North"
timers = {{ {timers} }}
teams = [{{ id = "north/desk", name = "Desk", members = [{members}] }}]
queues = [
  {{ id = "north/reference", name = "Reference", tiers = [{{ teams = ["north/desk"] }}] }},
  {{ id = "north/second", name = "Second", tiers = [{{ teams = ["north/desk"] }}] }},
]
{librarians}
"""

LIBRARIAN = """
[[library.librarians]]
id = "{name}"
name = "{title} Librarian"
shown = "{title}"
coordinator = true
live = {capacity}
"""


def free_port() -> int:
    """Return a port of the loopback that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class House:
    """One installation; `start`, `kill` and `stop` it as often as you like."""

    def __init__(
        self, folder: Path, librarians: tuple[str, ...] = ("ana", "ben"), capacity: int = 50, *, more: str = ""
    ) -> None:
        self.folder = folder
        self.librarians = librarians
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.codes: dict[str, str] = {}
        self.log_to: int | None = None  # a descriptor to log to instead of a file
        self._capacity = capacity
        self.more = more  # of deskbridge.toml
        self.timers = "still_there_s = 0, close_silent_s = 0, grace_s = 30"
        self.words: tuple[str, ...] = ()  # of the command that runs the daemon
        self.program = PROGRAM
        self._furnished = False
        self._process: subprocess.Popen[bytes] | None = None

    def configure(self) -> None:
        """Write the configuration."""
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "deskbridge.toml").write_text(
            f'[deskbridge]\ndata = "{self.folder / "data"}"\n'
            f'[http]\nlisten = "127.0.0.1:{self.port}"\n'
            '[[channel]]\nname = "web"\nkind = "webchat"\nqueue = "north/reference"\nconnections = 100000\n' + self.more
        )

    def furnish(self) -> None:
        """Write the configuration, load the organisation, make the accounts: as the command's verbs do, in this process, since
        each of them takes two seconds to begin."""
        self.configure()
        people = "".join(
            LIBRARIAN.format(name=name, title=name.title(), capacity=self._capacity) for name in self.librarians
        )
        members = ", ".join(f'"{name}"' for name in self.librarians)
        desk = ORGANISATION.format(members=members, librarians=people, timers=self.timers)
        (self.folder / "desk.toml").write_text(desk)
        with ThreadPoolExecutor(1) as beside:  # a test's loop may be running here
            self.codes = beside.submit(asyncio.run, self._settle_in(parse(desk))).result()

    async def _settle_in(self, desk: list[LibraryEntry]) -> dict[str, str]:
        """Return each librarian's sign-in code."""
        config = load(self.folder / "deskbridge.toml")
        private(config.data)
        archive = await Archive.open(archive_url(config))
        try:
            await archive.organisation("main").load(desk)
            return {name: await archive.accounts.add(name, name, "north") for name in self.librarians}
        finally:
            await archive.close()

    def run(self, *words: str) -> str:
        """Carry out one verb of the command and return what it printed."""
        command = [*PROGRAM, *words, "--config", str(self.folder / "deskbridge.toml")]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    @property
    def log(self) -> str:
        """What the daemon has logged so far."""
        return (self.folder / "log").read_text(errors="replace")

    @property
    def pid(self) -> int:
        """The daemon's process id."""
        assert self._process is not None
        return self._process.pid

    def _launch(self) -> subprocess.Popen[bytes]:
        command = [*self.program, "run", "--config", str(self.folder / "deskbridge.toml"), *self.words]
        if self.log_to is not None:
            return subprocess.Popen(command, stdout=self.log_to, stderr=self.log_to, start_new_session=True)
        with (self.folder / "log").open("ab") as log:
            return subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)

    async def start(self) -> None:
        """Start the daemon and wait until it says that it is ready."""
        self._process = self._launch()
        deadline = time.monotonic() + START_S
        async with aiohttp.ClientSession() as web:
            while not await self._ready(web):
                log = self.log[-4000:] if self.log_to is None else ""
                assert self._process.poll() is None, log
                assert time.monotonic() < deadline, log
                await asyncio.sleep(0.05)

    async def _ready(self, web: aiohttp.ClientSession) -> bool:
        with contextlib.suppress(aiohttp.ClientError, OSError):
            async with web.get(f"{self.url}/readyz") as answer:
                return answer.status == 200
        return False

    def redis_pid(self) -> int:
        """The private Redis child's process id, 0 when there is none."""
        for child in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError, IndexError):
                parent = int((child / "stat").read_text().rpartition(")")[2].split()[1])
                name = (child / "comm").read_text().strip()
                if parent == self.pid and name in ("redis-server", "valkey-server"):
                    return int(child.name)
        return 0

    def kill(self) -> None:
        """Kill the daemon at once; its children follow by themselves."""
        assert self._process is not None
        self._process.kill()
        self._process.wait(30)

    def stop(self) -> int:
        """Ask the daemon to end; its exit code."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(60)

    def __enter__(self) -> House:
        if not self._furnished:
            self.furnish()
        return self

    def as_it_is(self) -> House:
        """Return this installation to be entered with the data that is there already."""
        self._furnished = True
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(30)

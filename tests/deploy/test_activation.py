"""The listening socket that systemd holds: a restart refuses nobody, and what waited is answered by the next process."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest

from bridge.app import activation
from bridge.app.http import Server, application
from bridge.runtime.health import DaemonHealth
from tests.journeys.house import PROGRAM, House

STARTED_BY_SYSTEMD = 'LISTEN_PID=$$ LISTEN_FDS=1 exec "$@"'  # the shell becomes the program, which keeps its process id


class HeldHouse(House):
    """A house whose socket is held for it, as descriptor 3."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.held = socket.create_server(("127.0.0.1", self.port))

    def _launch(self) -> subprocess.Popen[bytes]:
        command = [*PROGRAM, "run", "--config", str(self.folder / "deskbridge.toml")]
        shell = ["bash", "-c", f"exec 3<&{self.held.fileno()}; {STARTED_BY_SYSTEMD}", "bash", *command]
        with (self.folder / "log").open("ab") as log:
            return subprocess.Popen(
                shell, stdout=log, stderr=log, start_new_session=True, pass_fds=[self.held.fileno()]
            )


async def test_a_restart_refuses_no_connection(tmp_path: Path) -> None:
    counts = {"answered": 0, "broken": 0, "refused": 0}
    house = HeldHouse(tmp_path)
    with house, contextlib.closing(house.held):
        await house.start()
        over = asyncio.Event()
        knocking = [asyncio.create_task(_knock(house.port, counts, over)) for _ in range(4)]
        assert await asyncio.to_thread(house.stop) == 0
        waiting = asyncio.create_task(_answered(house.port))  # while there is no process at all
        await house.start()
        assert await waiting
        over.set()
        await asyncio.gather(*knocking)
    assert counts["refused"] == 0
    assert counts["answered"] > len(knocking)
    assert "listening-elsewhere" not in house.log


async def _knock(port: int, counts: dict[str, int], over: asyncio.Event) -> None:
    """Connect again and again, each time anew."""
    while not over.is_set():
        try:
            counts["answered" if await _answered(port) else "broken"] += 1
        except ConnectionRefusedError:
            counts["refused"] += 1
        await asyncio.sleep(0)


async def _answered(port: int) -> bool:
    """Ask on a connection of its own; False when it was closed without an answer. Raises ConnectionRefusedError."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(b"GET /livez HTTP/1.1\r\nHost: desk\r\nConnection: close\r\n\r\n")
        return (await reader.read()).startswith(b"HTTP/1.1 200")
    except ConnectionResetError:
        return False
    finally:
        writer.close()


@pytest.fixture
def third(tmp_path: Path) -> Iterator[socket.socket]:
    """A socket that listens on a path."""
    path = Path("/tmp") / f"deskbridge-{os.getpid()}-{tmp_path.name[:20]}.sock"
    with contextlib.closing(socket.socket(socket.AF_UNIX)) as made:
        made.bind(str(path))
        made.listen()
        yield made
    path.unlink()


def _told(descriptor: socket.socket, **more: str) -> list[socket.socket]:
    env = {"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": "1"} | more
    found = activation.passed_sockets(env, first=os.dup(descriptor.fileno()))
    assert env == {}
    return found


async def test_a_path_of_systemd_stays_when_we_end(third: socket.socket) -> None:
    found = _told(third)
    server = Server(application(health=DaemonHealth()), "/elsewhere", found)
    await server.start()
    path = activation.address(third)
    async with (
        aiohttp.ClientSession(connector=aiohttp.UnixConnector(path)) as web,
        web.get("http://desk/livez") as said,
    ):
        assert said.status == 200
    await server.stop()
    with socket.socket(socket.AF_UNIX) as again:
        again.connect(path)


def test_what_was_meant_for_another_process_is_left_alone(third: socket.socket) -> None:
    assert _told(third, LISTEN_PID=str(os.getppid())) == []
    assert activation.passed_sockets({}) == []


def test_a_socket_that_does_not_listen_is_refused_in_words() -> None:
    with socket.socket() as silent, pytest.raises(activation.BadSocket, match="not a listening stream socket"):
        _told(silent)

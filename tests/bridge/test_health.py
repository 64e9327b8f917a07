"""Readiness and what systemd hears of it, over a real datagram socket."""

from __future__ import annotations

import asyncio
import os
import socket
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bridge.runtime.health import DaemonHealth, Notifier


@pytest.fixture
def systemd() -> Iterator[socket.socket]:
    """The receiving end, as systemd opens it; its path is short enough for a unix socket."""
    with (
        tempfile.TemporaryDirectory(prefix="db-") as folder,
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as door,
    ):
        door.bind(str(Path(folder) / "notify"))
        door.settimeout(20)
        yield door


def heard(door: socket.socket) -> list[str]:
    return door.recv(65536).decode().split("\n")


def test_ready_is_told_once_when_the_last_required_part_is_up(systemd: socket.socket) -> None:
    health = DaemonHealth(Notifier(systemd.getsockname()))
    store, core = health.part("store"), health.part("core")
    store.up()
    assert heard(systemd) == ["STATUS=core: starting"]
    core.up()
    assert heard(systemd) == ["READY=1", "STATUS=all parts work"]
    store.down("Redis is read-only")
    assert heard(systemd) == ["STATUS=store: Redis is read-only"]
    store.up()
    assert heard(systemd) == ["STATUS=all parts work"]


def test_a_channel_that_is_down_degrades_the_house_and_does_not_close_it(systemd: socket.socket) -> None:
    health = DaemonHealth(Notifier(systemd.getsockname()))
    health.part("core").up()
    heard(systemd)
    health.part("channel mail", required=False).down("the server is away\nsince noon")
    assert heard(systemd) == ["STATUS=channel mail: the server is away since noon"]
    assert health.ready
    assert [(part.name, part.ready, part.required) for part in health.report()] == [
        ("core", True, True),
        ("channel mail", False, False),
    ]


def test_saying_the_same_twice_is_told_once(systemd: socket.socket) -> None:
    health = DaemonHealth(Notifier(systemd.getsockname()))
    health.part("core").up()
    health.part("core").up()
    health.stopping()
    assert heard(systemd) == ["READY=1", "STATUS=all parts work"]
    assert heard(systemd) == ["STOPPING=1", "STATUS=closing"]
    assert not health.ready


def test_readiness_comes_and_goes_with_the_required_parts() -> None:
    health = DaemonHealth(Notifier())
    store, core = health.part("store"), health.part("core")
    seen = []
    steps: tuple[Callable[[], None], ...] = (store.up, core.up, lambda: store.down("gone"), store.up, health.stopping)
    for step in steps:
        step()
        seen.append(health.ready)
    assert seen == [False, True, False, True, False]


def test_a_house_without_parts_is_not_ready() -> None:
    assert not DaemonHealth(Notifier()).ready


async def test_the_watchdog_is_fed_while_the_loop_turns(systemd: socket.socket) -> None:
    env = {"NOTIFY_SOCKET": systemd.getsockname(), "WATCHDOG_USEC": "20000", "WATCHDOG_PID": str(os.getpid())}
    systemd.setblocking(False)
    watching = asyncio.create_task(DaemonHealth(Notifier.from_env(env)).watch())
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(20):
        beats = [await loop.sock_recv(systemd, 100) for _ in range(3)]
    watching.cancel()
    assert beats == [b"WATCHDOG=1"] * 3


async def test_no_watchdog_means_nothing_to_feed() -> None:
    async with asyncio.timeout(20):
        await DaemonHealth(Notifier.from_env({"NOTIFY_SOCKET": "/nowhere"})).watch()
        await DaemonHealth(
            Notifier.from_env({"NOTIFY_SOCKET": "/x", "WATCHDOG_USEC": "9", "WATCHDOG_PID": "1"})
        ).watch()


def test_an_abstract_address_is_understood() -> None:
    name = f"deskbridge-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as door:
        door.bind("\0" + name)
        door.settimeout(20)
        assert Notifier("@" + name).send("STATUS=here")
        assert heard(door) == ["STATUS=here"]


def test_nobody_there_is_no_error() -> None:
    assert not Notifier().send("READY=1")
    assert not Notifier("/nonexistent/notify").send("READY=1")

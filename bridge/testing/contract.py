"""Cases: life and death of a session, and what must never be seen."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
import threading
import traceback
from collections import Counter
from contextlib import suppress
from typing import Any

import msgspec
import pytest
import structlog

from bridge.contract.adapter import Misconfigured
from bridge.testing.rig import NotOffered, soon
from bridge.testing.scene import Scene, eventually

SPYING = threading.local()
EFFECTS = ("socket.connect", "socket.bind", "socket.getaddrinfo", "subprocess.Popen", "os.system")


def _spy(event: str, args: object) -> None:
    if getattr(SPYING, "seen", None) is not None and event in EFFECTS:
        SPYING.seen.append(event)


class ContractCases:
    """See the module."""

    async def test_construction_has_no_effects(self, scene: Scene) -> None:
        """No connection, no process, no task, no thread. Look at __init__; all that belongs into run."""
        sys.addaudithook(_spy)
        config = scene.rig.config()
        tasks, threads = asyncio.all_tasks(), threading.active_count()
        SPYING.seen = []
        try:
            scene.ring.construct(config)
            assert SPYING.seen == []
        finally:
            SPYING.seen = None
        assert asyncio.all_tasks() == tasks
        assert threading.active_count() == threads

    async def test_stopping_leaves_nothing_behind(self, scene: Scene) -> None:
        """No task and no socket. Look at what run opens outside a `finally` or a TaskGroup."""
        await scene.begin()
        await scene.talk(await scene.patron("ada"))
        await scene.leave()
        await scene.ring.stop()
        before, sockets = _names(asyncio.all_tasks()), _sockets()
        await scene.again()
        await scene.talk(await scene.patron("ada"))
        await scene.leave()
        await scene.ring.stop()

        async def clean() -> bool:
            return not _names(asyncio.all_tasks()) - before and _sockets() <= sockets

        assert await eventually(clean, 10.0), f"left: {_names(asyncio.all_tasks()) - before}, {_sockets()} > {sockets}"

    async def test_refused_credentials_block_the_channel(self, scene: Scene) -> None:
        """BadCredentials: said once, and nobody knocks again. Look at how the peer says no.

        A kind that knows no credentials has none in its Config either.
        """
        try:
            config = scene.rig.refused()
        except NotOffered:
            fields = {field.name for field in msgspec.structs.fields(scene.rig.adapter.Config)}
            assert not fields & {"password", "secret", "token", "auth_token", "api_key"}
            return
        await scene.ring.start(config)
        await scene.ring.down("bad-credentials")
        assert scene.ring.health().state == "blocked"
        assert scene.ring.health().bugs == 0

    async def test_what_cannot_work_is_found(self, scene: Scene) -> None:
        """Misconfigured, in __init__ or by run, with words that say what to do. Look at what __init__ checks."""
        config = scene.rig.misconfigured()
        with suppress(Misconfigured):
            await scene.ring.start(config)
        if scene.ring.supervisor is None:
            return
        await scene.ring.down("misconfigured")
        assert scene.ring.health().state == "blocked"

    async def test_secrets_are_never_seen(
        self, scene: Scene, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
    ) -> None:
        """Not in logs, errors, reprs or printed lines, in good days and bad. Look at repr of Config, and at exceptions' texts."""
        caplog.set_level(logging.DEBUG)
        config = scene.rig.config()
        with structlog.testing.capture_logs() as lines:
            await scene.begin(config)
            await scene.talk(await scene.patron("ada"))
            adapter = scene.ring.line().adapter
            await scene.rig.cut()
            await soon("the adapter notices", scene.rig.noticed(scene.ring))
            await scene.rig.heal()
            await scene.talk(await scene.patron("bob"))
        printed = capsys.readouterr()
        seen = "\n".join(
            [repr(config), str(config), repr(adapter), caplog.text, printed.out, printed.err, *map(_shown, lines)]
        )
        for secret in scene.rig.secrets:
            assert secret not in seen

    async def test_a_bug_in_the_adapter_is_counted_and_survived(self, scene: Scene) -> None:
        """An exception that is none of the contract's starts the session again. Look at what run leaves half done."""
        await scene.begin()
        patron = await scene.patron("ada")
        await scene.talk(patron)
        await scene.ring.break_session()
        assert scene.ring.health().bugs == 1
        await scene.talk(patron)


def _names(tasks: set[asyncio.Task[Any]]) -> Counter[str]:
    return Counter(str(task.get_coro()).split(" at 0x")[0] for task in tasks)


def _sockets() -> int:
    count = 0
    for number in os.listdir("/proc/self/fd"):
        try:
            count += os.readlink(f"/proc/self/fd/{number}").startswith("socket:")
        except OSError:
            continue
    return count


def _shown(line: Any) -> str:
    text = str(line)
    for error in line.values():
        if isinstance(error, BaseException):
            text += "".join(traceback.format_exception(error))
    return text

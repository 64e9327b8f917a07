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

import aiohttp
import msgspec
import pytest
import structlog

from bridge.channels.plugins import OPTIONAL, TAKES, faults
from bridge.contract.adapter import AdapterError, BadCredentials, Misconfigured, Unavailable
from bridge.contract.opt_outs import OPT_OUTS
from bridge.testing.rig import NotOffered, soon
from bridge.testing.ring import Ring
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

    async def test_what_is_declared_is_there_and_nothing_else(self, scene: Scene) -> None:
        """Every optional method. Undeclared: an adapter that has it all the same is refused. Look at `capabilities`."""
        assert faults(scene.rig.adapter) == []
        for name, takes in TAKES.items():
            if name in OPTIONAL and not getattr(scene.can, name):
                undeclared = type("Undeclared", (scene.rig.adapter,), {name: _METHODS[takes]})
                assert faults(undeclared) == [f"has {name} but does not declare it"]
            else:
                wrong = type("Misshapen", (scene.rig.adapter,), {name: _METHODS[3]})
                assert any(fault.startswith(f"{name} must take") for fault in faults(wrong))

    async def test_a_check_tells_what_a_session_would(self, scene: Scene) -> None:
        """It returns where a session works, and raises where none can begin. A session that runs goes on undisturbed.

        Look at what check opens and at what it raises. Undeclared: `deskbridge check` asks such a channel nothing.
        """
        await scene.begin()
        patron = await scene.patron("ada")
        await scene.talk(patron)
        if not scene.can.check:
            return
        before = len(scene.ring.statuses())
        assert await soon("the check ends", _checked(scene, scene.rig.config())) is None
        await scene.talk(patron)
        assert len(scene.ring.statuses()) == before
        if not scene.rig.checks_credentials:
            return
        with suppress(NotOffered):
            refused = scene.rig.refused()
            assert isinstance(await soon("the check ends", _checked(scene, refused)), BadCredentials)
        await scene.rig.cut()
        assert isinstance(await soon("the check ends", _checked(scene, scene.rig.config())), Unavailable)
        await scene.rig.heal()

    async def test_what_is_kept_about_a_patron_can_be_forgotten(self, scene: Scene) -> None:
        """With and without a session, and again. No row of the adapter's names the patron afterwards, and they may come back.

        Look at what is put into `ports.memory`. Undeclared: nothing there names a patron in the first place.
        """
        await scene.begin()
        patron = await scene.patron("ada")
        await scene.talk(patron)
        if scene.can.forget:
            await soon("the patron is forgotten", _forgotten(scene.ring, patron.address))
        await scene.leave()
        await scene.ring.stop()
        if scene.can.forget:
            scene.ring.construct(scene.rig.config())
            await soon("the patron is forgotten again", _forgotten(scene.ring, patron.address))
            await scene.ring.stop()
        assert await scene.ring.kept(patron.address) == []
        await scene.again()
        await scene.talk(await scene.patron("ada"))

    async def test_another_host_goes_on_with_what_the_first_one_knew(self, scene: Scene) -> None:
        """A patron talks on with a host that has an empty disk. Where texts are sent, a STOP to the first holds on the second.

        Look at what outlives a session in the object or on the disk: it belongs into `ports.memory`. Undeclared: where no
        opt-outs are remembered, STOP is a word like any other.
        """
        await scene.begin()
        patron = await scene.patron("ada")
        await scene.talk(patron)
        await soon("the patron writes", patron.say("STOP"))
        stop = await scene.ring.message("STOP")
        await scene.ring.stop()
        scene.ring.elsewhere()
        await scene.again()
        if OPT_OUTS in scene.can.remembers:
            assert stop.marks == ("opted-out",)
            refused = await scene.ring.answer(stop, "One thing more")
            assert (await scene.ring.reached(refused, "failed")).reason == "opted-out"
            await soon("the patron writes", patron.say("START"))
            assert (await scene.ring.message("START")).marks == ("opted-in",)
            patron = await scene.patron("bob")  # a carrier speaks to Ada as well
        await scene.talk(patron)
        assert not any(scene.ring.former.iterdir())

    async def test_the_chat_page_opens(self, scene: Scene) -> None:
        """Where one is declared, it is a page. Look at the routes that __init__ adds. Undeclared: the portal names none."""
        await scene.begin()
        if not scene.can.chat_page:
            return
        url = f"{scene.ring.url}/channels/{scene.ring.channel}/{scene.can.chat_page}"
        async with aiohttp.ClientSession() as session, session.get(url) as answer:
            assert answer.status == 200
            assert answer.content_type == "text/html"

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
            adapter = scene.ring.runner().adapter
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


async def _checked(scene: Scene, config: Any) -> AdapterError | None:
    """Check as `deskbridge check` does, by an adapter of its own beside the daemon; return what it raises."""
    other = scene.ring.beside()
    other.construct(config)
    try:
        await other.runner().adapter.check()  # type: ignore[attr-defined]  # declared, so it is there
    except AdapterError as error:
        return error
    finally:
        await other.stop()
    return None


async def _forgotten(ring: Ring, address: str) -> None:
    for _ in range(2):
        await ring.runner().adapter.forget({address})  # type: ignore[attr-defined]  # declared, so it is there


async def _takes_none(self: object) -> None:
    """Stand for a method that the adapter does not declare."""


async def _takes_one(self: object, _: object) -> None:
    """Stand for a method that the adapter does not declare."""


async def _takes_two(self: object, _: object, __: object) -> None:
    """Stand for a method that the adapter does not declare."""


async def _takes_three(self: object, _: object, __: object, ___: object) -> None:
    """Stand for a method that takes more than anybody gives it."""


_METHODS = (_takes_none, _takes_one, _takes_two, _takes_three)


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

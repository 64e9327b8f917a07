"""`deskbridge run`: open everything, serve until told to stop, close everything in the opposite order.

Crash-only: a start after kill -9 and a start after a clean stop take the same path. A signal begins the stop: readiness is
withdrawn first, so that a proxy sends nobody any more; then sockets are told good-bye, then the ring stops.
"""

from __future__ import annotations

import asyncio
import gc
import os
import secrets
import signal
import sys
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import structlog
from aiohttp import web
from prometheus_client import REGISTRY

from bridge.app.activation import passed_sockets
from bridge.app.channel_mounts import ChannelMounts
from bridge.app.config import Config, ConfigError, Fault
from bridge.app.consortium import Consortium, kept, tend_files
from bridge.app.desk_metrics import DeskMetrics
from bridge.app.file_stores import opened_files
from bridge.app.http import Server, application
from bridge.app.machine_watch import MachineWatch
from bridge.app.permissions import Exposed, keep_folder, keep_secret
from bridge.app.reload import Reloading
from bridge.app.restore_mark import check_restored
from bridge.calls.pages import CallPages
from bridge.contract import catalogues
from bridge.contract.adapter import Misconfigured
from bridge.faq.site import FaqSite
from bridge.files.moving import MovingFiles
from bridge.files.quota import LimitedFiles
from bridge.inbox.app import Inbox
from bridge.log.releases import Releases, TooOld
from bridge.log.traces import MessageTraces
from bridge.portal.routes import Portal
from bridge.redis.embedded import EmbeddedError, EmbeddedRedis
from bridge.redis.store import Store, StoreError
from bridge.runtime import loop_lag
from bridge.runtime.garbage import NEW, tidy_little, tidy_when_quiet
from bridge.runtime.health import DaemonHealth
from bridge.runtime.logging import say, say_in_lines
from bridge.runtime.tracing import MissingTracing
from bridge.sql.archive import Archive
from bridge.sql.database import OLDEST, BadAddress, NewerSchema, Unreachable, newest

log = structlog.get_logger("bridge.app.daemon")

LOOK_S = 1.0
ANSWER_S = 3.0
INBOX_PAGES = Path(__file__).parents[1] / "inbox" / "static"


def consortia(config: Config) -> list[str]:
    """Return the consortia that a configuration's channels name; `main` where there is no channel yet."""
    return sorted({channel.consortium for channel in config.channels} or {"main"})


def archive_url(config: Config) -> str:
    """Return where the archive is: the configured URL, else SQLite in the data folder."""
    return str(config.archive.url) or f"sqlite:///{config.data / 'archive.sqlite'}"


async def opened_archive(config: Config) -> Archive:
    """Open the archive. Raises ConfigError, which names the key, for one that cannot be opened."""
    try:
        return await Archive.open(archive_url(config))
    except NewerSchema as error:
        where = "archive.url" if config.archive.url else "deskbridge.data"
        raise ConfigError(config.path, [Fault(where, str(error), "install that release or a later one here")]) from None
    except (BadAddress, Unreachable) as error:
        where, do = (
            ("archive.url", "mend it") if config.archive.url else ("deskbridge.data", "mend archive.sqlite there")
        )
        raise ConfigError(config.path, [Fault(where, str(error), do)]) from None


def private(folder: Path, said: Callable[[str], None] | None = None) -> None:
    """Make a folder that we alone can open, and say what was mended. Raises ConfigError for one that others may open."""
    try:
        keep_folder(folder, said or _say_mended)
    except Exposed as error:
        raise ConfigError(folder, [Fault("deskbridge.data", str(error), "then start again")]) from None


def private_secrets(config: Config, said: Callable[[str], None] | None = None) -> None:
    """See that nobody else can open the files of our secrets. Raises ConfigError."""
    for where, path in config.secrets.items():
        try:
            keep_secret(path, said or _say_mended)
        except Exposed as error:
            raise ConfigError(config.path, [Fault(where, str(error), "then start again")]) from None


def speak(config: Config) -> None:
    """Read the operator's languages beside ours, and say what in their files is left out."""
    catalogues.use(config.words)
    for name, key, what in catalogues.folder_faults(config.words) if config.words else ():
        log.warning("words-left-out", file=name, key=key, what=what)


def _say_mended(what: str) -> None:
    log.warning("others-could-open", what=what)


class Daemon:
    """A running daemon: its consortia, its web server, its health."""

    def __init__(self, config: Config, archive: Archive, desks: list[Consortium], health: DaemonHealth) -> None:
        self.config = config
        self.archive = archive
        self.desks = desks
        self.health = health
        self.mounts = ChannelMounts({name: app for desk in desks for name, app in desk.applications.items()})
        self.server = Server(_application(config, desks, health, self.mounts), config.http.listen, passed_sockets())

    @property
    def url(self) -> str:
        """Where the daemon answers."""
        return self.config.http.public_url or self.server.url


@asynccontextmanager
async def opened(config: Config) -> AsyncIterator[Daemon]:
    """Open a daemon and keep it running inside the context.

    Raises ConfigError, Misconfigured, EmbeddedError, StoreError or OSError."""
    private(config.data)
    private_secrets(config)
    check_restored(config)
    speak(config)
    async with AsyncExitStack() as stack:
        stack.callback(gc.set_threshold, *gc.get_threshold())
        stack.callback(gc.unfreeze)
        gc.set_threshold(*NEW)
        health = DaemonHealth()
        redis_url = await redis(config, stack)
        process = secrets.token_hex(8)
        stores = [await _store(config, redis_url, name, stack) for name in consortia(config)]
        releases = [await _releases(store, process, config) for store in stores]
        archive = await opened_archive(config)
        stack.push_async_callback(archive.close)
        wired = partial(
            Consortium,
            process=process,
            secret=await archive.secret(),
            sole=not config.redis.url,
            health=health,
            traces=_traces(config, process, stack),
        )
        files = await opened_files(config, archive)
        most = config.files.quota_mb << 20
        taking = LimitedFiles(files, most) if most else files
        desks = []
        for name, store, release in zip(consortia(config), stores, releases, strict=True):
            desk = wired(name, config, archive, store, releases=release, files=taking)
            stack.push_async_callback(desk.close)
            desks.append(desk)
        house = Daemon(config, archive, desks, health)
        running = [asyncio.create_task(desk.run(health), name=f"consortium {desk.name}") for desk in desks]
        running.append(
            asyncio.create_task(tidy_when_quiet(lambda: [desk.replica.position for desk in desks]), name="tidying")
        )
        running.append(asyncio.create_task(tend_files(desks), name="files"))
        if isinstance(files, MovingFiles):
            running.append(asyncio.create_task(files.run(), name="moving files"))
        running.append(asyncio.create_task(_watch(config, archive, health, desks), name="watch"))
        _tell_figures(DeskMetrics(desks, health), stack)
        stack.push_async_callback(_stopped, running)
        await house.server.start()
        stack.push_async_callback(house.server.stop)
        tidy_little()
        yield house


def _tell_figures(figures: DeskMetrics, stack: AsyncExitStack) -> None:
    """Add figures to those of this process until `stack` is closed."""
    REGISTRY.register(figures)
    stack.callback(REGISTRY.unregister, figures)


async def _watch(config: Config, archive: Archive, health: DaemonHealth, desks: list[Consortium]) -> None:
    """Look at the database, the machine and our own loop, until cancelled."""
    machine = MachineWatch(config.data, [desk.store for desk in desks], health)
    parts: dict[str, Callable[[], Coroutine[Any, Any, None]]] = {
        "archive watch": partial(_watch_archive, archive, health, desks),
        "machine watch": machine.run,
        "loop lag": loop_lag.measure,
    }
    async with asyncio.TaskGroup() as watches:
        for name, part in parts.items():
            watches.create_task(kept(name, part), name=name)


async def _watch_archive(archive: Archive, health: DaemonHealth, desks: list[Consortium]) -> None:
    """Say within five seconds that the database does not answer, and that it does again, until cancelled."""
    part = health.part("archive")
    while True:
        try:
            await archive.answers(ANSWER_S)
        except Unreachable as error:
            part.down(str(error))
        else:
            part.up()
        for desk in desks:
            desk.ring_watch.archive_found(part.why)
        await asyncio.sleep(LOOK_S)


def _traces(config: Config, process: str, stack: AsyncExitStack) -> MessageTraces | None:
    """Return what traces messages, None where that is not configured. Raises Misconfigured."""
    if not config.tracing.endpoint:
        return None
    try:
        traces = MessageTraces(config.tracing, process)
    except MissingTracing as error:
        raise Misconfigured(f"tracing.endpoint: {error}") from None
    stack.push_async_callback(traces.close)
    return traces


async def _store(config: Config, url: str, consortium: str, stack: AsyncExitStack) -> Store:
    try:
        store = await Store.open(url, consortium, replicas=config.redis.replicas)
    except ValueError as error:
        raise Misconfigured(f"redis.url: {error}") from None
    stack.push_async_callback(store.close)
    return store


async def _releases(store: Store, process: str, config: Config) -> Releases:
    """See that this release reads what is in the streams, before anything is written. Raises Misconfigured."""
    releases = Releases(store, process, str(config.roles), schema=newest(), alone=not config.redis.url)
    releases.on_too_old = lambda _: os.kill(os.getpid(), signal.SIGTERM)
    try:
        await releases.check()
    except TooOld as error:
        raise Misconfigured(str(error)) from None
    if old := releases.lacking(OLDEST):
        raise Misconfigured(
            f"this release changes the database in a way that older ones cannot use: stop {', '.join(old)} first"
        )
    return releases


async def redis(config: Config, stack: AsyncExitStack, *, wait: float = 60.0) -> str:
    """Return the URL of the streams: the configured one, else that of a private child that ends with `stack`."""
    if config.redis.url:
        return str(config.redis.url)
    private(config.data / "redis")
    child = EmbeddedRedis(config.data / "redis")
    url = await child.start(wait=wait)
    stack.push_async_callback(child.stop)
    return url


async def _stopped(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)


def _application(
    config: Config, desks: list[Consortium], health: DaemonHealth, mounts: ChannelMounts
) -> web.Application:
    inbox = Inbox([desk.services for desk in desks]) if config.roles.web else None
    faq = _faq(config, desks) if config.roles.web else None
    portal = Portal([desk.portal for desk in desks], config.http.public_url, faq.front) if faq is not None else None
    return application(
        health=health,
        inbox=inbox,
        inbox_pages=INBOX_PAGES if config.roles.web and (INBOX_PAGES / "index.html").is_file() else None,
        portal=portal,
        faq=faq,
        channels=mounts,
        proxies=config.http.proxies,
        registry=REGISTRY,
        sign_on=config.sign_on,
        calls=_calls(config, desks) if config.roles.web else None,
    )


def _calls(config: Config, desks: list[Consortium]) -> CallPages | None:
    """Return the pages of calls; None where there is no TURN server."""
    return CallPages([desk.calls for desk in desks], config.http.public_url) if config.calls.offered else None


def _faq(config: Config, desks: list[Consortium]) -> FaqSite:
    """Return the public FAQ of all consortia, which share one archive."""
    return FaqSite([desk.state for desk in desks], desks[0].services.archive, config.http.public_url)


async def serve(config: Config, read: Callable[[], Config] | None = None) -> int:
    """Serve until a signal says stop. `read` reads the configuration again when SIGHUP asks for that."""
    say_in_lines()
    try:
        async with opened(config) as house:
            told = told_to_stop()
            reloading = Reloading(config, read or (lambda: config), house.desks, house.mounts, house.health)
            rereading = asyncio.create_task(reloading.run(), name="reload")
            if read is not None and not _behind_nohup() and not sys.stdin.isatty():
                asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, reloading.asked.set)
            log.info(
                "serving",
                url=house.url,
                roles=str(config.roles),
                channels=len(config.channels),
                version=version("deskbridge"),
            )
            await until(told, house.health)
            rereading.cancel()
    except (Misconfigured, EmbeddedError, StoreError, OSError) as error:
        say(f"deskbridge cannot start: {error}", error=True)
        return 1
    return 0


def told_to_stop() -> asyncio.Event:
    """Return what is set by SIGTERM, SIGINT, or a terminal that is closed, from now on."""
    told = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT, *(() if _behind_nohup() else (signal.SIGHUP,))):
        loop.add_signal_handler(number, told.set)
    return told


def _behind_nohup() -> bool:
    return signal.getsignal(signal.SIGHUP) == signal.SIG_IGN


async def until(told: asyncio.Event, health: DaemonHealth) -> None:
    """Wait until we are told to stop, keeping systemd informed meanwhile."""
    watch = asyncio.create_task(health.watch())
    await told.wait()
    watch.cancel()
    health.stopping()

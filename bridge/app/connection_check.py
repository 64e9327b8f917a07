"""`deskbridge check` tries what is configured: Redis, the archive's database, each channel's network, the way that browsers take.

Nothing is changed there, and no session of a running daemon is disturbed. All are tried at once; each has `WITHIN_S` seconds.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import structlog
from aiohttp import ClientError, ClientSession

from bridge.account.access import AccountAccess
from bridge.account.library_system import AccountProblem
from bridge.account.settings import AccountConfig
from bridge.app.channel_access import channels
from bridge.app.config import ChannelConfig, Config, convert
from bridge.app.daemon import archive_url
from bridge.app.file_stores import bucket_of
from bridge.app.public_check import CLOCK_S, CheckFindings, try_public
from bridge.calls.turn import TurnRefused, try_turn
from bridge.catalogue.search import Catalogues
from bridge.catalogue.settings import CatalogueConfig
from bridge.channels.plugins import load
from bridge.contract.adapter import Adapter, AdapterError, Checks, Misconfigured, Ports
from bridge.files.bucket import BucketFaulty
from bridge.redis.store import Store, StoreError
from bridge.runtime import machine
from bridge.runtime.tracing import MissingTracing, SpanSender
from bridge.sign_on.identity import NotSignedOn
from bridge.sign_on.settings import OidcSettings
from bridge.sql.archive import Archive
from bridge.sql.database import Unreachable, engine_for, reach
from bridge.testing.memory import ProcessMemory

WITHIN_S = 20.0
MB = 1_000_000
LEAST_MB, GOOD_MB = 100, 1_000

log = structlog.get_logger("bridge.app.connection_check")


async def tried(config: Config, ports: Ports) -> CheckFindings:
    """Return what cannot be reached, or not be used as configured, and what is to be known.

    `ports` lead nowhere; an adapter gets them with what its channel remembers and its secret, where they can be had.
    """
    async with AsyncExitStack() as stack:
        found = await asyncio.to_thread(_machine, config)
        found.add(await try_public(config))
        known = await _remembered(config, stack)
        trials: list[Coroutine[Any, Any, CheckFindings]] = [
            _database(config),
            bucket_faults(config),
            *(_channel(one, replace(ports, channel=one.name, **known.get(one.name, {}))) for one in config.channels),
        ]
        if config.redis.url:
            consortia = sorted({one.consortium for one in config.channels} or {"main"})
            trials += [_redis(config, name) for name in consortia[:1]]
        trials += [_catalogue(one) for one in config.catalogues if one.searched]
        trials += [_account(one) for one in config.accounts]
        if config.sign_on.oidc is not None:
            trials.append(_sign_on(config.sign_on.oidc))
        trials += [_turn(url, config.calls.secret) for url in config.calls.turn if config.calls.offered]
        if config.tracing.endpoint:
            trials.append(_collector(config.tracing.endpoint))
        for each in await asyncio.gather(*trials):
            found.add(each)
        return found


async def _remembered(config: Config, stack: AsyncExitStack) -> dict[str, dict[str, Any]]:
    """Return the memory and the secret of each channel that remembers anything: one may need a token that replaced another.

    Before the first start there is nothing. What cannot be read is not taken for nothing: a provider that sees an old token again
    may take back the new one. Nothing is made or brought up to date here.
    """
    unread: dict[str, dict[str, Any]] = {one.name: {"memory": ProcessMemory()} for one in config.channels}
    if not any(load(one.kind).capabilities.remembers for one in config.channels):
        return unread
    try:
        async with asyncio.timeout(WITHIN_S):
            if not (secret := await _secret(config)):
                return unread
            found = await stack.enter_async_context(channels(config, secret))
    except Exception as error:  # of Redis, the database, a disk: each has a trial of its own
        log.warning("nothing is known of what channels remember", why=type(error).__name__)
        for each in unread.values():
            each["memory"].away = True
        return unread
    return {one.name: {"memory": one.memory, "secret": one.secret} for one in found}


async def _secret(config: Config) -> bytes:
    """Return the archive's secret, b"" before the first start."""
    if not config.archive.url and not (config.data / "archive.sqlite").is_file():
        return b""
    archive = Archive(archive_url(config))
    try:
        await reach(archive.engine)
        return await archive.known_secret()
    finally:
        await archive.close()


def _machine(config: Config) -> CheckFindings:
    """Look at the disk and at the clock of this machine."""
    found = CheckFindings([], [])
    folder = next((each for each in (config.data, *config.data.parents) if each.is_dir()), Path("/"))
    left = machine.disk(folder).left // MB
    if left < LEAST_MB:
        found.wrong.append(f"deskbridge.data: {left} MB are left on the disk of {config.data}; free some space")
    elif left < GOOD_MB:
        found.notes.append(f"{left} MB are left on the disk of {config.data}")
    if not machine.clock_is_kept():
        found.notes.append("the clock of this machine is not kept by NTP, as far as the kernel knows")
    return found


async def _turn(url: str, secret: str) -> CheckFindings:
    """Have a TURN server relay an address, and give it back."""
    try:
        await try_turn(url, secret, WITHIN_S / 2)
    except (TurnRefused, OSError, TimeoutError) as error:
        return CheckFindings([f"calls.turn: {url}: {str(error) or 'no answer'}"], [])
    return CheckFindings([], [])


async def _redis(config: Config, consortium: str) -> CheckFindings:
    try:
        async with asyncio.timeout(WITHIN_S):
            store = await Store.open(config.redis.url, consortium, patience=WITHIN_S / 4)
            try:
                facts, fsync = await store.settings(), await store.fsync()
                off = time.time() - await store.now() / 1000
            finally:
                await store.close()
    except (StoreError, OSError, TimeoutError) as error:
        return CheckFindings([f"redis.url: {str(error) or 'no answer'}"], [])
    wrong, notes = [], []
    if fsync and fsync != "always" and not config.redis.replicas:
        notes.append(
            f"redis.url: appendfsync is {fsync}: up to a second of what was acknowledged is lost where the server's machine dies"
        )
    if facts.get("maxmemory", "0") == "0":
        notes.append("redis.url: the server has no maxmemory: where its machine's memory ends, the kernel ends it")
    if abs(off) > CLOCK_S:
        wrong.append(f"the clock: this machine is {off:+.0f} s off the server of redis.url; use NTP on both")
    if facts.get("aof_enabled") != "1":
        wrong.append(
            "redis.url: the server keeps nothing over a restart; set appendonly yes and appendfsync always there"
        )
    if facts.get("maxmemory_policy", "noeviction") != "noeviction":
        wrong.append("redis.url: the server drops keys when memory is short; set maxmemory-policy noeviction there")
    replicas = int(facts.get("connected_slaves", "0"))
    if replicas < config.redis.replicas:
        wrong.append(f"redis.replicas: {config.redis.replicas} must have a message, and {replicas} are connected")
    return CheckFindings(wrong, notes)


async def _catalogue(config: CatalogueConfig) -> CheckFindings:
    found = await Catalogues([config]).search(config.library, "library")
    return CheckFindings([f"catalogue {config.library}: {found.problem} {found.detail}"] if found.problem else [], [])


async def _account(config: AccountConfig) -> CheckFindings:
    try:
        await AccountAccess([config]).reach(config.library)
    except AccountProblem as problem:
        return CheckFindings([f"account {config.library}: {problem.why}"], [])
    return CheckFindings([], [])


async def provider_faults(settings: OidcSettings) -> list[str]:
    """Try the service that signs people in."""
    from bridge.sign_on.oidc import OidcProvider

    try:
        async with asyncio.timeout(WITHIN_S):
            await OidcProvider(settings).reach()
    except (NotSignedOn, TimeoutError) as error:
        away = isinstance(error, TimeoutError) or error.reason == "provider-away"
        why = "no answer" if away else "what answers there does not call itself by this issuer, or shows no keys"
        return [f"sign_on.oidc.issuer: {why}"]
    return []


async def _sign_on(settings: OidcSettings) -> CheckFindings:
    return CheckFindings(await provider_faults(settings), [])


async def _collector(endpoint: str) -> CheckFindings:
    """Hand the collector of traces nothing, and see that it takes that."""
    try:
        await SpanSender(endpoint, "check").close()
        async with asyncio.timeout(WITHIN_S), ClientSession() as web:
            form = {"Content-Type": "application/x-protobuf"}
            async with web.post(f"{endpoint}/v1/traces", data=b"", headers=form) as answer:
                wrong = ["it takes no traces by HTTP there"] if answer.status == 404 else []
    except MissingTracing as error:
        wrong = [str(error)]
    except (ClientError, OSError, TimeoutError):
        wrong = ["no answer"]
    return CheckFindings([f"tracing.endpoint: {each}" for each in wrong], [])


async def _database(config: Config) -> CheckFindings:
    where = str(config.archive.url)
    if not where and not (config.data / "archive.sqlite").is_file():
        return CheckFindings([], [])  # made at the first start
    engine = engine_for(where or f"sqlite:///{config.data / 'archive.sqlite'}")
    try:
        async with asyncio.timeout(WITHIN_S):
            await reach(engine)
    except (Unreachable, TimeoutError) as error:
        return CheckFindings([f"{'archive.url' if where else 'deskbridge.data'}: {str(error) or 'no answer'}"], [])
    finally:
        await engine.dispose()
    return CheckFindings([], [])


async def bucket_faults(config: Config) -> CheckFindings:
    """Write, read and delete an object in each bucket that is configured; return what is wrong."""
    wrong = []
    for where, meant in (("files", config.files), ("backup", config.backup)):
        if not meant.bucket:
            continue
        try:
            async with asyncio.timeout(WITHIN_S):
                await bucket_of(meant, where).check()
        except Misconfigured as error:
            wrong.append(str(error))
        except (BucketFaulty, TimeoutError) as error:
            wrong.append(f"{where}.bucket: {str(error) or 'no answer'}")
    return CheckFindings(wrong, [])


async def _channel(channel: ChannelConfig, ports: Ports) -> CheckFindings:
    kind = load(channel.kind)
    adapter: Adapter = kind(convert(channel.settings, kind.Config, channel.name), ports)
    if not kind.capabilities.check:
        return CheckFindings([], [])
    trial: Checks = adapter  # type: ignore[assignment]  # plugins.faults: there, where it is declared
    try:
        async with asyncio.timeout(WITHIN_S):
            await trial.check()
    except (AdapterError, OSError, TimeoutError) as error:
        return CheckFindings([f"{channel.name}: {str(error) or 'no answer'}"], [])
    except Exception as error:
        log.exception("a channel could not be tried", channel=channel.name)
        return CheckFindings([f"{channel.name}: cannot be tried ({type(error).__name__})"], [])
    return CheckFindings([], [])

"""`deskbridge check` tries what is configured: Redis, the archive's database, and each channel's network.

Nothing is changed there, and no session of a running daemon is disturbed. All are tried at once; each has `WITHIN_S` seconds.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Any

import structlog

from bridge.app.channel_access import channels
from bridge.app.config import ChannelConfig, Config, convert
from bridge.app.daemon import archive_url
from bridge.app.file_stores import bucket_of
from bridge.channels.plugins import load
from bridge.contract.adapter import Adapter, AdapterError, Checks, Misconfigured, Ports
from bridge.files.bucket import BucketFaulty
from bridge.redis.store import Store, StoreError
from bridge.sign_on.identity import NotSignedOn
from bridge.sign_on.settings import OidcSettings
from bridge.sql.archive import Archive
from bridge.sql.database import Unreachable, engine_for, reach
from bridge.testing.memory import ProcessMemory

WITHIN_S = 20.0

log = structlog.get_logger("bridge.app.connection_check")


async def unreachable(config: Config, ports: Ports) -> list[str]:
    """Return a line for each thing that cannot be reached, or not be used as configured; [] when all is well.

    `ports` lead nowhere; an adapter gets them with what its channel remembers and its secret, where they can be had.
    """
    async with AsyncExitStack() as stack:
        known = await _remembered(config, stack)
        trials: list[Coroutine[Any, Any, list[str]]] = [
            _database(config),
            _files(config),
            *(_channel(one, replace(ports, channel=one.name, **known.get(one.name, {}))) for one in config.channels),
        ]
        if config.redis.url:
            consortia = sorted({one.consortium for one in config.channels} or {"main"})
            trials += [_redis(config, name) for name in consortia[:1]]
        if config.sign_on.oidc is not None:
            trials.append(provider_faults(config.sign_on.oidc))
        return [line for lines in await asyncio.gather(*trials) for line in lines]


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


async def _redis(config: Config, consortium: str) -> list[str]:
    try:
        async with asyncio.timeout(WITHIN_S):
            store = await Store.open(config.redis.url, consortium, patience=WITHIN_S / 4)
            try:
                facts = await store.settings()
            finally:
                await store.close()
    except (StoreError, OSError, TimeoutError) as error:
        return [f"redis.url: {str(error) or 'no answer'}"]
    wrong = []
    if facts.get("aof_enabled") != "1":
        wrong.append(
            "redis.url: the server keeps nothing over a restart; set appendonly yes and appendfsync always there"
        )
    if facts.get("maxmemory_policy", "noeviction") != "noeviction":
        wrong.append("redis.url: the server drops keys when memory is short; set maxmemory-policy noeviction there")
    replicas = int(facts.get("connected_slaves", "0"))
    if replicas < config.redis.replicas:
        wrong.append(f"redis.replicas: {config.redis.replicas} must have a message, and {replicas} are connected")
    return wrong


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


async def _database(config: Config) -> list[str]:
    where = str(config.archive.url)
    if not where and not (config.data / "archive.sqlite").is_file():
        return []  # made at the first start
    engine = engine_for(where or f"sqlite:///{config.data / 'archive.sqlite'}")
    try:
        async with asyncio.timeout(WITHIN_S):
            await reach(engine)
    except (Unreachable, TimeoutError) as error:
        return [f"{'archive.url' if where else 'deskbridge.data'}: {str(error) or 'no answer'}"]
    finally:
        await engine.dispose()
    return []


async def _files(config: Config) -> list[str]:
    """Write, read and delete an object where a bucket is configured."""
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
    return wrong


async def _channel(channel: ChannelConfig, ports: Ports) -> list[str]:
    kind = load(channel.kind)
    adapter: Adapter = kind(convert(channel.settings, kind.Config, channel.name), ports)
    if not kind.capabilities.check:
        return []
    trial: Checks = adapter  # type: ignore[assignment]  # plugins.faults: there, where it is declared
    try:
        async with asyncio.timeout(WITHIN_S):
            await trial.check()
    except (AdapterError, OSError, TimeoutError) as error:
        return [f"{channel.name}: {str(error) or 'no answer'}"]
    except Exception as error:
        log.exception("a channel could not be tried", channel=channel.name)
        return [f"{channel.name}: cannot be tried ({type(error).__name__})"]
    return []

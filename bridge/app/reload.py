"""SIGHUP, `systemctl reload`: read the configuration again, and let the channels be as it says now.

A channel whose table or secrets changed begins again; a new one begins, a removed one ends as at a stop. The others go on, with
their sockets. A configuration that cannot be used changes nothing. What concerns more than channels waits for a restart, which the
log says.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Protocol

import msgspec
import structlog

from bridge.app.channel_mounts import ChannelMounts
from bridge.app.config import Config, ConfigError
from bridge.contract.adapter import Misconfigured
from bridge.runtime.health import DaemonHealth

CHANNELS_ALONE = {"channels", "secrets", "path"}

log = structlog.get_logger("bridge.app.reload")


class ChannelChange(msgspec.Struct, frozen=True):
    """The channels that began, ended, or began again, by name."""

    added: list[str] = []
    removed: list[str] = []
    changed: list[str] = []


class Changeable(Protocol):
    """A consortium whose channels can be changed."""

    name: str

    async def change_channels(self, config: Config, mounts: ChannelMounts) -> ChannelChange:
        """Run the channels that `config` names. Raises Misconfigured or ConfigError with nothing changed."""


def waits_for_restart(before: Config, now: Config, consortia: Sequence[str]) -> list[str]:
    """Return the parts of a configuration that differ and that only a restart changes."""
    fields = (name for name in Config.__struct_fields__ if name not in CHANNELS_ALONE)
    found = [name for name in fields if getattr(before, name) != getattr(now, name)]
    new = {channel.consortium for channel in now.channels} - set(consortia)
    return found + [f"consortium {name}" for name in sorted(new)]


class Reloading:
    """Reads the configuration whenever it is `asked`; `run` must be running."""

    def __init__(
        self,
        config: Config,
        read: Callable[[], Config],
        desks: Sequence[Changeable],
        mounts: ChannelMounts,
        health: DaemonHealth,
    ) -> None:
        self._config, self._read = config, read
        self._desks, self._mounts, self._health = desks, mounts, health
        self.asked = asyncio.Event()

    async def run(self) -> None:
        """Reload whenever that is asked for, until cancelled."""
        while True:
            await self.asked.wait()
            self.asked.clear()
            self._health.reloading()
            try:
                await self._reload()
            except (ConfigError, Misconfigured) as error:
                log.error("the configuration cannot be used, nothing is changed", why=str(error))
            except Exception:
                log.exception("the configuration was not read again")
            self._health.reloaded()

    async def _reload(self) -> None:
        now = await asyncio.to_thread(self._read)
        waiting = waits_for_restart(self._config, now, [desk.name for desk in self._desks])
        whole = msgspec.structs.replace(self._config, channels=now.channels, secrets=now.secrets)
        changes = [await desk.change_channels(whole, self._mounts) for desk in self._desks]
        self._config = whole
        told = {
            name: sorted(channel for one in changes for channel in getattr(one, name))
            for name in ChannelChange.__struct_fields__
        }
        log.info("the configuration was read again", **told)
        if waiting:
            log.warning("what else has changed waits for a restart", parts=waiting)

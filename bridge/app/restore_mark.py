"""The file that says that a restore is under way, or was broken off."""

from __future__ import annotations

from pathlib import Path

from bridge.app.config import Config, ConfigError, Fault

MARK = "restore.unfinished"


def check_restored(config: Config) -> None:
    """Raise ConfigError where a restore is under way or was broken off: half a desk must not begin to work."""
    mark: Path = config.data / MARK
    if mark.exists():
        do = "wait for it, or empty the folder, the database and Redis, and restore again"
        raise ConfigError(config.path, [Fault("deskbridge.data", f"{mark} says that a restore is not finished", do)])

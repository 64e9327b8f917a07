"""What `deskbridge setup` writes: the configuration, the first library, and a file for each secret. Nothing is ever overwritten.

The configuration is written last: where it is, the others are, too. It holds no secret and may be read by everybody, since
root writes it and the service's user reads it. A secret's file is its owner's alone (0600). Under systemd root owns it, and
the service gets it as a credential; elsewhere the configuration names the file.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import tomli_w

from bridge.app.config import SECRET_NAME
from bridge.app.setup_questions import Plan

SECRETS = "secrets"  # a folder beside the configuration; the unit's LoadCredential= names it
DESK = "desk.toml"
HEAD = """\
# Deskbridge: what runs where. `deskbridge setup` wrote this file and never touches it again.
#
# `deskbridge check` names everything that is wrong with it at once. Restart after a change: systemctl restart deskbridge
# All that can be said here is in deskbridge.toml.example.

"""
DESK_HEAD = """\
# The first library, as `deskbridge setup` loads it into an empty desk. From then on it is edited in the inbox.

"""


class Taken(Exception):
    """A file is there already; nothing was written."""


def write(plan: Plan, config: Path, *, systemd: bool) -> list[Path]:
    """Write all files of a plan; return their paths. Raises Taken, and OSError where a folder cannot be written to."""
    documents = {path: (text, mode) for path, text, mode in _files(plan, config, systemd=systemd)}
    if there := [str(path) for path in documents if path.exists()]:
        raise Taken(f"setup overwrites nothing, and there is already: {', '.join(there)}")
    config.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    for path, (text, mode) in documents.items():
        if path.parent != config.parent:
            path.parent.mkdir(mode=0o700, exist_ok=True)
        _create(path, text, mode)
    return list(documents)


def _files(plan: Plan, config: Path, *, systemd: bool) -> Iterator[tuple[Path, str, int]]:
    channels = []
    for channel in plan.channels:
        table = {}
        for key, value in channel.items():
            if not SECRET_NAME.search(key):
                table[key] = value
                continue
            name = f"{channel['name']}_{key}"
            yield config.parent / SECRETS / name, f"{value}\n", 0o600
            table |= {key: {"credential": f"secret_{name}"}} if systemd else {f"{key}_file": f"{SECRETS}/{name}"}
        channels.append(table)
    yield config.parent / DESK, DESK_HEAD + tomli_w.dumps({"library": [plan.desk]}), 0o644
    document: dict[str, Any] = plan.document() | {"channel": channels}
    yield config, HEAD + tomli_w.dumps(document), 0o644


def _create(path: Path, text: str, mode: int) -> None:
    """Write a new file, durable before it returns. Raises Taken where somebody else made it meanwhile."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    except FileExistsError:
        raise Taken(f"setup overwrites nothing, and there is already: {path}") from None
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        os.fchmod(file.fileno(), mode)
        file.write(text)
        file.flush()
        os.fsync(file.fileno())

"""What is the desk's alone: its data folder, and the files that hold its secrets.

Nobody else on the machine may read transcripts, or change a password that we believe (CWE-732). What others may open is mended
where it is ours, and that is said; where it is not ours, or not only the desk's, we refuse to start.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

UMASK = 0o077
OTHERS = 0o077
# A folder that holds anything else may be somebody's home, or /tmp: its mode is not ours to change.
OWN = ("archive.sqlite", "blobs", "file-copies", "redis", "redis.lock", "appendonlydir", "channels")
LENT = ("/run/secrets/",)  # where containers lend secrets, readable by all who are inside


class Exposed(Exception):
    """Others may open what must be ours alone, and we cannot change that. The text says what to do."""


def be_private() -> None:
    """Let nobody else open what this process makes from now on."""
    os.umask(UMASK)


def mode_of(path: Path) -> int:
    """Return the permission bits of what is at a path, 0 when nothing is."""
    try:
        return stat.S_IMODE(path.stat().st_mode)
    except OSError:
        return 0


def folder_fault(folder: Path) -> str:
    """Return what is wrong with the mode of a data folder, "" when nothing is."""
    mode = mode_of(folder)
    return f"others may open {folder} (mode {mode:04o})" if mode & OTHERS else ""


def secret_fault(path: Path) -> str:
    """Return what is wrong with the mode of a secret's file, "" when nothing is. Its group may read it, and nobody but us write."""
    mode = mode_of(path)
    if mode & 0o022:
        return f"others may change {path} (mode {mode:04o})"
    if mode & 0o007 and not str(path).startswith(LENT):
        return f"everybody may read {path} (mode {mode:04o})"
    return ""


def keep_folder(folder: Path, said: Callable[[str], None]) -> None:
    """Make a data folder that we alone can open, or make the one that is there so; tell `said` what was changed. Raises Exposed."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    fault = folder_fault(folder)
    if not fault:
        return
    inside = [name for name in os.listdir(folder) if name != "lost+found"]
    if inside and not any(name in OWN for name in inside):
        raise Exposed(f"{fault} and it is not the desk's alone: name a folder of its own, or chmod 700 {folder}")
    try:
        for path in folder.iterdir():
            if path.is_file() and not path.is_symlink() and mode_of(path) & OTHERS:
                path.chmod(mode_of(path) & 0o700)
        folder.chmod(0o700)
    except OSError:
        raise Exposed(f"{fault}: chmod 700 {folder}") from None
    said(f"{fault}: it is ours alone now (0700)")


def keep_secret(path: Path, said: Callable[[str], None]) -> None:
    """Make a secret's file ours alone. Raises Exposed where others may change it and we cannot help it."""
    fault = secret_fault(path)
    if not fault:
        return
    with suppress(OSError):
        if path.stat().st_uid == os.geteuid():
            path.chmod(mode_of(path) & 0o700)
            said(f"{fault}: it is ours alone now ({mode_of(path):04o})")
            return
    if mode_of(path) & 0o022:
        raise Exposed(f"{fault}: chmod 600 {path}")
    said(f"{fault}: chmod 600 {path}")

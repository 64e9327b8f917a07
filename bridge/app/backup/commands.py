"""`deskbridge backup` and `deskbridge restore`, with what they print."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from bridge.app.backup import restoring, taking
from bridge.app.backup.sealing import Unsealable
from bridge.app.backup.shelf import FORGOTTEN, BucketShelf, FolderShelf, Shelf, age_of_newest
from bridge.app.commands import open_archive
from bridge.app.config import Config
from bridge.app.daemon import archive_url, private, private_secrets
from bridge.app.file_stores import bucket_of
from bridge.app.restore_mark import MARK
from bridge.contract.adapter import FilesAway, Misconfigured
from bridge.redis.embedded import EmbeddedError
from bridge.redis.store import StoreError
from bridge.sql.archive import Archive
from bridge.sql.database import BadAddress, Unreachable, reach
from bridge.sql.row_copy import NotEmpty

WRONG = (Unsealable, NotEmpty, taking.Torn, StoreError, EmbeddedError, FilesAway, Misconfigured, Unreachable, OSError)


def told(config: Config, to: Path | None, recipient: list[str] | None, keep: int | None) -> Config:
    """Return a configuration with what the command line says of backups."""
    changed = config.backup
    if to is not None:
        changed = msgspec.structs.replace(changed, to=str(to.absolute()), bucket="")
    if recipient:
        changed = msgspec.structs.replace(changed, recipients=tuple(recipient))
    if keep is not None:
        changed = msgspec.structs.replace(changed, keep=max(1, keep))
    return msgspec.structs.replace(config, backup=changed)


def shelf_of(config: Config) -> Shelf:
    """Return where backups go. Raises Unsealable where the configuration does not say."""
    meant = config.backup
    if meant.bucket:
        return BucketShelf(bucket_of(meant, "backup"))
    if not meant.to:
        raise Unsealable("nobody says where to: write backup.to, or name a folder with --to")
    return FolderShelf(Path(meant.to))


async def remarks(config: Config) -> list[str]:
    """Say how old the newest backup is, where backups are configured."""
    if not (config.backup.to or config.backup.bucket):
        return []
    try:
        names = await shelf_of(config).names()
    except (FilesAway, Misconfigured, OSError) as error:
        return [f"backups can't be listed: {error}"]
    return [age_of_newest(names, datetime.now(UTC))]


async def backup(config: Config, *, forgotten: bool) -> int:
    """Take a backup, or only write the list of who was forgotten."""
    try:
        shelf = shelf_of(config)
        async with open_archive(config) as archive:
            if forgotten:
                print(f"{await taking.list_forgotten(config, archive, shelf)} conversations are on the list")
                return 0
            taken = await taking.take(config, archive, shelf)
    except WRONG as error:
        print(f"no backup was taken: {str(error) or type(error).__name__}", file=sys.stderr)
        return 1
    heads = ", ".join(f"{name} up to {seq}" for name, seq in taken.heads.items())
    print(f"{taken.name}: {taken.size:,} bytes; {taken.rows:,} rows, {taken.files:,} files; the log of {heads}")
    for name in taken.gone:
        print(f"{name} deleted")
    return 0


async def restore(config: Config, name: str, identity: Path, forgotten: Path | None, settings: Path | None) -> int:
    """Restore a backup: a file, or the name of one where backups go."""
    private(config.data)
    private_secrets(config)
    try:
        async with _found(config, name, forgotten) as (file, listed):
            if settings is not None:
                print(*await asyncio.to_thread(restoring.settings, file, identity, settings), sep="\n")
                return 0
            async with _unopened(config) as archive:
                done = await restoring.restore(config, archive, file, identity, listed)
    except WRONG as error:
        print(f"not restored: {str(error) or type(error).__name__}", file=sys.stderr)
        if await asyncio.to_thread((config.data / MARK).exists):
            print(f"empty {config.data}, the database and Redis before you try again", file=sys.stderr)
        return 1
    heads = ", ".join(f"{name} up to {seq}" for name, seq in done.manifest.heads.items())
    print(f"{done.rows:,} rows, {done.files:,} files; the log of {heads}")
    print(
        f"{done.doubted} deliveries were pending: what became of them is in doubt, and they aren't sent again unasked"
    )
    if listed is None:
        print(
            "no list of who was forgotten was found: forget again who was forgotten since the backup", file=sys.stderr
        )
    else:
        print(f"{done.forgotten} conversations were forgotten since, and are forgotten again")
    print("check it with `deskbridge replay`, then start the daemon; everybody signs in again")
    return 0


@asynccontextmanager
async def _unopened(config: Config) -> AsyncIterator[Archive]:
    """Give the archive without making its tables."""
    try:
        archive = Archive(archive_url(config))
    except BadAddress as error:
        raise Unreachable(str(error)) from None
    try:
        await reach(archive.engine)
        yield archive
    finally:
        await archive.close()


@asynccontextmanager
async def _found(config: Config, name: str, forgotten: Path | None) -> AsyncIterator[tuple[Path, Path | None]]:
    """Give the files of a backup and of the list beside it; copies from where backups go are deleted at the end."""
    here = Path(name)
    if await asyncio.to_thread(here.is_file):
        beside = here.parent / FORGOTTEN
        there = await asyncio.to_thread(beside.is_file)
        yield here, forgotten or (beside if there else None)
        return
    shelf = shelf_of(config)
    with TemporaryDirectory(prefix=".restore-", dir=config.data) as work:
        file, listed = Path(work) / "backup", Path(work) / FORGOTTEN
        if not await shelf.get(name, file):
            known = await shelf.names()
            raise Unsealable(f"there is no {name}; known are {', '.join(known[-5:]) or 'none'}")
        found = await shelf.get(FORGOTTEN, listed)
        yield file, forgotten or (listed if found else None)

"""Which store of files a configuration means, and what was kept in others before."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from bridge.app.config import BackupConfig, Config, ConfigError, Fault, FilesConfig
from bridge.contract.adapter import FilesAway, Misconfigured
from bridge.files.blobs import FileBlobs
from bridge.files.bucket import Bucket, MissingClient
from bridge.files.local_copies import LocalCopies
from bridge.files.moving import MovingFiles
from bridge.files.store import FileStore
from bridge.sql.archive import Archive

FOLDER, COPIES = "blobs", "file-copies"


def chosen(config: Config) -> str:
    """Return the name of the store that a configuration means."""
    return config.files.store or ("postgresql" if config.archive.url.startswith("postgresql") else "folder")


def bucket_of(meant: FilesConfig | BackupConfig, where: str) -> Bucket:
    """Return the bucket that a table of the configuration names. Raises Misconfigured where its client isn't installed."""
    try:
        return Bucket(
            meant.bucket,
            endpoint=meant.endpoint,
            region=meant.region,
            key=meant.key,
            secret=str(meant.secret),
            authority=meant.authority,
            prefix=meant.prefix,
        )
    except MissingClient as error:
        raise Misconfigured(f"{where}.bucket: {error}") from None


async def opened_files(config: Config, archive: Archive, copies: Path | None = None) -> FileStore:
    """Return the chosen store; with a MovingFiles where others still hold files. Raises ConfigError, Misconfigured.

    `copies` is a folder for copies of what is read, where it isn't the daemon's."""
    local = LocalCopies(copies or config.data / COPIES)
    await local.clear(0)  # what an earlier process left
    stores = _stores(config, archive, local)
    counts = await archive.file_stores()
    for name in counts.keys() - stores.keys():
        do = "name the bucket again" if name == "s3" else "name that archive again"
        raise ConfigError(
            config.path, [Fault("files", f"{counts[name]} files are in {name}, which is not configured any more", do)]
        )
    if await asyncio.to_thread(_any, config.data / FOLDER):
        counts["folder"] = 1
    store = stores.pop(chosen(config))
    former = [each for name, each in stores.items() if counts.get(name)]
    return MovingFiles(store, former) if former else store


def _stores(config: Config, archive: Archive, copies: LocalCopies) -> dict[str, FileStore]:
    """Return every store that a configuration can reach, by name."""
    found: dict[str, FileStore] = {"folder": FileBlobs(config.data / FOLDER)}
    if config.archive.url.startswith("postgresql"):
        found["postgresql"] = archive.large_object_files(copies)
    if config.files.bucket:
        found["s3"] = archive.bucket_files(copies, bucket_of(config.files, "files"))
    return found


def _any(folder: Path) -> bool:
    return next((True for path in folder.glob("??/*") if len(path.name) == 62), False)


async def move(config: Config, archive: Archive) -> int:
    """Move all files to the chosen store, and say how it went; 1 when some could not be moved."""
    files = await opened_files(config, archive)
    moved, left = 0, 0
    try:
        if isinstance(files, MovingFiles):
            moved, left = await files.move()
    except FilesAway as error:
        print(f"files cannot be moved now: {error}", file=sys.stderr)
        return 1
    print(f"{moved} files moved to {files.name}" + (f", {left} cannot be read; the log names them" if left else ""))
    return 1 if left else 0

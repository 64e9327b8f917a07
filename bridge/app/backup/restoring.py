"""`deskbridge restore`: a backup comes back, into an empty place only.

The file is unpacked and checked whole before anything is written. Then follow rows, files, channels' files, the erasures made
since, and the streams last. Meanwhile a file in the data folder says that it is not finished, and no daemon starts.

Three things are not as they were:

- Everybody signs in again: a session that was ended since the backup must not come back.
- A delivery that was pending was most likely sent a moment after the backup. It is in doubt now: the channel asks its network, or
  the librarian is told that nobody knows. It is not sent a second time.
- Who was forgotten since the backup is forgotten again, if the list of them is there.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec

from bridge.app.backup.forgotten import read_forgotten
from bridge.app.backup.sealing import Manifest, Unsealable, identities, unsealed
from bridge.app.backup.workspace import workspace
from bridge.app.config import Config
from bridge.app.daemon import consortia
from bridge.app.file_stores import opened_files
from bridge.app.restore_mark import MARK
from bridge.app.streams import streams
from bridge.channels.plugins import load
from bridge.files.store import FileFacts
from bridge.redis.key_copy import KeyCopy
from bridge.redis.store import Store
from bridge.sql.archive import Archive
from bridge.sql.database import migrate
from bridge.sql.privacy import patron_lookup
from bridge.sql.privacy.forgotten import still_kept
from bridge.sql.row_copy import NOT_RESTORED, NotEmpty, RowWriter, check_empty, make_schema
from routing.wire import decode_delivery

AT_ONCE = 200  # conversations that are forgotten in one transaction


class Restored(msgspec.Struct, frozen=True, kw_only=True):
    """What came back. `forgotten`: conversations that were forgotten again; `doubted`: deliveries that are in doubt now."""

    manifest: Manifest
    rows: int
    files: int
    doubted: int
    forgotten: int


async def restore(config: Config, archive: Archive, backup: Path, keys: Path, forgotten: Path | None) -> Restored:
    """Restore a backup, and forget again who is on the list. Raises Unsealable, NotEmpty, StoreError, FilesAway, OSError.

    `archive` is not opened yet: its schema is made here. `keys` is a file of age's identities.
    """
    held = identities(keys)
    async with AsyncExitStack() as stack:
        work = stack.enter_context(workspace(config.data))
        manifest = await asyncio.to_thread(unsealed, backup, held, _folder(work / "backup"))
        gone: Sequence[str] = ()
        if forgotten is not None:
            await asyncio.to_thread(unsealed, forgotten, held, _folder(work / "forgotten"))
            gone = read_forgotten(work / "forgotten")
        if missing := sorted(set(manifest.heads) - set(consortia(config))):
            raise Unsealable(f"the configuration has no channel of {', '.join(missing)}, which the backup holds")
        stores = await streams(config, stack)
        await _check_empty(config, archive, stores)
        mark = config.data / MARK
        mark.touch(mode=0o600)
        rows = await _rows(archive, work / "backup", manifest)
        files = await _files(config, archive, work / "backup")
        _channels(config.data / "channels", work / "backup" / "channels")
        again = await _forget(config, archive, gone)
        doubted = 0
        for name in manifest.heads:
            doubted += await _streams(config, stores[name], name, work / "backup" / "redis" / f"{name}.msgpack")
        mark.unlink()
    return Restored(manifest=manifest, rows=rows, files=files, doubted=doubted, forgotten=again)


def settings(backup: Path, keys: Path, into: Path) -> list[str]:
    """Write a backup's configuration and its secrets to a new folder; return where each secret was. Raises Unsealable, OSError."""
    with TemporaryDirectory(prefix=".restore-", dir=into.parent) as work:
        manifest = unsealed(backup, identities(keys), Path(work))
        shutil.copytree(Path(work) / "config", into)
    return [f"{into / Path(name).name}: {where}" for name, where in sorted(manifest.secrets.items())]


async def _check_empty(config: Config, archive: Archive, stores: dict[str, Store]) -> None:
    await check_empty(archive.engine)
    for name, store in stores.items():
        if not await store.is_empty():
            raise NotEmpty(f"Redis holds streams of {name} already")
    for folder in ("blobs", "channels"):
        if any(path.is_file() for path in (config.data / folder).rglob("*")):
            raise NotEmpty(f"{config.data / folder} holds files already")
    if (config.data / MARK).exists():
        raise NotEmpty(f"a restore was broken off: empty {config.data}, the database and Redis first")


async def _rows(archive: Archive, folder: Path, manifest: Manifest) -> int:
    try:
        await make_schema(archive.engine, manifest.schema)
    except LookupError as error:
        raise Unsealable(f"a later release wrote it: {error.args[0]}") from None
    total = 0
    for name in [member for member in manifest.members if member.startswith("sql/")]:
        table = Path(name).stem
        if table in NOT_RESTORED:
            continue
        portions = _framed(folder / name)
        writer = RowWriter(archive.engine, table, next(portions))
        for portion in portions:
            await writer.write(portion)
            total += len(portion)
        await writer.end()
    await migrate(archive.engine)
    return total


def _framed(path: Path) -> Iterator[Any]:
    with path.open("rb") as file:
        while size := file.read(8):
            yield msgspec.msgpack.decode(file.read(int.from_bytes(size, "big")))


async def _files(config: Config, archive: Archive, folder: Path) -> int:
    store = await opened_files(config, archive)
    facts = msgspec.msgpack.decode((folder / "files/facts.msgpack").read_bytes(), type=list[FileFacts])
    for one in facts:
        await store.adopt(folder / "files" / one.digest, one)
        (folder / "files" / one.digest).unlink()
    return len(facts)


def _channels(target: Path, source: Path) -> None:
    """Put back what channels keep in files of their own; names that lead elsewhere are none that we wrote."""
    for number, name in enumerate(msgspec.msgpack.decode((source / "paths.msgpack").read_bytes(), type=list[str])):
        place = (target / name).resolve()
        if not place.is_relative_to(target.resolve()):
            raise Unsealable("it holds what no backup of ours holds")
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        shutil.copyfile(source / str(number), place)
        place.chmod(0o600)


async def _forget(config: Config, archive: Archive, gone: Sequence[str]) -> int:
    """Blank the rows of these conversations now, and order the daemon to do the rest, as if their patrons asked again."""
    again = await still_kept(archive.engine, list(gone))
    held = await patron_lookup.held(archive.engine, again)
    retention = archive.retention(await opened_files(config, archive))
    for start in range(0, len(again), AT_ONCE):
        await retention.forget_at_once(again[start : start + AT_ONCE])
    channels = {channel.name: channel.consortium for channel in config.channels}
    for one in held:
        homes = (channels.get(place.partition("|")[0], "") for place in one.places)
        home = next(filter(None, homes), consortia(config)[0])
        await archive.erasures(home).ask(one.id, one.places, follow_up=True)
    return len(again)


async def _streams(config: Config, store: Store, consortium: str, path: Path) -> int:
    """Write a consortium's keys; return how many deliveries are in doubt now."""
    copies = msgspec.msgpack.decode(await asyncio.to_thread(path.read_bytes), type=list[KeyCopy])
    await store.paste_keys(copies)
    doubted = 0
    for channel in [one for one in config.channels if one.consortium == consortium]:
        if not load(channel.kind).capabilities.fanout:  # a browser asks for what it has not seen yet
            doubted += await store.doubt(channel.name, lambda payload: decode_delivery(payload).id)
    return doubted


def _folder(path: Path) -> Path:
    path.mkdir(mode=0o700)
    return path

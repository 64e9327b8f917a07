"""`deskbridge backup`: all of a desk in one encrypted file, while the daemon goes on.

The order makes the parts fit together. First the database is held at one state (a transaction that reads). Then each consortium's
keys are read from Redis in one step. So the archive is never ahead of the log, and what it lacks is in the log. Then the held
rows are written, and the files last: a file that a message names was kept before the message. A file that goes meanwhile belongs to
somebody who is forgotten.

Both are read again where the log no longer reaches back to the archive's rows, since it was trimmed right then.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from bridge.app.backup.forgotten import add_forgotten
from bridge.app.backup.sealing import MANIFEST, Manifest, Sealing, recipients, sealed
from bridge.app.backup.shelf import FORGOTTEN, Shelf, name_at, superfluous
from bridge.app.backup.workspace import workspace
from bridge.app.config import Config
from bridge.app.file_stores import opened_files
from bridge.app.streams import streams
from bridge.files.store import FileStore
from bridge.redis.key_copy import KeyCopy
from bridge.redis.store import Head
from bridge.sql.archive import Archive
from bridge.sql.people.accounts import now_ms
from bridge.sql.row_copy import Pinned, copied_tables, pinned, positions, read_rows, schema
from bridge.sql.transcripts.writer import archive_name

TRIES = 5
_pack = msgspec.msgpack.Encoder().encode


class Torn(Exception):
    """The streams do not reach back to the archive's rows, try after try."""


class TakenBackup(msgspec.Struct, frozen=True):
    """What a backup holds."""

    name: str
    size: int
    files: int
    rows: int
    heads: dict[str, int]
    gone: tuple[str, ...] = ()  # older backups that were deleted


async def take(config: Config, archive: Archive, shelf: Shelf) -> TakenBackup:
    """Take a backup, and delete older ones that are not to be kept. Raises Unsealable, StoreError, FilesAway, OSError, Torn."""
    to = recipients(config.backup.recipients)
    with workspace(config.data) as folder:
        made_at = now_ms()
        target = folder / name_at(made_at)
        with sealed(target, to) as sealing:
            taken = await _filled(config, archive, sealing, folder, made_at)
        size = target.stat().st_size
        await shelf.put(target, target.name)
        await _list_forgotten(config, archive, shelf, folder)
    gone = superfluous(await shelf.names(), config.backup.keep, config.backup.weekly)
    for name in gone:
        await shelf.delete(name)
    return msgspec.structs.replace(taken, size=size, gone=tuple(gone))


async def list_forgotten(config: Config, archive: Archive, shelf: Shelf) -> int:
    """Write only the list of who was forgotten, which takes a moment; returns how many conversations it names."""
    with TemporaryDirectory(prefix=".forgotten-", dir=config.data) as work:
        return await _list_forgotten(config, archive, shelf, Path(work))


async def _list_forgotten(config: Config, archive: Archive, shelf: Shelf, folder: Path) -> int:
    target = folder / FORGOTTEN
    with sealed(target, recipients(config.backup.recipients)) as sealing:
        count = await add_forgotten(sealing, archive, now_ms())
        manifest = Manifest(
            release=version("deskbridge"), schema="", made_at=now_ms(), heads={}, members=sealing.members
        )
        await sealing.add_bytes(MANIFEST, msgspec.json.encode(manifest))
    await shelf.put(target, FORGOTTEN)
    return count


async def _filled(config: Config, archive: Archive, sealing: Sealing, folder: Path, made_at: int) -> TakenBackup:
    async with _held(config, archive) as (sql, keys, heads):
        for name, copies in keys.items():
            await sealing.add_bytes(f"redis/{name}.msgpack", _pack(copies))
        keys.clear()
        found = await schema(sql)
        rows = await _rows(sql, sealing, folder)
    files = await _files(config, archive, sealing, folder)
    secrets = await _settings(config, sealing)
    manifest = Manifest(
        release=version("deskbridge"),
        schema=found,
        made_at=made_at,
        heads=heads,
        secrets=secrets,
        members=dict(sealing.members),
    )
    await sealing.add_bytes(MANIFEST, msgspec.json.encode(manifest))
    return TakenBackup(name_at(made_at), 0, files, rows, heads)


@asynccontextmanager
async def _held(
    config: Config, archive: Archive
) -> AsyncIterator[tuple[Pinned, dict[str, list[KeyCopy]], dict[str, int]]]:
    """Hold the database at one state, with the keys of all consortia of that moment and the heads of their logs."""
    async with AsyncExitStack() as stack:
        stores = await streams(config, stack)
        for _ in range(TRIES):
            async with AsyncExitStack() as held:
                sql = await held.enter_async_context(pinned(archive.engine))
                keys = {name: await store.copy_keys() for name, store in stores.items()}
                written = await positions(sql)
                heads = {name: _head(copies) for name, copies in keys.items()}
                if all(_reaches(keys[name], written.get(archive_name(name), 0)) for name in keys):
                    stack.push_async_callback(held.pop_all().aclose)
                    yield sql, keys, {name: head.seq for name, head in heads.items()}
                    return
        raise Torn("the log was trimmed each time before it could be read; try again")


def _head(copies: list[KeyCopy]) -> Head:
    text = next((one.held[0].decode() for one in copies if one.name == "head"), "")
    if not text:
        return Head()
    seq, epoch, last_input = text.split(":")
    return Head(int(seq), epoch, last_input)


def _reaches(copies: list[KeyCopy], written: int) -> bool:
    """Whether a log still holds all entries after the archive's."""
    log = next((one for one in copies if one.name == "log"), None)
    first = int(log.held[0][0].partition(b"-")[0]) if log is not None and log.held else _head(copies).seq + 1
    return first <= written + 1


async def _rows(sql: Pinned, sealing: Sealing, folder: Path) -> int:
    """Add each table as its columns and then its rows, a portion at a time."""
    total = 0
    for table in copied_tables():
        draft = folder / "rows"
        file = await asyncio.to_thread(draft.open, "wb")
        try:
            await asyncio.to_thread(file.write, _framed(["".join(column.name) for column in table.columns]))
            async for portion in read_rows(sql, table):
                total += len(portion)
                await asyncio.to_thread(file.write, _framed(portion))
        finally:
            await asyncio.to_thread(file.close)
        await sealing.add(f"sql/{table.name}.msgpack", draft)
    return total


def _framed(value: object) -> bytes:
    packed = _pack(value)
    return len(packed).to_bytes(8, "big") + packed


async def _files(config: Config, archive: Archive, sealing: Sealing, folder: Path) -> int:
    store: FileStore = await opened_files(config, archive, copies=folder / "copies")
    facts = []
    for digest in sorted(await store.older(math.inf)):
        known, path = await store.facts(digest), await store.path(digest)
        if known is None or path is None:
            continue
        try:
            await sealing.add(f"files/{digest}", path)
        except FileNotFoundError:
            continue
        facts.append(known)
        if path.parent == folder / "copies":
            await asyncio.to_thread(path.unlink, missing_ok=True)
    await sealing.add_bytes("files/facts.msgpack", _pack(facts))
    return len(facts)


async def _settings(config: Config, sealing: Sealing) -> dict[str, str]:
    """Add the configuration, the secrets that it read from files, and what channels keep in files of their own."""
    await sealing.add("config/deskbridge.toml", config.path)
    named = {}
    for number, (where, path) in enumerate(sorted(config.secrets.items())):
        await sealing.add(f"config/secret-{number}", path)
        named[f"config/secret-{number}"] = f"{where} {path}"
    kept = config.data / "channels"
    paths: list[str] = []
    for path in await asyncio.to_thread(lambda: sorted(kept.rglob("*"))):
        if path.is_file() and not path.is_symlink():
            body = await asyncio.to_thread(path.read_bytes)  # small, and it may grow meanwhile
            await sealing.add_bytes(f"channels/{len(paths)}", body)
            paths.append(str(path.relative_to(kept)))
    await sealing.add_bytes("channels/paths.msgpack", _pack(paths))
    return named

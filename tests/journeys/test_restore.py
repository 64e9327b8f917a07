"""The drill: a backup that was taken while people wrote comes back elsewhere, equal by replay, and whoever was forgotten since then
stays forgotten. First from SQLite and a folder to PostgreSQL, then from there by a bucket back to SQLite and a folder."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pyrage
import pytest
from sqlalchemy import select

from bridge.app.backup.commands import backup, restore
from bridge.app.backup.restoring import restore as restored_from
from bridge.app.backup.sealing import Unsealable
from bridge.app.backup.shelf import FORGOTTEN, BucketShelf, FolderShelf
from bridge.app.backup.taking import list_forgotten, take
from bridge.app.backup.workspace import workspace
from bridge.app.config import ArchiveConfig, BackupConfig, Config, FilesConfig, Redis, Secret
from bridge.app.daemon import Daemon, opened
from bridge.app.file_stores import bucket_of
from bridge.contract.message import Claim, Close, Say
from bridge.files.store import FileFacts, FileStore
from bridge.log.snapshot import differences, load_state, replay, verify
from bridge.redis.store import Store
from bridge.sql import tables
from bridge.sql.archive import Archive
from bridge.sql.privacy import patron_lookup
from bridge.sql.privacy.forgotten import still_kept
from tests.journeys.indoors import Indoors, indoors, until
from tests.peers.postgresql import PostgreSQL
from tests.peers.redis import RedisServer, servers
from tests.peers.s3 import S3Server

pytestmark = [pytest.mark.xdist_group("files"), pytest.mark.timeout(180)]

SECRET = "Quintessenzzyklotron"


async def facts_of(store: FileStore) -> dict[str, FileFacts]:
    """What a store knows of its files; times are ms in some and finer in others."""
    known = [await store.facts(digest) for digest in await store.older(math.inf)]
    return {one.digest: msgspec.structs.replace(one, taken_at=round(one.taken_at, 3)) for one in known if one}


async def rows_of(archive: Archive, name: str) -> dict[Any, dict[str, Any]]:
    """A table's rows by their key; the words of an index are its database's own."""
    table = tables.metadata.tables[name]
    async with archive.engine.connect() as sql:
        rows = (await sql.execute(select(table))).mappings().all()
    keys = [column.name for column in table.primary_key.columns]
    return {tuple(row[key] for key in keys): {k: v for k, v in row.items() if k != "folded"} for row in rows}


async def log_up_to(store: Store, seq: int) -> list[Any]:
    first, _ = await store.log_range()
    return [entry for entry in await store.read_log(first - 1, count=100_000) if entry.seq <= seq]


async def one(body: bytes) -> AsyncIterator[bytes]:
    yield body


async def with_file(found: Indoors, sender: str, body: bytes) -> str:
    """A patron sends a file; its digest."""
    kept = await found.desk.blobs.save(one(body), f"{sender}.txt", 1_000)
    await found.hand_in(msgspec.structs.replace(found.words(sender, f"{sender} sends a file"), attachments=(kept,)))
    await until(lambda: found.talk(sender), "the conversation is there")
    return kept.digest


async def people_write(found: Indoors, enough: asyncio.Event) -> int:
    count = 0
    while not enough.is_set():
        await found.hand_in(*(found.words(f"p{n}", f"round {count}") for n in range(10)))
        count += 10
        await asyncio.sleep(0.005)
    return count


async def forgotten_at_request(house: Daemon, conversation: str) -> None:
    [held] = await patron_lookup.held(house.archive.engine, [conversation])
    await house.archive.erasures("main").ask(conversation, held.places, follow_up=True)


async def caught_up(house: Daemon) -> None:
    desk = house.desks[0]
    head = await desk.store.head()
    await until(lambda: desk.writer.position.seq >= head.seq, "the archive has all")


async def test_the_drill(tmp_path: Path) -> None:
    identity = pyrage.x25519.Identity.generate()
    (tmp_path / "key").write_text(f"# made by a test\n{identity}\n")
    to = BackupConfig(to=str(tmp_path / "shelf"), recipients=(str(identity.to_public()),))
    shelf = FolderShelf(tmp_path / "shelf")
    with PostgreSQL() as postgresql, S3Server() as s3, RedisServer(servers()[-1]) as second, RedisServer() as third:
        async with indoors(tmp_path / "a") as found:
            house = found.house
            (tmp_path / "a" / "deskbridge.toml").write_text("# of a\n")
            config = msgspec.structs.replace(house.config, backup=to)
            stays = await with_file(found, "pat", b"a question, with a file")
            goes = await with_file(found, "sue", SECRET.encode())
            talk = found.talk("sue")
            deeds = (Claim(conversation=talk), Say(conversation=talk, text="Here you are."), Close(conversation=talk))
            await found.hand_in(found.words("sue", SECRET), *(found.deed("ana", deed) for deed in deeds))
            await until(lambda: found.state.conversations[talk].state == "closed", "it is closed")
            await found.snapshot()
            await found.snapshot()
            await found.quiet()
            enough = asyncio.Event()
            writing = asyncio.create_task(people_write(found, enough))
            taken = await take(config, house.archive, shelf)
            enough.set()
            assert await writing > 0
            await found.quiet()
            head = taken.heads["main"]
            assert 0 < head < (await found.desk.store.head()).seq, "people wrote meanwhile"
            log = await log_up_to(found.desk.store, head)
            state = await load_state(found.desk.store, before=True)
            await replay(found.desk.store, state, head)
            lines, facts = await rows_of(house.archive, "line"), await facts_of(found.desk.blobs)
            people = await rows_of(house.archive, "account")
            await forgotten_at_request(house, talk)
            async with asyncio.timeout(30):
                while await still_kept(house.archive.engine, [talk]):
                    await asyncio.sleep(0.05)
            assert await list_forgotten(config, house.archive, shelf) == 1

        assert SECRET.encode() not in (tmp_path / "shelf" / taken.name).read_bytes()
        url = Secret(postgresql.fresh())
        there = msgspec.structs.replace(
            config, data=tmp_path / "b", redis=Redis(url=Secret(second.url)), archive=ArchiveConfig(url=url)
        )
        there.data.mkdir(mode=0o700)
        archive = Archive(str(url))
        done = await restored_from(
            there, archive, tmp_path / "shelf" / taken.name, tmp_path / "key", tmp_path / "shelf" / FORGOTTEN
        )
        assert (done.files, done.forgotten) == (2, 1)
        assert 0 < done.rows <= taken.rows
        store = await Store.open(second.url, "main")
        assert (await store.head()).seq == head
        assert await log_up_to(store, head) == log
        again = await load_state(store)
        await replay(store, again, head)
        assert differences(again.state, state.state) == []
        assert await verify(store) == []
        await store.close()
        assert await rows_of(archive, "account") == people
        await archive.close()

        async with opened(there) as house:
            desk = house.desks[0]
            await caught_up(house)
            await until(lambda: talk not in desk.replica.state.conversations, "the desk forgets it, too")
            await caught_up(house)
            assert desk.blobs.name == "postgresql"
            assert await facts_of(desk.blobs) == {stays: facts[stays]}
            path = await desk.blobs.path(stays)
            assert path is not None
            assert path.read_bytes() == b"a question, with a file"
            assert await desk.blobs.path(goes) is None
            here = await rows_of(house.archive, "line")
            kept = {key: row for key, row in lines.items() if row["conversation"] != talk and row["id"] in ids(here)}
            assert {key: row for key, row in here.items() if row["conversation"] != talk} == kept
            assert SECRET not in repr(here)
            assert len(kept) > 2
            await house.archive.reindexing.all()
            bucket = BackupConfig(
                bucket=s3.fresh(),
                endpoint=s3.endpoint,
                authority=s3.authority,
                key="t",
                secret=Secret("t"),
                recipients=to.recipients,
            )
            here_to = msgspec.structs.replace(there, backup=bucket)
            assert await backup(here_to, forgotten=False) == 0
            rows = {name: await rows_of(house.archive, name) for name in ("conversation", "line", "hop", "account")}

        [name] = await BucketShelf(bucket_of(bucket, "backup")).names()
        last = msgspec.structs.replace(
            here_to, data=tmp_path / "c", redis=Redis(url=Secret(third.url)), archive=ArchiveConfig()
        )
        assert await restore(last, name, tmp_path / "key", None, tmp_path / "settings") == 0
        assert (tmp_path / "settings" / "deskbridge.toml").read_text() == "# of a\n"
        assert await restore(last, name, tmp_path / "key", None, None) == 0
        assert await restore(last, name, tmp_path / "key", None, None) == 1, "only into an empty place"
        async with opened(last) as house:
            await caught_up(house)
            await house.archive.reindexing.all()  # what conversations are found by is made again
            assert house.desks[0].blobs.name == "folder"
            assert await facts_of(house.desks[0].blobs) == {stays: facts[stays]}
            for name, before in rows.items():
                after = await rows_of(house.archive, name)
                assert {key: after.get(key) for key in before} == before, name


def ids(rows: dict[Any, dict[str, Any]]) -> set[str]:
    return {row["id"] for row in rows.values()}


def test_one_works_at_a_time_and_clears_what_a_killed_one_left(tmp_path: Path) -> None:
    (tmp_path / ".backup-killed").mkdir()
    (tmp_path / ".backup-killed" / "rows").touch()
    with workspace(tmp_path) as folder:
        assert [path.name for path in tmp_path.glob(".backup-*")] == [folder.name]
        with pytest.raises(Unsealable, match="another"), workspace(tmp_path):
            pass
    assert list(tmp_path.glob(".backup-*")) == []


async def test_what_is_broken_off_is_not_begun(tmp_path: Path) -> None:
    config = Config(path=tmp_path / "deskbridge.toml", data=tmp_path / "data", files=FilesConfig())
    (tmp_path / "data").mkdir(mode=0o700)
    (tmp_path / "data" / "restore.unfinished").touch()
    with pytest.raises(Exception, match="not finished"):
        async with opened(config):
            pass

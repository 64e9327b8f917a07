"""Files keep the same promises in a folder, in PostgreSQL and in a bucket, and move from one to another."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import AsyncIterator, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec
import pytest
import pytest_asyncio
from sqlalchemy import delete

from bridge.app.config import ArchiveConfig, BackupConfig, Config, FilesConfig, Secret
from bridge.app.connection_check import bucket_faults
from bridge.app.file_stores import opened_files
from bridge.contract.adapter import FilesAway, TooLarge
from bridge.files.blobs import FileBlobs
from bridge.files.bucket import Bucket
from bridge.files.local_copies import LocalCopies
from bridge.files.moving import MovingFiles
from bridge.files.store import FileFacts, FileStore
from bridge.sql import tables
from bridge.sql.archive import Archive
from tests.peers.postgresql import PostgreSQL
from tests.peers.s3 import S3Server

pytestmark = pytest.mark.xdist_group("files")  # one server for all of them

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 4_000  # over a megabyte: several chunks of every store
DIGEST = sha256(PNG).hexdigest()


async def chunks(data: bytes, size: int = 200_000) -> AsyncIterator[bytes]:
    for start in range(0, len(data), size):
        yield data[start : start + size]


@pytest.fixture(scope="session")
def s3() -> Iterator[S3Server]:
    with S3Server() as server:
        yield server


def place_of(server: S3Server) -> dict[str, str]:
    return {"endpoint": server.endpoint, "authority": server.authority, "key": "t", "secret": "t"}


def bucket_of(server: S3Server, name: str) -> Bucket:
    return Bucket(
        name, endpoint=server.endpoint, key="tests", secret="tests", authority=server.authority, prefix="desk/"
    )


@pytest.fixture(scope="session")
def databases(postgresql: PostgreSQL, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The URL of a migrated database of each kind, for all tests of this module."""
    urls = {
        "postgresql": postgresql.fresh(),
        "sqlite": f"sqlite:///{tmp_path_factory.mktemp('files') / 'archive.sqlite'}",
    }

    async def migrated(url: str) -> None:
        await (await Archive.open(url)).close()

    for url in urls.values():
        asyncio.run(migrated(url))
    return urls


@pytest_asyncio.fixture
async def archives(databases: dict[str, str]) -> AsyncIterator[dict[str, Archive]]:
    """An archive on each database, without a file."""
    found = {kind: Archive(url) for kind, url in databases.items()}
    for archive in found.values():
        async with archive.engine.execution_options(sqlite_write=True).begin() as sql:
            await sql.execute(delete(tables.file))
    yield found
    for archive in found.values():
        await archive.close()


@pytest.fixture
def stores(tmp_path: Path, archives: dict[str, Archive], s3: S3Server) -> dict[str, FileStore]:
    """Each store by its name, empty."""
    return {
        "folder": FileBlobs(tmp_path / "blobs"),
        "postgresql": archives["postgresql"].large_object_files(LocalCopies(tmp_path / "postgresql")),
        "s3": archives["sqlite"].bucket_files(LocalCopies(tmp_path / "s3"), bucket_of(s3, s3.fresh())),
    }


@pytest.fixture(params=["folder", "postgresql", "s3"])
def store(request: pytest.FixtureRequest, stores: dict[str, FileStore]) -> FileStore:
    return stores[request.param]


@pytest.fixture
def archive_sqlite(archives: dict[str, Archive]) -> Archive:
    return archives["sqlite"]


def on(config: Config, archive: Archive, **files: Any) -> Config:
    url = Secret(archive.engine.url.render_as_string(hide_password=False))
    return msgspec.structs.replace(config, archive=ArchiveConfig(url=url), files=FilesConfig(**files))


async def came_long_ago(store: FileStore, folder: Path, *, again: bool = False) -> None:
    source = folder / "source"
    source.write_bytes(PNG)
    await store.adopt(source, FileFacts(digest=DIGEST, size=len(PNG), taken_at=1000, again=again))
    source.unlink()


def on_disk(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and "archive.sqlite" not in path.name]


async def test_a_file_is_kept_whole_by_its_digest_and_once(store: FileStore) -> None:
    began = time.time()
    one = await store.save(chunks(PNG), "one.png", 10**7)
    two = await store.save(chunks(PNG, 7_000), "two.exe", 10**7)
    assert one.digest == two.digest == DIGEST
    assert (one.media_type, two.media_type, one.size, one.name) == ("image/png", "image/png", len(PNG), "one.png")
    assert await store.older(math.inf) == {DIGEST}
    assert await store.total() == len(PNG)
    path, look, facts = await store.path(DIGEST), await store.look(DIGEST), await store.facts(DIGEST)
    assert path is not None
    assert path.read_bytes() == PNG
    assert path.stat().st_mode & 0o077 == 0
    assert look is not None
    assert (look.media_type, look.size, look.name) == ("image/png", len(PNG), "")
    assert facts is not None
    assert facts.again
    assert facts.taken_at >= began - 0.01


async def test_readers_on_another_host_get_the_same_bytes(store: FileStore, tmp_path: Path) -> None:
    await came_long_ago(store, tmp_path)
    found = await asyncio.gather(*(store.path(DIGEST) for _ in range(5)))
    assert {path.read_bytes() for path in found if path is not None} == {PNG}
    assert len(on_disk(tmp_path)) == 1


async def test_what_is_refused_or_breaks_off_leaves_nothing(store: FileStore, tmp_path: Path) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield PNG
        raise ConnectionResetError

    with pytest.raises(TooLarge):
        await store.save(chunks(PNG), "big", len(PNG) - 1)
    with pytest.raises(ConnectionResetError):
        await store.save(broken(), "x", 10**7)
    with pytest.raises(ValueError, match="text/html"):
        await store.save(chunks(b"<html>"), "x", 10**7, frozenset({"image/png"}))
    assert await store.older(math.inf) == set()
    assert on_disk(tmp_path) == []
    assert (await store.save(chunks(PNG), "fits", len(PNG))).size == len(PNG)


async def test_a_file_that_came_again_is_young_again(store: FileStore, tmp_path: Path) -> None:
    await came_long_ago(store, tmp_path)
    assert await store.older(1000) == set()
    assert not await store.remove(DIGEST, before=1000)
    assert await store.older(1001) == {DIGEST}
    await store.save(chunks(PNG), "again.png", 10**7)
    assert await store.older(1001) == set()
    assert not await store.remove(DIGEST, before=1001)
    assert not await store.remove(DIGEST, again_before=1001), "it may be somebody else's, too"
    assert await store.remove(DIGEST)
    assert not await store.remove(DIGEST)
    assert (await store.path(DIGEST), await store.look(DIGEST), await store.facts(DIGEST)) == (None, None, None)
    assert on_disk(tmp_path) == []
    await store.save(chunks(PNG), "anew.png", 10**7)
    assert await store.remove(DIGEST, again_before=1001), "this one came once"


async def test_a_file_that_comes_while_it_is_deleted_stays(store: FileStore, tmp_path: Path) -> None:
    for _ in range(5):
        await came_long_ago(store, tmp_path)
        saving = asyncio.create_task(store.save(chunks(PNG, 10**7), "again.png", 10**7))
        while not saving.done():
            await store.remove(DIGEST, before=2000)
        await saving
        path = await store.path(DIGEST)
        assert path is not None
        assert path.read_bytes() == PNG
        await store.remove(DIGEST)


async def test_only_digests_can_be_asked_for(store: FileStore, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("x")
    for digest in ("../secret", "", "secret", "A" * 64, "0" * 63, "0" * 64, "%" * 64):
        assert await store.path(digest) is None
        assert await store.look(digest) is None
        assert not await store.remove(digest)


@pytest.mark.parametrize("way", [("folder", "postgresql"), ("folder", "s3"), ("s3", "folder")])
async def test_files_move_with_what_is_known_of_them(
    stores: dict[str, FileStore], tmp_path: Path, way: tuple[str, str]
) -> None:
    former, chosen = (stores[name] for name in way)
    await came_long_ago(former, tmp_path, again=True)
    both = await former.save(chunks(b"in both"), "both.txt", 100)
    files = MovingFiles(chosen, [former])
    await files.save(chunks(b"in both"), "both.txt", 100)
    assert await files.path(DIGEST) is not None
    assert await files.older(math.inf) == {DIGEST, both.digest}
    assert await files.move() == (2, 0)
    assert await former.older(math.inf) == set()
    assert await chosen.facts(DIGEST) == FileFacts(digest=DIGEST, size=len(PNG), taken_at=1000, again=True)
    facts = await chosen.facts(both.digest)
    assert facts is not None
    assert facts.again, "whoever sent it first and whoever sent it later may not be the same"
    path = await files.path(DIGEST)
    assert path is not None
    assert path.read_bytes() == PNG


async def test_an_erasure_reaches_both_stores(stores: dict[str, FileStore], tmp_path: Path) -> None:
    await came_long_ago(stores["folder"], tmp_path)
    files = MovingFiles(stores["s3"], [stores["folder"]])
    moving = asyncio.create_task(files.move())
    assert await files.remove(DIGEST)
    await moving
    assert await files.path(DIGEST) is None
    assert on_disk(tmp_path) == []


async def test_what_a_crash_left_in_the_bucket_is_cleared(
    s3: S3Server, archive_sqlite: Archive, tmp_path: Path
) -> None:
    name = s3.fresh()
    store = archive_sqlite.bucket_files(LocalCopies(tmp_path / "copies"), bucket_of(s3, name))
    await store.save(chunks(PNG), "one.png", 10**7)
    [kept] = s3.keys(name)
    s3.put(name, "desk/files/ab/cd/never-had-a-row", b"x")
    s3.put(name, "of-somebody-else", b"x")
    await store.clear(time.time() - 60)
    assert len(s3.keys(name)) == 3, "these may be on their way to their rows"
    await store.clear(time.time() + 60)
    assert s3.keys(name) == [kept, "of-somebody-else"]


async def test_bytes_that_were_changed_or_lost_are_not_handed_out(
    s3: S3Server, archive_sqlite: Archive, tmp_path: Path
) -> None:
    name = s3.fresh()
    store = archive_sqlite.bucket_files(LocalCopies(tmp_path / "copies"), bucket_of(s3, name))
    await came_long_ago(store, tmp_path)
    [key] = s3.keys(name)
    s3.put(name, key, b"something else")
    assert await store.path(DIGEST) is None
    await bucket_of(s3, name).delete(key.removeprefix("desk/"))
    assert await store.path(DIGEST) is None
    await store.save(chunks(PNG), "anew.png", 10**7)
    assert await archive_sqlite.bucket_files(LocalCopies(tmp_path / "b"), bucket_of(s3, name)).path(DIGEST) is not None


async def test_a_store_that_is_away_is_said_and_a_copy_goes_with_time(
    s3: S3Server, archive_sqlite: Archive, tmp_path: Path
) -> None:
    nowhere = Bucket("desk", endpoint="http://127.0.0.1:9", key="tests", secret="s3cr3t")
    store = archive_sqlite.bucket_files(LocalCopies(tmp_path / "away"), nowhere)
    gone = Archive("postgresql://nobody@/none?host=/nowhere").large_object_files(LocalCopies(tmp_path / "away"))
    for asked in (gone.path(DIGEST), gone.look(DIGEST), gone.save(chunks(PNG), "one.png", 10**7), gone.remove(DIGEST)):
        with pytest.raises(FilesAway):
            await asked
    with pytest.raises(FilesAway) as told:
        await store.save(chunks(PNG), "one.png", 10**7)
    assert "s3cr3t" not in str(told.value)
    assert await store.older(math.inf) == set(), "nobody was told that it is kept"
    copies = LocalCopies(tmp_path / "copies", kept_s=0.01)
    short = archive_sqlite.bucket_files(copies, bucket_of(s3, s3.fresh()))
    await short.save(chunks(PNG), "one.png", 10**7)
    deadline = time.monotonic() + 10
    while on_disk(copies.folder):
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)
    assert await short.path(DIGEST) is not None


async def test_check_says_that_a_bucket_is_not_there_or_not_who_it_says(s3: S3Server, tmp_path: Path) -> None:
    there: dict[str, Any] = {"bucket": s3.fresh(), **place_of(s3)}
    config = Config(path=tmp_path / "desk.toml", data=tmp_path, files=FilesConfig(store="s3", **there))
    assert (await bucket_faults(config)).wrong == []
    wrong = msgspec.structs.replace(
        config,
        files=FilesConfig(store="s3", **{**there, "authority": ""}),
        backup=BackupConfig(**{**there, "bucket": "nobodys"}),
    )
    first, second = (await bucket_faults(wrong)).wrong
    assert first.startswith("files.bucket: the bucket cannot be used now")
    assert second == "backup.bucket: no such object or bucket"


async def test_the_daemon_takes_over_what_an_older_one_kept_in_its_folder(
    archives: dict[str, Archive], s3: S3Server, tmp_path: Path
) -> None:
    await came_long_ago(FileBlobs(tmp_path / "data" / "blobs"), tmp_path)
    config = Config(path=tmp_path / "desk.toml", data=tmp_path / "data")
    archive = archives["postgresql"]
    on_postgresql = on(config, archive)
    files = await opened_files(on_postgresql, archive)
    assert isinstance(files, MovingFiles)
    await files.run()
    files = await opened_files(on_postgresql, archive)
    assert files.name == "postgresql"
    assert not isinstance(files, MovingFiles)
    on_s3 = on(config, archive, store="s3", bucket=s3.fresh(), **place_of(s3))
    files = await opened_files(on_s3, archive)
    assert isinstance(files, MovingFiles)
    assert await files.move() == (1, 0)
    path = await files.path(DIGEST)
    assert path is not None
    assert path.read_bytes() == PNG

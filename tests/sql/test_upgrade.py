"""An old data directory opens: the first schema with rows of its time comes to the newest by itself, twice, and nothing is lost."""

from __future__ import annotations

import asyncio
import re
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import Connection, select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from bridge.log.follower import Follower
from bridge.redis.store import Store
from bridge.sql import database
from bridge.sql.archive import Archive
from bridge.sql.database import MIGRATIONS, engine_for, migrate
from bridge.sql.tables import metadata, schema_reader
from tests.peers.postgresql import PostgreSQL, missing
from tests.peers.redis import RedisServer

FIRST = "0001"

# What an installation wrote when the schema was the first one. Rows of later columns have no place here: it is what is found.
ROWS = """
INSERT INTO account (librarian, login, library, password, must_change, code, code_until, failures, locked_until, disabled)
 VALUES ('ana', 'ana', 'north', '', 0, '', 0, 0, 0, 0);
INSERT INTO secret (name, value) VALUES ('house', x'000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f');
INSERT INTO follower (name, epoch, seq) VALUES ('archive:main', 'e1', 7);
INSERT INTO conversation (id, library, channel, address, live, queue_entered, queue, name, contact, language, subject, page,
 previous, state, owner, opened_at, last_at, last_text, last_who, code) VALUES
 ('t1', 'north', 'web', 'w1', 1, 'north/ask', 'north/ask', 'Jane', '', '', '', '', '', 'closed', 'ana', 1700000000000,
  1700000060000, 'On the second floor.', 'librarian', 'answered');
INSERT INTO line (id, conversation, seq, part, at, sent_at, who, author_id, author, text, attachments, html, original,
 subject, event, target, channel, address, source, replaces, marks, stage, reason, detail, network_id) VALUES
 ('m1', 't1', 3, 1, 1700000000000, 0, 'patron', '', 'Jane', 'Where is the Straße atlas?', '[]', '', '', '', '', '', 'web',
  'w1', 's1', '', '[]', 'received', '', '', ''),
 ('d1', 't1', 5, 0, 1700000060000, 0, 'librarian', 'ana', 'Ana', 'On the second floor.', '[]', '', '', '', '', '', 'web',
  'w1', '', '', '[]', 'delivered', '', '', '');
INSERT INTO conversation (id, library, channel, address, live, queue_entered, queue, name, contact, language, subject, page,
 previous, state, owner, opened_at, last_at, last_text, last_who, closed_at) VALUES
 ('t0', 'north', 'web', '', 1, 'north/q', 'north/q', '', '', '', '', '', '', 'closed', 'ana', 100, 200, '', '', 300),
 ('t3', 'north', 'web', '', 1, 'north/q', 'north/q', '', '', '', '', '', '', 'closed', 'ana', 100, 200, '', '', 300),
 ('t2', 'north', 'web', 'w2', 1, 'north/q', 'north/q', '', '', '', '', '', '', 'closed', 'ana', 100, 200, '', '', 300);
INSERT INTO line (id, conversation, seq, part, at, sent_at, who, author_id, author, text, attachments, html, original,
 subject, event, target, channel, address, source, replaces, marks, stage, reason, detail, network_id) VALUES
 ('n3', 't3', 6, 0, 400, 0, 'note', 'ana', 'Ana', 'Written afterwards.', '[]', '', '', '', '', '', '', '', '', '', '[]', '', '',
  '', '');
"""


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """The archive of an installation that ran the first schema."""
    return tmp_path / "archive.sqlite"


async def write_old(path: Path) -> None:
    """Make a database at the first schema and fill it without any of our present code."""
    engine = engine_for(str(path))

    def at_first(connection: Connection) -> None:
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        config.attributes["connection"] = connection
        command.upgrade(config, FIRST)

    async with engine.execution_options(sqlite_write=True).begin() as sql:
        await sql.run_sync(at_first)
    await engine.dispose()
    with sqlite3.connect(path) as plain:
        plain.executescript(ROWS)


async def test_the_first_schema_comes_to_the_newest_and_nothing_is_lost(old: Path) -> None:
    await write_old(old)
    for _ in range(2):
        archive = await Archive.open(f"sqlite:///{old}")
        with RedisServer() as server:
            store = await Store.open(server.url, "main")
            _, _, reader = archive.follow(store, Follower(store), "main")
            lines = await reader.transcript("t1")
            assert [(line.who, line.text, line.stage) for line in lines] == [
                ("patron", "Where is the Straße atlas?", "received"),
                ("librarian", "On the second floor.", "delivered"),
            ]
            talk = await reader.conversation("t1")
            assert talk is not None
            assert (talk.name, talk.code, talk.rating, talk.rating_comment) == ("Jane", "answered", None, None)
            await store.close()
        assert [account.librarian for account in await archive.accounts.all()] == ["ana"]
        assert await archive.secret() == bytes(range(32))
        with sqlite3.connect(old) as plain:
            assert plain.execute("SELECT rowid FROM line_words WHERE line_words MATCH 'atlas'").fetchall()
            assert plain.execute("SELECT epoch, seq FROM follower").fetchall() == [("e1", 7)]
        await archive.close()


async def test_what_was_forgotten_stays_so_unless_something_was_written_since(old: Path) -> None:
    await write_old(old)
    archive = await Archive.open(f"sqlite:///{old}")
    await archive.close()
    with sqlite3.connect(old) as plain:
        found = dict(plain.execute("SELECT id, forgotten_at FROM conversation").fetchall())
    assert found == {"t0": 300, "t1": None, "t2": None, "t3": None}


async def test_the_newest_schema_is_what_the_code_reads(old: Path) -> None:
    archive = await Archive.open(f"sqlite:///{old}")

    def differences(connection: Connection) -> list[object]:
        found = compare_metadata(MigrationContext.configure(connection), metadata)
        return [one for one in found if not re.search("(line|fact)_words", str(one))]

    async with archive.engine.connect() as sql:
        assert await sql.run_sync(differences) == []
    await archive.close()


@pytest.fixture
async def migrated(old: Path) -> AsyncIterator[AsyncEngine]:
    """A database at the newest schema."""
    engine = engine_for(str(old))
    await migrate(engine)
    yield engine
    await engine.dispose()


async def test_an_opened_database_is_known_as_the_newest_without_alembic(migrated: AsyncEngine) -> None:
    """Else each start would load and run it for nothing; were a file misnamed, no start would run it at all."""
    async with migrated.begin() as sql:
        version = await sql.run_sync(lambda connection: MigrationContext.configure(connection).get_current_revision())
        assert await sql.run_sync(database._version) == version == database.newest()


async def test_librarians_belong_to_the_library_that_lists_them_and_else_to_their_accounts(old: Path) -> None:
    """Who had moved before there was a rule sees nothing of what they had: when they moved is not known any more."""
    await write_old(old)
    listed = {"north": ("ann",), "south": ("moved", "new")}
    accounts = {"ann": "north", "moved": "north", "gone": "north"}
    with sqlite3.connect(old) as plain:
        for library, names in listed.items():
            data = msgspec.msgpack.encode(
                {"k": "library", "id": library, "librarians": [{"id": name} for name in names]}
            )
            row = (library, "main", 1, data, "{}")
            plain.execute("INSERT INTO library (id, consortium, revision, data, calendar) VALUES (?, ?, ?, ?, ?)", row)
        for name, library in accounts.items():
            account = (name, name, library, "", 0, "", 0, 0, 0, 0)
            plain.execute("INSERT INTO account VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", account)
    await (await Archive.open(f"sqlite:///{old}")).close()
    with sqlite3.connect(old) as plain:
        found = {
            name: (home, since > 0)
            for name, home, since in plain.execute(
                "SELECT librarian, library, since FROM belonging WHERE released_at IS NULL AND librarian != 'ana'"
            )
        }
        moved = plain.execute("SELECT library FROM account WHERE librarian = 'moved'").fetchone()
    assert found == {
        "ann": ("north", False),
        "moved": ("south", True),
        "new": ("south", False),
        "gone": ("north", False),
    }
    assert moved == ("south",)


@pytest.mark.skipif(bool(missing()), reason=missing())
async def test_hosts_that_start_at_once_migrate_once() -> None:
    with PostgreSQL() as server:
        url = server.fresh()
        archives = await asyncio.gather(*(Archive.open(url) for _ in range(4)))
        async with archives[0].engine.connect() as sql:
            assert await sql.run_sync(database._version) == database.newest()
            rows = (await sql.execute(select(schema_reader.c.oldest))).scalars().all()
        assert rows == [database.OLDEST]
        for archive in archives:
            await archive.close()


@pytest.mark.parametrize(("oldest", "works"), [(database.OLDEST, True), ("9998", False)])
async def test_a_newer_schema_is_used_or_refused_as_its_release_says(
    migrated: AsyncEngine, oldest: str, works: bool
) -> None:
    async with migrated.begin() as sql:
        await sql.execute(text("UPDATE alembic_version SET version_num = '9999'"))
        await sql.execute(schema_reader.update().values(oldest=oldest, release="9.1"))
    if works:
        await migrate(migrated)
    else:
        with pytest.raises(database.NewerSchema, match=r"Deskbridge 9\.1 has changed its schema to 9999"):
            await migrate(migrated)

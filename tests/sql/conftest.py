"""An archive on each database that we serve: SQLite always, PostgreSQL where the server is installed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from bridge.sql.archive import Archive
from tests.peers.postgresql import PostgreSQL, missing


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSQL]:
    """One private PostgreSQL server for all tests of this process."""
    reason = missing()
    if reason:
        pytest.skip(reason)
    with PostgreSQL() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def archive_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'archive.sqlite'}"
    server: PostgreSQL = request.getfixturevalue("postgresql")
    return server.fresh()


@pytest_asyncio.fixture
async def archive(archive_url: str) -> AsyncIterator[Archive]:
    """An opened, migrated archive."""
    opened = await Archive.open(archive_url)
    yield opened
    await opened.close()

"""Measuring on both kinds of archive: an SQLite file, and PostgreSQL where this machine has it."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Awaitable, Callable
from contextlib import ExitStack

from sqlalchemy import text

from bench.figures import Sheet, say
from bridge.sql.archive import Archive
from tests.peers.postgresql import PostgreSQL, missing


async def analysed(archive: Archive) -> None:
    """Let the database look at its tables, as PostgreSQL does by itself within a minute."""
    async with archive.engine.execution_options(isolation_level="AUTOCOMMIT").connect() as sql:
        await sql.execute(text("ANALYZE"))


async def on_both(measured: Callable[[str, str, Sheet], Awaitable[None]], sheet: Sheet) -> None:
    """Call `measured` with the address and the name of each archive, and the sheet for its figures."""
    with tempfile.TemporaryDirectory(prefix="deskbridge-bench-") as folder, ExitStack() as stack:
        await measured(f"sqlite:///{folder}/archive.sqlite", "sqlite", sheet)
        if missing():
            say(f"no PostgreSQL: {missing()}")
            return
        server = stack.enter_context(await asyncio.to_thread(PostgreSQL))
        await measured(server.fresh(), "postgresql", sheet)

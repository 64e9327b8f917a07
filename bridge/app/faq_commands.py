"""`deskbridge faq`: entries in and out by files, and a look at their links."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from bridge.app.commands import open_archive
from bridge.app.config import Config
from bridge.app.daemon import consortia
from bridge.faq.exchange import FaultyFile, Format, read, take_in, to_csv, to_json
from bridge.faq.link_check import check_library
from bridge.sql.archive import Archive


async def export_faq(config: Config, library: str, kind: Format) -> int:
    """Print a library's entries."""
    async with open_archive(config) as archive:
        if not await _is_there(archive, config, library):
            return 1
        entries = await archive.faq.of_library(library)
        sys.stdout.write(to_csv(entries) if kind == "csv" else to_json(entries))
    return 0


async def import_faq(config: Config, library: str, file: Path) -> int:
    """Take a file of entries in: all of it, or nothing where an entry is wrong."""
    kind: Format = "csv" if file.suffix.casefold() == ".csv" else "json"
    try:
        entries = read(await asyncio.to_thread(file.read_bytes), kind, library)
        async with open_archive(config) as archive:
            if not await _is_there(archive, config, library):
                return 1
            done = await take_in(archive.faq, library, entries, "")
    except OSError as error:
        print(f"{file}: {error.strerror}", file=sys.stderr)
        return 1
    except FaultyFile as faulty:
        for fault in faulty.found:
            print(f"{file}: {fault}", file=sys.stderr)
        return 1
    print(f"{done.made} new, {done.changed} changed, {done.same} as they were")
    return 0


async def check_faq_links(config: Config, library: str) -> int:
    """Ask for each link of a library's entries, and say how many lead nowhere."""
    async with open_archive(config) as archive:
        if not await _is_there(archive, config, library):
            return 1
        found = await check_library(library, archive.faq, archive.faq_counts, config.hours.allow)
    print(f"{found} links lead nowhere; the inbox names them under FAQ, To look after")
    return 0


async def _is_there(archive: Archive, config: Config, library: str) -> bool:
    for name in consortia(config):
        if any(entry.library.id == library for entry in await archive.organisation(name).entries()):
            return True
    print(f"there is no library {library!r}", file=sys.stderr)
    return False

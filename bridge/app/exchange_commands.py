"""`deskbridge import` and `deskbridge export --to`: another desk's files in, ours out."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from bridge.app.commands import open_archive
from bridge.app.config import Config
from bridge.app.daemon import consortia
from bridge.app.faq_commands import import_faq
from bridge.exchange.exporting import Exporting
from bridge.exchange.fields import Reading
from bridge.exchange.formats import (
    chatwoot,
    deskbridge,
    generic,
    libanswers_faq,
    libchat,
    libraryh3lp,
    questions,
    zammad,
)
from bridge.exchange.importing import ImportCounts, Importing, ImportRules
from bridge.exchange.mapping import BadMapping, ColumnMapping, parse_mapping
from bridge.exchange.record import Items
from bridge.exchange.table_files import packed
from bridge.sql.archive import Archive
from bridge.sql.database import is_locked
from bridge.sql.people.account_events import AccountEvent
from bridge.sql.people.organisation import LibraryEntry
from routing.organisation import Library

FORMATS: dict[str, Callable[[Sequence[Path], Reading], Items]] = {
    "generic": generic.read,
    "libraryh3lp": libraryh3lp.read,
    "libchat": libchat.read,
    "libanswers-faq": libanswers_faq.read,
    "refanalytics": questions.read,
    "chatwoot": chatwoot.read,
    "zammad": zammad.read,
    "deskbridge": deskbridge.read,
}
NOTHING, SKIPPED, STOPPED = (
    1,
    2,
    130,
)  # exit codes: nothing was done; rows were skipped, the rest is in; Ctrl-C, as shells say it


class CannotImport(Exception):
    """Why an import cannot begin, for the person who asked for it."""


@dataclass(frozen=True, slots=True)
class ImportOrder:
    """What is to be imported, and how."""

    profile: str
    files: Sequence[Path]
    library: str
    mapping: Path | None = None
    queue: str = ""
    source: str = ""
    dry: bool = False


async def import_files(config: Config, order: ImportOrder) -> int:
    """Take another desk's files in."""
    try:
        files, mapping = await asyncio.to_thread(_looked_over, order)
        if order.profile == "deskbridge" and files[0].suffix.casefold() == ".json" and not order.dry:
            return max([await import_faq(config, order.library, file) for file in files])
        async with open_archive(config) as archive:
            rules, reading = _rules(await _library(config, archive, order.library), order, mapping)
            return await _import(archive, order, files, rules, reading)
    except CannotImport as error:
        print(error, file=sys.stderr)
        return NOTHING


async def _import(
    archive: Archive, order: ImportOrder, files: Sequence[Path], rules: ImportRules, reading: Reading
) -> int:
    importing = Importing(archive, rules, lambda text: print(text, file=sys.stderr), print)
    try:
        if not order.dry:
            event = AccountEvent(library=rules.library, librarian="", by="", what="imported", detail=rules.source)
            await archive.account_events.note(event)
        await importing.run(FORMATS[order.profile](files, reading))
    except OSError as error:
        print(f"{error.filename or ''}: {error.strerror}; run the import again", file=sys.stderr)
        return NOTHING
    except asyncio.CancelledError:  # Ctrl-C
        print(f"stopped; {importing.counts.fresh} are in. Run it again to go on", file=sys.stderr)
        return STOPPED
    except Exception as error:
        if not is_locked(error):
            raise
        print("the archive is busy for too long: stop the daemon, and run the import again", file=sys.stderr)
        return NOTHING
    print(_told(importing.counts, order.dry))
    if not importing.counts.read:
        print("there was nothing to import", file=sys.stderr)
        return NOTHING
    return SKIPPED if importing.counts.faulty else 0


def _told(counts: ImportCounts, dry: bool) -> str:
    kinds = (
        ("conversations", counts.conversations),
        ("counted questions", counts.questions),
        ("FAQ entries", counts.entries),
    )
    read = ", ".join(f"{n} {name}" for name, n in kinds if n) or "nothing"
    would = "would be new" if dry else "new"
    old = f" ({counts.numbers_only} older than the library keeps words: numbers only)" if counts.numbers_only else ""
    skipped = f", {counts.faulty} skipped" if counts.faulty else ""
    head = "dry run, nothing is written: " if dry else ""
    return f"{head}{read} read; {counts.fresh} {would}{old}, {counts.known} here already{skipped}"


def _looked_over(order: ImportOrder) -> tuple[list[Path], ColumnMapping]:
    """Return the files and the mapping. Raises CannotImport."""
    if order.profile not in FORMATS:
        raise CannotImport(f"there is no profile {order.profile!r}; there are {', '.join(FORMATS)}")
    if not order.files:
        raise CannotImport("name the files to import")
    for file in order.files:
        try:
            if not file.is_file():
                raise CannotImport(f"{file}: it isn't a file")
            if kind := packed(file):
                raise CannotImport(f"{file}: it is a {kind} archive; unpack it first")
        except OSError as error:
            raise CannotImport(f"{file}: {error.strerror}") from None
    mapping = ColumnMapping()
    if order.mapping is not None:
        try:
            mapping = parse_mapping(order.mapping.read_text("utf-8"))
        except (BadMapping, OSError, UnicodeDecodeError) as error:
            raise CannotImport(f"{order.mapping}: {error}") from None
    elif order.profile == "generic":
        raise CannotImport("the profile generic needs --mapping: docs/import.md shows such files")
    if order.profile == "generic" and not (order.source or mapping.source):
        raise CannotImport('name the other desk in the mapping file: source = "old-desk"')
    return list(order.files), mapping


async def _library(config: Config, archive: Archive, library: str) -> Library:
    for consortium in consortia(config):
        for entry in await archive.organisation(consortium).entries():
            if entry.library.id == library:
                return entry.library
    raise CannotImport(f"there is no library {library!r}")


def _rules(library: Library, order: ImportOrder, mapping: ColumnMapping) -> tuple[ImportRules, Reading]:
    queues = [one.id for one in library.queues]
    queue = order.queue or mapping.defaults.get("queue", "") or next(iter(queues), "")
    source = order.source or mapping.source or order.profile
    people = {one.id for one in library.librarians}
    for what, ours, known in (
        ("queue", [queue, *mapping.queues.values()], queues),
        ("librarian", list(mapping.librarians.values()), people),
    ):
        if strange := sorted({one for one in ours if one not in known}):
            raise CannotImport(f"the library has no {what} {', '.join(strange)}")
    named = {one.name.casefold(): one.id for one in library.librarians} | {one.casefold(): one for one in people}
    rules = ImportRules(
        library=library.id,
        source=source,
        queue=queue,
        queues={one.casefold(): one for one in queues} | {name.casefold(): id for name, id in mapping.queues.items()},
        librarians=named | {name.casefold(): id for name, id in mapping.librarians.items()},
        retention_days=library.retention_days,
        language=mapping.faq.language or library.language or "en",
        faq_state=mapping.faq.state,
        dry=order.dry,
    )
    defaults = {name: value for name, value in mapping.defaults.items() if name != "queue"}
    zone = ZoneInfo(mapping.time.zone or library.timezone)
    return rules, Reading(mapping=replace(mapping, defaults=defaults), zone=zone, source=source)


async def export_to(config: Config, folder: Path, library: str) -> int:
    """Write everything of a library, or of all, into a folder."""
    async with open_archive(config) as archive:
        entries: list[LibraryEntry] = []
        for consortium in consortia(config):
            entries += await archive.organisation(consortium).entries()
        if library and library not in {entry.library.id for entry in entries}:
            print(f"there is no library {library!r}", file=sys.stderr)
            return NOTHING
        kinds = {channel.name: channel.kind for channel in config.channels}
        exporting = Exporting(archive, folder, entries, kinds, library)
        event = AccountEvent(library=library, librarian="", by="", what="exported", detail="everything")
        await archive.account_events.note(event)
        try:
            done = await exporting.run()
        except OSError as error:
            print(f"{folder}: {error.strerror}", file=sys.stderr)
            return NOTHING
    print(
        f"{done.conversations} conversations, {done.questions} counted questions, {done.entries} FAQ entries, "
        f"{done.libraries} libraries, {done.people} accounts in {folder}"
    )
    return 0

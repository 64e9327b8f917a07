"""Entries of the FAQ as they are kept: read, saved with a version of each change, removed; one writer at a time."""

from __future__ import annotations

import json
import secrets
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Row, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bridge.sql import tables
from bridge.sql.faq.entry import EntryFile, EntryState, EntryText, FaqEntry, slug_of
from bridge.sql.faq.terms import entry_terms
from bridge.sql.people.accounts import now_ms
from bridge.sql.rows import dump, ignoring, replacing

_e, _t, _v, _r = tables.faq_entry.c, tables.faq_text.c, tables.faq_version.c, tables.faq_redirect.c
_files = msgspec.json.Decoder(tuple[EntryFile, ...])
_version = msgspec.msgpack.Decoder(FaqEntry)
_IN_ONE_QUERY = 500  # databases bound the length of a list
_TRIES = 50


class EntryChanged(Exception):
    """Somebody else saved the entry meanwhile: `now` is what is kept, None when it was removed."""

    def __init__(self, now: FaqEntry | None) -> None:
        super().__init__("the entry was changed meanwhile")
        self.now = now


class AddressTaken(Exception):
    """Another entry of the library has this address in this language."""

    def __init__(self, language: str, slug: str) -> None:
        super().__init__(slug)
        self.language = language
        self.slug = slug


class EntryVersion(msgspec.Struct, frozen=True):
    """What an entry was after a change."""

    entry: FaqEntry
    at: int
    who: str


class FaqEntries:
    """The entries of all libraries."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def get(self, id: str) -> FaqEntry | None:
        """Return an entry, None when there is none."""
        return (await self.of_ids([id])).get(id)

    async def of_ids(self, ids: Collection[str]) -> dict[str, FaqEntry]:
        """Return those of the entries that exist."""
        found: dict[str, FaqEntry] = {}
        wanted = list(ids)
        for begin in range(0, len(wanted), _IN_ONE_QUERY):
            found |= {one.id: one for one in await self._where(_e.id.in_(wanted[begin : begin + _IN_ONE_QUERY]))}
        return found

    async def of_library(self, library: str, *, states: Collection[EntryState] = ()) -> list[FaqEntry]:
        """Return a library's entries, or those in some states, featured ones first, then by their first title."""
        where = _e.library == library
        found = await self._where(where & _e.state.in_(list(states)) if states else where)
        return sorted(found, key=lambda one: (not one.featured, one.texts[0].title.casefold(), one.id))

    async def made_from(self, conversations: Collection[str]) -> list[FaqEntry]:
        """Return the entries that were made from the words of these conversations."""
        return await self._where(_e.source.in_(list(conversations))) if conversations else []

    async def at_address(self, library: str, language: str, slug: str) -> tuple[FaqEntry, bool] | None:
        """Return the entry at an address, and whether it has another one by now; None when there never was one."""
        where = (_t.library == library) & (_t.language == language) & (_t.slug == slug)
        before = (_r.library == library) & (_r.language == language) & (_r.slug == slug)
        async with self._engine.connect() as sql:
            id = await sql.scalar(select(_t.entry).where(where))
            moved = None if id else await sql.scalar(select(_r.entry).where(before))
        entry = await self.get(id or moved or "")
        return (entry, not id) if entry is not None else None

    async def lead(self, library: str, language: str, slug: str, entry: str) -> None:
        """Let an address that another system had lead to an entry; one that leads somewhere already stays."""
        values = {"library": library, "language": language, "slug": slug, "entry": entry}
        async with self._engine.begin() as sql:
            await sql.execute(ignoring(sql.dialect.name, tables.faq_redirect).values(values))

    async def led(self, slug: str) -> list[tuple[str, FaqEntry]]:
        """Return the entries that an address of before leads to, with its language, whatever their library."""
        async with self._engine.connect() as sql:
            rows = (await sql.execute(select(_r.language, _r.entry).where(_r.slug == slug).limit(20))).all()
        found = await self.of_ids([row.entry for row in rows])
        return [(row.language, found[row.entry]) for row in rows if row.entry in found]

    async def save(self, entry: FaqEntry, by: str) -> FaqEntry:
        """Keep an entry in place of its revision `entry.revision`, 0 = it is new; return it as it is kept.

        Raises EntryChanged or AddressTaken, with nothing changed.
        """
        for again in (True, True, False):  # another entry may take the same address in the same moment
            try:
                async with self._engine.begin() as sql:
                    return await self._saved(sql, entry, by)
            except IntegrityError:
                if not again:
                    raise
        raise AssertionError("unreachable")

    async def _saved(self, sql: AsyncConnection, entry: FaqEntry, by: str) -> FaqEntry:
        now = now_ms()
        before = await self._read(sql, _e.id == entry.id) if entry.revision else []
        if entry.revision and (
            not before or before[0].revision != entry.revision or before[0].library != entry.library
        ):
            raise EntryChanged(before[0] if before else None)
        entry = msgspec.structs.replace(
            entry,
            id=entry.id if entry.revision else entry.id or secrets.token_hex(8),
            revision=entry.revision + 1,
            made_at=before[0].made_at if before else now,
            source=before[0].source if before else entry.source,
            changed_at=now,
            changed_by=by,
        )
        entry = msgspec.structs.replace(entry, texts=await _addressed(sql, entry))
        row = _row(entry)
        if before:
            only = (_e.id == entry.id) & (_e.revision == entry.revision - 1)
            if not (await sql.execute(update(tables.faq_entry).where(only).values(row))).rowcount:
                raise EntryChanged(None)
            await _redirected(sql, before[0], entry)
        else:
            await sql.execute(insert(tables.faq_entry), row)
        await _indexed(sql, entry)
        version = {"entry": entry.id, "revision": entry.revision, "at": now, "who": by}
        await sql.execute(insert(tables.faq_version), version | {"document": msgspec.msgpack.encode(entry)})
        return entry

    async def versions(self, id: str) -> list[EntryVersion]:
        """Return all versions of an entry, newest first."""
        async with self._engine.connect() as sql:
            rows = (
                await sql.execute(select(_v.document, _v.at, _v.who).where(_v.entry == id).order_by(_v.revision.desc()))
            ).all()
        return [EntryVersion(_version.decode(row.document), row.at, row.who) for row in rows]

    async def remove(self, id: str) -> None:
        """Remove an entry with its versions, counts and remarks: nothing of its words stays."""
        async with self._engine.begin() as sql:
            await _unindexed(sql, id)
            for table in (tables.faq_version, tables.faq_redirect, tables.faq_day, tables.faq_remark, tables.faq_link):
                await sql.execute(delete(table).where(table.c.entry == id))
            await sql.execute(delete(tables.faq_entry).where(_e.id == id))

    async def counted(self, libraries: Collection[str]) -> dict[str, int]:
        """Return how many public entries each of the libraries has."""
        query = (
            select(_e.library, func.count().label("n"))
            .where(_e.library.in_(list(libraries)), _e.state == "public")
            .group_by(_e.library)
        )
        async with self._engine.connect() as sql:
            return {row.library: row.n for row in (await sql.execute(query)).all()}

    async def stamp(self, library: str) -> tuple[int, int]:
        """Return what is another pair as soon as a public entry of the library is another one."""
        query = select(func.count(), func.max(_e.changed_at)).where(_e.library == library, _e.state == "public")
        async with self._engine.connect() as sql:
            count, changed = (await sql.execute(query)).one()
        return count, changed or 0

    async def keep_file(self, library: str, id: str, type: str, body: bytes) -> None:
        """Keep the bytes of a file, named by their SHA-256."""
        values = {"library": library, "id": id, "type": type, "body": body, "at": now_ms()}
        async with self._engine.begin() as sql:
            await sql.execute(ignoring(sql.dialect.name, tables.faq_file).values(values))

    async def file(self, library: str, id: str) -> tuple[str, bytes] | None:
        """Return a file's type and bytes, None when there is none."""
        f = tables.faq_file.c
        async with self._engine.connect() as sql:
            row = (await sql.execute(select(f.type, f.body).where(f.library == library, f.id == id))).first()
        return (row.type, bytes(row.body)) if row is not None else None

    async def _where(self, where: ColumnElement[bool]) -> list[FaqEntry]:
        async with self._engine.connect() as sql:
            return await self._read(sql, where)

    async def _read(self, sql: AsyncConnection, where: ColumnElement[bool]) -> list[FaqEntry]:
        rows = (await sql.execute(select(tables.faq_entry).where(where))).all()
        texts: dict[str, list[EntryText]] = defaultdict(list)
        query = select(tables.faq_text).join(tables.faq_entry, _e.id == _t.entry).where(where).order_by(_t.n)
        for row in (await sql.execute(query)).all() if rows else ():
            texts[row.entry].append(_text(row))
        return [_entry(row, texts[row.id]) for row in rows if texts[row.id]]


def _row(entry: FaqEntry) -> dict[str, Any]:
    plain = {name: getattr(entry, name) for name in FaqEntry.__struct_fields__ if name != "texts"}
    return plain | {name: dump(getattr(entry, name)) for name in ("topics", "related", "files")}


def _entry(row: Row[Any], texts: Sequence[EntryText]) -> FaqEntry:
    values = {name: value for name, value in row._mapping.items() if name not in ("topics", "related", "files")}
    return FaqEntry(
        **values,
        texts=tuple(texts),
        topics=tuple(json.loads(row.topics)),
        related=tuple(json.loads(row.related)),
        files=_files.decode(row.files),
    )


def _text(row: Row[Any]) -> EntryText:
    return EntryText(
        language=row.language, title=row.title, body=row.body, slug=row.slug, asked=tuple(json.loads(row.asked))
    )


async def _addressed(sql: AsyncConnection, entry: FaqEntry) -> tuple[EntryText, ...]:
    """Give each text without an address one that is free. Raises AddressTaken for one that was asked for and is not."""
    found = []
    for text in entry.texts:
        wanted = text.slug or slug_of(text.title) or entry.id
        where = (_t.library == entry.library) & (_t.language == text.language) & (_t.entry != entry.id)
        like = where & (_t.slug.startswith(wanted, autoescape=True))
        taken = set((await sql.execute(select(_t.slug).where(like))).scalars())
        free = wanted
        if wanted in taken:
            if text.slug:
                raise AddressTaken(text.language, text.slug)
            numbered = (f"{wanted}-{n}" for n in range(2, _TRIES))
            free = next((one for one in numbered if one not in taken), f"{wanted}-{entry.id}")
        found.append(msgspec.structs.replace(text, slug=free))
    return tuple(found)


async def _redirected(sql: AsyncConnection, before: FaqEntry, entry: FaqEntry) -> None:
    """Let addresses that the entry had lead to it, and none that it has again."""
    now = {(text.language, text.slug) for text in entry.texts}
    for language, slug in {(text.language, text.slug) for text in before.texts} - now:
        values = {"library": entry.library, "language": language, "slug": slug, "entry": entry.id}
        keys = ["library", "language", "slug"]
        await sql.execute(replacing(sql.dialect.name, tables.faq_redirect, keys, values))
    for language, slug in now:
        here = (_r.library == entry.library) & (_r.language == language) & (_r.slug == slug)
        await sql.execute(delete(tables.faq_redirect).where(here))


async def _unindexed(sql: AsyncConnection, id: str) -> None:
    numbers = select(_t.n).where(_t.entry == id)
    await sql.execute(delete(tables.faq_term).where(tables.faq_term.c.text.in_(numbers)))
    await sql.execute(delete(tables.faq_text).where(_t.entry == id))


async def _indexed(sql: AsyncConnection, entry: FaqEntry) -> None:
    """Write the texts, and the terms of those that somebody may find."""
    await _unindexed(sql, entry.id)
    for text in entry.texts:
        values = {
            "entry": entry.id, "library": entry.library, "language": text.language, "slug": text.slug, "title": text.title,
            "body": text.body, "asked": dump(text.asked),
        }  # fmt: skip
        n = await sql.scalar(insert(tables.faq_text).values(values).returning(_t.n))
        if entry.level and n is not None:
            await sql.execute(insert(tables.faq_term), list(_terms(entry, text, n)))


def _terms(entry: FaqEntry, text: EntryText, n: int) -> Iterable[dict[str, Any]]:
    found = entry_terms(text.title, text.asked, entry.topics, text.body, text.language)
    for term, weight in found.items():
        yield {"term": term, "library": entry.library, "text": n, "level": entry.level, "weight": weight}

"""The organisation in SQL: libraries with their queues, people, hours and words, one revision at a time.

A change and its revision are one transaction. The core gets a library as an input with that revision and ignores older
ones. So a change that is made twice, or told late, does no harm.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from typing import Any

import msgspec
import structlog
from babel import Locale
from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bridge.contract import catalogues
from bridge.sql import tables
from bridge.sql.people.account_access import settle_access
from bridge.sql.people.accounts import now_ms
from bridge.sql.people.agreements import asked_of, not_agreed
from bridge.sql.people.calendar import WEEKDAYS, Calendar, faults, overlaps
from bridge.sql.people.document_differences import Document, document
from bridge.sql.people.field_fault import FieldFault
from bridge.sql.people.home_library import HomeLibraries, Leaver, StaffChange
from bridge.sql.people.hours_calendars import read_calendars
from bridge.sql.people.library_hours import ReadCalendars, lags, with_openings, without_openings
from bridge.sql.people.library_removal import named_elsewhere, remains, without
from bridge.sql.people.organisation_history import OrganisationChange, OrganisationHistory
from bridge.sql.people.staff_validation import guest_faults, role_faults
from bridge.sql.people.validation import channel_faults, contact_fault, own_faults, reference_faults
from routing.organisation import Agreement, Librarian, Library, Queue, Team
from routing.wording import ENGLISH

LONGEST_DAYS = 36_500  # of retention: beyond them lie moments that no database can count

_log = structlog.get_logger(__name__)
_data = msgspec.msgpack.Decoder(Library)
_l = tables.library.c


class Faulty(ValueError):
    """A library cannot be taken as it is; `found` is all that is wrong, `faults` the same in words."""

    def __init__(self, found: Sequence[FieldFault]) -> None:
        self.found = tuple(found)
        self.faults = [str(one) for one in found]
        super().__init__("; ".join(self.faults))


class NotYours(Faulty):
    """A library lists librarians who belong to another one: librarian -> that library."""

    def __init__(self, strangers: Mapping[str, str]) -> None:
        super().__init__(
            [
                FieldFault(
                    "librarians",
                    f"{name!r} belongs to the library {home!r}. Ask its coordinator to release them, or choose another id",
                )
                for name, home in strangers.items()
            ]
        )
        self.strangers = dict(strangers)


class Outdated(Exception):
    """Somebody else changed the library meanwhile: read it again."""


class LibraryEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A library and its hours, as people edit them; `library.openings` is worked out again by `current`."""

    library: Library
    calendar: Calendar


class OrganisationStore:
    """The libraries of one consortium."""

    def __init__(self, engine: AsyncEngine, consortium: str = "main") -> None:
        self._engine = engine
        self._consortium = consortium

    async def entries(self, *, removed: bool = False) -> list[LibraryEntry]:
        """Return every library as it is edited, by id. `removed`: those too that are no more; transcripts of theirs are kept."""
        async with self._engine.connect() as sql:
            found = await self._entries(sql)
        return [entry for entry in found if removed or not entry.library.removed]

    async def _entries(self, sql: AsyncConnection) -> list[LibraryEntry]:
        query = select(tables.library).where(_l.consortium == self._consortium).order_by(_l.id)
        return [_entry(row) for row in await sql.execute(query)]

    async def revisions(self) -> dict[str, int]:
        """Return each library's revision: a cheap way to see that something changed."""
        query = select(_l.id, _l.revision).where(_l.consortium == self._consortium)
        async with self._engine.connect() as sql:
            return {row.id: row.revision for row in await sql.execute(query)}

    async def current(self) -> list[Library]:
        """Return every library as the core is to know it: with openings worked out and the whole catalogue of its language."""
        entries = await self.entries(removed=True)
        async with self._engine.connect() as sql:
            since = await HomeLibraries(sql, self._consortium).since()
            read = await read_calendars(sql, self._consortium, addresses(entries))
        return [for_core(entry, since, read) for entry in entries]

    async def put(
        self,
        library: Library,
        calendar: Calendar,
        *,
        expected: int | None = None,
        by: str = "",
        channels: Mapping[str, str] | None = None,
        undoes: int = 0,
    ) -> Library:
        """Keep a library at the next revision and return it as the core is to know it. Raises Faulty, NotYours, Outdated.

        `by` is the coordinator who asks, "" the operator; `channels` gives the queue of each channel, None where none is known.
        `expected` is the revision that was read, 0 for a library that isn't there. `undoes` is the number of a change.
        """
        _sound(LibraryEntry(library=library, calendar=calendar))
        try:
            async with self._engine.begin() as sql:
                before = await self._kept(sql, library.id)
                library = with_agreements(library, before, ())
                entry = LibraryEntry(library=library, calendar=calendar)
                kept = await self._put(sql, entry, expected, by, undoes)
                await self._check(sql, library, before, channels, by)
                return kept
        except NotYours as refused:
            await self._tell_refused(library.id, refused.strangers, by)
            raise

    async def load(self, entries: list[LibraryEntry], *, channels: Mapping[str, str] | None = None) -> list[Library]:
        """Take these libraries in one transaction; others stay. Raises Faulty, NotYours.

        The operator speaks for all libraries: a librarian whom one of these drops and another lists, moves. A library that is new,
        and comes without agreements, agrees to what the others ask of it. `channels` as in `put`.
        """
        for entry in entries:
            _sound(entry)
        async with self._engine.begin() as sql:
            before = {entry.library.id: await self._kept(sql, entry.library.id) for entry in entries}
            await self._release_movers(sql, entries)
            entries = await self._agreed(sql, entries, before)
            kept = [await self._put(sql, entry, None, "") for entry in entries]
            for entry in entries:
                await self._check(sql, entry.library, before[entry.library.id], channels, "")
            return kept

    async def _agreed(
        self, sql: AsyncConnection, entries: list[LibraryEntry], before: Mapping[str, Library | None]
    ) -> list[LibraryEntry]:
        where = _l.consortium == self._consortium
        known = {row.id: _data.decode(row.data) for row in await sql.execute(select(_l.id, _l.data).where(where))}
        together = (known | {entry.library.id: entry.library for entry in entries}).values()
        return [
            msgspec.structs.replace(
                entry,
                library=with_agreements(entry.library, before[entry.library.id], asked_of(entry.library, together)),
            )
            for entry in entries
        ]

    async def _check(
        self,
        sql: AsyncConnection,
        library: Library,
        before: Library | None,
        channels: Mapping[str, str] | None,
        by: str,
    ) -> None:
        """Refuse what is wrong beside the other libraries that are kept now, and the channels. Raises Faulty."""
        everybody = [entry.library for entry in await self._entries(sql) if not entry.library.removed]
        people = await HomeLibraries(sql, self._consortium).everybody()
        found = reference_faults(library, before, everybody, people) + guest_faults(library, people)
        found += role_faults(library, before, everybody, by)
        if channels is not None:
            found += contact_fault(library, before, channels) + channel_faults(library, before, channels)
        _refuse(library, found)

    async def _kept(self, sql: AsyncConnection, library: str) -> Library | None:
        found = await self._kept_entry(sql, library)
        return found.library if found is not None else None

    async def _kept_entry(self, sql: AsyncConnection, library: str) -> LibraryEntry | None:
        """Return a library as it is kept, None for one that never was or was removed."""
        where = (_l.id == library) & (_l.consortium == self._consortium)
        row = (await sql.execute(select(tables.library).where(where))).first()
        found = _entry(row) if row is not None else None
        return found if found is not None and not found.library.removed else None

    # ---- history ----

    async def changes(self, library: str = "", *, before: int = 0, limit: int = 50) -> list[OrganisationChange]:
        """Return who changed what about a library, or about all, newest first, only numbers below `before` unless it is 0."""
        async with self._engine.connect() as sql:
            return await OrganisationHistory(sql, self._consortium).page(library, before=before, limit=limit)

    async def change(self, library: str, n: int) -> tuple[OrganisationChange, Document | None]:
        """Return one change, and the whole library where it removed one. Raises LookupError."""
        async with self._engine.connect() as sql:
            history = OrganisationHistory(sql, self._consortium)
            found = await history.one(library, n)
            if found is None:
                raise LookupError(f"no change {n} of {library!r}")
            return found, await history.removed(library, n)

    async def not_agreed(self) -> list[str]:
        """Return a sentence for each team of a partner that a queue asks and that did not agree."""
        return not_agreed([entry.library for entry in await self.entries()])

    # ---- people ----

    async def library_of(self, librarian: str) -> str:
        """Return the library that a librarian belongs to, whether it lists them or not; "" for a name that none ever listed."""
        async with self._engine.connect() as sql:
            return await HomeLibraries(sql, self._consortium).library_of(librarian)

    async def release(self, library: str, librarian: str, by: str = "") -> None:
        """Let other libraries list a librarian who left. Raises LookupError: they never worked there, or are listed still."""
        async with self._engine.begin() as sql:
            if librarian in await self._listed(sql, library):
                raise LookupError(f"{library!r} still lists {librarian!r}: remove them first")
            if not await HomeLibraries(sql, self._consortium).release(library, librarian, by):
                raise LookupError(f"{librarian!r} does not belong to {library!r}")

    async def leavers(self, library: str) -> list[Leaver]:
        """Return who left a library and still belongs to it."""
        async with self._engine.connect() as sql:
            return await HomeLibraries(sql, self._consortium).leavers(library, await self._listed(sql, library))

    async def staff_changes(self, library: str) -> list[StaffChange]:
        """Return what changed about a library's people, newest first."""
        async with self._engine.connect() as sql:
            return await HomeLibraries(sql, self._consortium).changes(library)

    async def _listed(self, sql: AsyncConnection, library: str) -> list[str]:
        kept = await self._kept(sql, library)
        return [one.id for one in kept.librarians] if kept is not None else []

    async def _release_movers(self, sql: AsyncConnection, entries: list[LibraryEntry]) -> None:
        belongings = HomeLibraries(sql, self._consortium)
        loaded = {entry.library.id: {one.id for one in entry.library.librarians} for entry in entries}
        for library, listed in loaded.items():
            strangers = await belongings.strangers(library, listed)
            for librarian, home in strangers.items():
                dropped = librarian not in loaded.get(home, {librarian})
                if dropped and librarian in await self._listed(sql, home):
                    await belongings.release(home, librarian, "")

    async def _tell_refused(self, library: str, strangers: Mapping[str, str], by: str) -> None:
        async with self._engine.begin() as sql:
            belongings = HomeLibraries(sql, self._consortium)
            for librarian, home in strangers.items():
                await belongings.tell(library, librarian, by, "refused-here", home)
                await belongings.tell(home, librarian, by, "refused-there", library)

    async def outlived(self, known: Mapping[str, Library]) -> list[str]:
        """Return the libraries whose openings are others now, or known further ahead, than in `known`, which the core holds."""
        entries = await self.entries()
        async with self._engine.connect() as sql:
            read = await read_calendars(sql, self._consortium, addresses(entries))
        return [entry.library.id for entry in entries if _outlives(entry, known.get(entry.library.id), read)]

    async def refresh(self, libraries: Collection[str]) -> list[Library]:
        """Give libraries the next revision, so that the core takes openings worked out for the weeks ahead.

        Nothing else about them changes: what somebody saves meanwhile is kept, and gets the revision. A library that this
        release finds faulty keeps its revision; that is said, and the others go on.
        """
        wanted, done = set(libraries), list[Library]()
        while wanted and (found := [entry for entry in await self.entries() if entry.library.id in wanted]):
            for entry in found:
                with suppress(Outdated):  # read again: somebody was quicker
                    done += await self._renewed(entry)
                    wanted.remove(entry.library.id)
        return done

    async def _renewed(self, entry: LibraryEntry) -> list[Library]:
        try:
            async with self._engine.begin() as sql:
                return [await self._put(sql, entry, entry.library.revision, "")]
        except Faulty as error:
            _log.error("library-faulty", library=entry.library.id, faults=error.faults)
            return []

    async def remove(self, library: str, *, by: str = "", clear: bool = False) -> list[Library]:
        """Remove a library; its transcripts stay. Return what changed, as the core is to know it. Raises LookupError, Faulty.

        Others may name its teams, queues and people: that is refused with each place, or with `clear` taken out there. Its people
        may be listed by others from now on. Who may answer for open conversations is for the caller to see to.
        """
        async with self._engine.begin() as sql:
            gone = await self._kept_entry(sql, library)
            if gone is None:
                raise LookupError(f"no library {library!r}")
            others = [one for one in await self._entries(sql) if not one.library.removed and one.library.id != library]
            named = named_elsewhere(gone.library, [one.library for one in others])
            if named and not clear:
                raise Faulty(named)
            changed = [one for other in others if (one := self._without(other, gone.library)) is not None]
            done = [await self._put(sql, one, one.library.revision, by) for one in changed]
            rest = [one.library for one in others]
            _refuse(gone.library, role_faults(remains(gone.library), gone.library, rest, by))
            done.append(
                await self._put(sql, LibraryEntry(library=remains(gone.library), calendar=Calendar()), None, by)
            )
            await HomeLibraries(sql, self._consortium).release_all(library, by)
            return done

    def _without(self, other: LibraryEntry, gone: Library) -> LibraryEntry | None:
        """Return a library that names a removed one nowhere, None where it doesn't now. Raises Faulty: a queue would ask nobody."""
        found = without(other.library, gone)
        return LibraryEntry(library=found, calendar=other.calendar) if found != other.library else None

    async def _put(
        self, sql: AsyncConnection, entry: LibraryEntry, expected: int | None, by: str, undoes: int = 0
    ) -> Library:
        library, calendar = entry.library, entry.calendar
        _refuse(library, check(library, calendar))
        before = await self._kept_entry(sql, library.id)
        row = (await sql.execute(select(_l.revision, _l.consortium).where(_l.id == library.id))).first()
        if row is not None and row.consortium != self._consortium:
            raise Faulty(
                [FieldFault("id", f"{library.id!r} is a library of another consortium: give this one another id")]
            )
        held = row.revision if row is not None else None
        if expected is not None and expected != (before.library.revision if before is not None else 0):
            raise Outdated
        people = tuple(msgspec.structs.replace(one, since=0) for one in library.librarians)
        kept = msgspec.structs.replace(without_openings(library), revision=(held or 0) + 1, librarians=people)
        since = await self._settle_people(sql, library, by)
        values = {
            "revision": kept.revision,
            "data": msgspec.msgpack.encode(kept),
            "calendar": msgspec.json.encode(calendar).decode(),
        }
        if held is None:
            await sql.execute(insert(tables.library).values(id=library.id, consortium=self._consortium, **values))
        else:
            where = (_l.id == library.id) & (_l.revision == held)
            if (await sql.execute(update(tables.library).where(where).values(**values))).rowcount != 1:
                raise Outdated
        await self._note(sql, before, LibraryEntry(library=kept, calendar=calendar), by, undoes)
        read = await read_calendars(sql, self._consortium, calendar.addresses())
        return for_core(LibraryEntry(library=kept, calendar=calendar), since, read)

    async def _note(
        self, sql: AsyncConnection, before: LibraryEntry | None, after: LibraryEntry, by: str, undoes: int
    ) -> None:
        """Keep what changed, and let in and shut out whom it concerns."""
        old = document(before.library, before.calendar) if before is not None else None
        new = document(after.library, after.calendar) if not after.library.removed else None
        history = OrganisationHistory(sql, self._consortium)
        await history.note(old, new, revision=after.library.revision, by=by, undoes=undoes)
        people = before.library.librarians if before is not None else ()
        await settle_access(sql, after.library.id, people, after.library.librarians, by)

    async def _settle_people(self, sql: AsyncConnection, library: Library, by: str) -> dict[str, int]:
        """Note who came and who left; return since when each librarian works where they do. Raises NotYours."""
        belongings = HomeLibraries(sql, self._consortium)
        listed = [one.id for one in library.librarians]
        if strangers := await belongings.strangers(library.id, listed):
            raise NotYours(strangers)
        await belongings.settle(library.id, await self._listed(sql, library.id), listed, by)
        return await belongings.since()


def _entry(row: Any) -> LibraryEntry:
    return LibraryEntry(library=_data.decode(row.data), calendar=msgspec.json.decode(row.calendar, type=Calendar))


def _sound(entry: LibraryEntry) -> None:
    """Refuse fields that are wrong in themselves. Raises Faulty."""
    if entry.library.removed:
        _refuse(entry.library, [FieldFault("removed", "a library is removed by an order of its own")])
    _refuse(entry.library, own_faults(entry.library) + overlaps(entry.calendar))


def _refuse(library: Library, found: Sequence[FieldFault]) -> None:
    """Raise Faulty where anything is wrong with a library."""
    if found:
        raise Faulty([msgspec.structs.replace(one, library=library.id) for one in found])


def with_agreements(library: Library, before: Library | None, new: tuple[Agreement, ...]) -> Library:
    """Return a library that says what it agreed to: where it says nothing, as `before`, and where it is new, `new`."""
    if library.agreements is not None:
        return library
    kept = before.agreements if before is not None else None
    return msgspec.structs.replace(library, agreements=new if kept is None else kept)


def _outlives(entry: LibraryEntry, known: Library | None, read: ReadCalendars) -> bool:
    """Whether this very revision, worked out now, has other openings than those known, or later ones."""
    if known is None or known.revision != entry.library.revision:
        return False  # it is about to be told anyway
    now = now_ms()
    return lags(known, with_openings(entry.library, entry.calendar, now, read), now)


def addresses(entries: Sequence[LibraryEntry]) -> set[str]:
    """Return the addresses of all calendars that libraries or queues keep their hours in."""
    return {url for entry in entries for url in entry.calendar.addresses()}


def for_core(entry: LibraryEntry, since: Mapping[str, int], read: ReadCalendars) -> Library:
    """Return a library as the core is to know it; `since` when (ms) each librarian came to it, `read` the calendars' events."""
    found = entry.library
    people = tuple(msgspec.structs.replace(one, since=since.get(one.id, 0)) for one in found.librarians)
    wording = catalogue(found.language) | found.wording
    known = msgspec.structs.replace(found, wording=wording, librarians=people)
    return with_openings(known, entry.calendar, now_ms(), read)


def catalogue(language: str) -> dict[str, str]:
    """Return the desk's words in a language, with the days of the week; {} = the core's own English."""
    tag = catalogues.chosen("desk", [language])
    found = {key: text for key, text in catalogues.words("desk", tag).items() if isinstance(text, str)}
    if tag == catalogues.ENGLISH:
        return {key: text for key, text in found.items() if text != ENGLISH[key]}
    names = Locale.parse(tag, sep="-").days["format"]["wide"]
    return found | {f"day.{day}": str(names[n]) for n, day in enumerate(WEEKDAYS)}


def check(library: Library, calendar: Calendar) -> list[FieldFault]:
    """Return what no library can be kept with, whenever it was taken; [] when nothing is wrong."""
    found = faults(calendar, library.timezone)
    if not library.id or "/" in library.id or not library.id.replace("-", "").replace("_", "").isalnum():
        found.append(FieldFault("id", f"{library.id!r} is not a library id (letters, digits, - and _)"))
    if not 0 <= library.retention_days <= LONGEST_DAYS:
        says = f"retention_days is 0, for ever, or up to {LONGEST_DAYS} days, not {library.retention_days}"
        found.append(FieldFault("retention_days", says))
    if not 0 <= library.staff_retention_days <= LONGEST_DAYS:
        days = library.staff_retention_days
        says = f"staff_retention_days is 0, as for transcripts, or up to {LONGEST_DAYS} days, not {days}"
        found.append(FieldFault("staff_retention_days", says))
    found += _ids("queues", library.queues, library.id + "/") + _ids("teams", library.teams, library.id + "/")
    found += _ids("librarians", library.librarians, "")
    known = {queue.id for queue in library.queues}
    found += [
        FieldFault(f"hours.queues.{name}", f"there is no queue {name!r}")
        for name in calendar.queues
        if name not in known
    ]
    for n, queue in enumerate(library.queues, 1):
        if not queue.tiers:
            says = f"queue {queue.id!r} has no tier: nobody would ever see what waits in it"
            found.append(FieldFault(f"queues[{n}].tiers", says))
    return found


def _ids(where: str, rows: Sequence[Queue | Team | Librarian], prefix: str) -> list[FieldFault]:
    ids = [row.id for row in rows]
    found = [
        FieldFault(f"{where}[{n}].id", f"{id!r} must begin with {prefix!r}, and go on")
        for n, id in enumerate(ids, 1)
        if prefix and (not id.startswith(prefix) or id == prefix)
    ]
    return found + [
        FieldFault(f"{where}[{n}].id", f"{id!r} stands twice") for n, id in enumerate(ids, 1) if id in ids[: n - 1]
    ]

"""What the command line does beside serving: set up, load and dump the organisation, accounts, verify, export.

Each errand opens what it needs, does one thing, prints the answer and returns the exit code. Errands work beside a running
daemon, since they go through the same database, and the daemon looks there for a changed organisation every few seconds.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path

import msgspec

from bridge.app import contacts
from bridge.app.config import Config, WhichConsortium
from bridge.app.daemon import consortia, opened_archive, private, private_secrets, redis
from bridge.app.file_stores import move
from bridge.app.first_setup import take_first_library
from bridge.log.snapshot import Unrecoverable, verify
from bridge.redis.embedded import EmbeddedError
from bridge.redis.store import Store, StoreError
from bridge.runtime.logging import say
from bridge.sql.archive import Archive
from bridge.sql.people.account_events import AccountEvent
from bridge.sql.people.organisation import Faulty, LibraryEntry, OrganisationStore, Outdated
from bridge.sql.people.organisation_file import dump, parse
from bridge.sql.privacy import patron_lookup
from bridge.sql.privacy.erasures import Erasure, Erasures
from bridge.sql.transcripts.export import export as transcripts
from routing.organisation import Librarian, Library, Role

PATIENCE_S = 20.0  # for the daemon to answer an order
REFUSED = {
    "not-closed": "it is still open; end it first",
    "follow-up-open": "a follow-up is open; add --follow-ups to give it up",
}


@asynccontextmanager
async def open_archive(config: Config) -> AsyncIterator[Archive]:
    """Open the archive as the daemon does, and close it at the end."""
    said = partial(say, error=True)
    private(config.data, said)
    private_secrets(config, said)
    archive = await opened_archive(config)
    try:
        yield archive
    finally:
        await archive.close()


async def files_move(config: Config) -> int:
    """Move files to the store that is configured."""
    async with open_archive(config) as archive:
        return await move(config, archive)


async def setup(config: Config, coordinator: str) -> int:
    """Make the data folder and the tables, and take the first library in; with `coordinator` (`login@library`), that account."""
    async with open_archive(config) as archive:
        await archive.secret()
        desks = consortia(config)
        try:
            first = await take_first_library(config, archive, desks[0]) if len(desks) == 1 else []
        except (Faulty, OSError, UnicodeDecodeError, ValueError) as error:
            print(*(error.faults if isinstance(error, Faulty) else [error]), sep="\n", file=sys.stderr)
            return 1
        named = [line for consortium in desks for line in await contacts.settle(config, archive, consortium)]
    print(f"data in {config.data}, tables up to date", *named, *first, sep="\n")
    if not coordinator:
        return 0
    login, _, library = coordinator.partition("@")
    return await librarian_add(config, login, library, role="coordinator")


def _meant(config: Config, consortium: str) -> str:
    """Return the consortium that is meant: the one named, or the only one. Raises WhichConsortium."""
    known = consortia(config)
    if consortium in known:
        return consortium
    if consortium or len(known) > 1:
        raise WhichConsortium(f"say which consortium with --consortium: {', '.join(known)}")
    return known[0]


async def desk_load(config: Config, file: Path, consortium: str = "") -> int:
    """Take the libraries of a TOML file in."""
    meant = _meant(config, consortium)
    try:
        entries = parse(await asyncio.to_thread(file.read_text, "utf-8"))
        async with open_archive(config) as archive:
            queues = {one.name: one.queue for one in config.channels if one.consortium == meant}
            loaded = await archive.organisation(meant).load(entries, channels=queues)
            named = await contacts.settle(config, archive, meant)
            skipped = await archive.organisation(meant).not_agreed()
    except (Faulty, OSError, UnicodeDecodeError) as error:
        wrong = error.faults if isinstance(error, Faulty) else [str(error)]
        print(*wrong, sep="\n", file=sys.stderr)
        return 1
    for library in loaded:
        print(
            f"{library.id}: revision {library.revision}, {len(library.queues)} queues, {len(library.librarians)} librarians"
        )
    if named:
        print(*named, sep="\n")
    silent = {entry.library.id for entry in entries if entry.library.agreements is None}
    for one in loaded:
        if one.id in silent and one.agreements:
            agreed = ", ".join(f"{each.queue} ({each.when})" for each in one.agreements)
            print(f"{one.id}: the file names no agreements; it answers in {agreed}", file=sys.stderr)
    if skipped:
        print(*skipped, sep="\n", file=sys.stderr)
    return 0


async def desk_dump(config: Config, consortium: str = "") -> int:
    """Print the organisation as TOML."""
    meant = _meant(config, consortium)
    async with open_archive(config) as archive:
        print(dump(await archive.organisation(meant).entries()), end="")
    return 0


async def librarian_add(config: Config, login: str, library: str, *, role: Role | None = None) -> int:
    """Make an account, and the librarian in the organisation where the library does not list one of that id yet.

    `role` is given to one who is listed already, too; None leaves them theirs.
    """
    async with open_archive(config) as archive:
        found = await _library(archive, config, library)
        if found is None:
            return 1
        if (home := await found[0].library_of(login)) not in ("", library):
            print(f"{login!r} belongs to {home!r}; `librarian release` lets another library list them", file=sys.stderr)
            return 1
        try:
            code = await archive.accounts.add(login, login, library)
        except ValueError as error:
            print(error, file=sys.stderr)
            return 1
        try:
            while found is not None and not await _listed(*found, login, role):
                found = await _library(
                    archive, config, library
                )  # somebody saved it meanwhile: what they changed is to stay
        except Faulty as error:
            print(
                *error.faults, f"the account is made, but {library!r} does not list it yet", sep="\n", file=sys.stderr
            )
            return 1
    print(f"{login} signs in once with {code}")
    return 0


async def _library(archive: Archive, config: Config, library: str) -> tuple[OrganisationStore, LibraryEntry] | None:
    """Return a library and the organisation that holds it; print why and return None when there is none."""
    organisations = [archive.organisation(name) for name in consortia(config)]
    entries = {entry.library.id: (home, entry) for home in organisations for entry in await home.entries()}
    if library not in entries:
        print(f"no library {library!r}; there are: {', '.join(entries) or 'none, use `desk load`'}", file=sys.stderr)
    return entries.get(library)


async def _listed(organisation: OrganisationStore, entry: LibraryEntry, login: str, role: Role | None) -> bool:
    """List a librarian in a library; False when it was changed since it was read."""
    changed = _with(entry.library, login, role)
    try:
        await organisation.put(changed, entry.calendar, expected=entry.library.revision)
    except Outdated:
        return False
    return True


def _with(library: Library, login: str, role: Role | None) -> Library:
    known = {person.id: person for person in library.librarians}
    person = known.get(login, Librarian(id=login, name=login, shown=login))
    known[login] = msgspec.structs.replace(person, role=role or person.role)
    return msgspec.structs.replace(library, librarians=tuple(known.values()))


async def librarian_role(config: Config, login: str, role: Role) -> int:
    """Give a librarian another role, in the library that lists them."""
    async with open_archive(config) as archive:
        for name in consortia(config):
            organisation = archive.organisation(name)
            while entry := await _home(organisation, login):
                try:
                    if await _listed(organisation, entry, login, role):
                        print(f"{login} is {role} of {entry.library.id} now")
                        return 0
                except Faulty as error:
                    print(*error.faults, sep="\n", file=sys.stderr)
                    return 1
    print(f"no library lists {login!r}", file=sys.stderr)
    return 1


async def _home(organisation: OrganisationStore, librarian: str) -> LibraryEntry | None:
    """Return the library that lists a librarian."""
    entries = await organisation.entries()
    return next((one for one in entries if any(person.id == librarian for person in one.library.librarians)), None)


async def librarian_reset(config: Config, login: str) -> int:
    """Print a new one-time code; password, second factors and sessions are gone."""
    async with open_archive(config) as archive:
        try:
            code = await archive.accounts.reset(login)
        except LookupError as error:
            print(error, file=sys.stderr)
            return 1
        if (account := await archive.accounts.named(login)) is not None:
            await archive.second_factors.reset(account.librarian)
            who, library = account.librarian, account.library
            await archive.account_events.note(
                AccountEvent(library=library, librarian=who, by="", what="code-made", detail="code")
            )
    print(f"{login} signs in once with {code}")
    return 0


async def librarian_release(config: Config, librarian: str) -> int:
    """Let another library list a librarian who left theirs."""
    async with open_archive(config) as archive:
        for name in consortia(config):
            organisation = archive.organisation(name)
            if home := await organisation.library_of(librarian):
                try:
                    await organisation.release(home, librarian)
                except LookupError as error:
                    print(error, file=sys.stderr)
                    return 1
                print(f"{librarian} no longer belongs to {home}: another library may list them")
                return 0
    print(f"no library ever listed {librarian!r}", file=sys.stderr)
    return 1


async def librarian_list(config: Config) -> int:
    """Print every account."""
    async with open_archive(config) as archive:
        for account in await archive.accounts.all():
            state = "disabled" if account.disabled else "must change the password" if account.must_change else ""
            print(f"{account.login:<24} {account.library:<24} {state}".rstrip())
    return 0


async def replay(config: Config, consortium: str = "") -> int:
    """Fold the log again from the older snapshot and say whether it agrees with the newer one."""
    meant = _meant(config, consortium)
    async with AsyncExitStack() as stack:
        try:
            store = await Store.open(await redis(config, stack, wait=2.0), meant)
        except (EmbeddedError, StoreError) as error:
            print(f"{error} (a private Redis belongs to the daemon: stop it first)", file=sys.stderr)
            return 1
        stack.push_async_callback(store.close)
        try:
            found = await verify(store)
        except (StoreError, Unrecoverable) as error:
            print(error, file=sys.stderr)
            return 1
    print(*(found or ["the log and the newest snapshot agree"]), sep="\n")
    return 1 if found else 0


async def export(config: Config, library: str, since: str) -> int:
    """Print transcripts, one JSON document a line."""
    try:
        start = datetime.combine(date.fromisoformat(since), datetime.min.time(), UTC).timestamp() * 1000 if since else 0
    except ValueError:
        print(f"not a day like 2026-01-31: {since!r}", file=sys.stderr)
        return 1
    async with open_archive(config) as archive:
        event = AccountEvent(library=library, librarian="", by="", what="exported", detail="transcripts")
        await archive.account_events.note(event)
        async for transcript in transcripts(archive.engine, library, int(start)):
            sys.stdout.write(msgspec.json.encode(transcript).decode() + "\n")
    return 0


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be forgotten: a conversation, or all of a patron's."""

    what: str
    everything: bool = False
    follow_ups: bool = False
    yes: bool = False


async def forget(config: Config, wish: Wish, consortium: str = "") -> int:
    """Say what would be forgotten; with `yes`, order it and wait a little for the daemon."""
    meant = _meant(config, consortium)
    async with open_archive(config) as archive:
        homes = await _homes(archive, config)
        wished = await _wished(archive, wish)
        found = [one for one in wished if homes(one) in ("", meant)]
        if elsewhere := sorted({homes(one) for one in wished} - {"", meant}):
            print(
                f"other desks keep more; forget it there with --consortium {', '.join(elsewhere)}",
                file=sys.stderr,
            )
        if not found:
            print(f"nothing is kept of {wish.what!r}", file=sys.stderr)
            return 1
        for one in found:
            began = datetime.fromtimestamp(one.opened_at / 1000, UTC).isoformat(" ", "minutes")
            print(f"{one.id}  {began}  {one.library:<16}  {one.state}")
        if not wish.yes:
            print(f"{len(found)} would be forgotten. Add --yes to do it")
            return 0
        erasures = archive.erasures(meant)
        for one in found:
            await erasures.ask(one.id, one.places, follow_up=wish.follow_ups)
        return await _carried_out(erasures, {one.id for one in found})


async def _homes(archive: Archive, config: Config) -> Callable[[patron_lookup.Held], str]:
    """Return what tells a conversation's consortium, "" where neither its library nor a channel does. All share the tables, but a
    conversation is to go from the streams that hold it, too."""
    channels = {channel.name: channel.consortium for channel in config.channels}
    libraries = {
        library: name for name in consortia(config) for library in await archive.organisation(name).revisions()
    }

    def home(one: patron_lookup.Held) -> str:
        through = (channels.get(place.partition("|")[0], "") for place in one.places)
        return libraries.get(one.library) or next(filter(None, through), "")

    return home


async def _wished(archive: Archive, wish: Wish) -> list[patron_lookup.Held]:
    if this := await patron_lookup.held(archive.engine, [wish.what]):
        return await patron_lookup.all_of(archive.engine, wish.what) if wish.everything else this
    return await patron_lookup.all_at(archive.engine, wish.what)


async def _carried_out(erasures: Erasures, wanted: set[str]) -> int:
    """Wait until the daemon has answered every order, and say what it made of them."""
    end = time.monotonic() + PATIENCE_S
    standing = await _standing(erasures, wanted)
    while time.monotonic() < end and any(one.state == "asked" for one in standing):
        await asyncio.sleep(0.2)
        standing = await _standing(erasures, wanted)
    waiting = sum(one.state == "asked" for one in standing)
    refused = [one for one in standing if one.state == "refused"]
    for one in refused:
        print(f"{one.conversation}: not forgotten: {REFUSED.get(one.reason, one.reason)}", file=sys.stderr)
    if waiting:
        print(f"{waiting} not done yet: the daemon will do it once it runs", file=sys.stderr)
    print(f"{len(wanted) - len(refused) - waiting} forgotten; streams and files follow within a quarter of an hour")
    return 1 if refused or waiting else 0


async def _standing(erasures: Erasures, wanted: set[str]) -> list[Erasure]:
    return [one for one in await erasures.standing() if one.conversation in wanted]

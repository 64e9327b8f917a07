"""From an identity to a librarian: whose account it is, who gets a new one, and which role their groups give them.

The rules

1. An identity that was linked before opens that account, whatever name or address it has by now.
2. Else the first link is made by a sign-in name that the service vouches for: a verified e-mail address, the name of a trusted
   proxy. The configuration must allow it, and the account may be linked to no other identity of the same service.
3. Else a new account is made, where the configuration allows it, at the library of the groups or of the rules. A name that somebody
   has already is never given to another person.
4. Where groups are named, they decide: nobody comes in who is in none of them, and their role is the highest that their groups
   give at their own library. The last administrator stays one.

A librarian's role and place are changed in the organisation like any edit, so they are in its history and can be undone.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass

from msgspec.structs import replace

from bridge.sign_on.identity import NotSignedOn, VouchedIdentity
from bridge.sign_on.settings import ROLES, GroupRole, JoiningRules
from bridge.sql.archive import Archive
from bridge.sql.people.account_events import AccountEvent
from bridge.sql.people.accounts import Account
from bridge.sql.people.organisation import Faulty, LibraryEntry, OrganisationStore, Outdated
from routing.organisation import Librarian, Library, Role

TRIES = 5
SIGN_IN_NAME = re.compile(r"[a-z0-9._@+-]{1,64}")


@dataclass(frozen=True, slots=True)
class JoiningDesk:
    """One consortium: its libraries as they are kept, and what tells its core of those that changed."""

    organisation: OrganisationStore
    tell: Callable[[Sequence[Library]], Awaitable[None]]


class Joining:
    """Finds, links or makes the librarian of an identity."""

    def __init__(self, archive: Archive, desks: Sequence[JoiningDesk]) -> None:
        self._archive = archive
        self._desks = desks

    async def account(self, identity: VouchedIdentity, rules: JoiningRules) -> Account:
        """Return the account that an identity opens. Raises NotSignedOn."""
        given = _given(identity, rules)
        found = await self._linked(identity) or await self._link(identity, rules)
        if found is None:
            found = await self._create(identity, rules, given)
        if found.disabled:
            raise NotSignedOn("closed", librarian=found.librarian, library=found.library)
        if rules.groups:
            await self._give_role(found, given)
        return found

    # ---- whose account it is ----

    async def _linked(self, identity: VouchedIdentity) -> Account | None:
        librarian = await self._archive.identities.librarian(identity.issuer, identity.subject)
        return await self._archive.accounts.of(librarian) if librarian else None

    async def _link(self, identity: VouchedIdentity, rules: JoiningRules) -> Account | None:
        """Return the account of a name that the service vouches for, linked from now on."""
        for name in identity.names if rules.link else ():
            account = await self._archive.accounts.named(name)
            if account is None:
                continue
            if not await self._archive.identities.link(identity.issuer, identity.subject, account.librarian):
                raise NotSignedOn("linked-otherwise", librarian=account.librarian, library=account.library)
            await self._note(account.librarian, account.library, "linked", identity.way)
            return account
        return None

    # ---- a new account ----

    async def _create(self, identity: VouchedIdentity, rules: JoiningRules, given: Sequence[GroupRole]) -> Account:
        if not rules.create:
            raise NotSignedOn("email-unverified" if identity.doubtful_email and rules.link else "unknown")
        name = await self._reserved(identity)
        library = next((one.library for one in given if one.library), rules.library)
        mine = [one for one in given if one.library in ("", library)]
        person = Librarian(id=name, name=identity.name or name, shown=identity.name, role=_highest(mine))
        teams = {team for one in mine for team in one.teams}
        await self._list(library, person, teams)
        try:
            await self._archive.accounts.add(name, name, library, with_code=False)
        except ValueError:
            raise NotSignedOn("name-taken") from None
        await self._note(name, library, "created", identity.way)
        return Account(librarian=name, login=name, library=library)

    async def _reserved(self, identity: VouchedIdentity) -> str:
        """Return the sign-in name of a new account, linked to the identity before anything else is made.

        What broke off after that goes on at the next sign-on. Raises NotSignedOn.
        """
        identities, accounts = self._archive.identities, self._archive.accounts
        if before := await identities.librarian(identity.issuer, identity.subject):
            return before
        name = next((one for one in reversed(identity.names) if SIGN_IN_NAME.fullmatch(one)), "")
        if not name:
            raise NotSignedOn("email-unverified" if identity.doubtful_email else "unknown")
        held = [await desk.organisation.library_of(name) for desk in self._desks]  # what they wrote is under that name
        if any(held) or await accounts.named(name) is not None or await accounts.of(name) is not None:
            raise NotSignedOn("name-taken")
        if not await identities.link(identity.issuer, identity.subject, name):
            raise NotSignedOn("name-taken")
        return name

    async def _list(self, library: str, person: Librarian, teams: Iterable[str]) -> None:
        desk, entry = await self._home(library)
        if any(one.id == person.id for one in entry.library.librarians):
            return  # an attempt before broke off
        wanted = set(teams)

        def listed(found: Library) -> Library:
            joined = tuple(
                replace(one, members=(*one.members, person.id)) if one.id in wanted else one for one in found.teams
            )
            return replace(found, librarians=(*found.librarians, person), teams=joined)

        await self._change(desk, entry, listed)

    # ---- the role of their groups ----

    async def _give_role(self, account: Account, given: Sequence[GroupRole]) -> None:
        mine = [one for one in given if one.library in ("", account.library)]
        if not mine:
            raise NotSignedOn("not-in-group", librarian=account.librarian, library=account.library)
        desk, entry = await self._home(account.library)
        person = next((one for one in entry.library.librarians if one.id == account.librarian), None)
        role = _highest(mine)
        if person is None or not person.active:
            raise NotSignedOn("closed", librarian=account.librarian, library=account.library)
        if person.role == role or (person.role == "administrator" and await _is_last(desk, person.id)):
            return

        def changed(found: Library) -> Library:
            people = (replace(one, role=role) if one.id == person.id else one for one in found.librarians)
            return replace(found, librarians=tuple(people))

        await self._change(desk, entry, changed)

    async def _home(self, library: str) -> tuple[JoiningDesk, LibraryEntry]:
        for desk in self._desks:
            for entry in await desk.organisation.entries():
                if entry.library.id == library:
                    return desk, entry
        raise NotSignedOn("unknown")  # the configuration names a library that there isn't, or it was removed

    async def _change(self, desk: JoiningDesk, entry: LibraryEntry, change: Callable[[Library], Library]) -> None:
        """Keep a changed library and tell the core; again where somebody saved it meanwhile."""
        for _ in range(TRIES):
            library = entry.library
            try:
                saved = await desk.organisation.put(change(library), entry.calendar, expected=library.revision)
            except Outdated:
                _, entry = await self._home(library.id)
                continue
            except Faulty:
                raise NotSignedOn("unknown") from None
            await desk.tell([saved])
            return
        raise NotSignedOn("away")

    async def _note(self, librarian: str, library: str, what: str, detail: str) -> None:
        event = AccountEvent(library=library, librarian=librarian, by=librarian, what=what, detail=detail)  # type: ignore[arg-type] # one of two words
        await self._archive.account_events.note(event)


def _given(identity: VouchedIdentity, rules: JoiningRules) -> list[GroupRole]:
    """Return what the rules say of an identity's groups. Raises NotSignedOn where groups are named and it is in none."""
    found = [one for one in rules.groups if one.group in (identity.groups or ())]
    if rules.groups and not found:
        raise NotSignedOn("not-in-group")
    return found


def _highest(given: Sequence[GroupRole]) -> Role:
    return max((one.role for one in given), key=ROLES.index, default="librarian")


async def _is_last(desk: JoiningDesk, librarian: str) -> bool:
    """Whether nobody else administers the consortium."""
    everybody = (one for entry in await desk.organisation.entries() for one in entry.library.librarians)
    return not any(one.role == "administrator" and one.active and one.id != librarian for one in everybody)

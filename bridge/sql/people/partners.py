"""Partnerships with other deployments: invited, accepted, confirmed by an administrator on either side, and ended by either.

An invitation is an address whose fragment holds the partnership's id, a secret that works once, and the fingerprint of our key. No
browser and no server sends or logs a fragment. Of the secret the inviting side keeps a hash alone. Seeds of keys never leave this
table but to the adapter.

A partner who is confirmed is a library of ours with one librarian and one team. So a coordinator puts them into a tier like any
other team, and reports credit them like any other library.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from msgspec.structs import replace
from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bridge.contract.adapter import Busy
from bridge.contract.partners import (
    Partner,
    PartnerState,
    PartnerTalk,
    PeerDesk,
    Way,
    fingerprint,
    public_key,
)
from bridge.sql import tables
from bridge.sql.people.accounts import now_ms
from bridge.sql.people.calendar import Calendar
from bridge.sql.people.field_fault import FieldFault
from bridge.sql.people.organisation import Faulty, OrganisationStore
from bridge.sql.rows import ignoring, replacing
from routing.organisation import Librarian, Library, Team

CAPACITY = 5  # conversations that a partner is given at once, until a coordinator changes it
UNCONFIRMED: tuple[PartnerState, ...] = ("unconfirmed",)
OVER: tuple[PartnerState, ...] = ("revoked", "ended")
_INVITATION = re.compile(r"(https?://[^\s#]{1,500})#1\.([A-Za-z0-9_-]{16})\.([A-Za-z0-9_-]{32})\.([0-9a-f]{32})")
_LIBRARY = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")

_p = tables.partner.c
_t = tables.partner_talk.c
_n = tables.partner_nonce.c


class NoInvitation(ValueError):
    """The text is no invitation, or one that cannot be accepted; the words say why."""


class Partners:
    """`bridge.contract.partners.PartnerBook` of one channel, and what administrators do with it."""

    def __init__(self, engine: AsyncEngine, consortium: str, channel: str) -> None:
        self._engine = engine
        self._consortium = consortium
        self._channel = channel

    # ---- what administrators do ----

    async def invite(self, library: str, address: str) -> tuple[Partner, str]:
        """Return a new partnership and its invitation. `address` is our channel's; `library` the partner's id here.

        Raises NoInvitation for an id that no library can have."""
        secret = secrets.token_urlsafe(24)
        proof = hashlib.sha256(secret.encode()).hexdigest()
        made = await self._add(state="invited", library=library, proof=proof)
        mark = fingerprint(public_key(made.seed)).replace(" ", "")
        return made, f"{address}#1.{made.id}.{secret}.{mark}"

    async def accept(self, invitation: str, library: str, address: str) -> Partner:
        """Accept an invitation; the channel tells the other side. Raises NoInvitation."""
        found = _INVITATION.fullmatch(invitation.strip())
        if found is None:
            raise NoInvitation("This isn't an invitation. Copy the whole text, from https to its end.")
        if found[1].rstrip("/") == address.rstrip("/"):
            raise NoInvitation("This invitation is from this very desk.")
        if await self.find(found[2]) is not None:
            raise NoInvitation("This invitation was accepted here before. Ask for a new one.")
        return await self._add(
            state="joining", library=library, id=found[2], url=found[1], proof=found[3], expected=found[4]
        )

    async def _add(self, *, library: str, id: str = "", **fields: Any) -> Partner:
        if not _LIBRARY.fullmatch(library):
            raise NoInvitation("library: use small letters, digits, - and _ (up to 40).")
        if any(one.library == library and one.state not in OVER for one in await self.all()):
            raise NoInvitation(
                f"library: there is a partner {library!r} already. Revoke it first, or choose another id."
            )
        made = Partner(
            id=id or secrets.token_urlsafe(12),
            channel=self._channel,
            name=fields.pop("name", ""),
            url=fields.pop("url", ""),
            library=library,
            made_at=now_ms(),
            seed=secrets.token_bytes(32),
            **fields,
        )
        await self.add(made)
        return made

    async def add(self, partner: Partner) -> None:
        """Keep a partnership as it is given."""
        async with self._writing() as sql:
            await sql.execute(insert(tables.partner).values(consortium=self._consortium, **_values(partner)))

    async def confirm(self, id: str, by: str) -> Partner:
        """Confirm a partnership whose fingerprints an administrator has compared. Raises LookupError."""
        if not await self.change(id, only=UNCONFIRMED, state="confirmed", confirmed_by=by):
            raise LookupError(id)
        return await self._kept(id)

    async def revoke(self, id: str, by: str) -> Partner:
        """End a partnership here, at once; the channel tells the other side. Raises LookupError."""
        states: tuple[PartnerState, ...] = ("invited", "joining", "unconfirmed", "confirmed")
        if not await self.change(id, only=states, state="revoked", ended_by=by, proof=""):
            raise LookupError(id)
        return await self._kept(id)

    async def _kept(self, id: str) -> Partner:
        found = await self.find(id)
        if found is None:
            raise LookupError(id)
        return found

    # ---- bridge.contract.partners.PartnerBook ----

    async def all(self) -> Sequence[Partner]:
        """See `PartnerBook`."""
        kept = _p.state.not_in(OVER) | _p.id.in_(select(_t.partner))
        where = (_p.consortium == self._consortium) & (_p.channel == self._channel) & kept
        async with self._reading() as sql:
            rows = (await sql.execute(select(tables.partner).where(where).order_by(_p.made_at, _p.id))).all()
        return [_partner(row) for row in rows]

    async def listed(self) -> Sequence[Partner]:
        """Return every partnership there ever was, newest first."""
        where = (_p.consortium == self._consortium) & (_p.channel == self._channel)
        async with self._reading() as sql:
            rows = (await sql.execute(select(tables.partner).where(where).order_by(_p.made_at.desc()).limit(200))).all()
        return [_partner(row) for row in rows]

    async def find(self, id: str) -> Partner | None:
        """See `PartnerBook`."""
        where = (_p.consortium == self._consortium) & (_p.channel == self._channel) & (_p.id == id)
        async with self._reading() as sql:
            row = (await sql.execute(select(tables.partner).where(where))).first()
        return _partner(row) if row is not None else None

    async def change(self, id: str, *, only: Collection[PartnerState], **fields: object) -> bool:
        """See `PartnerBook`."""
        if "desk" in fields:
            fields["desk"] = msgspec.json.encode(fields["desk"]).decode()
        where = (_p.id == id) & (_p.consortium == self._consortium) & _p.state.in_(list(only))
        async with self._writing() as sql:
            done = await sql.execute(update(tables.partner).where(where).values(**fields))
        return done.rowcount == 1

    async def first_time(self, id: str, nonce: str, until: int) -> bool:
        """See `PartnerBook`."""
        row = {"partner": id, "nonce": nonce, "until": until}
        async with self._writing() as sql:
            await sql.execute(delete(tables.partner_nonce).where(_n.until < now_ms()))
            return (await sql.execute(ignoring(sql.dialect.name, tables.partner_nonce), row)).rowcount == 1

    async def talks(self, id: str, way: Way) -> Sequence[PartnerTalk]:
        """See `PartnerBook`."""
        async with self._reading() as sql:
            rows = (await sql.execute(select(tables.partner_talk).where(_t.partner == id, _t.way == way))).all()
        return [_talk(row) for row in rows]

    async def talk(self, id: str, way: Way, conversation: str) -> PartnerTalk | None:
        """See `PartnerBook`."""
        where = (_t.partner == id) & (_t.way == way) & (_t.conversation == conversation)
        async with self._reading() as sql:
            row = (await sql.execute(select(tables.partner_talk).where(where))).first()
        return _talk(row) if row is not None else None

    async def keep(self, talk: PartnerTalk) -> None:
        """See `PartnerBook`."""
        values = {name: getattr(talk, name) for name in PartnerTalk.__struct_fields__}
        async with self._writing() as sql:
            keys = ["partner", "way", "conversation"]
            await sql.execute(replacing(sql.dialect.name, tables.partner_talk, keys, values))

    async def drop(self, talk: PartnerTalk) -> None:
        """See `PartnerBook`."""
        where = (_t.partner == talk.partner) & (_t.way == talk.way) & (_t.conversation == talk.conversation)
        async with self._writing() as sql:
            await sql.execute(delete(tables.partner_talk).where(where))

    @asynccontextmanager
    async def _reading(self) -> AsyncIterator[AsyncConnection]:
        try:
            async with self._engine.connect() as sql:
                yield sql
        except (SQLAlchemyError, OSError) as error:
            raise Busy(f"the partners cannot be read now ({type(error).__name__})") from error

    @asynccontextmanager
    async def _writing(self) -> AsyncIterator[AsyncConnection]:
        try:
            async with self._engine.begin() as sql:
                yield sql
        except (SQLAlchemyError, OSError) as error:
            raise Busy(f"the partners cannot be written now ({type(error).__name__})") from error


def _values(partner: Partner) -> dict[str, Any]:
    values = {name: getattr(partner, name) for name in Partner.__struct_fields__}
    return values | {"desk": msgspec.json.encode(partner.desk).decode()}


def _partner(row: Any) -> Partner:
    values = {name: row._mapping[name] for name in Partner.__struct_fields__}
    values["desk"] = msgspec.json.decode(row.desk, type=PeerDesk)
    return Partner(**values | {"seed": bytes(row.seed), "key": bytes(row.key)})


def _talk(row: Any) -> PartnerTalk:
    return PartnerTalk(**{name: row._mapping[name] for name in PartnerTalk.__struct_fields__})


# ---- the partner as a library of ours ----


async def list_as_library(
    organisation: OrganisationStore, partner: Partner, *, active: bool, by: str
) -> Library | None:
    """Make the partner's desk a librarian of a library of its own, or change whether it may be asked. Raises Faulty, Outdated.

    None: there is no such library, and none is wanted. `by` is the administrator, "" the operator.
    """
    entries = {entry.library.id: entry for entry in await organisation.entries()}
    known = entries.get(partner.library)
    if known is not None and not known.library.partner:
        raise Faulty([FieldFault(f"there is a library {partner.library!r} already; it is no partner's", "library")])
    if known is None and not active:
        return None
    desk = f"{partner.library}-desk"
    address = f"{partner.channel}|{partner.id}"
    name = (partner.name or partner.library)[:100]
    if known is None:
        library = Library(
            id=partner.library,
            revision=0,
            name=name,
            partner=partner.id,
            teams=(Team(id=f"{partner.library}/desk", name=name, members=(desk,)),),
            librarians=(Librarian(id=desk, name=name, live=CAPACITY, slow=0, address=address, active=active),),
        )
        return await organisation.put(library, Calendar(), expected=0, by=by)
    people = tuple(
        replace(one, active=active, address=address) if one.id == desk else one for one in known.library.librarians
    )
    library = replace(known.library, librarians=people, partner=partner.id)
    return await organisation.put(library, known.calendar, by=by)

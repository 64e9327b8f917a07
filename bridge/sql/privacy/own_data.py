"""What is kept of one patron, for that patron: the same conversations that forgetting them would find (`patron_lookup`).

The rule: an address proves itself alone. Of a conversation a patron is given the lines between the desk and the addresses that
they have proved. Its own facts (name, subject, answers to a form, rating, page) are given to the address that began it. So a
person who only took part gets their own part, and a named address gets nothing of the person who named it.

Staff's own words are no part of it: notes, codes, who was asked, who looked. `Withheld` counts the notes.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Sequence
from typing import Any

import msgspec
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bridge.sql import tables
from bridge.sql.privacy.patron_lookup import Held, all_at
from bridge.sql.transcripts.lines import RATED, TranscriptLine, patron_sees
from bridge.sql.transcripts.reader import ConversationSummary, talk_of
from bridge.sql.transcripts.selection_export import lines_of
from routing.records import at_key

_c = tables.conversation.c
_l = tables.line.c
_f = tables.follow_up.c
_h = tables.hop.c


class KeptFollowUp(msgspec.Struct, frozen=True, kw_only=True):
    """A question that was to be answered later; times in ms, 0 = none."""

    state: str
    name: str
    address: str
    question: str
    deadline: int
    opened_at: int


class KeptConversation(msgspec.Struct, frozen=True, kw_only=True):
    """One conversation as far as the proved addresses (`channel|address`) may see it.

    talk        its facts; None where another address began it
    forwarded   when (ms) the library sent something of it on to somebody else
    queues      the queues that it was in, `library/queue`
    partners    names of partner deployments that had it
    notes       how many notes of staff are withheld
    """

    id: str
    library: str
    channel: str
    opened_at: int
    closed_at: int
    state: str
    places: tuple[str, ...]
    talk: ConversationSummary | None
    follow_ups: tuple[KeptFollowUp, ...]
    forwarded: tuple[int, ...]
    queues: tuple[str, ...]
    partners: tuple[str, ...]
    notes: int


class OwnDataReader:
    """Reads what is kept of patrons."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def held_of(self, channel: str, address: str) -> list[Held]:
        """Return the conversations that the patron at an address wrote in, or that the desk began with it; the oldest first."""
        place = at_key(channel, address)
        return [one for one in await all_at(self._engine, address, channel) if place in one.places]

    async def kept(self, held: Sequence[Held], proved: Collection[str]) -> AsyncIterator[KeptConversation]:
        """Yield these conversations, as the proved addresses may see them; what was forgotten meanwhile is left out."""
        for one in held:
            async with self._engine.connect() as sql:
                query = select(tables.conversation).where(_c.id == one.id, _c.forgotten_at.is_(None))
                row = (await sql.execute(query)).first()
                found = await _kept(sql, talk_of(row), tuple(p for p in one.places if p in proved)) if row else None
            if found is not None:
                yield found

    async def lines(self, one: KeptConversation) -> AsyncIterator[TranscriptLine]:
        """Yield the lines of a conversation that its patron saw, the oldest first."""
        async for line in lines_of(self._engine, one.id):
            if _given(line, one):
                yield line


def _given(line: TranscriptLine, one: KeptConversation) -> bool:
    if line.event.startswith(RATED):
        return one.talk is not None
    return any(patron_sees(line, *_parts(place)) for place in one.places)


def _parts(place: str) -> tuple[str, str]:
    channel, _, address = place.partition("|")
    return channel, address


async def _kept(sql: AsyncConnection, talk: ConversationSummary, places: tuple[str, ...]) -> KeptConversation:
    theirs = at_key(talk.channel, talk.address) in places
    if theirs and await _strangers(sql, talk.id):
        talk = msgspec.structs.replace(talk, name="", contact="")  # the last to write may have set them
    return KeptConversation(
        id=talk.id,
        library=talk.library,
        channel=talk.channel if theirs else _parts(places[0])[0] if places else "",
        opened_at=talk.opened_at,
        closed_at=talk.closed_at or 0 if talk.state == "closed" else 0,
        state=talk.state,
        places=places,
        talk=talk if theirs else None,
        follow_ups=await _follow_ups(sql, talk.id, places, theirs),
        forwarded=await _forwarded(sql, talk.id) if theirs else (),
        queues=await _queues(sql, talk.id) if theirs else (),
        partners=await _partners(sql, talk.id) if theirs else (),
        notes=await _notes(sql, talk.id) if theirs else 0,
    )


async def _strangers(sql: AsyncConnection, conversation: str) -> bool:
    query = select(_l.n).where(_l.conversation == conversation, _l.marks.like("%other-sender%")).limit(1)
    return await sql.scalar(query) is not None


async def _follow_ups(
    sql: AsyncConnection, conversation: str, places: Sequence[str], theirs: bool
) -> tuple[KeptFollowUp, ...]:
    query = select(tables.follow_up).where(_f.conversation == conversation).order_by(_f.opened_at, _f.id)
    addresses = {_parts(place)[1] for place in places}
    return tuple(
        KeptFollowUp(
            state=row.state,
            name=row.name,
            address=row.address,
            question=row.question,
            deadline=row.deadline,
            opened_at=row.opened_at,
        )
        for row in (await sql.execute(query)).all()
        if theirs or row.address in addresses
    )


async def _forwarded(sql: AsyncConnection, conversation: str) -> tuple[int, ...]:
    query = select(_l.at).where(_l.conversation == conversation, _l.event.like("forwarded:%")).order_by(_l.at)
    return tuple((await sql.scalars(query)).all())


async def _queues(sql: AsyncConnection, conversation: str) -> tuple[str, ...]:
    query = select(_h.queue).where(_h.conversation == conversation, _h.queue != "").distinct().order_by(_h.queue)
    return tuple((await sql.scalars(query)).all())


async def _partners(sql: AsyncConnection, conversation: str) -> tuple[str, ...]:
    talk, partner = tables.partner_talk.c, tables.partner.c
    where: Any = (talk.local == conversation) | (talk.conversation == conversation)
    query = select(partner.name).join(tables.partner_talk, talk.partner == partner.id).where(where)
    return tuple(sorted({name for name in (await sql.scalars(query)).all() if name}))


async def _notes(sql: AsyncConnection, conversation: str) -> int:
    query = select(func.count()).where(_l.conversation == conversation, _l.who == "note")
    return await sql.scalar(query) or 0

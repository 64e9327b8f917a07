"""A conversation opened: its row, its lines, its patron, and what is shown beside it.

The lines of conversations merged with it are in the same timeline, where one may see them. The position told is one that both the
rows and the lines have reached, so that asking for what came after it leaves no gap.
"""

from __future__ import annotations

import msgspec

from bridge.contract.message import FormAnswer
from bridge.inbox import schema
from bridge.inbox.http.responses import Refusal, not_found
from bridge.inbox.http.route import Call
from bridge.inbox.routes.patron_account import has_account
from bridge.inbox.services import MERGED, ChannelFacts, InboxServices
from bridge.inbox.views import rows
from bridge.inbox.views.access import changes_archived, libraries_of, may_see_archived, sees
from bridge.inbox.views.calls import offered_kinds
from bridge.inbox.views.follow_up_list import follow_up
from bridge.inbox.views.lines import shown, via_of
from bridge.inbox.views.scripts import script_view
from bridge.log.follower import Position
from bridge.sql.transcripts.lines import TranscriptLine, place_of
from bridge.sql.transcripts.reader import ConversationSummary
from routing.closing import CODES, person_default
from routing.deliveries import contact_route
from routing.organisation import CodeChoice, Library
from routing.reach import own_address
from routing.records import Conversation, at_key
from routing.state import State

LINES = 200


async def view(call: Call) -> schema.ConversationView:
    """Return all that a page shows of a conversation."""
    services, state, me = call.services, call.state, call.me
    position = reached(services)
    it = state.conversations.get(call.id)
    talk = await services.reader.conversation(call.id) if it is None else None
    row = rows.row(state, me, it) if it is not None else _archived_row(state, me, talk)
    if row is None:
        raise not_found()
    library = state.roster.library(row.library)
    lines = await _lines(call, it, "")
    await services.archive.mentions.opened(me, [call.id, *(it.merged if it is not None else ())])
    if any(
        line.who == "note" and me in line.marks for line in lines
    ):  # the archive may not have this note's mention yet
        await services.archive.mentions.seen(me, call.id)
    facts = services.channels.get(row.channel)
    known = state.follow_ups.get(it.follow_up) if it is not None and it.follow_up else None
    return schema.ConversationView(
        position=str(position),
        row=row,
        lines=[shown(state, line, me) for line in lines],
        before=lines[0].position if len(lines) >= LINES else "",
        patron=_patron(services, state, it, talk),
        earlier=await _earlier(call, it, talk),
        policy=_policy(library, row),
        scripts=[script_view(one) for one in library.scripts]
        + [script_view(one, own=True) for one in await services.archive.personal_scripts.of(me)],
        descriptive=list(library.descriptive),
        kinds=library.counter.code_kinds,
        codes=_codes(library),
        follow_ups=[follow_up(state, me, known)] if known is not None else [],
        merged=list(it.merged) if it is not None else [],
        viewing=call.consortium.live.viewing(call.id, me),
        draft=await _draft(call),
        page=it.page if it is not None else (talk.page if talk is not None else ""),
        answers=_answers(it, talk),
        retention_days=library.retention_days,
        account=has_account(services, state, me, row.library),
        read=it.read if it is not None else "",
        catalogue=services.catalogues.of(row.library) is not None,
        default_code=person_default(state, it) if it is not None else library.default_code,
        calls=offered_kinds(services, row.library, row.channel),
        max_text=facts.max_text if facts is not None else 0,
    )


def _answers(it: Conversation | None, talk: ConversationSummary | None) -> list[schema.FormAnswerView]:
    kept = talk.answers if talk is not None else ""
    given = it.answers if it is not None else msgspec.json.decode(kept, type=tuple[FormAnswer, ...]) if kept else ()
    return [schema.FormAnswerView(label=one.label, text=one.text) for one in given]


def _codes(library: Library) -> list[schema.ClosingCode]:
    shown = {one.code: one for one in library.codes}
    choices = [shown.get(code, CodeChoice(code=code)) for code in CODES]
    return [schema.ClosingCode(code=one.code, label=one.label, offered=one.offered) for one in choices]


async def line_page(call: Call, before: str) -> schema.LinePage:
    """Return the lines before a position. Raises Refusal 422 for what is none."""
    if before and place_of(before) is None:
        raise Refusal(422, "invalid", "before is not a line's position.")
    position = reached(call.services)
    lines = await _lines(call, call.state.conversations.get(call.id), before)
    more = lines[0].position if len(lines) >= LINES else ""
    return schema.LinePage(
        position=str(position), lines=[shown(call.state, line, call.me) for line in lines], before=more
    )


def reached(services: InboxServices) -> Position:
    """Return the last entry that rows and transcripts both know."""
    return min(services.replica.position, services.tail.position, key=lambda position: position.seq)


async def _lines(call: Call, it: Conversation | None, before: str) -> list[TranscriptLine]:
    """Return the newest lines before a position, of this conversation and those merged with it."""
    lines: list[TranscriptLine] = []
    shown_here = await together(call, it)
    call.services.archive.access_audit.note(call.me, shown_here, "read")
    for conversation in shown_here:
        lines += await call.services.reader.transcript(conversation, before=before, limit=LINES)
    lines.sort(key=lambda line: line.position)
    return lines[-LINES:]


async def together(call: Call, it: Conversation | None) -> list[str]:
    """Return the conversations of one timeline: the one that is asked for, and those merged with it that one may see."""
    merged = it.merged[:MERGED] if it is not None else ()
    return [call.id, *[other for other in merged if await _may_see(call, other)]]


async def _may_see(call: Call, conversation: str) -> bool:
    it = call.state.conversations.get(conversation)
    if it is not None:
        return sees(call.state, call.me, it)
    talk = await call.services.reader.conversation(conversation)
    return talk is not None and may_see_archived(call.state, call.me, talk)


def _patron(
    services: InboxServices, state: State, it: Conversation | None, talk: ConversationSummary | None
) -> schema.Patron:
    known = it or talk
    if known is None:
        return schema.Patron()
    masks = state.roster.library(known.library).mask_addresses
    places = [(known.channel, known.address)] if known.address != known.id else []  # imported without one
    if it is not None:
        places += [(route.channel, route.address) for route in reversed(it.routes)]
    to = contact_route(state, it) if it is not None else None
    left = (to.channel, to.address) if to is not None else None
    return schema.Patron(
        name=known.name,
        contact=rows.masked(known.contact) if masks and known.contact else known.contact,
        language=known.language,
        addresses=[
            _address(services, state, known.library, channel, address, current=n == 0, left=(channel, address) == left)
            for n, (channel, address) in enumerate(dict.fromkeys([*places, *([left] if left is not None else [])]))
        ],
        lasting=it is not None and bool(own_address(state, it)),
        others=[
            schema.OtherRecipient(address=rows.masked(one) if masks else one, via=via_of("", one))
            for one in (it.others if it is not None else ())
        ],
    )


def _address(
    services: InboxServices, state: State, library: str, channel: str, address: str, *, current: bool, left: bool
) -> schema.Address:
    status = state.channels.get(channel)
    kind = status.kind if status is not None else ""
    facts = services.channels.get(channel) or ChannelFacts(kind=kind)
    return schema.Address(
        channel=channel,
        kind=kind,
        address="" if rows.is_private(state, channel) else rows.shown_address(state, library, address, whole=True),
        via=via_of(channel, address),
        current=current,
        left=left,
        blocked=at_key(channel, address) in state.barred,
        max_text=facts.max_text,
        segments=facts.segments and ":" not in address,
        formatting=facts.formatting,
        plain=facts.plain,
        copies=status is not None and status.cc,
    )


async def _earlier(call: Call, it: Conversation | None, talk: ConversationSummary | None) -> list[schema.Earlier]:
    known = it or talk
    libraries = libraries_of(call.state, call.me)
    if known is None or not libraries:
        return []
    found = await call.services.reader.earlier(known.channel, known.address, libraries)
    return [_earlier_one(call.state, one) for one in found if one.id != call.id]


def _earlier_one(state: State, talk: ConversationSummary) -> schema.Earlier:
    status = state.channels.get(talk.channel)
    return schema.Earlier(
        id=talk.id,
        library=talk.library,
        channel=talk.channel,
        kind=status.kind if status is not None else "",
        opened_at=talk.opened_at,
        closed_at=talk.closed_at or 0,
        owner_name=rows.name_of(state, talk.owner) if talk.owner else "",
        code=talk.code or "",
        last_text=talk.last_text,
    )


def _policy(library: Library, row: schema.Row) -> schema.Policy:
    return schema.Policy(
        library=row.library, library_name=row.library_name, text=library.policy_page, url=library.policy_url
    )


async def _draft(call: Call) -> schema.Draft | None:
    """Return my newest draft for this conversation."""
    drafts = [one for one in await call.services.archive.drafts.of(call.me) if one.conversation == call.id]
    newest = max(drafts, key=lambda one: one.at, default=None)
    return rows.draft(newest) if newest is not None else None


def _archived_row(state: State, me: str, talk: ConversationSummary | None) -> schema.Row | None:
    """Return the row of a conversation that only the archive holds; it is in no list."""
    if talk is None:
        return None
    status = state.channels.get(talk.channel)
    kind = status.kind if status is not None else ""
    return schema.Row(
        id=talk.id,
        views=[],
        state="closed",
        can_change=changes_archived(state, me, talk),
        library=talk.library,
        library_name=state.roster.library(talk.library).name or talk.library,
        queue=talk.queue,
        queue_name=rows.queue_name(state, talk.queue),
        channel=talk.channel,
        kind=kind,
        live=talk.live,
        patron=talk.name or rows.unnamed(state, talk.library, talk.channel, talk.id, talk.address),
        subject=talk.subject,
        last_text=talk.last_text,
        last_at=talk.last_at,
        last_by=rows.who(talk.last_who),
        opened_at=talk.opened_at,
        since=talk.closed_at or talk.last_at,
        target_s=rows.target_s(state, talk.library, talk.channel, live=talk.live),
        owner=talk.owner,
        owner_name=rows.name_of(state, talk.owner) if talk.owner else "",
        code=talk.code or "",
        rating=talk.rating or 0,
        imported=talk.imported,
    )

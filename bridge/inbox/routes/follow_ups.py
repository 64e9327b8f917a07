"""Follow-ups: questions that were not finished live, with an owner, an address and a deadline."""

from __future__ import annotations

import time
from typing import cast

from bridge.contract.message import SetFollowUp
from bridge.inbox import schema
from bridge.inbox.http.responses import Answer, Refusal, not_found
from bridge.inbox.http.route import Call, Parameter, Route
from bridge.inbox.routes.actions import act, repeated
from bridge.inbox.views.access import libraries_of
from bridge.inbox.views.follow_up_list import (
    SHOWS,
    Show,
    closed_follow_up,
    counts,
    matches,
    page,
    place_at,
    sees_follow_up,
)
from bridge.sql.transcripts.follow_ups import closed_follow_ups

PAGE = 50
LOOKED_AT = 2_000  # closed ones that one request reads through for words; the next page goes on there


async def follow_ups(call: Call) -> schema.FollowUps:
    """One page of my libraries' follow-ups and my own: those due first, or the last closed first."""
    state, me = call.state, call.me
    now = time.time_ns() // 1_000_000
    position = str(call.services.replica.position)
    show = cast(Show, call.query.get("show") or "all")
    if show == "closed":
        found, more = await _closed(call)
    else:
        try:
            after = place_at(call.query["after"]) if call.query.get("after") else None
        except ValueError:
            raise Refusal(422, "invalid", "after is not the next of a page before.") from None
        found, more = page(state, me, show, call.query.get("q", ""), now, after, PAGE)
        call.consortium.live.known(me).update(one.id for one in found)
    return schema.FollowUps(position=position, follow_ups=found, counts=counts(state, me, now), next=more)


async def _closed(call: Call) -> tuple[list[schema.FollowUp], str]:
    """Return a page of closed follow-ups and the cursor of the next; each page of the archive is looked through for words."""
    state, me = call.state, call.me
    one = state.roster.librarians.get(me)
    since = one.since if one is not None else 0
    wanted = call.query.get("q", "").casefold().split()
    try:
        at, _, id = call.query.get("after", "").partition(".")
        before = (int(at), id) if at else None
    except ValueError:
        raise Refusal(422, "invalid", "after is not the next of a page before.") from None
    found: list[schema.FollowUp] = []
    for _ in range(0, LOOKED_AT, PAGE):
        libraries = libraries_of(state, me)
        rows = await closed_follow_ups(call.services.archive.engine, libraries, me, since, before=before, limit=PAGE)
        for row in rows:
            shown = closed_follow_up(state, row)
            if matches(shown, wanted):
                found.append(shown)
            before = (row.closed_at, row.id)
            if len(found) == PAGE:
                return found, f"{row.closed_at}.{row.id}"
        if len(rows) < PAGE:
            return found, ""
    return found, f"{before[0]}.{before[1]}" if before is not None else ""


async def set_follow_up(call: Call) -> Answer:
    """Change its state, owner, deadline or address."""
    one = call.state.follow_ups.get(call.id)
    if one is None or not sees_follow_up(call.state, call.me, one):
        raise not_found()
    asked: schema.FollowUpAsked = call.body
    deed = SetFollowUp(
        follow_up=call.id,
        state=asked.state,
        owner=asked.owner,
        deadline=asked.deadline,
        address=asked.address,
        outcome=asked.outcome,
    )
    return await act(call, deed)


ROUTES = (
    Route(
        "GET",
        "/follow-ups",
        "What is still to be answered, and what was",
        follow_ups,
        gives=schema.FollowUps,
        query=(
            Parameter("show", "which of them; closed ones are listed apart", choices=SHOWS),
            Parameter("q", "words in what is shown: patron, question, owner, library, address"),
            Parameter("after", "`next` of the page before"),
        ),
    ),
    Route(
        "POST",
        "/follow-ups/{id}",
        "Change a follow-up",
        set_follow_up,
        asks=schema.FollowUpAsked,
        gives=schema.Acted,
        action=True,
        again=repeated,
        keyed=True,
    ),
)

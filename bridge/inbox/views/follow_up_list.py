"""The list of follow-ups: whose one sees, in which order, and how it is searched.

A librarian sees those of the libraries that they work for, and their own. Those due first come first, so the overdue are on top;
then those without a deadline, oldest first. Closed ones are the archive's, the last closed first.
Words are looked for in what the librarian sees: the patron's name, the question, the owner, the library, and the address as it is
shown. So nobody finds out a masked address by searching for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from heapq import nsmallest
from typing import Literal, get_args

from bridge.inbox.schema import CarrierView, FollowUp, FollowUpCounts
from bridge.inbox.views import rows
from bridge.inbox.views.access import libraries_of
from bridge.sql.transcripts.follow_ups import ClosedFollowUp
from routing.access import follows_up
from routing.followups import may_change, works_elsewhere
from routing.practice_queue import practice_library
from routing.reach import KINDS, carrier_of, carrier_to, own_address
from routing.records import FollowUpRecord
from routing.state import State

Show = Literal["all", "mine", "unassigned", "elsewhere", "overdue", "closed"]
SHOWS: tuple[Show, ...] = get_args(Show)
NEVER = 1 << 60
Place = tuple[int, int, str]  # deadline, when it was opened, id


def follow_up(state: State, me: str, it: FollowUpRecord) -> FollowUp:
    """Return a follow-up as `me` sees it."""
    return FollowUp(
        id=it.id,
        conversation=it.conversation,
        library=it.library,
        library_name=state.roster.library(it.library).name or it.library,
        state=it.state,
        owner=it.owner,
        owner_name=rows.name_of(state, it.owner) if it.owner else "",
        address=_address(state, it.library, it.plan.address),
        deadline=it.plan.deadline,
        question=it.plan.question,
        name=it.name,
        at=it.opened_at,
        carrier=_carrier(state, it),
        elsewhere=works_elsewhere(state, it.owner, it.library),
        held=not may_change(state, me, it, 0),
    )


def closed_follow_up(state: State, it: ClosedFollowUp) -> FollowUp:
    """Return a follow-up that the archive holds as its list shows it."""
    return FollowUp(
        id=it.id,
        conversation=it.conversation,
        library=it.library,
        library_name=state.roster.library(it.library).name or it.library,
        state="closed",
        owner=it.owner,
        owner_name=rows.name_of(state, it.owner) if it.owner else "",
        address=_address(state, it.library, it.address),
        deadline=it.deadline,
        question=it.question,
        name=it.name,
        at=it.opened_at,
        closed_at=it.closed_at,
        outcome=it.outcome,
    )


def _address(state: State, library: str, address: str) -> str:
    return rows.shown_address(state, library, address, whole=True) if address else ""


def _carrier(state: State, it: FollowUpRecord) -> str:
    """Return what carries the answer to a follow-up's address, as librarians call it; "" when nothing does."""
    talk = state.conversations.get(it.conversation)
    here = talk is not None and it.plan.address == own_address(state, talk)
    name = talk.channel if talk is not None and here else carrier_to(state, it.library, it.plan.address)
    status = state.channels.get(name)
    return (status.label or status.kind) if status is not None else ""


def carriers(state: State, library: str) -> list[CarrierView]:
    """Return the kinds of address that a library can answer to, and what carries the answer."""
    found = {kind: state.channels.get(carrier_of(state, library, kind)) for kind in KINDS}
    return [CarrierView(kind=kind, label=one.label or one.kind) for kind, one in found.items() if one is not None]


def follow_up_count(state: State, me: str) -> int:
    """Return how many follow-ups `me` sees that are not closed, without looking at each of the libraries'."""
    libraries = libraries_of(state, me)
    own = (state.follow_ups[one] for one in state.followed.get(f"owner|{me}", ()))
    strange = sum(1 for one in own if one.library not in libraries)
    return sum(len(state.followed.get(f"library|{one}", ())) for one in libraries) + strange


def counts(state: State, me: str, now: int) -> FollowUpCounts:
    """Return how many there are of each kind that `me` sees."""
    seen = list(_seen(state, me))
    shows: tuple[Show, ...] = ("mine", "unassigned", "elsewhere", "overdue")
    mine, unassigned, elsewhere, overdue = (
        sum(1 for one in seen if _shows(state, me, one, show, now)) for show in shows
    )
    return FollowUpCounts(all=len(seen), mine=mine, unassigned=unassigned, elsewhere=elsewhere, overdue=overdue)


def page(
    state: State, me: str, show: Show, words: str, now: int, after: Place | None, limit: int
) -> tuple[list[FollowUp], str]:
    """Return one page of what is not closed, those due first, and the cursor of the next one ("" = there is none)."""
    wanted = words.casefold().split()
    found = (
        (place(one), one)
        for one in _seen(state, me)
        if _shows(state, me, one, show, now) and (after is None or place(one) > after)
    )
    if wanted:
        found = ((at, one) for at, one in found if matches(follow_up(state, me, one), wanted))
    first = nsmallest(limit + 1, found, key=lambda entry: entry[0])
    more = cursor(first[limit - 1][0]) if len(first) > limit else ""
    return [follow_up(state, me, one) for _, one in first[:limit]], more


def matches(one: FollowUp, wanted: Iterable[str]) -> bool:
    """Say whether all these words, in lower case, are in what a follow-up shows."""
    shown = " ".join((one.name, one.question, one.owner_name, one.library_name, one.address)).casefold()
    bare = shown.replace(" ", "")  # numbers are shown in groups
    return all(word in shown or (word.lstrip("+").isdigit() and word in bare) for word in wanted)


def place(one: FollowUpRecord) -> Place:
    """Return where a follow-up stands in the list."""
    return (one.plan.deadline or NEVER, one.opened_at, one.id)


def cursor(place: Place) -> str:
    """Return a place in the list as a page hands it back."""
    return f"{place[0]}.{place[1]}.{place[2]}"


def place_at(cursor: str) -> Place:
    """Return the place that a cursor names. Raises ValueError."""
    deadline, opened_at, id = cursor.split(".", 2)
    return int(deadline), int(opened_at), id


def sees_follow_up(state: State, me: str, it: FollowUpRecord) -> bool:
    """Say whether `me` may see a follow-up: their library's, or their own."""
    return follows_up(state, me, it)


def _seen(state: State, me: str) -> Iterator[FollowUpRecord]:
    keys = [f"owner|{me}", *(f"library|{one}" for one in libraries_of(state, me))]
    ids = dict.fromkeys(id for key in keys for id in state.followed.get(key, ()))
    practised = (
        id for one in libraries_of(state, me) for id in state.followed.get(f"library|{practice_library(one)}", ())
    )
    ids |= dict.fromkeys(id for id in practised if follows_up(state, me, state.follow_ups[id]))
    return (state.follow_ups[id] for id in ids)


def _shows(state: State, me: str, one: FollowUpRecord, show: Show, now: int) -> bool:
    match show:
        case "mine":
            return one.owner == me
        case "unassigned":
            return not one.owner
        case "elsewhere":
            return works_elsewhere(state, one.owner, one.library)
        case "overdue":
            return 0 < one.plan.deadline <= now
        case _:
            return True

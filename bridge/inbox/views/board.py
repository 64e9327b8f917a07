"""From the core's state to the board: one queue, one colleague, one notice at a time, so that a change costs its own bytes.

A coordinator sees the libraries that they coordinate, an administrator all. Of a partner's people the board tells only whether its
team is asked, or why it is passed over: who is there is the partner's own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from math import inf

from bridge.inbox.schema.board import BoardNotice, BoardPerson, BoardQueue, BoardTier, WhySkipped
from bridge.inbox.views import rows
from bridge.inbox.views.access import coordinated
from bridge.inbox.views.me import notice
from routing import announcements
from routing.access import active, administers, coordinates, serving
from routing.desk_view import queue_desk, waiting
from routing.openings import FOREVER
from routing.queue_orders import closed_by_order, next_opening, order_of
from routing.queue_service import QueueService, agreed_when
from routing.records import AnnouncementRecord
from routing.state import State

LOOKED_AT = 100


def queue(state: State, name: str, now: int) -> BoardQueue:
    """Return a queue as it is at `now` ms."""
    service = state.roster.service(name)
    order = order_of(state, name)
    waits = state.waiting_in(name)
    first = next(waiting(state, name), None)
    pressing = _pressing(state, name)
    return BoardQueue(
        id=name,
        name=service.queue.name,
        library=service.library.id,
        open=queue_desk(state, name, now).state != "closed",
        waiting=waits,
        oldest_since=first[0] if first is not None else 0,
        pressing_since=pressing[0],
        pressing_target_s=pressing[1],
        in_session=len(state.opened.get(name, ())) - waits,
        tiers=list(_tiers(state, service, now)),
        opening="usual" if order is None else "open" if order.open else "closed",
        until=order.until if order is not None else 0,
        notice=order.notice if order is not None else "",
        set_by_name=rows.name_of(state, order.by) if order is not None else "",
        next_opening=next_opening(state, service, now)[0],
    )


def _pressing(state: State, name: str) -> tuple[int, int]:
    """Return since when the conversation waits whose target passes first, and that target (s); (0, 0) = nobody waits.

    Chats, texts, mail and forms have targets of their own, so the one that waits longest may be the least late. What waits behind
    the first `LOOKED_AT` of a line isn't looked at.
    """
    found: list[tuple[float, int, int]] = []
    for line in state.lines.get(name, {}).values():
        for since, conversation in islice(line, LOOKED_AT):
            it = state.conversations[conversation]
            target = rows.target_s(state, it.library, it.channel, live=it.live)
            found.append((since + target * 1000 if target else inf, since, target))
    _, since, target = min(found, default=(inf, 0, 0))
    return since, target


def _tiers(state: State, service: QueueService, now: int) -> Iterator[BoardTier]:
    """Yield who would be asked, step by step: the first step with somebody there, then the later ones."""
    asked = False
    there = {service.level_at(now)[one] for one in serving(state, service.queue.id, now)}
    for number, tier in enumerate(service.queue.tiers):
        named = [found for name in tier.teams if (found := state.roster.team(name)) is not None]
        why: WhySkipped = "closed" if closed_by_order(state, service.queue.id) else ""
        if not why and number not in there:
            why = _why(state, service, [(library, team.id) for library, team in named], number, now)
        yield BoardTier(
            teams=[team.name or team.id for _, team in named],
            libraries=list(dict.fromkeys(state.roster.library(library).name or library for library, _ in named)),
            after_s=tier.after_s,
            asked="skipped" if why else "later" if asked else "now",
            why=why,
        )
        asked = asked or not why


def _why(state: State, service: QueueService, teams: list[tuple[str, str]], number: int, now: int) -> WhySkipped:
    """Return why a step is passed over now: none of its teams agreed, those that did are closed, or nobody is there."""
    own = service.library.id
    agreed = [
        (library, team)
        for library, team in teams
        if library == own or agreed_when(state.roster.library(library), service.queue.id, team) is not None
    ]
    if teams and not agreed:
        return "not-agreed"
    answering = number in service.level_at(now).values()
    return "nobody" if answering or not agreed else "closed"


def person(state: State, librarian: str) -> BoardPerson:
    """Return a colleague as they are now."""
    staff = state.staff.get(librarian)
    has = rows.availability(state, librarian)
    lost = staff is not None and not staff.connections and staff.grace_until > 0
    return BoardPerson(
        id=librarian,
        name=rows.name_of(state, librarian),
        library=state.roster.home.get(librarian, ""),
        state="lost" if lost else "available" if has.present else "away" if has.connected else "out",
        since=staff.since if staff is not None else 0,
        queues=has.queues if has.present else [],
        serves=list(state.roster.serves.get(librarian, ())),
        live=has.live,
        slow=has.slow,
        live_active=has.live_active,
        slow_active=has.slow_active,
    )


def board_notice(state: State, one: AnnouncementRecord) -> BoardNotice:
    """Return a notice with how many have seen it."""
    if one.library:
        people: Iterable[str] = (person.id for person in state.roster.library(one.library).librarians)
    else:
        people = state.roster.librarians
    staff = sum(1 for name in people if active(state, name))
    seen = len(state.acknowledged.get(one.id, ()))
    return BoardNotice(notice=notice(state, one), seen=seen, staff=max(staff, seen))


def shows_queue(state: State, me: str, name: str) -> bool:
    """Say whether a queue is on my board."""
    return name in state.roster.services and coordinates(state, me, state.roster.services[name].library.id)


def shows_person(state: State, me: str, librarian: str) -> bool:
    """Say whether a colleague is on my board."""
    home = state.roster.home.get(librarian, "")
    return bool(home) and active(state, librarian) and coordinates(state, me, home)


def notices_of(state: State, me: str) -> list[BoardNotice]:
    """Return the notices to staff that I may take back, oldest first."""
    return [board_notice(state, one) for one in state.announcements.values() if announcements.may_end(state, me, one)]


def queues_of(state: State, me: str) -> list[str]:
    """Return the queues of my board."""
    return [one.id for library in coordinated(state, me) for one in state.roster.library(library).queues]


def people_of(state: State, me: str) -> list[str]:
    """Return the people of my board."""
    found = (one.id for library in coordinated(state, me) for one in state.roster.library(library).librarians)
    return [name for name in dict.fromkeys(found) if shows_person(state, me, name)]


def again_at(state: State, queues: Iterable[str], now: int) -> int:
    """Return when the clock alone may change one of these queues, in ms; 0 = not known."""
    found = [_changes_at(state, state.roster.service(name), now) for name in queues]
    return min((at for at in found if now < at < FOREVER), default=0)


def _changes_at(state: State, service: QueueService, now: int) -> int:
    return min(service.next_change(now), service.next_border(now))


def announces_to_all(state: State, me: str) -> bool:
    """Say whether I may tell all libraries something."""
    return administers(state, me)

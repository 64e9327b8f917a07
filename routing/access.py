"""Who may see, who may claim, who is there. Read-only questions, shared by the rules and by the inbox."""

from __future__ import annotations

from collections.abc import Iterator

from routing.queue_service import QueueService
from routing.records import Consultation, Conversation, FollowUpRecord, ReplyRoute
from routing.state import State


def staff_route(state: State, librarian: str) -> ReplyRoute | None:
    """Return a librarian's own messenger, when they are connected by it.

    A connection through a staff channel is named `channel|address`, with or without `/resource` behind it.
    """
    one = state.roster.librarians.get(librarian)
    staff = state.staff.get(librarian)
    if one is None or staff is None or not one.address:
        return None
    for _, connection in staff.connections:
        if connection == one.address or connection.startswith(one.address + "/"):
            channel, _, address = one.address.partition("|")
            return ReplyRoute(channel=channel, address=address)
    return None


def listed(state: State, librarian: str) -> bool:
    """Say whether any library lists somebody as staff, and they aren't deactivated."""
    one = state.roster.librarians.get(librarian)
    return one is not None and one.active


def active(state: State, librarian: str) -> bool:
    """Say whether somebody serves patrons: listed, not deactivated, and no counter."""
    one = state.roster.librarians.get(librarian)
    return one is not None and one.answers


def connected(state: State, librarian: str) -> bool:
    """Say whether a librarian has a live connection."""
    staff = state.staff.get(librarian)
    return staff is not None and bool(staff.connections)


def there(state: State, librarian: str) -> bool:
    """Say whether a librarian has a live connection, or lost the last one a moment ago and may come back."""
    staff = state.staff.get(librarian)
    return staff is not None and bool(staff.connections or staff.grace_until)


def looked_at(it: Conversation) -> int:
    """Return as of when (ms) partners' agreements count for a conversation that waits; the clock looks again when one changes."""
    return max(it.queued_at, it.hours_at)


def serving(state: State, queue: str, now: int, tiers: range | None = None) -> Iterator[str]:
    """Iterate, in no order, over the librarians present at `queue` (connected and opted in) in these tiers, or in all.

    Those of a partner only while its agreement holds at `now` ms. Who practises need not have opted in to their own practice.
    """
    service = state.roster.service(queue)
    level = service.level_at(now)
    for librarian in service.members if service.practice else state.opted_in.get(queue, ()):
        number = level.get(librarian)
        if number is None or (tiers is not None and number not in tiers):
            continue
        if connected(state, librarian) and active(state, librarian):
            yield librarian


def returning(state: State, queue: str, now: int, tiers: range | None = None) -> bool:
    """Say whether somebody who serves `queue` at `now` ms in these tiers, or in any, lost the connection a moment ago.

    After a start of the core that is everybody."""
    service = state.roster.service(queue)
    level = service.level_at(now)
    some = service.members if service.practice else state.opted_in.get(queue, ())
    away = (one for one in some if one in state.staff and state.staff[one].grace_until > 0)
    return any(one in level and (tiers is None or level[one] in tiers) for one in away)


def free_capacity(state: State, librarian: str, live: bool) -> int:
    """Return how many more live (or slow) conversations may be offered to a librarian."""
    one = state.roster.librarians.get(librarian)
    staff = state.staff.get(librarian)
    if one is None or staff is None:
        return 0
    limit = (staff.live or one.live) if live else (staff.slow or one.slow)
    return limit - state.load_of(librarian, live)


def has_room(state: State, librarian: str, service: QueueService, live: bool) -> bool:
    """Say whether a conversation of `service` may be offered to a librarian; practice, which counts in no load, always may."""
    return service.practice or free_capacity(state, librarian, live) > 0


def eligible(state: State, librarian: str, it: Conversation) -> bool:
    """Say whether a librarian may claim a waiting conversation: of a tier that is open, of the patron's library, or asked.

    Practice is claimed by who practises alone.
    """
    if it.state != "waiting" or not active(state, librarian):
        return False
    if it.offered == librarian or (not it.practice and at_home(state, librarian, it)):
        return True
    return in_open_tier(state.roster.service(it.queue), librarian, it)


def in_open_tier(service: QueueService, librarian: str, it: Conversation) -> bool:
    """Say whether a librarian is of a tier that is asked for a waiting conversation, and that answers now."""
    level = service.level_at(looked_at(it)).get(librarian)
    return level is not None and level <= it.tier


def at_home(state: State, librarian: str, it: Conversation) -> bool:
    """Say whether a librarian works for the patron's library, as its own or as a guest.

    In practice only who practises and the coordinators of the library are at home.
    """
    if it.practice:
        return librarian in state.roster.service(it.queue).level or coordinates(state, librarian, it.library)
    return bool(it.library) and state.roster.serves_library(librarian, it.library)


def asked(state: State, librarian: str, it: Conversation) -> bool:
    """Say whether a transfer of this conversation is on offer to a librarian."""
    handover = it.handover
    if handover is None or handover.by == librarian:
        return False
    if handover.librarian:
        return handover.librarian == librarian
    return librarian in state.roster.service(handover.queue).level


def consulted(state: State, librarian: str, it: Conversation) -> bool:
    """Say whether a librarian is asked about an open conversation, by name, as staff of a queue or as a library's."""
    return any(_asks(state, librarian, one) for one in it.consults) if it.state != "closed" else False


def _asks(state: State, librarian: str, one: Consultation) -> bool:
    if one.librarian:
        return one.librarian == librarian
    if one.queue:
        return librarian in state.roster.service(one.queue).level
    return state.roster.serves_library(librarian, one.library)


def speaks(librarian: str, it: Conversation) -> bool:
    """Say whether a librarian may answer in a conversation now: its owner and the colleagues who joined."""
    return librarian == it.owner or librarian in it.companions


def may_join(state: State, librarian: str, it: Conversation) -> bool:
    """Say whether a librarian may come into a conversation that a colleague has: see `joining`."""
    if it.state != "active" or not active(state, librarian) or speaks(librarian, it):
        return False
    if at_home(state, librarian, it) or asked(state, librarian, it):
        return True
    return any(one.join and _asks(state, librarian, one) for one in it.consults)


def helper_of(state: State, it: Conversation) -> str:
    """Return who had a conversation last, "" for nobody, and for a librarian who took it while working for another library."""
    one = state.roster.librarians.get(it.helper)
    return it.helper if one is not None and it.claimed_at >= one.since else ""


def had_since(state: State, librarian: str, at: int) -> bool:
    """Say whether what a librarian had at `at` ms is theirs still: it stays with the library that they worked for then."""
    one = state.roster.librarians.get(librarian)
    return one is not None and at >= one.since


def has_say(state: State, librarian: str, it: Conversation) -> bool:
    """Say whether a librarian decides about a conversation: names its patron, blocks, merges, ends or opens it again.

    That is its owner, who had it last once it is closed, who owns its follow-up, and the staff of its library. A guest of a
    partner library who sees it wait, or who joined its owner, answers only.
    """
    if not active(state, librarian):
        return False
    held = helper_of(state, it) if it.state == "closed" else it.owner
    return librarian == held or at_home(state, librarian, it) or (not it.owner and answers_later(state, librarian, it))


def visible(state: State, librarian: str, it: Conversation) -> bool:
    """Say whether a librarian may read a conversation: theirs, joined, of their queue or library, offered or asked about."""
    if not active(state, librarian):
        return False
    return (
        librarian in (it.owner, it.offered, helper_of(state, it), *it.companions)
        or librarian in state.roster.service(it.queue).level
        or at_home(state, librarian, it)
        or asked(state, librarian, it)
        or consulted(state, librarian, it)
        or answers_later(state, librarian, it)
    )


def answers_later(state: State, librarian: str, it: Conversation) -> bool:
    """Say whether a librarian owns the open follow-up of a conversation."""
    one = state.follow_ups.get(it.follow_up)
    return one is not None and one.owner == librarian


def follows_up(state: State, librarian: str, one: FollowUpRecord) -> bool:
    """Say whether a follow-up is a librarian's: their library's, or their own; one of practice is theirs who practise."""
    it = state.conversations.get(one.conversation)
    if it is not None and it.practice:
        return one.owner == librarian or at_home(state, librarian, it)
    return one.owner == librarian or state.roster.serves_library(librarian, one.library)


def coordinates(state: State, librarian: str, library: str) -> bool:
    """Say whether a librarian may edit `library`: its own coordinators, and administrators."""
    one = state.roster.librarians.get(librarian)
    if one is None or not one.active or not one.edits:
        return False
    return one.role == "administrator" or state.roster.home.get(librarian) == library


def administers(state: State, librarian: str) -> bool:
    """Say whether somebody is an administrator of the consortium."""
    one = state.roster.librarians.get(librarian)
    return one is not None and one.active and one.role == "administrator"

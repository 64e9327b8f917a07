"""Whom a librarian may write to beside the patron: copies, and addresses that have not written to the library.

*Copies* go to plain mail addresses, by channels that carry them. Anybody who answers may copy to an address that stood on the
patron's mail. Any other address is one that we write to first.
*Writing first* is a right that each library gives to its coordinators, to all its staff or to nobody (`Library.writes_first`). The
number of such addresses that a librarian writes to within 24 hours is bounded (`writes_first_per_day`). A blocked address gets
nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from msgspec.structs import replace

from bridge.contract.address import is_mail_address
from routing.access import active, coordinates
from routing.events import WhyRefused
from routing.records import Staff, at_key
from routing.state import DAY, State

MOST_COPIES = 20


def may_write_first(state: State, librarian: str, library: str) -> bool:
    """Say whether a librarian may write for `library` to addresses that have not written to it."""
    who = state.roster.library(library).writes_first
    if who == "nobody" or not active(state, librarian) or not state.roster.serves_library(librarian, library):
        return False
    return who == "staff" or coordinates(state, librarian, library)


def left_today(state: State, librarian: str, library: str, now: int) -> int:
    """Return to how many more such addresses a librarian may write now."""
    staff = state.staff.get(librarian)
    used = sum(at > now - DAY for at in staff.reached_out) if staff is not None else 0
    return max(0, state.roster.library(library).writes_first_per_day - used)


def hindrance(state: State, librarian: str, library: str, now: int, count: int = 1) -> WhyRefused | None:
    """Return why a librarian may not write to `count` such addresses now, None where they may."""
    if not may_write_first(state, librarian, library):
        return "may-not-begin"
    return "too-many-begun" if left_today(state, librarian, library, now) < count else None


def beyond(copies: Iterable[str], known: Collection[str]) -> list[str]:
    """Return the addresses among `copies` that had nothing to do with a conversation so far."""
    heard = {one.casefold() for one in known}
    return [one for one in copies if one.casefold() not in heard]


def copies_refused(
    state: State, channel: str, copies: Collection[str], strangers: Collection[str]
) -> WhyRefused | None:
    """Return why `copies` cannot go by a channel, None where they can. The `strangers` among them are checked as addresses."""
    if not copies:
        return None
    status = state.channels.get(channel)
    if status is None or not status.cc:
        return "no-copies"
    if len(copies) > MOST_COPIES:
        return "too-many-copies"
    if not all(is_mail_address(one) for one in strangers):
        return "address-not-understood"
    return "blocked-address" if any(at_key(channel, one.lower()) in state.barred for one in copies) else None


def distinct(cc: Iterable[str], bcc: Iterable[str], to: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the copies without repeats: nobody gets a mail twice, and who is named openly isn't hidden."""
    seen = {to.casefold()}
    openly = _new(cc, seen)
    return openly, _new(bcc, seen)


def _new(addresses: Iterable[str], seen: set[str]) -> tuple[str, ...]:
    found = []
    for one in addresses:
        if (folded := one.casefold()) not in seen:
            seen.add(folded)
            found.append(one)
    return tuple(found)


# ---- fold ------------------------------------------------------------------------------------------------------------------


def reached_out(state: State, librarian: str, at: int, count: int = 1) -> None:
    """Remember that a librarian wrote to addresses that had not written here."""
    staff = state.staff.get(librarian, Staff(id=librarian))
    late = tuple(one for one in staff.reached_out if one > at - DAY)
    state.staff.put(librarian, replace(staff, reached_out=(*late, *[at] * count)))

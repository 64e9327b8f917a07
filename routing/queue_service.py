"""One queue with everybody who may serve it, tier by tier, and the partners' agreements.

A team of another library is asked where that library agreed to it, and when: always, only while this queue is closed, or only in
its own hours. A team that does not answer now counts as one in which nobody is there. So agreements change who is *asked*.
Who is open needs no such question. An hour in which a partner answers "while closed" adds nothing to the queue's own hours, nor
do a partner's own hours to "our hours". A partner without hours keeps nobody open: only its people at the desk do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from routing.openings import FOREVER, Spans, is_open_at, next_border
from routing.organisation import Library, Queue, When


class TeamAtWork(NamedTuple):
    """The members of one team in one tier, whose team it is, and when they answer."""

    tier: int
    members: tuple[str, ...]
    library: Library
    when: When


class Hours(NamedTuple):
    """The openings of one library of the chain, the words for each, and its time zone."""

    spans: Spans
    words: tuple[str, ...]
    zone: str


def agreed_when(partner: Library, queue: str, team: str) -> When | None:
    """Return when a partner's team answers in `queue`, None where the partner did not agree.

    A library that comes from a release without agreements answers wherever it is asked. So does one that stands for another
    deployment, which agreed when it accepted the partnership.
    """
    if partner.agreements is None or partner.partner:
        return "always"
    return next(
        (one.when for one in partner.agreements if one.queue == queue and (not one.teams or team in one.teams)), None
    )


class QueueService:
    """A queue with everybody who may serve it at any time. `level`: librarian -> first tier; `members`: in order, home first.

    `level_at` is who serves it at a moment. `chain`: the hours of the queue, then those of the partners that have some.
    `unbound`: the people of partners without hours. `practice`: it is of one session of practice (see `practice_queue`).
    """

    __slots__ = (
        "_levels",
        "_since",
        "_teams",
        "_until",
        "chain",
        "last_tier",
        "level",
        "library",
        "members",
        "practice",
        "queue",
        "unbound",
    )

    def __init__(
        self,
        queue: Queue,
        library: Library,
        tiers: int,
        teams: Sequence[TeamAtWork],
        homes: Mapping[str, Library],
        *,
        practice: bool = False,
    ) -> None:
        self.queue = queue
        self.practice = practice
        self.library = library
        self.last_tier = max(tiers - 1, 0)
        self._teams = tuple(teams)
        self.level = _levels(teams)
        self.members = tuple(self.level)
        partners = {one.library.id: one.library for one in teams} | {one.id: one for one in homes.values()}
        partners.pop(library.id, None)
        self.chain = (_hours(library, queue), *(_hours(one) for one in partners.values() if one.openings is not None))
        without = {one.id for one in partners.values() if one.openings is None}
        self.unbound = frozenset(member for member, home in homes.items() if home.id in without)
        self._levels = self.level
        self._since, self._until = 0, FOREVER if all(one.when == "always" for one in teams) else 0

    def level_at(self, now: int) -> Mapping[str, int]:
        """Return who serves the queue at `now` ms, each with their first tier."""
        if not self._since <= now < self._until:
            self._levels = _levels([one for one in self._teams if self._answers(one, now)])
            self._since, self._until = now, self.next_change(now)
        return self._levels

    def next_change(self, now: int) -> int:
        """Return when the answer of `level_at` may be another one after `now` ms, `FOREVER` where that is not known."""
        borders = [next_border(self._bounds(one), now) for one in self._teams if one.when != "always"]
        return min(borders, default=FOREVER)

    def next_border(self, now: int) -> int:
        """Return when one of the chain opens or closes next after `now` ms, `FOREVER` when that is not known."""
        return min((next_border(one.spans, now) for one in self.chain), default=FOREVER)

    def _bounds(self, team: TeamAtWork) -> Spans:
        return team.library.openings if team.when == "our-hours" else self.chain[0].spans

    def _answers(self, team: TeamAtWork, now: int) -> bool:
        if team.when == "always":
            return True
        return is_open_at(self._bounds(team), now) == (team.when == "our-hours")


def _levels(teams: Sequence[TeamAtWork]) -> dict[str, int]:
    found: dict[str, int] = {}
    for team in teams:
        for member in team.members:
            found.setdefault(member, team.tier)
    return found


def _hours(library: Library, queue: Queue | None = None) -> Hours:
    if queue is not None and queue.openings is not None:
        return Hours(queue.openings, queue.opening_words, library.timezone)
    return Hours(library.openings, library.opening_words, library.timezone)

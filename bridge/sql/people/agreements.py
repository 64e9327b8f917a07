"""What partners agreed to, beside what is asked of them.

A library's agreements are its own to give. Two things stand in for them. A library that came before there were agreements, or
that a file names without any, agreed to all that is asked of it then: what worked goes on. From then on they are written
down, and seen and taken back in the editor. A queue that asks a partner who did not agree is no fault, for agreeing is the
partner's next step; it is said in words, since the tier is skipped until then.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from routing.organisation import Agreement, Library
from routing.queue_service import agreed_when


def asked_of(library: Library, libraries: Iterable[Library]) -> tuple[Agreement, ...]:
    """Return the agreements, for all hours, to everything that the queues of other libraries ask of this one."""
    return tuple(
        Agreement(queue=queue, teams=teams)
        for one in sorted(libraries, key=lambda one: one.id)
        if one.id != library.id
        for queue, teams in _asked(library, one)
    )


def _asked(library: Library, partner: Library) -> Iterator[tuple[str, tuple[str, ...]]]:
    own = {team.id for team in library.teams}
    for queue in partner.queues:
        teams = tuple(dict.fromkeys(name for tier in queue.tiers for name in tier.teams if name in own))
        if teams:
            yield queue.id, teams


def not_agreed(libraries: Iterable[Library]) -> list[str]:
    """Return a sentence for each team of a partner that a queue asks and that did not agree."""
    known = {one.id: one for one in libraries if not one.removed}
    owners = {team.id: one for one in known.values() for team in one.teams}
    return [
        f"{queue.id}: {owners[name].id} has not agreed that {name} answers here; its tier is skipped until it does"
        for one in known.values()
        for queue in one.queues
        for name in dict.fromkeys(name for tier in queue.tiers for name in tier.teams)
        if name in owners and owners[name].id != one.id and agreed_when(owners[name], queue.id, name) is None
    ]

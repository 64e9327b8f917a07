"""What a library leaves behind when it is removed: places in other libraries that name it, and what is kept of itself.

Transcripts stay and are forgotten by its own retention, so its name, time zone and days remain. The revision remains, too: the core
then ignores older words about it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from bridge.sql.people.field_fault import FieldFault
from routing.organisation import Library, Queue


def remains(gone: Library) -> Library:
    """Return what is kept of a removed library."""
    return Library(
        id=gone.id,
        revision=gone.revision,
        name=gone.name,
        timezone=gone.timezone,
        language=gone.language,
        retention_days=gone.retention_days,
        staff_retention_days=gone.staff_retention_days,
        mask_addresses=gone.mask_addresses,
        removed=True,
    )


def named_elsewhere(gone: Library, others: Sequence[Library]) -> list[FieldFault]:
    """Return each place where other libraries name a library's teams, queues or people."""
    return [replace(one, library=other.id) for other in others for one in _places(gone, other)]


def _places(gone: Library, other: Library) -> Iterator[FieldFault]:
    people, teams, queues = _own(gone)
    for q, queue in enumerate(other.queues, 1):
        for t, tier in enumerate(queue.tiers, 1):
            for name in teams.intersection(tier.teams):
                yield FieldFault(f"queues[{q}].tiers[{t}].teams", f"{queue.name} asks the team {name!r}")
    for n, team in enumerate(other.teams, 1):
        for name in sorted(people.intersection(team.members)):
            yield FieldFault(f"teams[{n}].members", f"{name!r} is a member of {team.name}")
    for n, name in enumerate(other.guests, 1):
        if name in people:
            yield FieldFault(f"guests[{n}]", f"{name!r} is a guest")
    for n, agreement in enumerate(other.agreements or (), 1):
        if agreement.queue in queues:
            yield FieldFault(f"agreements[{n}].queue", f"it answers in the queue {agreement.queue!r}")


def _own(gone: Library) -> tuple[set[str], set[str], set[str]]:
    return (
        {one.id for one in gone.librarians},
        {one.id for one in gone.teams},
        {one.id for one in gone.queues},
    )


def without(other: Library, gone: Library) -> Library:
    """Return a library that names nothing of a removed one. A queue may be left without a tier: `check` refuses that."""
    people, teams, queues = _own(gone)
    agreements = other.agreements
    return replace(
        other,
        queues=tuple(_without_teams(queue, teams) for queue in other.queues),
        teams=tuple(replace(one, members=tuple(m for m in one.members if m not in people)) for one in other.teams),
        guests=tuple(name for name in other.guests if name not in people),
        agreements=None if agreements is None else tuple(one for one in agreements if one.queue not in queues),
    )


def _without_teams(queue: Queue, teams: set[str]) -> Queue:
    left = [replace(one, teams=tuple(name for name in one.teams if name not in teams)) for one in queue.tiers]
    return replace(queue, tiers=tuple(one for one in left if one.teams))

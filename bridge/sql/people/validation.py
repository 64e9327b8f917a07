"""What a library may say of itself: each fault names its field, as in `queues[1].tiers[2].teams`, counted from 1 as people count.

Own fields are checked wherever a library comes from: a TOML file, the interface, the editor. What refers to other libraries or to
channels (teams, members, `contact_channel`) is checked against what is kept, where all of it is known.

Hours are worked out again every day. `refresh` checks nothing of this, since an earlier release may have taken a library with a
fault that is found here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any, get_args

import msgspec

from bridge.contract.language_tag import language_tag
from bridge.contract.message import Code
from routing.organisation import Library, When

LONGEST_S = 315_360_000  # ten years; in ms after any moment of ours it is a number that every store counts
_WORKED_OUT = ("revision", "openings", "opening_words", "since", "retention_days")  # not edited, or checked elsewhere


def own_faults(library: Library) -> list[str]:
    """Return what is wrong with a library's own fields, in words."""
    found = list(_numbers(library, ""))
    codes = get_args(Code)
    if library.default_code not in codes:
        found.append(f"default_code: {library.default_code!r} is none of {', '.join(codes)}")
    if not language_tag(library.language):
        found.append(f"language: {library.language!r} is not a language tag like en or pt-BR")
    for n, person in enumerate(library.librarians, 1):
        if not person.id.strip():
            found.append(f"librarians[{n}].id: a librarian needs an id")
    return found + list(_agreement_faults(library))


def _agreement_faults(library: Library) -> Iterator[str]:
    """Yield what is wrong with the agreements of a library: it answers elsewhere, with its own teams, by one agreement each."""
    own = {team.id for team in library.teams}
    agreed: dict[tuple[str, str], int] = {}
    for n, one in enumerate(library.agreements or (), 1):
        if not one.queue.strip("/") or one.queue.startswith(f"{library.id}/"):
            yield f"agreements[{n}].queue: {one.queue!r} is not another library's queue"
        if one.when not in get_args(When):
            yield f"agreements[{n}].when: {one.when!r} is none of {', '.join(get_args(When))}"
        yield from (
            f"agreements[{n}].teams: {name!r} is no team of {library.id}" for name in one.teams if name not in own
        )
        for team in one.teams or own:
            first = agreed.setdefault((one.queue, team), n)
            if first != n:
                yield f"agreements[{n}].teams: {team!r} answers in {one.queue!r} by agreements[{first}] already"


def _numbers(value: Any, where: str) -> Iterator[str]:
    """Yield the numbers, however deep, that no count of people or seconds can be."""
    if isinstance(value, msgspec.Struct):
        for name in value.__struct_fields__:
            if name not in _WORKED_OUT:
                yield from _numbers(getattr(value, name), f"{where}.{name}" if where else name)
    elif isinstance(value, tuple | list):
        for n, one in enumerate(value, 1):
            yield from _numbers(one, f"{where}[{n}]")
    elif isinstance(value, int) and not isinstance(value, bool) and not 0 <= value <= LONGEST_S:
        yield f"{where}: {value} is not from 0 to {LONGEST_S}" if value > 0 else f"{where}: {value} is below 0"


def reference_faults(
    library: Library, before: Library | None, all_libraries: Collection[Library], people: Collection[str]
) -> list[str]:
    """Return which teams, members and queues a library names that no library of the consortium has.

    `people` holds everybody whom a library ever listed: a team that names a leaver still is no fault of this edit. Nor is a team
    or a queue that another library has dropped since this one named it in `before`.
    """
    teams = {team.id for each in all_libraries for team in each.teams}
    teams |= {name for name in _asked(before) if not name.startswith(f"{library.id}/")}
    found = [
        f"queues[{q}].tiers[{t}].teams: there is no team {name!r}"
        for q, queue in enumerate(library.queues, 1)
        for t, tier in enumerate(queue.tiers, 1)
        for name in tier.teams
        if name not in teams
    ]
    queues = {queue.id for each in all_libraries for queue in each.queues}
    queues |= {one.queue for one in (before.agreements or () if before is not None else ())}
    found += [
        f"agreements[{n}].queue: there is no queue {one.queue!r}"
        for n, one in enumerate(library.agreements or (), 1)
        if one.queue not in queues
    ]
    return found + [
        f"teams[{n}].members: there is no librarian {name!r}"
        for n, team in enumerate(library.teams, 1)
        for name in team.members
        if name not in people
    ]


def _asked(library: Library | None) -> set[str]:
    """Return the teams that a library's queues ask."""
    queues = library.queues if library is not None else ()
    return {name for queue in queues for tier in queue.tiers for name in tier.teams}


def contact_fault(library: Library, before: Library | None, channels: Mapping[str, str]) -> list[str]:
    """Return what is wrong with the channel that a library answers by; `channels` gives each channel's queue.

    A channel that is no more, and that was named `before`, answers nobody and is no fault of this edit either.
    """
    name = library.contact_channel
    if not name:
        return []
    queue = channels.get(name)
    if queue is None:
        return (
            []
            if before is not None and name == before.contact_channel
            else [f"contact_channel: there is no channel {name!r}"]
        )
    if queue and queue.partition("/")[0] != library.id:
        return [f"contact_channel: {name!r} is a channel of another library"]
    return []

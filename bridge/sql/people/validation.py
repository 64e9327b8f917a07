"""What a library may say of itself: each fault names its field, as in `queues[1].tiers[2].teams`, counted from 1 as people count.

Own fields are checked wherever a library comes from: a TOML file, the interface, the editor. What refers to other libraries or to
channels (teams, members, `contact_channel`) is checked against what is kept, where all of it is known. Scripts and the desk's own
words are in `texts`.

Hours are worked out again every day. `refresh` checks nothing of this, since an earlier release may have taken a library with a
fault that is found here.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, get_args
from urllib.parse import urlsplit

import msgspec

from bridge.contract.address import is_country
from bridge.contract.language_tag import language_tag
from bridge.contract.message import Code
from bridge.sql.people.chat_validation import chat_faults
from bridge.sql.people.counter_validation import counter_faults
from bridge.sql.people.field_fault import FieldFault
from bridge.sql.people.portal_validation import portal_faults
from bridge.sql.people.staff_validation import staff_faults
from bridge.sql.people.texts import LONGEST_NAME, text_faults
from routing.organisation import Library, Queue, Team, When

MOST_FIRST = 1000  # addresses a librarian and day: what a person writes, and no mailing list
LONGEST_S = 315_360_000  # ten years; in ms after any moment of ours it is a number that every store counts
# Not edited, or checked elsewhere.
_WORKED_OUT = ("revision", "openings", "opening_words", "since", "retention_days", "staff_retention_days")
_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")
LONGEST_URL = 300
_SAFE = re.compile(r"https://[^\s/{}@]", re.IGNORECASE)
_WEB = re.compile(r"https?://[^\s/]", re.IGNORECASE)


def own_faults(library: Library) -> list[FieldFault]:
    """Return what is wrong with a library's own fields."""
    found = list(_numbers(library, ""))
    found += _general(library)
    found += _rows("queues", library.queues)
    found += _rows("teams", library.teams)
    found += _tiers(library)
    found += staff_faults(library)
    for n, team in enumerate(library.teams, 1):
        found += _twice(f"teams[{n}].members", team.members)
    found += _list("descriptive", library.descriptive)
    found += _codes(library)
    found += portal_faults(library.portal)
    found += chat_faults(library.chat)
    found += counter_faults(library)
    return [*found, *_agreement_faults(library), *text_faults(library)]


def _agreement_faults(library: Library) -> Iterator[FieldFault]:
    """Yield what is wrong with the agreements of a library: it answers elsewhere, with its own teams, by one agreement each."""
    own = {team.id for team in library.teams}
    agreed: dict[tuple[str, str], int] = {}
    for n, one in enumerate(library.agreements or (), 1):
        where = f"agreements[{n}]"
        if not one.queue.strip("/") or one.queue.startswith(f"{library.id}/"):
            yield FieldFault(f"{where}.queue", f"{one.queue!r} is not another library's queue")
        if one.when not in get_args(When):
            yield FieldFault(f"{where}.when", f"{one.when!r} is none of {', '.join(get_args(When))}")
        for name in one.teams:
            if name not in own:
                yield FieldFault(f"{where}.teams", f"{name!r} is no team of {library.id}")
        for team in one.teams or own:
            first = agreed.setdefault((one.queue, team), n)
            if first != n:
                says = f"{team!r} answers in {one.queue!r} by agreements[{first}] already"
                yield FieldFault(f"{where}.teams", says)


def _general(library: Library) -> Iterator[FieldFault]:
    codes = get_args(Code)
    if not library.name.strip():
        yield FieldFault("name", "a library needs a name")
    if library.default_code not in codes:
        yield FieldFault("default_code", f"{library.default_code!r} is none of {', '.join(codes)}")
    if not language_tag(library.language):
        yield FieldFault("language", f"{library.language!r} is not a language tag like en or pt-BR")
    if library.country and not is_country(library.country):
        yield FieldFault("country", f"{library.country!r} is not a country of two capitals like DE or US")
    if library.writes_first_per_day > MOST_FIRST:
        yield FieldFault("writes_first_per_day", f"at most {MOST_FIRST} in a day")
    if library.accent and not _COLOUR.fullmatch(library.accent):
        yield FieldFault("accent", f"{library.accent!r} is not a colour like #0b5a86")
    if library.policy_url and not _WEB.match(library.policy_url):
        yield FieldFault("policy_url", "an address that begins with https:// or http:// is needed")
    if library.meeting_url and (fault := _meeting_fault(library.meeting_url)):
        yield FieldFault("meeting_url", fault)


def _meeting_fault(url: str) -> str:
    """Return what is wrong with the address of meetings, "" where a patron can be sent there."""
    if not _SAFE.match(url) or any(char.isspace() for char in url):
        return "an address that begins with https:// is needed"
    if len(url) > LONGEST_URL:
        return f"it is longer than {LONGEST_URL} characters"
    if url.count("{room}") > 1 or "{" in url.replace("{room}", "") or "{room}" in urlsplit(url).netloc:
        return "of braces only {room} is known, once, behind the host"
    return ""


def _codes(library: Library) -> Iterator[FieldFault]:
    """Yield what is wrong with how codes are shown. The default is given where nobody chooses, so it has to be offered."""
    named = [one.code for one in library.codes]
    for n, one in enumerate(library.codes, 1):
        if one.code not in get_args(Code):
            yield FieldFault(f"codes[{n}].code", f"{one.code!r} is none of {', '.join(get_args(Code))}")
        elif one.code in named[: n - 1]:
            yield FieldFault(f"codes[{n}].code", f"{one.code!r} stands twice")
        if len(one.label) > LONGEST_NAME:
            yield FieldFault(f"codes[{n}].label", f"it is longer than {LONGEST_NAME} characters")
        if not one.offered and one.code == library.default_code:
            yield FieldFault(f"codes[{n}].offered", "the default code has to be offered")


def _rows(where: str, rows: Sequence[Queue | Team]) -> Iterator[FieldFault]:
    """Yield the queues or teams without a name, and with the name of another one: nobody could tell them apart."""
    names = [row.name.strip() for row in rows]
    for n, name in enumerate(names, 1):
        if not name:
            yield FieldFault(f"{where}[{n}].name", "a name is needed")
        elif name in names[: n - 1]:
            yield FieldFault(f"{where}[{n}].name", f"{name!r} stands twice")


def _tiers(library: Library) -> Iterator[FieldFault]:
    for q, queue in enumerate(library.queues, 1):
        for t, tier in enumerate(queue.tiers, 1):
            yield from _twice(f"queues[{q}].tiers[{t}].teams", tier.teams)


def _list(where: str, entries: Sequence[str]) -> Iterator[FieldFault]:
    for n, one in enumerate(entries, 1):
        if not one.strip():
            yield FieldFault(f"{where}[{n}]", "a text is needed")
        elif one in entries[: n - 1]:
            yield FieldFault(f"{where}[{n}]", f"{one!r} stands twice")


def _twice(where: str, entries: Sequence[str]) -> Iterator[FieldFault]:
    for name in sorted({one for one in entries if entries.count(one) > 1}):
        yield FieldFault(where, f"{name!r} stands twice")


def _numbers(value: Any, where: str) -> Iterator[FieldFault]:
    """Yield the numbers, however deep, that no count of people or seconds can be."""
    if isinstance(value, msgspec.Struct):
        for name in value.__struct_fields__:
            if name not in _WORKED_OUT:
                yield from _numbers(getattr(value, name), f"{where}.{name}" if where else name)
    elif isinstance(value, tuple | list):
        for n, one in enumerate(value, 1):
            yield from _numbers(one, f"{where}[{n}]")
    elif isinstance(value, int) and not isinstance(value, bool) and not 0 <= value <= LONGEST_S:
        yield FieldFault(where, f"{value} is not from 0 to {LONGEST_S}" if value > 0 else f"{value} is below 0")


def reference_faults(
    library: Library, before: Library | None, all_libraries: Collection[Library], people: Collection[str]
) -> list[FieldFault]:
    """Return which teams, members and queues a library names that no library of the consortium has.

    `people` holds everybody whom a library ever listed: a team that names a leaver still is no fault of this edit. Nor is a team
    or a queue that another library has dropped since this one named it in `before`.
    """
    teams = {team.id for each in all_libraries for team in each.teams}
    teams |= {name for name in _asked(before) if not name.startswith(f"{library.id}/")}
    found = [
        FieldFault(f"queues[{q}].tiers[{t}].teams", f"there is no team {name!r}")
        for q, queue in enumerate(library.queues, 1)
        for t, tier in enumerate(queue.tiers, 1)
        for name in tier.teams
        if name not in teams
    ]
    queues = {queue.id for each in all_libraries for queue in each.queues}
    queues |= {one.queue for one in (before.agreements or () if before is not None else ())}
    found += [
        FieldFault(f"agreements[{n}].queue", f"there is no queue {one.queue!r}")
        for n, one in enumerate(library.agreements or (), 1)
        if one.queue not in queues
    ]
    return found + [
        FieldFault(f"teams[{n}].members", f"there is no librarian {name!r}")
        for n, team in enumerate(library.teams, 1)
        for name in team.members
        if name not in people
    ]


def _asked(library: Library | None) -> set[str]:
    """Return the teams that a library's queues ask."""
    queues = library.queues if library is not None else ()
    return {name for queue in queues for tier in queue.tiers for name in tier.teams}


def contact_fault(library: Library, before: Library | None, channels: Mapping[str, str]) -> list[FieldFault]:
    """Return what is wrong with the channel that a library answers by; `channels` gives each channel's queue.

    A channel that is no more, and that was named `before`, answers nobody and is no fault of this edit either.
    """
    name = library.contact_channel
    if not name or (name not in channels and before is not None and name == before.contact_channel):
        return []
    if name not in channels:
        return [FieldFault("contact_channel", f"there is no channel {name!r}")]
    queue = channels[name]
    if queue and queue.partition("/")[0] != library.id:
        return [FieldFault("contact_channel", f"{name!r} is a channel of another library")]
    return []


def channel_faults(library: Library, before: Library | None, channels: Mapping[str, str]) -> list[FieldFault]:
    """Return which queues this edit takes away although a channel brings messages to them; `channels` as in `contact_fault`."""
    gone = {queue.id for queue in before.queues} - {queue.id for queue in library.queues} if before else set()
    return [
        FieldFault("queues", f"the channel {name!r} brings messages to {queue!r}, so this queue has to stay")
        for name, queue in channels.items()
        if queue in gone
    ]

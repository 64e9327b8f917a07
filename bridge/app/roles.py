"""Which part of the work a process does: `deskbridge run --roles core,web,adapters:sms`.

    core             decides, and does what one process of a desk does for all: hours, retention, the search index
    web              the inbox, its interface, and the channels that every web host serves at once (web chat)
    adapters         all other channels, with the pages that their networks call
    adapters:a,b     of the other channels these only

Without roles a process does everything. Several processes may have the same role. One of them at a time runs a consortium's
core, and one at a time drains a channel, by leases in Redis. Processes that share the work share a Redis and an archive, so the
configuration must name both.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

import msgspec

WHOLE = ("core", "web", "adapters")


class Roles(msgspec.Struct, frozen=True, kw_only=True):
    """The work of one process. `adapters`: the channels it serves; None means all."""

    core: bool = True
    web: bool = True
    adapters: frozenset[str] | None = None

    @property
    def everything(self) -> bool:
        """Whether this process does all the work."""
        return self.core and self.web and self.adapters is None

    def serves(self, channel: str, *, everywhere: bool) -> bool:
        """Say whether a channel runs in this process. `everywhere`: every web host serves it at once."""
        if self.adapters is not None and channel in self.adapters:
            return True
        return self.web if everywhere else self.adapters is None

    def __str__(self) -> str:
        """The roles as they are written."""
        words = [name for name, has in (("core", self.core), ("web", self.web)) if has]
        if self.adapters is None:
            words.append("adapters")
        else:
            words += [f"adapters:{name}" for name in sorted(self.adapters)]
        return ",".join(words)


class BadRole(ValueError):
    """A role is not known; the text says which, and what to write."""


def parse_roles(words: Iterable[str], channels: Iterable[str]) -> Roles:
    """Read roles as they are written, one or several in each word. Raises BadRole.

    A name after `adapters:` is a channel's; so is each that follows it, up to the next role."""
    known = sorted(channels)
    found: set[str] = set()
    named: set[str] = set()
    naming = False
    for word in (part.strip() for each in words for part in each.split(",")):
        role, colon, first = word.partition(":")
        if colon and role == "adapters":
            naming = True
            named.add(_channel(first, known))
        elif word in WHOLE:
            naming = False
            found.add(word)
        elif naming:
            named.add(_channel(word, known))
        else:
            raise BadRole(f"{word!r} is no role{_nearest(word, WHOLE)}")
    return Roles(core="core" in found, web="web" in found, adapters=None if "adapters" in found else frozenset(named))


def _channel(name: str, known: list[str]) -> str:
    if name not in known:
        raise BadRole(f"adapters:{name} names no channel of this configuration{_nearest(name, known)}")
    return name


def _nearest(word: str, known: Iterable[str]) -> str:
    names = list(known)
    near = get_close_matches(word, names, 1)
    return f"; did you mean {near[0]}?" if near else f"; known here: {', '.join(names) or 'none'}"

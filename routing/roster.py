"""Who serves where: the organisation turned into look-ups.

Home team first: a queue names tiers of teams, and a librarian's *level* in a queue is the first tier with them. A queue without
tiers is served by all librarians of its library. A librarian works for their home library, and for those that list them as a guest.
Counters serve no queue. A queue may be unknown, or its teams may have
lost everybody. Then its library's librarians serve it, or else every coordinator: no conversation waits where nobody looks.

Partners answer where they agreed to, and when: see `queue_service`. A team of a partner that did not agree counts for nothing.

A change of one library works out again what depends on that library, and nothing else: a consortium has thousands.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from routing.organisation import Librarian, Library, Queue, Team
from routing.practice_queue import is_practice, practice_service, trainees
from routing.queue_service import QueueService, TeamAtWork, agreed_when

DEFAULT_LIBRARY = Library(id="", revision=0, name="")

Index = dict[str, dict[str, None]]


class Before(NamedTuple):
    """What depended on a library before it changed: where its people worked (home first), and the queues."""

    works: dict[str, tuple[str, ...]]
    services: dict[str, QueueService]


class Roster:
    """All look-ups over all libraries of a consortium."""

    def __init__(self, libraries: Mapping[str, Library]) -> None:
        self.libraries: dict[str, Library] = {}
        self.librarians: dict[str, Librarian] = {}
        self.home: dict[str, str] = {}
        self.works: dict[str, tuple[str, ...]] = {}  # librarian -> libraries, home first
        self.services: dict[str, QueueService] = {}
        self.serves: Index = {}
        self._listed: dict[str, dict[str, Librarian]] = {}  # librarian -> library -> as that library lists them
        self._guest_of: Index = {}  # librarian -> libraries that list them as a guest
        self._all: dict[str, Library] = {}  # also those that are no library any more, in their order
        self._teams: dict[str, tuple[str, Team]] = {}  # team -> its library, and the team
        self._askers: Index = {}  # team -> queues whose tiers name it
        self._member_of: Index = {}  # librarian -> teams that name them
        self._stand_ins: Index = {}  # library -> its queues without anybody in their tiers
        self._orphans: dict[str, None] = {}  # those of them that coordinators of all libraries serve
        self._unknown: dict[str, QueueService] = {}
        self._first: str | None = None
        for library in libraries.values():
            self._list(library)
        for librarian in self._guest_of:
            self._name(librarian)
        for library in self.libraries.values():
            for queue in library.queues:
                self._serve(queue, library)

    # ---- a library changes -------------------------------------------------------------------------------------------

    def before(self, library: str, new: Library | None) -> Before:
        """Return what is about to change, once `library` becomes `new`."""
        both = [one for one in (self.libraries.get(library), new) if one is not None]
        names = {name for one in both for name in _people(one)}
        works = {name: self.works[name] for name in sorted(names) if name in self.works}
        services = {queue: self.service(queue) for queue in self._dependent(library, both)}
        return Before(works, services)

    def change(self, library: str, new: Library | None) -> None:
        """Take `new` in place of what `library` was; None = it is gone."""
        old = self.libraries.get(library)
        queues = self._dependent(library, [one for one in (old, new) if one is not None])
        before = [self._unserve(queue) for queue in queues]
        others = [one for one in before if one is not None and one.library.id not in ("", library)]
        if old is not None:
            self._unlist(old)
        if new is not None:
            self._list(new)
        else:
            del self._all[library]
        for person in dict.fromkeys(name for one in (old, new) if one is not None for name in _people(one)):
            self._name(person)
        for queue in new.queues if new is not None and not new.removed else ():
            self._serve(queue, self.libraries[library])
        for service in others:
            if service.queue.id not in self.services:
                self._serve(service.queue, service.library)
        self._first = None

    def _dependent(self, library: str, both: Iterable[Library]) -> list[str]:
        """Return the queues that depend on a library as it was and as it will be."""
        found: dict[str, None] = {}
        for one in both:
            found |= {queue.id: None for queue in one.queues}
            for team in one.teams:
                found |= self._askers.get(team.id, {})
            for person in one.librarians:
                for name in self._member_of.get(person.id, ()):
                    found |= self._askers.get(name, {})
                for name in self._guest_of.get(person.id, ()):
                    found |= self._stand_ins.get(name, {})
        return sorted(found | self._stand_ins.get(library, {}) | self._orphans)

    def _list(self, library: Library) -> None:
        self._all[library.id] = library
        if library.removed:
            return
        self.libraries[library.id] = library
        for person in library.librarians:
            self._listed.setdefault(person.id, {})[library.id] = person
            self._name(person.id)
        for guest in library.guests:
            self._guest_of.setdefault(guest, {})[library.id] = None
        for team in library.teams:
            self._teams[team.id] = (library.id, team)
            for member in team.members:
                self._member_of.setdefault(member, {})[team.id] = None
        for queue in library.queues:
            for team_name in _named(queue):
                self._askers.setdefault(team_name, {})[queue.id] = None

    def _unlist(self, library: Library) -> None:
        del self.libraries[library.id]
        for person in library.librarians:
            self._listed[person.id].pop(library.id, None)
        for guest in library.guests:
            self._guest_of[guest].pop(library.id, None)
        for team in library.teams:
            self._teams.pop(team.id, None)
            for member in team.members:
                self._member_of.get(member, {}).pop(team.id, None)
        for queue in library.queues:
            for team_name in _named(queue):
                self._askers.get(team_name, {}).pop(queue.id, None)

    def _name(self, librarian: str) -> None:
        """Settle where somebody works. Where several libraries list them, the one that came last is their home."""
        listed = self._listed.get(librarian)
        if not listed:
            for table in (self.home, self.librarians, self.works, self._listed):
                table.pop(librarian, None)
            return
        home = self._in_order(listed)[-1]
        self.home[librarian] = home
        self.librarians[librarian] = listed[home]
        guest_of = self._in_order(self._guest_of.get(librarian, {}))
        self.works[librarian] = (home, *(one for one in guest_of if one != home))

    def _in_order(self, libraries: Mapping[str, object]) -> list[str]:
        return list(libraries) if len(libraries) < 2 else [one for one in self._all if one in libraries]

    # ---- who serves a queue ------------------------------------------------------------------------------------------

    def _serve(self, queue: Queue, library: Library) -> None:
        service = self._service_of(queue, library)
        self.services[queue.id] = service
        for member in service.members:
            self.serves.setdefault(member, {})[queue.id] = None

    def _unserve(self, queue: str) -> QueueService | None:
        """Forget who serves a queue, and return it; None where it was not configured."""
        known = self.services.pop(queue, None)
        service = known or self._unknown.pop(queue, None)
        if service is not None:
            self._stand_ins.get(_library_of(queue), {}).pop(queue, None)
            self._orphans.pop(queue, None)
            for member in service.members:
                self.serves.get(member, {}).pop(queue, None)
        return known

    def _service_of(self, queue: Queue, library: Library) -> QueueService:
        tiers = enumerate(queue.tiers)
        teams = [one for number, tier in tiers for one in self._at_work_in(queue, library, number, tier.teams)]
        count = len(queue.tiers)
        if not any(one.members for one in teams):
            teams, count = [self._stand_in(queue.id, library)], 1
        members = (member for one in teams for member in one.members)
        homes = {one: self.libraries[self.home[one]] for one in members if not self.serves_library(one, library.id)}
        return QueueService(queue, library, count, teams, homes)

    def _stand_in(self, queue: str, library: Library) -> TeamAtWork:
        """Return a library's librarians; where it has none at work, every coordinator there is."""
        self._stand_ins.setdefault(_library_of(queue), {})[queue] = None
        names = (*(one.id for one in library.librarians if one.answers), *library.guests)
        own = [one for one in names if one in self.librarians and self.librarians[one].answers]
        if not own:
            self._orphans[queue] = None
            people = (one for name in self._all if name in self.libraries for one in self.libraries[name].librarians)
            own = [one.id for one in people if one.edits and one.active]
        return TeamAtWork(0, tuple(dict.fromkeys(own)), library, "always")

    def _at_work_in(self, queue: Queue, library: Library, tier: int, names: Iterable[str]) -> Iterator[TeamAtWork]:
        """Yield the teams of a tier that answer in `queue` at all."""
        for name in dict.fromkeys(names):
            owner, team = self._teams.get(name, ("", None))
            if team is None:
                continue
            partner = self.libraries[owner]
            when = "always" if owner == library.id else agreed_when(partner, queue.id, name)
            if when is not None:
                members = [one for one in team.members if one in self.librarians and self.librarians[one].answers]
                yield TeamAtWork(tier, tuple(dict.fromkeys(members)), partner, when)

    def service(self, queue: str) -> QueueService:
        """Return who serves `queue`, configured or not: somebody, where there is a librarian of its library or a coordinator."""
        known = self.services.get(queue) or self._unknown.get(queue)
        if known is None:
            library = self.library(_library_of(queue))
            made = self._practised(queue, library) if is_practice(queue) else None
            known = self._unknown[queue] = made or self._service_of(Queue(id=queue, name=queue), library)
        return known

    def _practised(self, queue: str, library: Library) -> QueueService:
        """Return who practises in a queue of practice; a change of the library has it worked out again."""
        self._stand_ins.setdefault(_library_of(queue), {})[queue] = None
        named = (one for one in trainees(queue) if self.serves_library(one, library.id))
        return practice_service(queue, library, (one for one in named if self.librarians[one].answers))

    def library(self, name: str) -> Library:
        """Return a library, or one with the field's defaults for a name not known."""
        return self.libraries.get(name, DEFAULT_LIBRARY)

    def serves_library(self, librarian: str, library: str) -> bool:
        """Say whether a librarian works for a library, as its own or as a guest."""
        return library in self.works.get(librarian, ())

    def team(self, name: str) -> tuple[str, Team] | None:
        """Return the library that has a team, and the team; None for one that no library has."""
        return self._teams.get(name)

    def shown(self, librarian: str) -> str:
        """Return the name that patrons see."""
        one = self.librarians.get(librarian)
        return (one.shown or one.name) if one else ""

    def told(self, librarian: str) -> str:
        """Return the name by which patrons are told of a librarian, as their library likes it; "" = by none."""
        name = self.shown(librarian).strip()
        naming = self.library(self.home.get(librarian, "")).chat.naming
        if naming == "librarian" or not name:
            return ""
        return {"full": name, "first": name.split()[0], "initial": f"{name[0]}."}[naming]

    def any_queue(self) -> str:
        """Return where messages of a channel without a queue go: the first queue there is."""
        if self._first is None:
            self._first = min(self.services, default="")
        return self._first


def _library_of(queue: str) -> str:
    return queue.partition("/")[0]


def _people(library: Library) -> Iterator[str]:
    yield from (person.id for person in library.librarians)
    yield from library.guests


def _named(queue: Queue) -> Iterator[str]:
    return (name for tier in queue.tiers for name in tier.teams)

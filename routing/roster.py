"""Who serves where: the organisation turned into look-ups, rebuilt whenever a library changes.

Home team first: a queue names tiers of teams, and a librarian's *level* in a queue is the first tier with them. A queue without
tiers is served by all librarians of its library. A librarian works for their home library, and for those that list them as a guest.
Counters serve no queue. A queue may be unknown, or its teams may have
lost everybody. Then its library's librarians serve it, or else every coordinator: no conversation waits where nobody looks.
"""

from __future__ import annotations

from collections.abc import Mapping

from routing.organisation import Librarian, Library, Queue, Team, Tier

DEFAULT_LIBRARY = Library(id="", revision=0, name="")


class QueueService:
    """A queue with everybody who may serve it. `level`: librarian -> first tier; `members`: in order, home first."""

    __slots__ = ("level", "libraries", "library", "members", "queue", "tiers")

    def __init__(
        self, queue: Queue, library: Library, tiers: tuple[tuple[str, ...], ...], home: Mapping[str, str]
    ) -> None:
        self.queue = queue
        self.library = library
        self.tiers = tiers
        self.level: dict[str, int] = {}
        for number, members in enumerate(tiers):
            for member in members:
                self.level.setdefault(member, number)
        self.members = tuple(self.level)
        self.libraries = tuple(
            dict.fromkeys([library.id, *(home[member] for member in self.members if member in home)])
        )

    def last_tier(self) -> int:
        """Return the number of the last tier."""
        return max(len(self.tiers) - 1, 0)


class Roster:
    """All look-ups over all libraries of a consortium."""

    def __init__(self, libraries: Mapping[str, Library]) -> None:
        self.libraries = {name: library for name, library in libraries.items() if not library.removed}
        self.librarians: dict[str, Librarian] = {}
        self.home: dict[str, str] = {}
        self.works: dict[str, tuple[str, ...]] = {}  # librarian -> libraries, home first
        teams: dict[str, Team] = {}
        for library in self.libraries.values():
            for librarian in library.librarians:
                self.librarians[librarian.id] = librarian
                self.home[librarian.id] = library.id
                self.works[librarian.id] = (library.id,)
            teams.update({team.id: team for team in library.teams})
        for library in self.libraries.values():
            for guest in library.guests:
                if guest in self.home and library.id not in self.works[guest]:
                    self.works[guest] += (library.id,)
        self.services: dict[str, QueueService] = {}
        self.serves: dict[str, list[str]] = {librarian: [] for librarian in self.librarians}
        for library in self.libraries.values():
            for queue in library.queues:
                self._add(queue, library, teams)
        self._unknown: dict[str, QueueService] = {}

    def _add(self, queue: Queue, library: Library, teams: Mapping[str, Team]) -> None:
        tiers = tuple(self._members(tier, teams) for tier in queue.tiers)
        service = QueueService(queue, library, tiers if any(tiers) else (self._own(library),), self.home)
        self.services[queue.id] = service
        for member in service.members:
            self.serves[member].append(queue.id)

    def _members(self, tier: Tier, teams: Mapping[str, Team]) -> tuple[str, ...]:
        members = [m for name in tier.teams if name in teams for m in teams[name].members]
        return tuple(dict.fromkeys(m for m in members if m in self.librarians and self.librarians[m].answers))

    def service(self, queue: str) -> QueueService:
        """Return who serves `queue`, configured or not: somebody, where there is a librarian of its library or a coordinator."""
        known = self.services.get(queue) or self._unknown.get(queue)
        if known is None:
            known = self._unknown[queue] = self._stand_in(queue)
        return known

    def _stand_in(self, queue: str) -> QueueService:
        library = self.libraries.get(queue.partition("/")[0], DEFAULT_LIBRARY)
        return QueueService(Queue(id=queue, name=queue), library, (self._own(library),), self.home)

    def _own(self, library: Library) -> tuple[str, ...]:
        """Return a library's librarians and guests, where it has none at work every coordinator there is."""
        own = [librarian.id for librarian in library.librarians if librarian.answers]
        own += [guest for guest in library.guests if guest in self.librarians and self.librarians[guest].answers]
        return tuple(dict.fromkeys(own)) or tuple(
            one.id for one in self.librarians.values() if one.edits and one.active
        )

    def library(self, name: str) -> Library:
        """Return a library, or one with the field's defaults for a name not known."""
        return self.libraries.get(name, DEFAULT_LIBRARY)

    def serves_library(self, librarian: str, library: str) -> bool:
        """Say whether a librarian works for a library, as its own or as a guest."""
        return library in self.works.get(librarian, ())

    def shown(self, librarian: str) -> str:
        """Return the name that patrons see."""
        one = self.librarians.get(librarian)
        return (one.shown or one.name) if one else ""

    def any_queue(self) -> str:
        """Return where messages of a channel without a queue go: the first queue there is."""
        return next(iter(sorted(self.services)), "")

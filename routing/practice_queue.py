"""The queue of one practice session: who is asked, by its name alone.

`north/~practice/ana/ben`: the library, then those who practise, in the order in which they are asked. No library configures such a
queue: it exists while somebody practises. Each trainee is a tier of their own, so a second one is asked when the first takes
too long. It's always open, whatever the library's hours say.
"""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import quote, unquote

from msgspec.structs import replace

from routing.organisation import Library, Queue, Tier
from routing.queue_service import QueueService, TeamAtWork

_MARK = "/~practice"
ROLL_OVER_S = 40


def practice_queue(library: str, trainees: Iterable[str]) -> str:
    """Return the name of the queue in which these librarians of a library practise."""
    return "/".join((f"{library}{_MARK}", *(quote(one, safe="") for one in trainees)))


def practice_library(library: str) -> str:
    """Return the name under which a library's practice is kept: no report, search or list of the library itself asks for it."""
    return f"{library}{_MARK}"


def real_library(name: str) -> str:
    """Return the library that practises under a name of `practice_library`; any other name as it is."""
    return name.removesuffix(_MARK)


def is_practice(queue: str) -> bool:
    """Say whether a queue is one of practice, by its name."""
    return queue.endswith(_MARK) or f"{_MARK}/" in queue


def trainees(queue: str) -> tuple[str, ...]:
    """Return who practises in a queue, in the order in which they are asked."""
    return tuple(unquote(one) for one in queue.partition(f"{_MARK}/")[2].split("/") if one)


def practice_service(queue: str, library: Library, present: Iterable[str]) -> QueueService:
    """Return who serves a queue of practice: those of its trainees who are `present` in the library's list."""
    known = list(present)
    tiers = tuple(Tier(teams=(), after_s=ROLL_OVER_S) for _ in known)
    teams = [TeamAtWork(n, (one,), library, "always") for n, one in enumerate(known)]
    return QueueService(
        Queue(id=queue, name="", tiers=tiers), replace(library, openings=None), len(tiers), teams, {}, practice=True
    )

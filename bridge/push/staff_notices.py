"""What a library's team is told by its webhook, and when: by numbers alone, never by a name or a word of anybody's.

    waiting    somebody waits in a chat longer than the library's target
    nobody     somebody waits in a chat, and nobody who may answer is available
    follow-up  a follow-up of the library is past its deadline
    channel    a channel of the library does not work

A notice goes out when its condition begins, and once an hour while it lasts: not once for each patron.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Literal

from msgspec import Struct

from bridge.contract import catalogues
from bridge.sql.people.staff_webhooks import WebhookEvent
from routing.access import serving
from routing.records import Conversation
from routing.state import State

NoticeEvent = WebhookEvent | Literal["test"]

AGAIN_MS = 3_600_000
CATALOGUE = "team"
KEYS = {"waiting": "waiting", "nobody": "nobody", "follow-up": "followUp", "channel": "channel", "test": "test"}


class StaffNoticeDue(Struct, frozen=True):
    """A condition at a library. `count`: of how many; `longest_s`: since when the oldest."""

    event: NoticeEvent
    library: str
    name: str
    count: int
    longest_s: int = 0
    language: str = catalogues.ENGLISH

    @property
    def text(self) -> str:
        """The sentence for the team, in the language of its library."""
        tag = catalogues.chosen(CATALOGUE, [self.language])
        minutes = max(1, self.longest_s // 60)
        return catalogues.say(CATALOGUE, tag, KEYS[self.event], n=self.count, library=self.name, minutes=minutes)


def due(state: State, libraries: Collection[str], now: int) -> Iterator[StaffNoticeDue]:
    """Return what holds now at these libraries. One look at what waits, whatever the number of libraries."""
    waiting: dict[str, list[Conversation]] = {}
    for lines in state.lines.values():
        for line in lines.values():
            for _, conversation in line:
                it = state.conversations[conversation]
                if it.live and not it.gone and not it.practice and it.library in libraries:
                    waiting.setdefault(it.library, []).append(it)
    for library, found in waiting.items():
        yield from _waits(state, library, found, now)
    late: dict[str, int] = {}
    for one in state.follow_ups.values():
        if one.library in libraries and one.state != "closed" and 0 < one.plan.deadline < now:
            late[one.library] = late.get(one.library, 0) + 1
    down: dict[str, int] = {}
    for channel in state.channels.values():
        library = channel.queue.partition("/")[0]
        if not channel.up and library in libraries:
            down[library] = down.get(library, 0) + 1
    events: tuple[tuple[WebhookEvent, Mapping[str, int]], ...] = (("follow-up", late), ("channel", down))
    for event, counts in events:
        for library, count in counts.items():
            yield staff_notice(state, event, library, count)


def _waits(state: State, library: str, found: list[Conversation], now: int) -> Iterator[StaffNoticeDue]:
    target_ms = state.roster.library(library).timers.target_s * 1000
    over = [now - it.since for it in found if target_ms and now - it.since > target_ms]
    if over:
        yield staff_notice(state, "waiting", library, len(over), max(over) // 1000)
    alone = sum(next(serving(state, it.queue, now), None) is None for it in found)
    if alone:
        yield staff_notice(state, "nobody", library, alone)


def staff_notice(state: State, event: NoticeEvent, library: str, count: int, longest_s: int = 0) -> StaffNoticeDue:
    """Return a notice of a library in its own language."""
    one = state.roster.library(library)
    return StaffNoticeDue(event, library, (one.name or library)[:100], count, longest_s, one.language)

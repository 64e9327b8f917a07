"""What the desk adds to a patron's own data: names of libraries and channels, until when things are kept, and where they went."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo

from babel.dates import format_datetime

from bridge.contract.message import ChannelIcon
from bridge.pages.languages import locale
from bridge.privacy.own_data.words import say
from bridge.sql.privacy.own_data import KeptConversation, OwnDataReader
from routing.state import State

DAY_MS = 86_400_000
THROUGH: dict[ChannelIcon, str] = {
    "chat": "byChat",
    "mail": "byMail",
    "phone": "byPhone",
    "messenger": "byMessenger",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnDataDesk:
    """One consortium as a patron's file tells of it, in one language. `home`: the library that gives the file."""

    reader: OwnDataReader
    state: Callable[[], State]
    home: str
    language: str

    def word(self, key: str, **values: object) -> str:
        """Return one of the file's texts."""
        return say(self.language, key, **values)

    def library(self, id: str) -> str:
        """Return a library's name."""
        return self.state().roster.library(id).name or id

    def channel(self, name: str) -> str:
        """Return what a channel is called."""
        status = self.state().channels.get(name)
        return (status.label or status.kind) if status is not None else name

    def private(self, channel: str) -> bool:
        """Say whether an address of this channel tells people nothing."""
        status = self.state().channels.get(channel)
        return status is not None and status.private

    def days(self, library: str) -> int:
        """Return how many days after its end a conversation is kept, 0 = no end is set."""
        return self.state().roster.library(library).retention_days

    def kept_until(self, one: KeptConversation) -> int:
        """Return when (ms) a conversation is forgotten, 0 = not known yet: it goes on, or no end is set."""
        days = self.days(one.library)
        open_one = any(each.state != "closed" for each in one.follow_ups)
        return one.closed_at + days * DAY_MS if one.closed_at and days and not open_one else 0

    def went_to(self, one: KeptConversation) -> list[str]:
        """Return who had something of a conversation besides the patron and the library, in words."""
        status = self.state().channels.get(one.channel)
        found = [self.word(THROUGH[status.icon] if status is not None else "byMessenger")]
        others = sorted({self.library(queue.partition("/")[0]) for queue in one.queues} - {self.library(one.library)})
        found += [self.word("byLibrary", name=name) for name in (*others, *one.partners)]
        return found + ([self.word("sentOn", n=len(one.forwarded))] if one.forwarded else [])

    @property
    def zone(self) -> tzinfo:
        """The time zone of the library that gives the file."""
        try:
            return ZoneInfo(self.state().roster.library(self.home).timezone)
        except (KeyError, ValueError, OSError):  # one that this machine does not know
            return UTC

    def moment(self, ms: float, form: str = "medium") -> str:
        """Return a time as the reader's language writes it."""
        country = self.state().roster.library(self.home).country
        at = datetime.fromtimestamp(ms / 1000, self.zone)
        return str(format_datetime(at, form, locale=locale(self.language, country)))

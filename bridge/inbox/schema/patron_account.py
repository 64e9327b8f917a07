"""The patron's account beside a conversation: how an access stands, and what is seen while it does."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from bridge.account.library_system import PatronAccount
from bridge.inbox.schema.types import Asked, Shown


class AccountState(Shown):
    """How it stands. `offered_until`: a link works until then (ms), 0 = none; `until`: what the patron allowed ends then.
    `ending` is how the card ends; `scopes` what may be seen."""

    system: str
    offered_until: int = 0
    since: int = 0
    until: int = 0
    ending: str = ""
    scopes: list[str] = []


class AccountLink(Shown):
    """A link for the patron: it works once, until then (ms)."""

    url: str
    until: int


class AccountSeen(Shown):
    """The account as the library system tells it now. `problem` is a catalogue word, "" = none."""

    account: PatronAccount
    problem: str = ""


class AccountItem(Asked):
    """A loan or a hold, by its id."""

    id: Annotated[str, Meta(min_length=1, max_length=200)]


class AccountDone(Shown):
    """What became of a step. `said` is the library system's own word, `due` the new date."""

    done: bool
    due: str = ""
    said: str = ""

"""A library's people as its coordinator edits them, invitations, new libraries, and the history of all that."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta

from bridge.inbox.schema.organisation import FieldFaultView
from bridge.inbox.schema.types import Asked, Identifier, Name, Shown
from routing.organisation import Role

Capacity = Annotated[int, Meta(ge=0, le=1000)]
Tags = Annotated[list[Name], Meta(max_length=50)]
Key = Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_-]+$")]
SignInName = Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^[a-z0-9._@+-]+$")]
Secret = Annotated[str, Meta(min_length=20, max_length=200)]


class PersonAsked(Asked):
    """What is kept of a librarian. `address` is `channel|address` of their own messenger, "" = none."""

    name: Annotated[str, Meta(min_length=1, max_length=200)]
    shown: Name = ""
    role: Role = "librarian"
    live: Capacity = 3
    slow: Capacity = 20
    languages: Tags = []
    subjects: Tags = []
    address: Name = ""


class NewPersonAsked(PersonAsked, kw_only=True):
    """A librarian to be listed; `id` is what they sign in with. `teams` of this library take them in."""

    id: SignInName
    teams: Annotated[list[Identifier], Meta(max_length=100)] = []


class InvitationView(Shown):
    """A link that a librarian hasn't used yet."""

    librarian: str
    until: int
    by_name: str


class AccountsView(Shown):
    """Who of a library has links that wait, and who may sign in with a password of their own."""

    invitations: list[InvitationView]
    signed_up: list[str]
    second_factors: list[str]  # who has a second factor
    linked: list[str]  # who is linked to an identity of another service
    passwords: bool  # passwords count here


class InvitationLink(Shown):
    """The secret of a link, shown this once; it goes behind the `#` of the inbox's address."""

    librarian: str
    secret: str
    until: int


class SecretAsked(Asked):
    """The secret of a link that somebody opened."""

    secret: Secret


class AcceptAsked(Asked):
    """The password that an invited librarian chose."""

    secret: Secret
    password: Annotated[str, Meta(max_length=1000)]


class InvitedView(Shown):
    """Whom a link is for."""

    login: str
    name: str
    library_name: str
    until: int


class DifferenceView(Shown):
    """One field that a change touched: the names that lead to it, and its value before and after.

    `moved`: the entries of a list in both orders. Addresses of the web are cut short.
    """

    path: list[str]
    kind: Literal["changed", "added", "removed", "moved"]
    before: Any
    after: Any


class ChangeView(Shown):
    """One change of a library; `who_name` "" = the operator. `undoable`: it may be taken back."""

    n: int
    library: str
    library_name: str
    at: int
    who_name: str
    what: Literal["made", "changed", "removed"]
    differences: list[DifferenceView]
    undoes: int
    undone_by: int
    undoable: bool


class Changes(Shown):
    """One page of changes, newest first."""

    changes: list[ChangeView]
    next: str


class UndoAsked(Asked):
    """Take a change back. `partly`: leave what was changed since, and take back the rest."""

    partly: bool = False


class UndoClash(Shown):
    """A change cannot be taken back whole (409): these fields were changed since. `all`: nothing else is left of it."""

    error: str
    detail: str
    fields: list[list[str]]
    all: bool


class NewLibraryAsked(Asked, kw_only=True):
    """A library from nothing: with one queue, one team, and a coordinator who is in it."""

    id: Key
    name: Annotated[str, Meta(min_length=1, max_length=200)]
    language: Identifier = "en"
    timezone: Identifier = "UTC"
    queue: Annotated[str, Meta(min_length=1, max_length=200)] = "Reference"
    team: Annotated[str, Meta(min_length=1, max_length=200)] = "Desk"
    coordinator: SignInName
    coordinator_name: Annotated[str, Meta(min_length=1, max_length=200)]


class PlaceView(FieldFaultView, kw_only=True):
    """A place in another library that names one."""

    library: str
    library_name: str


class RemovalView(Shown):
    """What stands in the way of removing a library: the first two refuse it, the places are cleared when that is confirmed."""

    open: int  # conversations and follow-ups that aren't closed
    channels: list[str]  # that bring messages to its queues
    places: list[PlaceView]


class RemovalAsked(Asked):
    """Remove a library. `clear`: take it out of the others that name it."""

    clear: bool = False

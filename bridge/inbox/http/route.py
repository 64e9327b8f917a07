"""The table of all routes of the interface: this one table mounts them, guards them and describes them.

So a route cannot be served without being described, or described without being served. A test walks over all of them to prove
that each refuses outsiders. What a route says of itself:

    access   "anyone"         no session is asked for
             "counter"        anybody who is signed in, counters too
             "staff"          a signed-in librarian who serves patrons
             "coordinator"    who may edit some library
             "administrator"  who may edit every library of the consortium, make new ones and remove them
    scope    "conversation" {id} is a conversation: 404 unless the librarian may see it
             "library"      {id} is a library: 404 unless the librarian coordinates it, or is an administrator
             "room"         {id} is a room of colleagues: 404 unless the librarian may see it
    asks     the body's type; None = no body, `bytes` = a file
    gives    what 200 answers; None = 204, `bytes` = a file
    action   one action of the core: answers 200 Acted (or `gives`), 409 Clash or 202 Pending
    again    how a repeat of such an action is answered that the checks refuse by now; None when it was never answered
    keyed    an Idempotency-Key must come with it (all POSTs but signing in and out)
    secret   what is asked or answered is a secret: neither is kept for who asks twice, a key counts for nothing
    also     what else it answers, by status, beside what the checks before it answer (see `serving`)
    half     who has shown a password, and must still show a second factor, may ask for it
    early    who must still choose a password, add a second factor, or works for no library now, may ask for it
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from aiohttp import web

from bridge.inbox.consortium_inbox import ConsortiumInbox
from bridge.inbox.services import InboxServices
from bridge.inbox.views.access import Access
from bridge.sql.people.accounts import Session
from routing.state import State

Scope = Literal["", "conversation", "library", "room"]


ConsortiumOf = Callable[[Session | None], ConsortiumInbox]


@dataclass(frozen=True, slots=True)
class Parameter:
    """A query parameter."""

    name: str
    about: str
    kind: Literal["string", "integer"] = "string"
    choices: tuple[str, ...] = ()
    required: bool = False
    most: int = 400  # characters, or the largest number

    def read(self, query: Any) -> str:
        """Return the parameter's text, "" when it was not given. Raises ValueError for what it cannot be."""
        text: str = query.get(self.name, "")
        if not text and self.required:
            raise ValueError(f"{self.name} is missing")
        if self.choices and text and text not in self.choices:
            raise ValueError(f"{self.name} is one of {', '.join(self.choices)}")
        if self.kind == "integer" and text and not (text.isascii() and text.isdigit() and int(text) <= self.most):
            raise ValueError(f"{self.name} is a number up to {self.most}")
        if len(text) > self.most and self.kind == "string":
            raise ValueError(f"{self.name} is longer than {self.most} characters")
        return text


@dataclass(slots=True)
class Call:
    """One request, checked: who asks, what, and about what."""

    request: web.Request
    consortium: ConsortiumInbox
    consortium_of: ConsortiumOf
    session: Session | None
    body: Any
    key: str
    query: dict[str, str]
    asked: bytes = b""  # route and body, where they are part of the action's id

    @property
    def services(self) -> InboxServices:
        """What the daemon gives the inbox."""
        return self.consortium.services

    @property
    def state(self) -> State:
        """The core's state as this process holds it."""
        return self.consortium.services.replica.state

    @property
    def id(self) -> str:
        """The `{id}` of the path."""
        return self.request.match_info.get("id", "")

    @property
    def me(self) -> str:
        """The librarian who asks. Only routes for staff may ask."""
        return self.who.librarian

    @property
    def who(self) -> Session:
        """The session of who asks. Only routes for staff may ask."""
        if self.session is None:
            raise RuntimeError("a route without a session asks who calls")
        return self.session

    def number(self, name: str, default: int) -> int:
        """A query parameter as a number."""
        return int(self.query[name]) if self.query.get(name) else default


Serve = Callable[[Call], Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class Route:
    """One line of the table; see the module's header."""

    method: Literal["GET", "POST", "PUT", "DELETE"]
    path: str
    about: str
    serve: Serve
    access: Access = "staff"
    scope: Scope = ""
    asks: Any = None
    gives: Any = None
    action: bool = False
    again: Callable[[Call], Awaitable[Any]] | None = None
    keyed: bool = False
    secret: bool = False
    query: tuple[Parameter, ...] = ()
    also: Mapping[int, Any] = field(default_factory=dict)
    early: bool = False
    half: bool = False

    @property
    def name(self) -> str:
        """The operation's id."""
        return self.serve.__name__

    @property
    def writes(self) -> bool:
        """Whether it changes something, so that the CSRF token must come with it."""
        return self.method != "GET"

"""What is said about signing on: the ways that the sign-in page offers, second factors, open sessions, the audit of accounts."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from bridge.inbox.schema.people import Me
from bridge.inbox.schema.types import Asked, Shown, Ticket

FactorName = Annotated[str, Meta(max_length=60)]


class SignOnChoice(Shown):
    """A service that signs people in: what it is called here, and the address of ours that leads there."""

    kind: Literal["provider", "proxy"]
    name: str
    start: str


class SignOnChoices(Shown):
    """The ways to sign in; `passwords`: those that people choose here count."""

    passwords: bool
    choices: list[SignOnChoice]


class SecondFactorShown(Shown):
    """A second factor of mine: an app that makes codes, or a passkey."""

    id: str
    kind: Literal["codes", "passkey"]
    name: str
    made_at: int
    used_at: int


class SecondFactorsView(Shown):
    """My second factors. `required`: my role must have one. While one must be shown first, they have no names."""

    factors: list[SecondFactorShown]
    recovery_left: int
    required: bool


class FactorCode(Asked):
    """A code of my app, or a recovery code."""

    code: Annotated[str, Meta(min_length=1, max_length=40)]


class CodesBegun(Shown):
    """The secret that an app takes, spelled and as a picture to scan (a data URL); `token` comes back with the first code."""

    token: str
    secret: str
    address: str
    picture: str


class CodesAsked(FactorCode, kw_only=True):
    """The first code of a new app."""

    token: Ticket
    name: FactorName = ""


class PasskeyBegun(Shown):
    """What the browser's own question needs, as JSON (WebAuthn Level 3); `token` comes back with its answer."""

    token: str
    options: str


class PasskeyAnswer(Asked):
    """What the browser answered, as JSON."""

    token: Ticket
    credential: Annotated[str, Meta(max_length=50_000)]


class PasskeyAsked(PasskeyAnswer, kw_only=True):
    """A new passkey."""

    name: FactorName = ""


class RecoveryCodes(Shown):
    """Codes that count once each, shown this once; empty where I have mine already."""

    codes: list[str]


class FactorAdded(RecoveryCodes, kw_only=True):
    """A second factor was added."""

    me: Me


class OpenSessionView(Shown):
    """A browser in which I'm signed in: which kind, how and when I signed in, and when it was used last.

    `half`: the password was right, and the second factor hasn't been shown.
    """

    id: str
    device: str
    way: str
    opened_at: int
    seen_at: int
    here: bool
    half: bool


class OpenSessions(Shown):
    """All browsers in which I'm signed in, the one used last first."""

    sessions: list[OpenSessionView]


class AccountEventView(Shown):
    """One thing that happened to an account. `by_name` "" = the operator, or somebody who isn't known."""

    at: int
    library: str
    librarian: str
    librarian_name: str
    by: str
    by_name: str
    what: str
    detail: str


class AccountEventPage(Shown):
    """What happened to accounts, newest first; `next` = the cursor of older ones, "" = none."""

    events: list[AccountEventView]
    next: str

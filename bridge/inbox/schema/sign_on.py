"""What is said about signing on: the ways that the sign-in page offers."""

from __future__ import annotations

from typing import Literal

from bridge.inbox.schema.types import Shown


class SignOnChoice(Shown):
    """A service that signs people in: what it is called here, and the address of ours that leads there."""

    kind: Literal["provider", "proxy"]
    name: str
    start: str


class SignOnChoices(Shown):
    """The ways to sign in; `passwords`: those that people choose here count."""

    passwords: bool
    choices: list[SignOnChoice]

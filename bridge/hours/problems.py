"""Why a calendar could not be read: one word of the catalogue each."""

from __future__ import annotations

from typing import Literal

Why = Literal[
    "not-https",  # only hosts that the operator allows may be asked without encryption
    "private-host",  # an address inside a network, which only the operator may allow
    "unreachable",
    "too-slow",
    "too-large",
    "refused",  # the host answered with a status that is no calendar
    "redirects",  # too many, or to nowhere
    "not-a-calendar",
    "too-much-work",  # it repeats so often that reading it would not end
    "no-file",  # an uploaded file that is not kept any more
]


class CalendarProblem(Exception):
    """A calendar that cannot be read. `why` is for people's catalogue; the message holds neither address nor content."""

    def __init__(self, why: Why, detail: str = "") -> None:
        super().__init__(f"{why} {detail}".strip())
        self.why: Why = why

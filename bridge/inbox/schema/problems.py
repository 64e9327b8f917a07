"""Answers that are not what was asked for: a problem, a clash with a colleague, an outcome that is still open."""

from __future__ import annotations

from bridge.inbox.schema.types import Shown


class Problem(Shown):
    """Why a request was not done. `error` is a word for programs, `detail` a sentence for people."""

    error: str
    detail: str


class Clash(Shown):
    """The desk refused an action (409). `reason` is a word of the catalogue; `holder` who has it, when that is why.

    `conversation`: the one that is the reason, or that it was about, where I may see it.
    """

    error: str
    detail: str
    reason: str
    holder: str = ""
    holder_name: str = ""
    conversation: str = ""


class Pending(Shown):
    """The action is durable and not answered yet (202): its effect comes over the live socket."""

    action: str

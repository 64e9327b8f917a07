"""The live socket, from a page to the server."""

from __future__ import annotations

from typing import dataclass_transform

from msgspec import Struct, field

from bridge.inbox.schema.types import Identifier


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(field,))
class PageFrame(Struct, frozen=True, kw_only=True, tag_field="t", forbid_unknown_fields=True):
    """Base of what a page says."""


class Watch(PageFrame, tag="watch"):
    """Send me the lines of this conversation from now on (its view was fetched at `position`), and show me as viewing."""

    conversation: Identifier
    position: str = ""


class Unwatch(PageFrame, tag="unwatch"):
    """No more lines of this conversation."""

    conversation: Identifier


class Typing(PageFrame, tag="typing"):
    """I am writing to the patron (`note`: to colleagues; the patron is not told). Say it again every 3 s."""

    conversation: Identifier
    note: bool = False


class Paused(PageFrame, tag="paused"):
    """I stopped writing."""

    conversation: Identifier


class Looking(PageFrame, tag="looking"):
    """Whether this page is shown on a screen: while it's hidden, I view nothing. A page that says nothing is shown."""

    shown: bool


class Pong(PageFrame, tag="pong"):
    """I am here. May also be sent unasked; the server answers an unasked one with a ping."""

    at: int = 0


class WatchBoard(PageFrame, tag="watch-board"):
    """Tell me what changes on my board, which was fetched at `position`."""

    position: str = ""


class LeaveBoard(PageFrame, tag="leave-board"):
    """Nothing more of the board."""


ClientMessage = Watch | WatchBoard | LeaveBoard | Unwatch | Typing | Paused | Looking | Pong

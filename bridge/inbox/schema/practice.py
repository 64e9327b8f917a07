"""Practice sessions: one is begun with a scenario, watched, taken over and ended."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from bridge.inbox.schema.types import Asked, Name, Shown

PracticeManners = Literal["web", "text", "mail", "im"]


class PracticeAsked(Asked):
    """Begin a session. `scenario` is the name, `whose` the library that wrote it ("" = it comes with Deskbridge).

    `library`: where I practise, "" = at home. `second`: a colleague who practises too, asked after me. `player`: a colleague who
    plays the patron by hand, "" = the script does.
    """

    scenario: Name
    manners: PracticeManners
    whose: Name = ""
    library: Name = ""
    second: Name = ""
    player: Name = ""


class PracticePerson(Shown):
    """A colleague."""

    id: str
    name: str


class PracticeFactView(Shown):
    """What the patron tells when asked, for who plays them. `told`: it was told already."""

    id: str
    asked: list[str]
    told: list[str]
    wanted: bool
    said: bool


class PracticeSessionView(Shown):
    """A session. `conversation` opens it in the inbox. `player`: who plays the patron, null = the script.

    `facts`, `told`: how many facts a good session finds out, and how many were. `part`: what the patron knows, for the player
    alone. `can_play`: I may take the patron's part; `can_end`: I may end it.
    """

    id: str
    conversation: str
    scenario: str
    whose: str
    title: str
    manners: PracticeManners
    library: str
    trainees: list[PracticePerson]
    player: PracticePerson | None
    at: int
    over: bool
    facts: int
    told: int
    can_play: bool
    can_end: bool
    part: list[PracticeFactView]


class PracticeSessions(Shown):
    """The sessions of the last seven days that I may see, the newest first: mine, and those of libraries that I coordinate."""

    sessions: list[PracticeSessionView]


class PracticeLineAsked(Asked):
    """A line of the patron, written by who plays them; `leaves`: the patron goes after it. One of the two is there."""

    text: Annotated[str, Meta(max_length=4_000)] = ""
    leaves: bool = False


class PracticePartAsked(Asked):
    """Take the patron's part from now on, or give it back to the script."""

    mine: bool


class PracticeHeard(Shown):
    """A line as the patron sees it, for who plays them."""

    id: str
    who: Literal["patron", "librarian", "desk"]
    author: str
    text: str
    at: int


class PracticeTalk(Shown):
    """What the patron sees of the conversation, oldest first."""

    lines: list[PracticeHeard]

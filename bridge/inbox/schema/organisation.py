"""Libraries, queues, channels and codes."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from bridge.contract.message import AddressKind, ChannelIcon
from bridge.inbox.schema.conversation import ScriptView
from bridge.inbox.schema.people import Person
from bridge.inbox.schema.types import Asked, Name, Shown, Words
from bridge.sql.people.calendar import Calendar
from routing.organisation import Library, When

QueueState = Literal["closed", "away", "busy", "here"]


class QueueView(Shown):
    """A queue and the people behind it."""

    id: str
    name: str
    library: str
    policy: str
    waiting: int = 0
    serves: bool = False  # I may opt in to it
    state: QueueState = "away"  # as patrons are told it now
    wait_s: int | None = None  # an honest guess; null = not known, or nobody is there


class CodeView(Shown):
    """A resolution code: "answered", "follow_up_library", "follow_up_me", "unreached", "lost_call", "practice"."""

    code: str
    effect: str


class CarrierView(Shown):
    """A kind of address that a library answers to, and what carries the answer, as librarians call it."""

    kind: AddressKind
    label: str


class LibraryView(Shown):
    """A library as librarians see it."""

    id: str
    revision: int
    name: str
    timezone: str
    language: str
    accent: str
    mine: bool  # I work for it
    coordinated: bool  # I may edit it
    target_s: int
    follow_up_s: int  # within how many seconds a follow-up is to be answered; 0 = no target
    retention_days: int
    default_code: str
    descriptive: list[str]
    scripts: list[ScriptView]
    open: bool  # some queue of it is open now, for its patrons
    answers: list[CarrierView] = []
    country: str = ""  # whose numbers are read without a country code
    writes_first: bool = False  # I may write for it to addresses that have not written to it
    gives: bool = False  # I may give its conversations to a colleague
    hours_problem: str = ""  # for its coordinators: why its calendar cannot be read, for a day or ever since; "" = none
    hours_read_at: int = 0  # with a problem: when it could be read last (ms), 0 = never
    emblem: str = ""  # the letters that stand for it


class ChannelView(Shown):
    """A channel and whether it works."""

    channel: str
    kind: str
    label: str  # what its adapter calls such a channel
    icon: ChannelIcon
    queue: str
    live: bool
    up: bool
    staff: bool = False  # librarians can be asked through it, and answer from there
    reason: str = ""


class Organisation(Shown):
    """Who works where, on which queues, with which words."""

    position: str
    libraries: list[LibraryView]
    queues: list[QueueView]
    librarians: list[Person]
    codes: list[CodeView]
    channels: list[ChannelView]


class LibraryDocument(Shown):
    """A library as its coordinator edits it: the organisation's own struct and its hours, by local time.

    `library.revision` is the one that was read; a save is refused (409 outdated) when somebody else saved meanwhile.
    """

    library: Library
    calendar: Calendar


class TeamView(Shown):
    """A team of any library, as an editor offers it."""

    id: str
    name: str
    library: str
    library_name: str


class QueueChoice(Shown):
    """A queue of any library, as an editor offers it; `waiting` only for the library that is edited."""

    id: str
    name: str
    library: str
    library_name: str
    waiting: int
    channels: list[str]  # that bring messages to it


class PromiseView(Shown):
    """When a partner's teams (none named = all of its teams) answer in a queue."""

    queue: str
    teams: list[str]
    when: When


class LibraryPromises(Shown):
    """What another library agreed to for the queues of the one that is edited; `always`: to everything, at any time."""

    library: str
    always: bool
    agreements: list[PromiseView]


class SentenceView(Shown):
    """A sentence of the desk without a library's own words, and the names that are filled in in it."""

    key: str
    text: str
    names: list[str]


class LibraryChoices(Shown):
    """What the editor of a library offers. `moments`: keys of scripts that the desk says by itself. `notices`: texts in Markdown
    for the public page that a library can make its own, by kind ("privacy", "accessibility")."""

    teams: list[TeamView]
    queues: list[QueueChoice]
    partners: list[LibraryPromises]
    sentences: list[SentenceView]
    moments: list[str]
    notices: dict[str, str] = {}


class PersonalScriptList(Shown):
    """Scripts of my own; a change of them names the `edition` that was read."""

    edition: str
    scripts: list[ScriptView]


class PersonalScript(Asked):
    """One script of my own."""

    key: Name
    title: Name
    text: Words
    folder: Name = ""


class PersonalScriptsAsked(Asked):
    """Keep these scripts in place of those of an `edition`; refused (409 outdated) when that has changed."""

    edition: Name
    scripts: Annotated[list[PersonalScript], Meta(max_length=1000)]


class Saved(Shown):
    """A library's organisation was stored at this revision."""

    library: str
    revision: int


class FieldFaultView(Shown):
    """What is wrong with one field of a library: a path as in `queues[1].tiers[2].teams`, counted from 1, and words for people."""

    field: str
    says: str


class LibraryFaults(Shown):
    """A library cannot be kept as it is (422): everything that is wrong with it."""

    error: str
    detail: str
    faults: list[FieldFaultView] = []


class LeaverView(Shown):
    """A librarian who left a library. Until they are released, no other library can list them."""

    id: str
    released: bool


class StaffChangeView(Shown):
    """What happened to a library's people, when (ms), and who did it ("" = the operator)."""

    at: int
    librarian: str
    what: Literal["came", "left", "released", "moved-here", "moved-away", "refused-here", "refused-there"]
    who_name: str
    other_name: str


class People(Shown):
    """A library's leavers, and the newest hundred changes of its people, newest first."""

    leavers: list[LeaverView]
    changes: list[StaffChangeView]


class OneTimeCode(Shown):
    """A code with which a librarian signs in once and then chooses a password. Shown this once."""

    librarian: str
    code: str
    expires_at: int

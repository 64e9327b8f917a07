"""A library as the core knows it: its queues, people, hours and words, one revision at a time.

The organisation lives in SQL and comes to the core as an input (`Library`), without password hashes. Hours arrive as absolute
openings in ms, worked out from time zone and holidays outside, since the core has no calendar.
Words and numbers follow the field: home team first, 40 s to the next tier; remind at 2:30, mark at 3:00;
"still there?" at 4 min, may be closed at 5; re-open within 24 h (live) or 14 days (slow).
"""

from __future__ import annotations

from typing import Literal

import msgspec

from bridge.contract.chat_form import ChatInvitation, FormField
from bridge.contract.message import QuestionKind, Wire

Policy = Literal["offer", "longest_idle", "fewest_active", "round_robin"]
When = Literal["always", "while-closed", "our-hours"]
Allowed = Literal["nobody", "coordinators", "staff"]  # to write first
Assigning = Literal["coordinators", "staff"]
Role = Literal["librarian", "coordinator", "administrator", "counter"]


class Tier(Wire):
    """Teams that are asked together; the next tier opens `after_s` seconds after this one did. An empty tier is skipped at once."""

    teams: tuple[str, ...]
    after_s: int = 40


class Queue(Wire):
    """Where conversations wait. `id` is `library/name`; without tiers all of its library's librarians serve it."""

    id: str
    name: str
    policy: Policy = "offer"
    tiers: tuple[Tier, ...] = ()
    offer_s: int = 30  # how long an assigned offer lasts before the next librarian is asked
    accept_when_closed: bool = True  # keep what slow channels bring; live ones get the form
    concierge_s: int = 75  # nobody claimed: tell the patron
    fair_limit: int = 0  # assignments per librarian and `fair_window_s`; 0 = none
    fair_window_s: int = 3600
    prefer_known: bool = False  # a returning patron goes to the librarian who helped before, when present
    max_waiting: int = 0
    openings: tuple[tuple[int, int], ...] | None = None  # its own, as `Library.openings`; None = the library's
    opening_words: tuple[str, ...] = ()  # one for each of its own openings


class Team(Wire):
    """Librarians who serve together; `id` is `library/name`. Members may come from other libraries."""

    id: str
    name: str
    members: tuple[str, ...] = ()


class Agreement(Wire):
    """What a library promises to a partner: its teams answer in the partner's `queue`. It may be taken back at any time.

    `teams` are its own, () = all of them. `when`: "always"; "while-closed" = only while the partner's queue is closed;
    "our-hours" = only in this library's own hours. The wait for a tier begins as if a team that does not answer now had nobody.
    """

    queue: str
    teams: tuple[str, ...] = ()
    when: When = "always"


class Librarian(Wire):
    """A member of staff. `shown` is the name patrons see. Capacity counts live and slow channels apart.

    A `coordinator` edits their library, an `administrator` every library of the consortium. Both serve patrons like a librarian.
    A `counter` only counts: they see no conversation and claim none.
    """

    id: str
    name: str
    shown: str = ""
    coordinator: bool = False  # how releases before there were roles wrote `role`; read, and never written
    active: bool = True
    live: int = 3
    slow: int = 20
    address: str = ""  # `channel|address` of an instant messenger of their own (staff by IM)
    since: int = 0  # ms: what they had before belongs to the library they worked for then; 0 = they never moved
    role: Role = "librarian"
    languages: tuple[str, ...] = ()  # language tags
    subjects: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Read the role as earlier releases wrote it."""
        if self.coordinator:
            msgspec.structs.force_setattr(self, "coordinator", False)
            if self.role == "librarian":
                msgspec.structs.force_setattr(self, "role", "coordinator")

    @property
    def edits(self) -> bool:
        """Say whether they may edit a library at all."""
        return self.role in ("coordinator", "administrator")

    @property
    def answers(self) -> bool:
        """Say whether they serve patrons: not deactivated, and no counter."""
        return self.active and self.role != "counter"


class Script(Wire):
    """A canned message; `key` such as "greeting" or "goodbye" makes it the library's own for that moment."""

    key: str
    title: str
    text: str
    folder: str = ""  # under which librarians find it, "" = none


class CodeChoice(Wire):
    """How a library shows a resolution code to its librarians: under a label of its own, or not at all. What it does stays."""

    code: str
    label: str = ""  # "" = the field's
    offered: bool = True


class Timers(Wire):
    """Seconds, each with the field's default; 0 switches one off."""

    remind_s: int = 150
    mark_s: int = 180
    still_there_s: int = 240
    close_silent_s: int = 300
    grace_s: int = 30
    reopen_live_s: int = 86_400
    reopen_slow_s: int = 1_209_600
    target_s: int = 60  # to the first answer: chat and instant messages
    target_text_s: int = 900  # texts
    target_mail_s: int = 86_400
    target_form_s: int = 86_400  # questions that were left in the form of a chat
    follow_up_s: int = 172_800


Naming = Literal["full", "first", "initial", "librarian"]


class ChatSettings(Wire):
    """How a library's chat presents itself.

    naming        how its librarians are called to patrons: the name they show, the first word of it, its initial, or no name
    privacy_url   where patrons read what becomes of what they write; "" = nowhere
    fields        the library's own questions before the first message
    choose_queue  patrons may choose one of the library's queues
    invitation    when a page with the button invites by itself
    """

    naming: Naming = "full"
    privacy_url: str = ""
    fields: tuple[FormField, ...] = ()
    choose_queue: bool = False
    invitation: ChatInvitation = ChatInvitation()


class PortalLink(Wire):
    """A link on a library's public page."""

    label: str
    url: str


class PortalPage(Wire):
    """What a library says of itself on its public page. Nothing is decided by it.

    welcome, accessibility, privacy   Markdown; "" = the page shows none
    phone, mail, text, messenger      where one can ask: a number with its country code, an address, a number for texts, a JID
    catalogue                         the address of a search, with `{words}` where the words go
    """

    tagline: str = ""
    welcome: str = ""
    street: str = ""
    town: str = ""
    phone: str = ""
    mail: str = ""
    text: str = ""
    messenger: str = ""
    catalogue: str = ""
    links: tuple[PortalLink, ...] = ()
    accessibility: str = ""
    privacy: str = ""


class CounterSettings(Wire):
    """What staff choose from when they count a question, and what kind each descriptive code says that a question is.

    places, patron_types   the library's own lists; () = those that the desk proposes in the library's language
    code_kinds             by descriptive code; a code without an entry says nothing
    """

    places: tuple[str, ...] = ()
    patron_types: tuple[str, ...] = ()
    code_kinds: dict[str, QuestionKind] = msgspec.field(default_factory=dict)


class Library(Wire, tag="library"):
    """One library at one revision. The core ignores a revision that is not newer than the one it has."""

    id: str
    revision: int
    name: str
    timezone: str = "UTC"
    language: str = "en"
    accent: str = ""
    openings: tuple[tuple[int, int], ...] | None = None  # [start, end) ms, sorted, some weeks ahead; None = always open
    opening_words: tuple[str, ...] = ()  # one for each opening, for people: "Monday 9:00"
    queues: tuple[Queue, ...] = ()
    teams: tuple[Team, ...] = ()
    librarians: tuple[Librarian, ...] = ()
    agreements: tuple[Agreement, ...] | None = None  # None, from a release without agreements: "always" for every queue
    scripts: tuple[Script, ...] = ()
    descriptive: tuple[str, ...] = ()
    codes: tuple[CodeChoice, ...] = ()  # those that differ from the field's
    policy_page: str = ""  # Markdown
    policy_url: str = ""
    timers: Timers = Timers()
    wording: dict[str, str] = msgspec.field(default_factory=dict)  # the catalogue of the library's language, whole
    retention_days: int = 90
    staff_retention_days: int = 0  # messages between colleagues; 0 = as long as transcripts
    default_code: str = "answered"
    mask_addresses: bool = False
    ratings: bool = True  # patrons are asked at the end of a chat whether it helped
    typing_preview: bool = False  # librarians in a chat see what its patron types before it is sent; patrons are told
    removed: bool = False  # it is no library any more; the revision stays, so that the core ignores older ones
    guests: tuple[str, ...] = ()  # librarians of other libraries who serve this one, too, as its own do
    contact_channel: str = ""  # the channel that carries answers to addresses left by patrons
    partner: str = ""  # the partnership with another deployment that this library stands for; accepting it was agreeing
    portal: PortalPage = PortalPage()
    writes_first: Allowed = "coordinators"  # who may write to addresses that have not written here
    writes_first_per_day: int = 50  # such addresses a librarian, in 24 hours
    assigns: Assigning = "coordinators"  # who may give a conversation to a colleague
    chat: ChatSettings = ChatSettings()
    country: str = ""  # ISO 3166, two letters: numbers without a country code are read as this country's; "" = none
    meeting_url: str = (
        ""  # where librarians meet patrons online; `{room}` becomes a name that nobody can guess; "" = nowhere
    )
    counter: CounterSettings = CounterSettings()

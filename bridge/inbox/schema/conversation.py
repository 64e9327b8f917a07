"""One conversation: its lines, files, patron, and all that is shown beside it."""

from __future__ import annotations

from bridge.contract.message import CallKind, Outcome, QuestionKind
from bridge.inbox.schema.lists import Row
from bridge.inbox.schema.types import Shown, Who


class File(Shown):
    """An attachment. `url` is on this host and asks for the session; `inline`: an image or a sound, shown in place."""

    digest: str
    name: str
    media_type: str
    size: int
    url: str
    inline: bool = False


class Line(Shown):
    """One line of a transcript. `position` compares as text; a line that comes again under its id replaces the former."""

    id: str
    position: str
    who: Who
    text: str
    at: int
    author: str = ""
    author_id: str = ""
    sent_at: int = 0
    attachments: list[File] = []
    stage: str = ""  # of what goes out: "" (on its way) uncertain sent delivered read failed
    reason: str = ""
    event: str = ""  # the word of a system or desk line: "claimed", "transfer-offered" …
    details: dict[str, str] = {}  # what a system line's sentence needs: by, to, queue, code …
    channel: str = ""
    via: str = ""
    html: str = ""  # path of the cleaned HTML, to be shown isolated
    script: str = ""
    mentions: list[str] = []
    replaces: str = ""
    marks: list[str] = []
    cc: list[str] = []  # who else got what went out, as all of them see
    bcc: list[str] = []  # whom nobody else sees, told to its author alone


class Address(Shown):
    """An address at which the patron can be reached. `via` is what a reply's `via` takes."""

    channel: str
    kind: str
    address: str
    via: str
    current: bool = False
    left: bool = False  # the patron left it for answers
    blocked: bool = False
    max_text: int = 0  # characters of one message, 0 = no limit
    segments: bool = False  # billed in segments (SMS)
    formatting: bool = False  # bold words, named links and lists are shown; elsewhere they arrive as plain words
    plain: bool = False  # typographic characters are spelt plainly on the way
    copies: bool = False  # a message to it may go to further addresses, too


class OtherRecipient(Shown):
    """An address that stood on the patron's mail. `via` is what a reply's `cc` takes where the address is masked."""

    address: str
    via: str


class Patron(Shown):
    """Who asks, as far as is known."""

    name: str = ""
    contact: str = ""
    language: str = ""
    addresses: list[Address] = []
    lasting: bool = False  # the address in use can be answered after the end: a follow-up needs no other one
    others: list[OtherRecipient] = []  # who else got the patron's mails, without us


class Earlier(Shown):
    """An earlier conversation of the same patron."""

    id: str
    library: str
    channel: str
    kind: str
    opened_at: int
    closed_at: int
    owner_name: str = ""
    code: str = ""
    last_text: str = ""


class ScriptView(Shown):
    """A canned message of the patron's library, or my own."""

    key: str
    title: str
    text: str
    folder: str = ""
    own: bool = False


class ClosingCode(Shown):
    """A resolution code as the patron's library shows it: its own label ("" = the field's), and whether it offers it."""

    code: str
    label: str = ""
    offered: bool = True


class Policy(Shown):
    """The patron's library's policy page: `text` is Markdown."""

    library: str
    library_name: str
    text: str = ""
    url: str = ""


class Draft(Shown):
    """What a librarian had begun to write."""

    conversation: str
    text: str
    at: int
    note: bool = False


class FollowUp(Shown):
    """A question that was not finished live. `state`: new, open, pending, closed; `owner` "" = nobody yet.

    `address` as I may see it. `carrier`: what carries the answer there, as librarians call it; "" = no channel does.
    `elsewhere`: its owner works for another library. `held`: I may change it only once it is overdue.
    """

    id: str
    conversation: str
    library: str
    library_name: str
    state: str
    owner: str = ""
    owner_name: str = ""
    address: str = ""
    deadline: int = 0
    question: str = ""
    name: str = ""
    at: int = 0
    carrier: str = ""
    elsewhere: bool = False
    held: bool = False
    closed_at: int = 0  # 0 = it is not closed
    outcome: Outcome = ""


class FollowUpCounts(Shown):
    """How many follow-ups I may see that are not closed: all of them, mine, nobody's, those pending elsewhere, the overdue."""

    all: int
    mine: int
    unassigned: int
    elsewhere: int
    overdue: int


class FollowUps(Shown):
    """One page of the follow-ups that I may see: those due first, or the last closed first. `next` "" = there are no more."""

    position: str
    follow_ups: list[FollowUp]
    counts: FollowUpCounts
    next: str = ""


class Viewer(Shown):
    """A colleague who has the conversation open, perhaps writing."""

    id: str
    name: str
    typing: bool = False


class FormAnswerView(Shown):
    """What the patron answered to a question of the library's own, as it was asked."""

    label: str
    text: str


class ConversationView(Shown):
    """A conversation opened. `before` fetches older lines ("" = none); looking claims nothing."""

    position: str
    row: Row
    lines: list[Line]
    before: str
    patron: Patron
    earlier: list[Earlier]
    policy: Policy
    scripts: list[ScriptView]
    descriptive: list[str]  # descriptive codes of the library
    kinds: dict[str, QuestionKind]  # by descriptive code, where it says one
    codes: list[ClosingCode]
    follow_ups: list[FollowUp]
    merged: list[str]
    viewing: list[Viewer]
    draft: Draft | None = None
    page: str = ""  # the page with the patron's widget, without query
    answers: list[FormAnswerView] = []
    retention_days: int = 0
    default_code: str = "answered"
    account: bool = False  # who serves it may ask the patron to show their library account
    read: str = ""  # the patron's last message that somebody in it has read
    catalogue: bool = False  # the library has one that can be searched, or a page for searching
    max_text: int = 0  # characters of one message on this channel, 0 = no limit
    calls: list[CallKind] = []  # what may be offered to the patron here: see `message.CallKind`


class LinePage(Shown):
    """Older lines of a transcript, oldest first."""

    position: str
    lines: list[Line]
    before: str


class Acted(Shown):
    """What an action brought about. `event` is the word of the event that answered it ("done" = it was so already)."""

    action: str
    event: str
    conversation: str
    position: str
    row: Row | None = None
    line: Line | None = None


class CallWindow(Shown):
    """Where my window of a call is, on this host; the address opens it for me alone while the call goes on."""

    url: str


class DraftClash(Shown):
    """Another window of mine has written since (409); `draft` is what it wrote."""

    error: str
    detail: str
    reason: str
    draft: Draft


class Drafts(Shown):
    """All that I have begun."""

    drafts: list[Draft]


class Uploaded(Shown):
    """A file taken in. A message that is to carry it names the `ticket`, which holds for this conversation alone."""

    file: File
    ticket: str

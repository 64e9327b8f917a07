"""The bodies of requests."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from bridge.contract.message import CallKind, Outcome, QuestionKind, WhySnoozed
from bridge.inbox.schema.types import Asked, Copies, Identifier, Moment, Name, Subject, Ticket, Words


class Login(Asked):
    """Sign in with a password or with a one-time code, exactly one of them."""

    name: Name
    password: Annotated[str, Meta(max_length=1000)] = ""
    code: Annotated[str, Meta(max_length=100)] = ""


class PasswordChange(Asked):
    """Choose another password. `old` may be empty right after signing in with a one-time code."""

    new: Annotated[str, Meta(min_length=10, max_length=1000)]
    old: Annotated[str, Meta(max_length=1000)] = ""


class LanguageChoice(Asked):
    """Read the inbox in this language from now on; "" = what the browser prefers."""

    language: Annotated[str, Meta(max_length=40)]


class PresenceAsked(Asked):
    """Be present at exactly these queues (none = away), with own limits (0 = the library's)."""

    queues: list[Identifier]
    live: Annotated[int, Meta(ge=0, le=100)] = 0
    slow: Annotated[int, Meta(ge=0, le=1000)] = 0


class SayAsked(Asked):
    """Answer the patron. `via` is an address's `via` ("" = the one last used); `attachments` are tickets of uploads;
    `again` is the id of an answer given here before, whose files go along once more ("" = none); `faq` is the id of the entry
    of the FAQ whose words were used ("" = none). `cc` and `bcc` hold mail addresses, or the `via` of one that stood on the
    patron's mail; `subject` is another subject ("" = as it was)."""

    text: Words
    attachments: Annotated[list[Ticket], Meta(max_length=10)] = []
    again: Annotated[str, Meta(max_length=200)] = ""
    via: Annotated[str, Meta(max_length=400)] = ""
    script: Name = ""
    all_recipients: bool = False
    faq: Name = ""
    cc: Copies = []
    bcc: Copies = []
    subject: Subject = ""


class NoteAsked(Asked):
    """Write for colleagues only."""

    text: Annotated[str, Meta(min_length=1, max_length=20_000)]
    mentions: Annotated[list[Identifier], Meta(max_length=50)] = []


class ReadAsked(Asked):
    """Read up to and including this patron's message (a line's id)."""

    message: Identifier


class TransferAsked(Asked):
    """Offer it to one librarian or one queue, exactly one of them."""

    librarian: Annotated[str, Meta(max_length=200)] = ""
    queue: Annotated[str, Meta(max_length=200)] = ""
    note: Annotated[str, Meta(max_length=4000)] = ""


class ConsultEndAsked(Asked):
    """End a consultation of one librarian, one queue or one library, exactly one of them."""

    librarian: Annotated[str, Meta(max_length=200)] = ""
    queue: Annotated[str, Meta(max_length=200)] = ""
    library: Annotated[str, Meta(max_length=200)] = ""


class ConsultAsked(ConsultEndAsked):
    """Ask one librarian, a queue's staff or a library; `join`: they may also join and answer the patron."""

    join: bool = False


class CallAsked(Asked):
    """Offer the patron a call: a meeting alone, or what it is to begin with."""

    kinds: Annotated[list[CallKind], Meta(min_length=1, max_length=4)]


class CallSetAsked(Asked):
    """The patron came to this meeting, or this call is over."""

    call: Identifier
    to: Literal["accepted", "ended"]


class CallNamed(Asked):
    """A call of this conversation."""

    call: Identifier


class SnoozeAsked(Asked):
    """Put it off. `until` (ms): "later" needs it, "no-answer" has none. At most 92 days ahead, 4 hours in a live chat."""

    why: WhySnoozed
    until: Moment = 0


class ReleaseAsked(Asked):
    """Put it back into its queue; `transfer`: take back a transfer of mine, and nothing else."""

    transfer: bool = False


class PlanAsked(Asked):
    """Where and until when an unfinished question is to be answered."""

    address: Annotated[str, Meta(max_length=400)] = ""
    deadline: Moment = 0
    question: Words = ""


class QuestionAsked(Asked):
    """One of its questions: its kind ("" = what the codes say), and 1-6 on the READ scale (0 = not rated)."""

    kind: QuestionKind | Literal[""] = ""
    read: Annotated[int, Meta(ge=0, le=6)] = 0


class CloseAsked(Asked):
    """End it. `code` "" = none chosen; `read_scale` 0 = not rated. `seen_at`: the time of the patron's last line that I have
    before me; where they wrote later it is refused. 0 = it does not matter."""

    code: Name = ""
    seen_at: Annotated[int, Meta(ge=0)] = 0
    follow_up: PlanAsked | None = None
    descriptive: Annotated[list[Name], Meta(max_length=4)] = []
    read_scale: Annotated[int, Meta(ge=0, le=6)] = 0
    reference: bool | None = None
    questions: Annotated[list[QuestionAsked], Meta(max_length=12)] = []


class RecodeAsked(Asked):
    """Correct the codes of a closed conversation."""

    code: Annotated[str, Meta(min_length=1, max_length=200)]
    descriptive: Annotated[list[Name], Meta(max_length=4)] = []
    read_scale: Annotated[int, Meta(ge=0, le=6)] = 0
    reference: bool | None = None
    questions: Annotated[list[QuestionAsked], Meta(max_length=12)] = []
    follow_up: PlanAsked | None = None


class IdentifyAsked(Asked):
    """Write down the patron's name or an address to answer to."""

    name: Name = ""
    contact: Annotated[str, Meta(max_length=400)] = ""


class BlockAsked(Asked):
    """Refuse further messages of this patron at this address, until `until` (0 = no end)."""

    reason: Annotated[str, Meta(max_length=1000)] = ""
    until: Moment = 0


class MergeAsked(Asked):
    """The other conversation of the same patron."""

    other: Identifier


class DraftAsked(Asked):
    """What I have begun to write; empty text forgets it.

    `window`: a word by which a page knows itself. `base`: the `at` of the draft that it last took from here. With both, what
    another window wrote since is not overwritten: 409 `DraftClash`.
    """

    text: Words
    note: bool = False
    window: Annotated[str, Meta(max_length=64)] = ""
    base: Moment | None = None


class FollowUpAsked(Asked):
    """Change a follow-up's state, owner ("" = nobody), deadline or address ("" = as it was); `outcome` of one that is closed."""

    state: Literal["new", "open", "pending", "closed"]
    owner: Annotated[str, Meta(max_length=200)] = ""
    deadline: Moment = 0
    address: Annotated[str, Meta(max_length=400)] = ""
    outcome: Outcome = ""

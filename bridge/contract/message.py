"""The vocabulary on the wire: what adapters hand to the core, and what the core hands to adapters.

Every type is closed (no bag of extras), immutable, and travels as MessagePack. A field may be added with a default and never
renamed or given another meaning: a log written yesterday must decode tomorrow. Times are milliseconds since the epoch.
Ids come from causes: the same cause derives the same id after a crash, a replay or a failover, so each layer can drop
duplicates.
"""

from __future__ import annotations

import re
import unicodedata
from binascii import b2a_base64
from hashlib import blake2b
from typing import Literal, dataclass_transform

import msgspec

_URL_SAFE = bytes.maketrans(b"+/", b"-_")


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(msgspec.field,))
class Wire(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False, tag_field="k"):
    """Base of everything that is written to a stream: frozen, closed, without reference cycles."""


def derive(*cause: str) -> str:
    """Return an id made from `cause`: 20 characters of [A-Za-z0-9_-], 120 bits, the same for ever."""
    digest = blake2b("\x1f".join(cause).encode("utf-8", "surrogatepass"), digest_size=15).digest()
    return b2a_base64(digest, newline=False).translate(_URL_SAFE).decode("ascii")


def message_id(channel: str, sender: str, source: str) -> str:
    """Return a message's id; `sender` must be authenticated, so that no patron can suppress another's message."""
    return derive("message", channel, sender, source)


def rating_id(channel: str, sender: str, source: str) -> str:
    """Return a rating's id; as with a message's, `sender` must be authenticated."""
    return derive("rating", channel, sender, source)


def transcript_id(channel: str, sender: str, source: str) -> str:
    """Return the id of a request for a transcript; as with a message's, `sender` must be authenticated."""
    return derive("transcript", channel, sender, source)


def action_id(librarian: str, key: str, request: bytes = b"") -> str:
    """Return the id of a librarian's action from the Idempotency-Key that came with it.

    The key alone decides whether the action is new. With a `request`, the id also names what was asked under the key, so that
    the key with another request is told from a repeat.
    """
    id = derive("action", librarian, key)
    return f"{id}.{blake2b(request, digest_size=9).hexdigest()}" if request else id


def key_of(action: str) -> str:
    """Return the part of an action's id by which repeats are dropped."""
    return action.partition(".")[0]


def request_of(action: str) -> str:
    """Return the part of an action's id that names what was asked, "" when the id holds none."""
    return action.partition(".")[2]


def delivery_id(cause: str, n: int) -> str:
    """Return the id of the n-th delivery that the input `cause` brought about."""
    return derive("delivery", cause, str(n))


# ---- what patrons write ---------------------------------------------------------------------------------------------


class Attachment(Wire, tag="attachment"):
    """A file kept in the blob store; `digest` is its SHA-256 in hex, `media_type` was sniffed and not believed."""

    digest: str
    media_type: str
    size: int
    name: str


class FormAnswer(Wire):
    """What a patron answered to a question of the library's own; `label` is the question as it was asked."""

    label: str
    text: str


class Message(Wire, tag="message"):
    """What a patron wrote, as the adapter understood it.

    `sender` is the patron's address on this channel, as the network authenticated it. It is a JID, an E.164 number, a mail address,
    or the hash of a browser's token. `reply` is made by the adapter and comes back in each Delivery; the core never reads it.
    """

    id: str
    channel: str
    sender: str
    source: str
    text: str
    attachments: tuple[Attachment, ...] = ()
    html: str = ""  # digest of the cleaned HTML, shown isolated
    original: str = ""  # digest of the raw message
    sent_at: int = 0  # what the network says, ms; 0 = not known
    reply: str = ""
    name: str = ""  # as the patron gave it
    contact: str = ""  # a mail address or phone number the patron left for a later answer
    subject: str = ""
    language: str = ""
    page: str = ""  # the page that the widget is on, without query and fragment
    replaces: str = ""  # id of the message that this one corrects
    thread: str = ""  # conversation id, when the adapter has proof (a signed reply address)
    later: bool = False  # a form that was left while the desk was closed: becomes a follow-up
    marks: tuple[str, ...] = ()  # words shown beside it: "other-sender", "encrypted", "dkim-pass" ...
    answers: tuple[FormAnswer, ...] = ()  # to the library's own questions, with the first message
    queue: str = ""  # that the patron chose; counts where the library offers it
    aside: str = (
        ""  # why it opens no conversation by itself ("automatic", "list" ...); staff see it among those set aside
    )
    others: tuple[str, ...] = ()  # plain addresses that got it, too; neither the patron's nor our own


RATINGS = 3  # steps of a rating
MAX_COMMENT = 1000  # characters of the words beside it


class Rating(Wire, tag="rating"):
    """Whether a conversation that ended helped its patron: `score` 1 = no, 2 = partly, 3 = yes; the words are optional.

    `sender` is authenticated, as a message's is. `source` is the patron's own id of this rating: handed in again it counts once.
    """

    id: str
    channel: str
    sender: str
    source: str
    score: int
    comment: str = ""


# Letters and marks, by their category, that no font draws (Default_Ignorable_Code_Point), and the empty Braille cell.
_UNSEEN = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2065\u2800\u3164\ufe00-\ufe0f\uffa0\ufff0-\ufff8\U000e0000-\U000e0fff]"
)
_UNSEEN_CATEGORIES = frozenset({"Zs", "Zl", "Zp", "Cc", "Cf", "Cs"})


def is_blank(text: str) -> bool:
    """Say whether `text` shows nothing: spaces, controls, zero-width and other invisible characters count as nothing."""
    first = text[:1]
    if first.isascii() and first.isalnum():  # nearly always
        return False
    return all(unicodedata.category(char) in _UNSEEN_CATEGORIES or _UNSEEN.match(char) for char in text)


class TranscriptWish(Wire, tag="transcript-wish"):
    """A patron wants the conversation as mail, at an `address` that nobody at the desk may see.

    `sender` is authenticated, as a message's is. `source` is the patron's own id: handed in again it is one request.
    """

    id: str
    channel: str
    sender: str
    source: str
    address: str


# ---- what became of a delivery ----------------------------------------------------------------------------------------

Stage = Literal["uncertain", "sent", "delivered", "read", "failed"]


class Receipt(Wire, tag="receipt"):
    """What became of a delivery. `reason` is a word from the catalogue, `detail` the network's own words (no addresses).

    `partial`: one part of several failed, so the whole did not arrive, even if the other parts did.
    """

    delivery: str
    stage: Stage
    reason: str = ""
    detail: str = ""
    network_id: str = ""
    at: int = 0
    partial: bool = False
    copy: str = ""  # the further recipient whose copy failed; the delivery itself is as it was


# ---- what librarians do -------------------------------------------------------------------------------------------------


class Claim(Wire, tag="claim"):
    """Take a waiting conversation; the first librarian wins."""

    conversation: str


class Accept(Wire, tag="accept"):
    """Accept an offer or a transfer."""

    conversation: str


class Reject(Wire, tag="reject"):
    """Decline an offer or a transfer; a transfer goes back to its sender."""

    conversation: str


class Say(Wire, tag="say"):
    """Answer the patron. `via` names another address (`channel|address`) of the same patron; "" = the one last used.

    `faq` is the id of the entry of the FAQ whose words were used, "" = none. `cc` and `bcc` are further recipients, where the
    channel carries copies. `all_recipients`: copies to all who got the patron's mails. `subject` is another one, "" = as it was.
    """

    conversation: str
    text: str
    attachments: tuple[Attachment, ...] = ()
    via: str = ""
    script: str = ""
    all_recipients: bool = False
    faq: str = ""
    cc: tuple[str, ...] = ()
    bcc: tuple[str, ...] = ()
    subject: str = ""


class Begin(Wire, tag="begin"):
    """Write first to somebody at `address`, by a channel of my library that can begin; the conversation is mine.

    Refused while a conversation with that address is open. `apart`: begin another one all the same, where the channel has threads.
    """

    channel: str
    address: str
    text: str
    subject: str = ""
    name: str = ""
    attachments: tuple[Attachment, ...] = ()
    cc: tuple[str, ...] = ()
    bcc: tuple[str, ...] = ()
    apart: bool = False


Forwarding = Literal["message", "transcript"]


class Forward(Wire, tag="forward"):
    """Send something of a conversation on to an address outside: `text` is all that leaves, words of mine included.

    `note` are the words of mine in it. They are kept with the conversation, the rest stands there already.
    """

    conversation: str
    channel: str
    address: str
    what: Forwarding
    text: str
    subject: str = ""
    note: str = ""
    attachments: tuple[Attachment, ...] = ()


class Note(Wire, tag="note"):
    """Write for colleagues only. There is no Delivery kind that could carry it to a patron."""

    conversation: str
    text: str
    mentions: tuple[str, ...] = ()


class MarkRead(Wire, tag="mark-read"):
    """Say that the patron's messages up to and including `message` were read."""

    conversation: str
    message: str


class Transfer(Wire, tag="transfer"):
    """Offer the conversation to one librarian or one queue (exactly one of the two is given)."""

    conversation: str
    librarian: str = ""
    queue: str = ""
    note: str = ""


class Release(Wire, tag="release"):
    """Put a conversation of mine back into its queue, ahead of newer ones; also take back a transfer of mine.

    `transfer`: take back only the transfer; where none is on offer any more, nothing happens.
    """

    conversation: str
    transfer: bool = False


class Join(Wire, tag="join"):
    """Join a conversation of a colleague and answer beside them; they stay its owner."""

    conversation: str


class Leave(Wire, tag="leave"):
    """Leave a conversation that I joined."""

    conversation: str


class Consult(Wire, tag="consult"):
    """Ask colleagues about an open conversation: one librarian, a queue's staff or a library (exactly one of the three is given).

    They may read it until it ends or the consultation does; `join`: they may also join it and answer the patron.
    """

    conversation: str
    librarian: str = ""
    queue: str = ""
    library: str = ""
    join: bool = False


# What is offered in a call: "meeting" is held elsewhere, the others in a window of the desk's own. A screen is its owner's to show.
CallKind = Literal["meeting", "voice", "video", "patron-screen", "librarian-screen"]


class OfferCall(Wire, tag="offer-call"):
    """Offer the patron a call: `link` is sent to them with words that tell what it is. `call` is its id.

    `kinds`: "meeting" alone, or what the call is to begin with; either side may add others while it goes on.
    """

    conversation: str
    call: str
    kinds: tuple[CallKind, ...]
    link: str


class SetCall(Wire, tag="set-call"):
    """Say that the patron came to a meeting, or end a call or the offer of one."""

    conversation: str
    call: str
    to: Literal["accepted", "ended"]


class EndConsult(Wire, tag="end-consult"):
    """End a consultation: take it back, or decline one that asks me. It names whom `Consult` named."""

    conversation: str
    librarian: str = ""
    queue: str = ""
    library: str = ""


# Why a conversation need not be answered now: its last message needs no answer, the patron has to write next, or a time is set.
WhySnoozed = Literal["no-answer", "patron", "later"]


class Snooze(Wire, tag="snooze"):
    """Put a conversation of mine off, until the patron writes or until `until` ms (0 = no time; "later" needs one)."""

    conversation: str
    why: WhySnoozed
    until: int = 0


class Wake(Wire, tag="wake"):
    """End the snooze of a conversation of mine: it needs me now."""

    conversation: str


# The resolution codes that a librarian can give.
Code = Literal["answered", "follow_up_library", "follow_up_me", "unreached", "lost_call", "practice"]


class FollowUpPlan(Wire, tag="follow-up-plan"):
    """Where an unfinished question is to be answered, and by when (ms)."""

    address: str = ""
    deadline: int = 0
    question: str = ""


# Kinds of question, as the field counts them (ANSI/NISO Z39.7, ISO 2789): only "reference" is a reference transaction.
QuestionKind = Literal["reference", "directional", "technical", "other"]


class QuestionTaken(Wire):
    """One of the questions of a conversation. `kind` "" = not said; `read` 1-6 on the READ scale, 0 = not rated."""

    kind: QuestionKind | Literal[""] = ""
    read: int = 0


class Close(Wire, tag="close"):
    """End a conversation with a resolution code; "" means none chosen: Answered, marked "by default".

    `seen_at` is when (ms) the patron's last message was sent that the librarian had before them: one that came later is not
    ended over. 0 = whatever the patron has written. `questions` says kind and READ of each; the other two are worked out then.
    """

    conversation: str
    code: str = ""
    seen_at: int = 0
    follow_up: FollowUpPlan | None = None
    descriptive: tuple[str, ...] = ()
    read_scale: int = 0  # 1-6; 0 = not rated
    reference: bool | None = None  # counts as a reference transaction (Z39.7)
    questions: tuple[QuestionTaken, ...] = ()


class Recode(Wire, tag="recode"):
    """Correct the codes of a closed conversation; librarian and time are kept. `follow_up` plans the one that the code asks for."""

    conversation: str
    code: str
    descriptive: tuple[str, ...] = ()
    read_scale: int = 0
    reference: bool | None = None
    follow_up: FollowUpPlan | None = None
    questions: tuple[QuestionTaken, ...] = ()


class Reopen(Wire, tag="reopen"):
    """Open a closed conversation again, with me as its owner."""

    conversation: str


class Dismiss(Wire, tag="dismiss"):
    """Say that a message which was set aside is not for the desk."""

    conversation: str


class Block(Wire, tag="block"):
    """Refuse further messages of this conversation's patron at this address, until `until` (ms, 0 = no end)."""

    conversation: str
    reason: str = ""
    until: int = 0


class Unblock(Wire, tag="unblock"):
    """Lift a block; `conversation` is the one in which it is lifted."""

    channel: str
    address: str
    conversation: str = ""


class Identify(Wire, tag="identify"):
    """Write down the patron's name or an address to answer to."""

    conversation: str
    name: str = ""
    contact: str = ""


class Merge(Wire, tag="merge"):
    """Say that two conversations belong to one patron: they share one timeline from now on."""

    conversation: str
    other: str


class Unmerge(Wire, tag="unmerge"):
    """Take back a merge."""

    conversation: str
    other: str


class Forget(Wire, tag="forget"):
    """Delete all of a closed conversation except its numbers, at its patron's request; `follow_up`: even if one is open.

    `places`: the patron's own addresses in it (`channel|address`), where the sender of this knows more of them than the core.
    """

    conversation: str
    places: tuple[str, ...] = ()
    follow_up: bool = False


LINK_MARK = "one-time-link"  # what stands in words where a link's secret is filled in when they are sent
OWN_DATA_S = 1800  # for how long the link to a patron's own data works


class OfferOwnData(Wire, tag="offer-own-data"):
    """Send the patron the one-time link to what is kept of them. `link`: its address, with `LINK_MARK` for its secret."""

    conversation: str
    link: str


# How a follow-up ended: answered, no longer needed, out of reach, or taken back by another code. "" = not said.
Outcome = Literal["", "answered", "not-needed", "unreached", "taken-back"]


class SetFollowUp(Wire, tag="set-follow-up"):
    """Change a follow-up's state, owner ("" = none yet) or deadline."""

    follow_up: str
    state: Literal["new", "open", "pending", "closed"]
    owner: str = ""
    deadline: int = 0
    address: str = ""
    outcome: Outcome = ""  # of one that is closed


class SetAvailability(Wire, tag="set-availability"):
    """Go available for exactly these queues (none = away), with own limits (0 = the library's default)."""

    queues: tuple[str, ...]
    live: int = 0
    slow: int = 0


Opening = Literal["usual", "closed", "open"]


class SetQueue(Wire, tag="set-queue"):
    """Close or open a queue for now, whatever its hours say, or let them count again ("usual"); a coordinator's.

    `until` ms, 0 = until it is set again; `until_words` says it to patrons, as "Monday 9:00". `notice` is for patrons, too.
    """

    queue: str
    opening: Opening
    until: int = 0
    until_words: str = ""
    notice: str = ""


class PlaceLibrarian(Wire, tag="place-librarian"):
    """Let a librarian of mine who is there serve exactly these queues for now (none = away); a coordinator's."""

    librarian: str
    queues: tuple[str, ...]


class Give(Wire, tag="give"):
    """Give a conversation that waits, or that a colleague has, to a librarian.

    Coordinators may, and all staff where the library allows it.

    `absent`: also where the patron sits there now and the librarian does not.
    """

    conversation: str
    librarian: str
    absent: bool = False


class SignOutLibrarian(Wire, tag="sign-out-librarian"):
    """End the sessions of a librarian of mine; a coordinator's."""

    librarian: str


class Announce(Wire, tag="announce"):
    """Tell all staff of a library something until a time (ms), or of all libraries ("", an administrator's). Plain text."""

    text: str
    until: int
    library: str = ""


class Acknowledge(Wire, tag="acknowledge"):
    """Say that I have seen a notice to staff."""

    announcement: str


class EndAnnouncement(Wire, tag="end-announcement"):
    """Take a notice to staff back."""

    announcement: str


Deed = (
    Claim
    | Accept
    | Reject
    | Say
    | Begin
    | Forward
    | Note
    | MarkRead
    | Transfer
    | Release
    | Join
    | Leave
    | Consult
    | EndConsult
    | OfferCall
    | SetCall
    | Snooze
    | Wake
    | Close
    | Recode
    | Reopen
    | Dismiss
    | Block
    | Unblock
    | Identify
    | Merge
    | Unmerge
    | Forget
    | OfferOwnData
    | SetFollowUp
    | SetAvailability
    | SetQueue
    | PlaceLibrarian
    | Give
    | SignOutLibrarian
    | Announce
    | Acknowledge
    | EndAnnouncement
)


class Action(Wire, tag="action"):
    """A librarian's click or command. The core answers it with exactly one event, or with Refused."""

    id: str
    by: str  # librarian id
    deed: Deed
    via: str = "inbox"  # or the name of the staff channel
    name: str = ""  # the person who acts at a partner's desk, as the patron may see them (channels of partners alone)


class Presence(Wire, tag="presence"):
    """A librarian's connection came or went. It belongs to (process, connection): when a process dies, so do its connections.

    A connection through a staff channel is named `channel|address`, with or without `/resource`, as in `Librarian.address`.
    """

    process: str
    connection: str
    librarian: str
    up: bool


# ---- what the daemon itself says ------------------------------------------------------------------------------------------

ChannelIcon = Literal["chat", "mail", "phone", "messenger"]
AddressKind = Literal["mail", "phone", "im"]  # of an address that somebody leaves for an answer


REMOVED = "removed"  # the reason of a channel that is configured no more


class ChannelStatus(Wire, tag="channel"):
    """A configured channel and whether it works. The core routes by `queue` and never asks for the kind.

    `live`: chat and IM, where the patron sits there now. `marks`: read marks can be sent to the patron. `label`, `icon` and
    `private` come from the adapter's `Capabilities`. They are kept here for channels that are no longer configured.
    """

    channel: str
    kind: str
    queue: str
    up: bool
    live: bool = False
    marks: bool = False
    staff: bool = False
    reason: str = ""
    threads: bool = False  # mail: a message without proof of a thread and with another subject is another conversation
    transcripts: bool = False  # carries transcripts to mail addresses
    label: str = ""
    icon: ChannelIcon = "chat"
    private: bool = False
    calls: bool = False  # the patron's page shows offers of calls, and their end
    answers: tuple[AddressKind, ...] | None = (
        None  # addresses that it can begin to write to; None = an older release said nothing
    )
    partners: bool = False  # its patrons are the conversations of other desks, which are told what becomes of them
    cc: bool = False  # carries copies to further addresses
    own_data: bool = False  # its patrons fetch what is kept of them there
    practice: bool = False  # nobody real writes by it: see routing.practice


class PatronSign(Wire, tag="patron-sign"):
    """A patron left a live channel (closed the page, signed off), is back, or ended the conversation."""

    channel: str
    sender: str
    here: bool
    ended: bool = False  # they ended the conversation themselves


class CallAnswer(Wire, tag="call-answer"):
    """The patron accepts or refuses the call that is offered in their conversation, or a side of it is over.

    `session` names the window that accepts: a second one is not let in. `kinds`: what was seen and heard until the end.
    The window names the conversation and the `call`; a channel names its authenticated `sender` and the delivery (`line`).
    """

    id: str
    answer: Literal["accept", "refuse", "end"]
    call: str = ""
    line: str = ""
    conversation: str = ""
    channel: str = ""
    sender: str = ""
    session: str = ""
    kinds: tuple[CallKind, ...] = ()
    by: str = ""  # the librarian who ended it, "" = the patron, or nobody


class Recall(Wire, tag="recall"):
    """The home desk of a partner's conversation takes it back. It is over here, whoever has it.

    `code`: how it ended at home, "" = it goes on there. `forget`: all but its numbers is deleted here, too.
    `conversation` is its id here, "" where the address leads to it.
    """

    id: str
    channel: str
    sender: str
    code: str = ""
    forget: bool = False
    conversation: str = ""


class Tick(Wire, tag="tick"):
    """The clock reached a deadline. It carries no time: the id of its entry is the time."""


class Started(Wire, tag="started"):
    """A core took over (start or failover). All connections count as lost until they come again; timers get a new grace."""

    process: str


class ProcessGone(Wire, tag="process-gone"):
    """A web process stopped renewing its heartbeat: its connections are gone."""

    process: str


class Erase(Wire, tag="erase"):
    """The operator has a conversation forgotten, like `Forget`; `id` is that of the order."""

    id: str
    conversation: str
    places: tuple[str, ...] = ()
    follow_up: bool = False


# ---- what goes out --------------------------------------------------------------------------------------------------------

Kind = Literal["text", "notice", "mark", "offer", "line"]


class Delivery(Wire, tag="delivery"):
    """Something for one person outside. `text` and `notice` go to patrons, `mark` is a read mark on message `about`;
    `offer` and `line` go to a librarian's own address (capability `staff`).

    A notice names what happened in `event` (see routing/wording.py) and carries a text; an adapter with a page of its own may show
    it otherwise. `expires_at`: ms, 0 = never. A notice of the event `transcript` carries, after its text, all that was said between
    the desk and the patron's own place, `about` (`channel|address`). One of the event `report` is a library's numbers for its
    staff: it has no conversation, and nothing answers it. A text of the event `forwarded` goes to somebody else than the patron:
    what comes back from there is not the patron's.
    """

    id: str
    channel: str
    conversation: str
    to: str
    kind: Kind
    at: int
    text: str = ""
    attachments: tuple[Attachment, ...] = ()
    reply: str = ""
    author: str = ""  # the librarian's display name, as the patron may see it
    event: str = ""
    about: str = ""
    subject: str = ""
    language: str = ""
    automatic: bool = False
    all_recipients: bool = False
    expires_at: int = 0
    cc: tuple[str, ...] = ()  # further recipients whom all of them see
    bcc: tuple[str, ...] = ()  # further recipients whom nobody else sees
    title: str = ""  # the subject as a librarian wrote it; "" = that of the thread

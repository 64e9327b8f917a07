"""The adapter contract: all that the code of a channel must offer, and all that it gets.

    name, Config, capabilities                        class attributes
    __init__(config, ports)                           no I/O, no tasks
    async run()                                       one session: connect, ports.inlet.up(), serve until it ends
    async send(delivery) -> Sent | Rejected | Retry | Uncertain
    async replay(cursor, missed)                      where `capabilities.replay`: hand `missed` what arrived since
    async lookup(delivery) -> bool | None             where `capabilities.lookup`: True it arrived, False it certainly did not
    async forget(addresses)                           where `capabilities.forget`: delete what the adapter keeps about patrons
    async check()                                     where `capabilities.check`: try the way to the network

One object lives as long as its channel: `run` is called again after a session ended, routes are added in __init__.

`replay` runs beside `run` once `up()` was called. What it hands to `missed` goes before live messages. A live `receive` waits
until the replay is over, and before `up` too: `run` must go on reading the network while a `receive` waits.

Health is the exception that `run` raises::

    AdapterError
      Unavailable      the network is away: try again, with backoff
        Throttled      the network lets us in only later: try again, slowly
      BadCredentials   refused: blocked until a person changes something
      Misconfigured    cannot work as configured: refuse to start (also found by `deskbridge check`)

Any other exception is a bug: the adapter is started again, the bug is counted and its traceback logged.
`send` returns what it knows about a submission and never raises. An exception that escapes counts as Uncertain; so do a
CancelledError that the adapter made itself, and an answer that is no outcome.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol

import msgspec

from bridge.contract.answer_notices import AnswerNotices
from bridge.contract.chat_form import ChatInvitation, FormField, QueueOffer
from bridge.contract.memory import Memory, MemoryKind
from bridge.contract.message import (
    Action,
    AddressKind,
    Attachment,
    ChannelIcon,
    Delivery,
    Message,
    Presence,
    Rating,
    Recall,
    Stage,
    TranscriptWish,
)

if TYPE_CHECKING:
    from aiohttp import web  # the core reads this module, and loads no web server for it

    from bridge.contract.partners import PartnerPorts

# ---- errors -----------------------------------------------------------------------------------------------------------


class AdapterError(Exception):
    """Base of what an adapter's `run` may raise on purpose. The text says what to do and holds no secret."""


class Unavailable(AdapterError):
    """The network or the server is away; the supervisor tries again with full-jitter backoff."""


class Throttled(Unavailable):
    """The server is busy or was asked too often. We ask again after `AFTER_S` seconds at the earliest."""

    AFTER_S: ClassVar[float] = 60.0


class BadCredentials(AdapterError):
    """The server refused our name or password. We try again only after a person changed the configuration."""


class Misconfigured(AdapterError):
    """The configuration cannot work."""


class Busy(Exception):
    """We can take nothing in now: memory is nearly full, or the store is away. Tell the sender and ask again later."""


class FilesAway(Busy):
    """The store of files does not answer now."""


class Undeclared(RuntimeError):
    """An adapter used something that it does not declare. That is a bug: the adapter is started again and the bug counted."""


class Rewound(Exception):
    """The out stream ends before the place that we had read up to: a failover lost the entries between."""


class TooLarge(ValueError):
    """A blob or text is over its limit; `limit` is in bytes."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"larger than {limit} bytes")
        self.limit = limit


class UnsafeFile(ValueError):
    """A file holds a program, is locked, or would unpack to far more than it is."""


# ---- what became of a submission ------------------------------------------------------------------------------------------


class Sent(msgspec.Struct, frozen=True, gc=False):
    """The network took it. `stage` may be further than "sent" where the network says so at once.

    `reason`: a word from the catalogue for a smaller fault, such as a copy that was refused; `detail` says more.
    """

    network_id: str = ""
    stage: Stage = "sent"
    reason: str = ""
    detail: str = ""


class Rejected(msgspec.Struct, frozen=True, gc=False):
    """The network certainly refused it for good. `reason` is a word from the catalogue, `detail` the network's own words."""

    reason: str
    detail: str = ""


class Retry(msgspec.Struct, frozen=True, gc=False):
    """The network certainly did not take it. Try again after `after` seconds, at least 0.1 (None: the outlet's backoff decides)."""

    reason: str
    after: float | None = None


class Uncertain(msgspec.Struct, frozen=True, gc=False):
    """The link died after submission, so nobody knows. We never send it again unless the network drops repeats or can be asked."""

    reason: str


Outcome = Sent | Rejected | Retry | Uncertain


# ---- what an adapter declares ----------------------------------------------------------------------------------------------


class Capabilities(msgspec.Struct, frozen=True, kw_only=True):
    """What the network of an adapter can do. The outlet splits, throttles and resends by this; no adapter does that itself.

    max_text    characters in one submission (0 = no limit)
    max_media   bytes of one attachment (0 = no attachments)
    receipts    the furthest stage that the network reports
    idempotent  the network drops a second submission of the same delivery id
    replay      can list what arrived since a cursor
    lookup      can be asked whether a delivery arrived
    forget      the adapter keeps something of its own by a patron's address, and can delete it
    check       the adapter can try its way to the network before the daemon serves (`deskbridge check`)
    exclusive   only one process may hold the session (lease per channel)
    fanout      every web process reads the out stream and nothing is settled; the browser acknowledges
    staff       carries offers to librarians and their answers
    live        the patron sits there now (chat, IM), unlike in slow channels (SMS, mail)
    marks       read marks can be shown to the patron
    rate        submissions per second (0 = no limit)
    threads     the network has threads of its own (mail), so one patron may hold several conversations
    typing      the network shows typing, both ways, through `signals`
    ratings     patrons can rate a conversation that ended
    takeaway    patrons can ask for their transcript by mail
    own_data    the patron's page gives patrons what is kept of them, as a file: Ports.own_data
    segments    texts are billed in segments of 3GPP TS 23.040, except to addresses with a scheme (`whatsapp:`). A true `plain` in
                the adapter's Config says that typographic characters are spelt plainly on their way
    transcripts the network carries transcripts to mail addresses: a notice with the event `transcript`, see Ports
    chat_page   the page among the adapter's routes on which a patron can write ("chat"); "" = none
    launcher    the script among them that puts a button to it on any page ("widget.js"); "" = none
    label       what librarians call such a channel ("" = the name of its kind)
    icon        the picture beside it in the inbox
    private     an address tells librarians nothing (the id of a browser): they are not shown it
    answers     the kinds of address to which it carries an answer when nobody has written from there: "mail", "phone", "im"
    calls       the patron's page shows offers of calls (notices with the event "call-offered") until "call-ended", and lets
                them refuse (Inlet.refuse_call). Elsewhere the words of the offer say all, and the link is in them
    partners    patrons are the conversations of other desks. They are told what becomes of theirs: notices with the events
                "partner-claimed", "partner-waiting" and "partner-closed". See Ports.partners and Inlet.recall
    cc          a delivery may name further recipients: Delivery.cc, Delivery.bcc
    formatting  the network shows bold words, named links and lists: an answer comes as it was written (bridge.contract.formatting),
                else as plain words
    notices     browsers of its patrons can be told of an answer while their page is closed: Ports.answer_notices
    remembers   the kinds of rows that the adapter keeps in Ports.memory
    practice    its patrons are not real: what they write is practice from birth, and nothing of it leaves (routing.practice)

    A text longer than `max_text` comes as several deliveries of one conversation with ids `<id>.<part>.<parts>`; receipts name
    the id that was sent. `replay`, `lookup`, `forget` and `check` are methods exactly where they are declared.
    """

    max_text: int = 0
    max_media: int = 0
    receipts: Literal["none", "sent", "delivered", "read"] = "none"
    idempotent: bool = False
    replay: bool = False
    lookup: bool = False
    forget: bool = False
    check: bool = False
    exclusive: bool = True
    fanout: bool = False
    staff: bool = False
    live: bool = False
    marks: bool = False
    rate: float = 0.0
    threads: bool = False
    typing: bool = False
    ratings: bool = False
    takeaway: bool = False
    own_data: bool = False
    transcripts: bool = False
    segments: bool = False
    chat_page: str = ""
    launcher: str = ""
    label: str = ""
    icon: ChannelIcon = "chat"
    private: bool = False
    answers: tuple[AddressKind, ...] = ()
    calls: bool = False
    partners: bool = False
    cc: bool = False
    formatting: bool = False
    notices: bool = False
    remembers: tuple[MemoryKind, ...] = ()
    practice: bool = False


# ---- what an adapter gets ----------------------------------------------------------------------------------------------------


class MessageIntake(Protocol):
    """The way in for patrons' messages, as a replay gets it."""

    async def receive(self, message: Message, cursor: Mapping[str, str] | None = None) -> bool:
        """Return once `message` is durable: True when it is new, False when it was seen before. Only then acknowledge.

        Call in source order. `cursor` fields (source -> position) are saved once all earlier messages are durable. An empty
        `id` is derived. Raises Busy when we can take nothing in: do not acknowledge, come again. Raises TooLarge and ValueError
        for a message that we can never take in: tell the sender.
        """

    async def advance(self, cursor: Mapping[str, str]) -> None:
        """Save cursor fields without a message (nothing new up to here), once all earlier messages are durable."""


class Inlet(MessageIntake, Protocol):
    """An adapter's way in; its messages wait while a replay runs."""

    async def receipt(
        self,
        delivery: str,
        stage: Stage,
        *,
        reason: str = "",
        detail: str = "",
        network_id: str = "",
        copy: str = "",
    ) -> None:
        """Report the stage of a delivery; repeats and steps backwards are harmless. Raises Busy, Undeclared.

        `copy`: a further recipient of it whose copy "failed" (capability `cc`).
        """

    async def act(self, action: Action) -> None:
        """Hand in a librarian's action (capability `staff`)."""

    async def presence(self, presence: Presence) -> None:
        """Hand in a librarian's connection coming or going (capability `staff`)."""

    async def sign(self, sender: str, *, here: bool, ended: bool = False) -> None:
        """Say that a patron of a live channel has left, or is back. Wait first for as long as a page takes to reload.

        `ended`: the patron ended the conversation, whether they are still there or not.
        """

    async def rate(self, rating: Rating) -> bool:
        """Return once a patron's rating is durable: True when it is new, False when it was seen before (capability `ratings`).

        An empty `id` is derived. The core decides whether the patron may rate; `ChannelDesk.rateable` tells it beforehand.
        Raises Busy, Undeclared; TooLarge and ValueError for a rating that we can never take in.
        """

    async def mail_transcript(self, request: TranscriptWish) -> bool:
        """Return once a patron's wish for their transcript is durable: True when new, False when seen before (`takeaway`).

        An empty `id` is derived. The core decides whether it is mailed; `ChannelDesk.mailable` tells it beforehand.
        Raises Busy, Undeclared; ValueError for a wish that we can never take in.
        """

    async def refuse_call(self, sender: str, offer: str) -> None:
        """Say that a patron does not take the call that the delivery `offer` offered them (capability `calls`).

        Where that offer is over, nothing happens. Raises Busy, Undeclared.
        """

    async def recall(self, recall: Recall) -> None:
        """Say that a conversation is over at its home, or is to be forgotten (capability `partners`). Raises Busy, Undeclared."""

    async def up(self) -> None:
        """Say that the session is connected: the channel is shown as working and `replay` runs."""

    async def cursor(self) -> dict[str, str]:
        """Return what was saved, {} when nothing was."""


class ChannelDesk(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a channel may tell a patron about the desk, computed over the whole chain of tiers, hours and presence.

    open          some library of the chain is within its hours
    online        and a librarian is available there
    busy          librarians are available and none of them has room; None = not known
    down          we can take nothing in now and refuse what is sent
    behind        what is sent is kept, and reaches no librarian until we are back
    wait_s        an honest guess, None = not known
    place         1 = next, 0 = not waiting
    next_opening  ms, 0 = not known or open; `timezone` is its zone as IANA names it; `opening` says it in words, with the zone
    rate_s        for how many seconds after its end a conversation can be rated, 0 = the library does not ask
    rateable      this patron may rate theirs now
    mails         transcripts can be mailed
    mailable      this patron may have theirs now
    notice        what a coordinator wants patrons to know for now, in their own words
    answers       where an answer can be sent: "mail", "phone", "mail-phone" or ""
    national      a number needs no country code: it is read as one of the library's country
    previews      librarians see what a patron types before it is sent: the patron must be told
    privacy       the address of the library's privacy notice, "" = none
    fields        the library's own questions before the first message
    queues        what a patron may choose from, () = there is no choice
    invitation    when a page with the chat's button invites by itself, None = never
    """

    open: bool
    online: bool
    wait_s: int | None = None
    place: int = 0
    next_opening: int = 0
    library: str = ""
    accent: str = ""
    language: str = "en"
    rate_s: int = 0
    rateable: bool = False
    mails: bool = False
    mailable: bool = False
    busy: bool | None = None
    timezone: str = ""
    opening: str = ""
    answers: str = "mail-phone"
    national: bool = False
    down: bool = False
    notice: str = ""
    behind: bool = False
    previews: bool = False
    privacy: str = ""
    fields: tuple[FormField, ...] = ()
    queues: tuple[QueueOffer, ...] = ()
    invitation: ChatInvitation | None = None

    @property
    def state(self) -> Literal["closed", "away", "busy", "here"]:
        """Return the one word that every surface shows in its own way: nobody is asked for where nobody is there."""
        if not self.open:
            return "closed"
        if not self.online:
            return "away"
        return "busy" if self.busy else "here"


class HistoryLine(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One line of a patron's own view of the conversation. `position` orders lines, and a client resumes from it.

    A rating that the patron gave is a line of theirs with the event `rated:<score>`; the last one counts.
    """

    id: str
    position: str
    conversation: str
    who: Literal["patron", "librarian", "desk"]
    text: str
    at: int
    author: str = ""
    source: str = ""  # the patron's own id of their message
    attachments: tuple[Attachment, ...] = ()
    event: str = ""
    stage: str = ""  # of a patron's message: "received" | "read"


class Signal(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A sign that is never stored: somebody is typing or viewing; `staff`: colleagues wrote something;
    `call`: words of one side of a call for the other. No adapter hears those two. `wrote`: a message of the patron's came in by
    another way than their page on this channel; `text` is its id."""

    kind: Literal["typing", "paused", "viewing", "gone", "draft", "staff", "call", "wrote"]
    conversation: str = ""
    channel: str = ""
    address: str = ""  # the patron, when they type or are to be told
    librarian: str = ""
    name: str = ""
    text: str = ""  # of a "draft": what a patron is typing, where the library shows it; kept and logged nowhere


class Signals(Protocol):
    """Signs that are never stored, by publish and subscribe."""

    async def tell(self, signal: Signal) -> None:
        """Tell the other side, best effort."""

    def listen(self, channel: str) -> AsyncIterator[Signal]:
        """Iterate over what librarians signal to patrons of this channel, and over "gone" and "wrote" of its patrons."""


class Blobs(Protocol):
    """Files by digest, outside Redis. All raise FilesAway.

    `send` asks for the paths of all files before it submits anything. FilesAway then means that nothing was sent, and the
    delivery is tried again later.
    """

    async def save(
        self, chunks: AsyncIterator[bytes], name: str, limit: int, allowed: frozenset[str] = frozenset()
    ) -> Attachment:
        """Keep a file and find its type by its bytes. A file that no line of a conversation shows is deleted after a day.

        Raises TooLarge over `limit` bytes; where types are `allowed` (empty = any), ValueError for another one, and UnsafeFile for
        an office file with macros. Nothing is kept then."""

    async def path(self, digest: str) -> Path | None:
        """Return where the bytes are, for some minutes, or None when they are gone. Read them; never change or keep the file."""

    async def look(self, digest: str) -> Attachment | None:
        """Return the description of a kept file by its bytes, without a name; None when it is gone."""


class Revocations(Protocol):
    """The signed tokens that this channel has revoked, the same in every process. All raise Busy while the store is away."""

    async def add(self, names: Collection[str]) -> None:
        """Return once it is durable that `names` (up to 64 characters) are revoked. They stay so for 100 days."""

    async def holds(self, name: str) -> bool:
        """Say whether a name was revoked, by any process."""

    async def since(self, at: int) -> tuple[Collection[str], int]:
        """Return the names that were revoked at `at` (ms by the store's clock) or later, and the time now by that clock."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """All that an adapter gets.

    `history` raises LookupError("reset") for a position that is too old: ask again from "". `deliveries` raises Rewound: begin
    again from "", and have the browsers ask for history. `transcript` returns the text for a delivery with the event `transcript`,
    "" when nothing of it is kept any more; it raises Busy. `own_data` yields the file of what is kept of a patron whose address
    the adapter has proved, a ZIP; it raises Busy before the first bytes, and anything where it breaks off.
    """

    channel: str
    inlet: Inlet
    history: Callable[[str, str], Awaitable[Sequence[HistoryLine]]]  # (sender, after position) -> lines
    desk: Callable[[str], AsyncIterator[ChannelDesk]]  # (sender or "") -> now, then at each change
    find: Callable[[Sequence[str]], Awaitable[str]]  # message or delivery ids -> conversation id or ""
    signals: Signals
    blobs: Blobs
    routes: web.UrlDispatcher | None  # the sub-application at /channels/<name>/
    memory: Memory  # what outlives the process and the host: rows of the kinds that the adapter declares
    public_url: str = ""
    secret: bytes = b""  # 32 bytes of this channel, the same in every process, for signing tokens
    deliveries: Callable[[str], AsyncIterator[tuple[str, Delivery]]] | None = (
        None  # fan-out only: (after) -> (entry id, delivery); after "" = from now on
    )
    process: str = ""  # this process's name, for Presence (capability `staff`)
    transcript: Callable[[Delivery], Awaitable[str]] | None = None  # capability `transcripts` only
    own_data: Callable[[str, str], AsyncIterator[bytes]] | None = None  # capability `own_data` only: (sender, language)
    revocations: Revocations | None = None
    partners: PartnerPorts | None = None  # capability `partners` only
    answer_notices: AnswerNotices | None = None  # capability `notices` only


class Adapter(Protocol):
    """The code of one kind of channel; see the module's header.

    `Config` is a msgspec Struct of the channel's own keys. `deskbridge setup` asks for its fields without a default, and for those
    that a class attribute `asks: ClassVar[tuple[str, ...]]` names.
    """

    name: ClassVar[str]
    Config: ClassVar[type[Any]]
    capabilities: ClassVar[Capabilities]

    def __init__(self, config: Any, ports: Ports) -> None:
        """Keep what is given: no I/O, no tasks. Raises Misconfigured."""

    async def run(self) -> None:
        """Hold one session until it ends, then raise the reason (see the header). Cancelling it closes everything."""

    async def send(self, delivery: Delivery) -> Outcome:
        """Submit one delivery, at most one at a time per conversation. Cancelled only when its outcome is no longer needed."""


class Replays(Protocol):
    """An adapter that can list what arrived since a cursor."""

    async def replay(self, cursor: Mapping[str, str], missed: MessageIntake) -> None:
        """Hand `missed`, in order, what arrived since `cursor` ({} = no cursor yet), then return.

        What is handed to `Ports.inlet` meanwhile counts as live: it waits for this replay, so a replay that awaits it never ends.
        """


class Remembers(Protocol):
    """An adapter that keeps something by a patron's address, besides what the desk keeps."""

    async def forget(self, addresses: Collection[str]) -> None:
        """Delete what is kept about these addresses of this channel, except opt-outs, which keep us from writing to them again.

        That is above all the rows in `Ports.memory` that name them. Every process of the channel is asked.

        Called when a patron asks to be forgotten, whether a session runs or not; a repetition is harmless."""


class Checks(Protocol):
    """An adapter that can try its way to the network before the daemon serves (`deskbridge check`)."""

    async def check(self) -> None:
        """Return when the network lets us in as configured. Change nothing there and disturb no session of a running daemon.

        Raises Unavailable, BadCredentials or Misconfigured, whose words say what is wrong and hold no secret.
        """


class Asks(Protocol):
    """An adapter whose network can say whether a delivery arrived."""

    async def lookup(self, delivery: Delivery) -> bool | None:
        """Return True when it arrived, False when it certainly did not, None when the network cannot say."""

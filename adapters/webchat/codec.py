"""The frames between a browser and the daemon: JSON objects tagged `t`, one a WebSocket message. Pure.

    browser -> daemon   hello (first; again after sleep)  message  rate  mail  end  refuse-call  receipt  typing  ping
    daemon -> browser   welcome  token  lines  ack  mark  typing  desk  pong  again  error

The rules: the browser makes a message's id and sends it again under that id until `ack` comes, which says that it is durable.
`lines` carry positions to resume from; what comes twice has the same id. A frame that cannot be read is answered by
`error` with a code, and the socket lives. Text is text: nothing here is ever markup. A rating is acknowledged like a message;
it is shown among the lines, as one of the patron's with the event `rated:<score>`, and the last one counts.
So is a request for the transcript; that it could not be mailed after all is a line of the desk's, `transcript-failed`.
"""

from __future__ import annotations

from typing import Annotated, Literal, dataclass_transform
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta

from adapters.webchat import tokens
from adapters.webchat.limits import MAX_FILES
from bridge.contract.adapter import ChannelDesk, HistoryLine
from bridge.contract.chat_form import LONGEST_ANSWER, MOST_FIELDS, FormField, QueueOffer
from bridge.contract.emblem import emblem
from bridge.contract.message import (
    RATINGS,
    Attachment,
    Delivery,
    Message,
    is_blank,
    message_id,
)

Id = Annotated[str, Meta(min_length=8, max_length=64, pattern=r"^[A-Za-z0-9_-]+$")]
LineId = Annotated[str, Meta(min_length=8, max_length=80, pattern=r"^[A-Za-z0-9_.-]+$")]
MAX_NUMBER = (1 << 53) - 1  # what every JSON reader can hold (RFC 8259 6)
Short = Annotated[str, Meta(max_length=200)]

BIDI = dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A)])
LONGEST_PREVIEW = 800  # characters of what is typed and not sent: the end of it
CONTROLS = dict.fromkeys([n for n in range(0x20) if n not in (0x09, 0x0A)] + [0x7F])
EARLIEST = 1_577_836_800_000  # 2020: a browser clock before this is wrong


class FrameRefused(ValueError):
    """A frame is not taken; `code` tells the browser why, `id` which message it was, `retry_after` (s) when to come again."""

    def __init__(self, code: str, id: str = "", retry_after: float = 0.0) -> None:
        super().__init__(code)
        self.code = code
        self.id = id
        self.retry_after = retry_after


# ---- what a browser says ----------------------------------------------------------------------------------------------


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(msgspec.field,))
class Frame(msgspec.Struct, tag_field="t", frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Base of all frames."""


class FileRef(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A file that this patron uploaded or was sent; `proof` binds it to the patron, `ticket` is the name it was uploaded under.

    What a browser says of type, size and name does not count: they are the upload's.
    """

    digest: Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$")]
    name: Short
    media_type: Annotated[str, Meta(max_length=100)]
    size: Annotated[int, Meta(ge=0, le=MAX_NUMBER)]
    proof: Annotated[str, Meta(max_length=64)] = ""
    ticket: Annotated[str, Meta(max_length=1000)] = ""


class ClientHello(Frame, tag="hello"):
    """Who I am (no token before the first message), what I hold: the last position, and ids seen without one."""

    token: Short = ""
    after: Short = ""
    have: Annotated[tuple[Short, ...], Meta(max_length=50)] = ()


class FieldAnswer(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What the patron answered to the library's question `key`."""

    key: Short
    text: Annotated[str, Meta(max_length=LONGEST_ANSWER)]


class Post(Frame, tag="message"):
    """What the patron wrote; `id` is the browser's own and stays the same when it is sent again."""

    id: Id
    text: str = ""
    files: Annotated[tuple[FileRef, ...], Meta(max_length=MAX_FILES)] = ()
    seed: Annotated[str, Meta(max_length=64)] = ""  # of a first message: see tokens.py
    name: Short = ""
    contact: Short = ""
    language: Annotated[str, Meta(max_length=35)] = ""
    page: Annotated[str, Meta(max_length=2000)] = ""
    answers: Annotated[tuple[FieldAnswer, ...], Meta(max_length=MOST_FIELDS)] = ()
    queue: Short = ""  # that the patron chose
    later: bool = False  # the form that is left while the desk is closed
    age: Annotated[int, Meta(ge=0)] | None = None  # ms since it was written; the clock of a browser may be days off
    at: int = 0  # ms by the browser's clock, from browsers that do not tell the age


class Helped(Frame, tag="rate"):
    """Whether the chat that ended helped (1 = no, 2 = partly, 3 = yes), under an `id` of the browser's own."""

    id: Id
    score: Annotated[int, Meta(ge=1, le=RATINGS)]
    text: str = ""


class MailIt(Frame, tag="mail"):
    """Mail me the transcript, to this address, under an `id` of the browser's own."""

    id: Id
    address: str


class EndChat(Frame, tag="end"):
    """End the conversation, under an `id` of the browser's own."""

    id: Id


class DeclineCall(Frame, tag="refuse-call"):
    """I don't take the call that this line offers."""

    line: LineId


class SeenLines(Frame, tag="receipt"):
    """These lines arrived, or were on screen."""

    ids: Annotated[tuple[LineId, ...], Meta(min_length=1, max_length=50)]
    stage: Literal["delivered", "read"]


class PatronTyping(Frame, tag="typing"):
    """The patron is writing, or stopped. `text` is what stands in their composer (its end), where the desk previews it."""

    on: bool
    text: Annotated[str, Meta(max_length=LONGEST_PREVIEW)] = ""


class ClientPing(Frame, tag="ping"):
    """Are you there?"""


ClientFrame = ClientHello | Post | Helped | MailIt | EndChat | DeclineCall | SeenLines | PatronTyping | ClientPing
decoder: msgspec.json.Decoder[ClientFrame] = msgspec.json.Decoder(ClientFrame)


class Poll(msgspec.Struct, frozen=True, kw_only=True):
    """The body of a long poll: like Hello, but the token is in the Authorization header."""

    after: Short = ""
    have: Annotated[tuple[Short, ...], Meta(max_length=50)] = ()
    wait: bool = True


poll_decoder = msgspec.json.Decoder(Poll)


def read_frame(raw: bytes | str) -> ClientFrame:
    """Return what a browser said; raises Refusal."""
    try:
        return decoder.decode(raw)
    except msgspec.ValidationError as error:
        raise FrameRefused("invalid", guessed_id(raw)) from error
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise FrameRefused("malformed") from error


def guessed_id(raw: bytes | str) -> str:
    """Return the id inside a frame that is JSON but not ours, so that the browser knows which message it was."""
    try:
        found = msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return ""
    value = found.get("id") if isinstance(found, dict) else None
    return value[:64] if isinstance(value, str) else ""


def read_poll(raw: bytes) -> Poll:
    """Return the body of a long poll; raises Refusal."""
    try:
        return poll_decoder.decode(raw or b"{}")
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise FrameRefused("malformed") from error


# ---- what it means ----------------------------------------------------------------------------------------------------


def clean_text(text: str) -> str:
    """Drop control characters but line breaks and tabs; line ends become one kind."""
    return text.replace("\r\n", "\n").replace("\r", "\n").translate(CONTROLS).strip()


def clean_word(text: str) -> str:
    """One line, without characters that turn the reading direction: for names and addresses."""
    return " ".join(text.translate(CONTROLS).translate(BIDI).split())


def clean_page(url: str) -> str:
    """Return the page without credentials, query and fragment; "" for anything but the web (ALA: no referrer queries)."""
    try:
        parts = urlsplit(clean_word(url))
        host = parts.hostname or ""
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return ""
    if parts.scheme not in ("http", "https") or not host:
        return ""
    return f"{parts.scheme}://{host}{port}{parts.path}"[:500]


def read_post(post: Post, channel: str, sender: str, secret: bytes, max_text: int, now_ms: int) -> Message:
    """Return the message of `sender` that a frame carries; raises Refusal."""
    text = "" if is_blank(post.text) else clean_text(post.text)
    if not text and not post.files:
        raise FrameRefused("empty", post.id)
    if len(text) > max_text:
        raise FrameRefused("too-long", post.id)
    if not all(tokens.proven(secret, sender, ref.digest, ref.proof) for ref in post.files):
        raise FrameRefused("file", post.id)
    contact = clean_word(post.contact)
    if post.later and not contact:
        raise FrameRefused("contact", post.id)
    return Message(
        id=message_id(channel, sender, post.id),
        channel=channel,
        sender=sender,
        source=post.id,
        text=text,
        attachments=tuple(
            Attachment(
                digest=ref.digest,
                media_type="application/octet-stream",  # until its bytes are looked at
                size=0,
                name=clean_word(tokens.uploaded_as(secret, sender, ref.digest, ref.ticket) or ref.name),
            )
            for ref in post.files
        ),
        sent_at=written_at(post, now_ms),
        name=clean_word(post.name)[:100],
        contact=contact,
        language=clean_word(post.language),
        page=clean_page(post.page),
        later=post.later,
    )


def written_at(post: Post, now_ms: int) -> int:
    """Return when a message was written, by the daemon's clock (ms); 0 where nobody knows."""
    at = post.at if post.age is None else now_ms - post.age
    return at if EARLIEST <= at <= now_ms + 300_000 else 0


# ---- what the daemon says ---------------------------------------------------------------------------------------------


class PatronLine(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One line of the patron's view; `position` "" for one pushed live, which comes again with its position."""

    id: str
    who: Literal["patron", "librarian", "desk"]
    text: str
    at: int
    position: str = ""
    author: str = ""
    source: str = ""
    files: tuple[FileRef, ...] = ()
    event: str = ""
    stage: str = ""


class Welcome(Frame, tag="welcome"):
    """The daemon answers. `beat`: seconds between pings; `known`: the token is good; `now`: ms by the daemon's clock."""

    beat: float
    known: bool
    now: int = 0


class TokenFrame(Frame, tag="token"):
    """Keep this: it says who you are."""

    token: str


class Lines(Frame, tag="lines"):
    """Lines in order. `reset`: forget what you hold, these are all. `live`: they are news."""

    lines: tuple[PatronLine, ...]
    reset: bool = False
    live: bool = False


class Ack(Frame, tag="ack"):
    """Your message `id` is durable since `at` (ms, the daemon's clock); `message` is its id here."""

    id: str
    message: str
    at: int


class ReadMark(Frame, tag="mark"):
    """A librarian has read up to your message `about`; `id` is this sign's own."""

    id: str
    about: str


class LibrarianTyping(Frame, tag="typing"):
    """A librarian is writing, or stopped."""

    on: bool
    name: str = ""


class DeskState(Frame, tag="desk"):
    """The desk as this patron may know it."""

    open: bool
    online: bool
    state: Literal["closed", "away", "busy", "here"]  # "away": open, and nobody is there; "busy": nobody has room
    wait_s: int | None = None
    place: int = 0
    next_opening: int = 0
    library: str = ""
    accent: str = ""
    emblem: str = ""  # the letters that stand for the library
    language: str = "en"
    rate_s: int = 0  # for how long a chat that ended can be rated
    mails: bool = False  # the transcript can be mailed
    opening: str = ""  # `next_opening` in words, with its time zone
    answers: str = "mail-phone"  # the kinds of address that an answer can be sent to
    national: bool = False  # a number needs no country code
    down: bool = False  # nothing can be taken in now
    notice: str = ""  # what the desk wants patrons to know for now
    behind: bool = False  # what is sent is kept, and nobody sees it yet
    previews: bool = False  # librarians see what is typed before it is sent: say so, and send it with the sign
    privacy: str = ""  # the address of the library's privacy notice
    fields: tuple[FormField, ...] = ()  # the library's own questions before the first message
    queues: tuple[QueueOffer, ...] = ()  # what the patron may choose from


class ServerPong(Frame, tag="pong"):
    """Yes."""


class Again(Frame, tag="again"):
    """Your line was full and something was left out: say hello again."""


class Error(Frame, tag="error"):
    """A frame was not taken: `code` is a word of the catalogue, `id` the message it concerns, `retry_after` s."""

    code: str
    id: str = ""
    retry_after: float = 0.0


ServerFrame = Welcome | TokenFrame | Lines | Ack | ReadMark | LibrarianTyping | DeskState | ServerPong | Again | Error
encode = msgspec.json.Encoder().encode


def file_ref(secret: bytes, sender: str, attachment: Attachment) -> FileRef:
    """Return an attachment as this patron may name and fetch it."""
    return FileRef(
        digest=attachment.digest,
        name=attachment.name,
        media_type=attachment.media_type,
        size=attachment.size,
        proof=tokens.proof(secret, sender, attachment.digest),
    )


def history_line(line: HistoryLine, sender: str, secret: bytes) -> PatronLine:
    """Return a line of the patron's history."""
    return PatronLine(
        id=line.id,
        who=line.who,
        text=line.text,
        at=line.at,
        position=line.position,
        author=line.author,
        source=line.source,
        files=tuple(file_ref(secret, sender, attachment) for attachment in line.attachments),
        event=line.event,
        stage=line.stage,
    )


def live_frame(delivery: Delivery, secret: bytes) -> ServerFrame:
    """Return what a delivery looks like to the browser it is for."""
    if delivery.kind == "mark":
        return ReadMark(id=delivery.id, about=delivery.about)
    line = PatronLine(
        id=delivery.id,
        who="librarian" if delivery.kind == "text" else "desk",
        text=delivery.text,
        at=delivery.at,
        author=delivery.author,
        files=tuple(file_ref(secret, delivery.to, attachment) for attachment in delivery.attachments),
        event=delivery.event,
    )
    return Lines(lines=(line,), live=True)


def desk_state(desk: ChannelDesk) -> DeskState:
    """Return the desk as a frame; the guess is rounded, so that it changes when it means something."""
    wait = None if desk.wait_s is None else rounded(desk.wait_s)
    return DeskState(
        open=desk.open,
        online=desk.online,
        state=desk.state,
        wait_s=wait,
        place=desk.place,
        next_opening=desk.next_opening,
        library=desk.library,
        accent=desk.accent,
        emblem=emblem(desk.library),
        language=desk.language,
        rate_s=desk.rate_s,
        mails=desk.mails,
        opening=desk.opening,
        answers=desk.answers,
        national=desk.national,
        down=desk.down,
        notice=desk.notice,
        behind=desk.behind,
        previews=desk.previews,
        privacy=desk.privacy,
        fields=desk.fields,
        queues=desk.queues,
    )


def rounded(seconds: int) -> int:
    """Round a wait up to half minutes, above five minutes to whole minutes, above half an hour to fives."""
    step = 30 if seconds <= 300 else 60 if seconds <= 1800 else 300
    return -(-max(0, seconds) // step) * step

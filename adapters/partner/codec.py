"""What partners say to each other, as JSON, and what of it is a message, an action or a delivery here. Pure.

From home to helper: `pass` (an offer or transfer, and what was said since), `gone`, `recalled`, `forgotten`.
From helper to home: `claimed`, `said`, `waiting`, `back`, `declined`, `ended`. Both ways: `hello`, `bye`. Once: `join`.
`id` is the sender's own id of a message. What comes a second time under it counts once.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec

from adapters.partner import words
from bridge.contract.message import Attachment, Message, Wire, derive, message_id
from bridge.contract.partners import LentTalk, PassedLine, PeerDesk

SPEAKS = 1  # the version of the protocol
MAX_BODY = 512 * 1024
MAX_LINES = 200  # in one message
MAX_TEXT = 20_000
MAX_FILES = 100  # in one message
MAX_DAYS = 36_500
_ID = re.compile(r"[A-Za-z0-9_.:-]{1,100}")
_DIGEST = re.compile(r"[0-9a-f]{64}")
CODES = {  # theirs -> what home gives
    "answered": "answered",
    "lost_call": "lost_call",
    "practice": "practice",
    "unreached": "unreached",
    "follow_up_library": "follow_up_library",
    "follow_up_me": "follow_up_library",  # nobody there can be reached by the patron later
}


class PeerJoin(Wire, tag="join"):
    """Accept an invitation. `key`: the public key in hex."""

    secret: str
    key: str
    url: str
    name: str


class PeerHello(Wire, tag="hello"):
    """I'm here; `agreed`: my administrator has confirmed the partnership."""

    name: str
    agreed: bool
    desk: PeerDesk


class PeerBye(Wire, tag="bye"):
    """The partnership is over."""


class PeerPass(Wire, tag="pass"):
    """What was said in a conversation after the position `after`; `opening` "" = nothing new is asked."""

    conversation: str
    opening: str = ""
    transfer: bool = False
    note: str = ""
    library: str = ""
    language: str = ""
    name: str = ""
    policy_url: str = ""
    days: int = 0
    after: str = ""
    lines: tuple[PassedLine, ...] = ()


class PeerGone(Wire, tag="gone"):
    """The patron has left."""

    conversation: str


class PeerRecall(Wire, tag="recalled"):
    """It is over at the helper; `code` says how it ended at home, "" = it goes on there."""

    conversation: str
    code: str = ""


class PeerForget(Wire, tag="forgotten"):
    """Home has forgotten these conversations."""

    conversations: tuple[str, ...]


class PeerClaim(Wire, tag="claimed"):
    """A librarian of the helper has it."""

    id: str
    conversation: str
    name: str


class PeerSay(Wire, tag="said"):
    """A librarian of the helper answers."""

    id: str
    conversation: str
    name: str
    text: str
    files: tuple[Attachment, ...] = ()


class PeerWait(Wire, tag="waiting"):
    """Nobody at the helper has it any more."""

    id: str
    conversation: str


class PeerBack(Wire, tag="back"):
    """The helper hands it back."""

    id: str
    conversation: str
    note: str = ""


class PeerDecline(Wire, tag="declined"):
    """The helper does not take it."""

    id: str
    conversation: str


class PeerEnd(Wire, tag="ended"):
    """A librarian of the helper has ended it, after so many seconds there."""

    id: str
    conversation: str
    name: str
    code: str
    seconds: int = 0


FromHome = PeerPass | PeerGone | PeerRecall | PeerForget
FromHelper = PeerClaim | PeerSay | PeerWait | PeerBack | PeerDecline | PeerEnd
Said = PeerJoin | PeerHello | PeerBye | FromHome | FromHelper


class PeerReply(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The answer to a message: "" = taken, else a word. `have`: the position up to which the helper has all."""

    word: str = ""
    have: str = ""
    key: str = ""
    name: str = ""


_ENCODER = msgspec.json.Encoder()
_SAID: msgspec.json.Decoder[Said] = msgspec.json.Decoder(Said)
_REPLY: msgspec.json.Decoder[PeerReply] = msgspec.json.Decoder(PeerReply)


def encode(one: Said | PeerReply) -> bytes:
    """Return a message as it is sent."""
    return _ENCODER.encode(one)


def decode(body: bytes) -> Said:
    """Return what a partner said. Raises ValueError."""
    said = _SAID.decode(body)
    ids = [getattr(said, name, "x") for name in ("id", "conversation")]
    files: list[Attachment] = []
    if isinstance(said, PeerPass):
        if len(said.lines) > MAX_LINES or not 0 <= said.days <= MAX_DAYS:
            raise ValueError("more than one message may hold")
        ids += [said.opening or "x", *(line.id for line in said.lines), *(line.position for line in said.lines)]
        files = [file for line in said.lines for file in line.files]
    elif isinstance(said, PeerForget):
        ids += said.conversations
    elif isinstance(said, PeerSay):
        files = list(said.files)
    if not all(map(_ID.fullmatch, ids)) or not all(_DIGEST.fullmatch(file.digest) for file in files):
        raise ValueError("an id that is none")
    if len(files) > MAX_FILES:
        raise ValueError("more files than one message may hold")
    return said


def decode_reply(body: bytes) -> PeerReply:
    """Return a partner's answer. Raises ValueError."""
    return _REPLY.decode(body)


# ---- at the helper ----


def sender(partner: str, conversation: str) -> str:
    """Return the address of a partner's conversation on our channel."""
    return f"{partner}/{conversation}"


def place_of(address: str) -> tuple[str, str]:
    """Return partner and conversation of an address on our channel."""
    partner, _, conversation = address.partition("/")
    return partner, conversation


def messages(
    channel: str, partner: str, given: PeerPass, after: str, files: Sequence[tuple[tuple[Attachment, ...], str]]
) -> list[Message]:
    """Return what a `pass` brings here, in order: the opening words, then the lines after a position.

    `files`: for each line those that we have, and what to say of the others.
    """
    address = sender(partner, given.conversation)
    name = f"{given.name or words.PATRON} ({given.library})" if given.library else ""
    found: list[tuple[str, str, tuple[Attachment, ...], int]] = []
    if given.opening:
        text = words.opening(given.library, transfer=given.transfer, note=given.note, policy_url=given.policy_url)
        if text:
            found.append((derive("opening", given.opening), text, (), 0))
    for line, (held, missing) in zip(given.lines, files, strict=True):
        if line.position > after:
            found.append((line.id, _words(line, given.library, missing), held, line.at))
    return [
        Message(
            id=message_id(channel, address, source),
            channel=channel,
            sender=address,
            source=source,
            text=text,
            attachments=held,
            sent_at=at,
            name=name,
            language=given.language,
        )
        for source, text, held, at in found
    ]


def _words(line: PassedLine, library: str, missing: str) -> str:
    text = f"{line.text}\n{missing}".strip() if missing else line.text
    return text if line.who == "patron" else words.SAID.format(author=line.author, library=library, text=text)


# ---- at home ----


def passed(conversation: str, lent: LentTalk, after: str, lines: Sequence[PassedLine]) -> PeerPass:
    """Return a `pass` of lines alone."""
    return PeerPass(
        conversation=conversation,
        library=lent.library,
        language=lent.language,
        name=lent.name,
        policy_url=lent.policy_url,
        days=lent.retention_days,
        after=after,
        lines=tuple(lines),
    )


def batches(lines: Sequence[PassedLine]) -> list[list[PassedLine]]:
    """Return lines in groups that fit into one message each; [[]] for none."""
    groups: list[list[PassedLine]] = [[]]
    size = 0
    for line in lines:
        cost = len(line.text.encode("utf-8", "replace")) * 2 + 2000 * (1 + len(line.files))
        if groups[-1] and (size + cost > MAX_BODY // 2 or len(groups[-1]) >= MAX_LINES):
            groups.append([])
            size = 0
        groups[-1].append(line)
        size += cost
    return groups

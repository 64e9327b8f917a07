"""From what happened to what people read: each step of the log as changes of a transcript.

Pure, and used twice. The writer applies the changes to SQL. The reader applies the same changes to what SQL holds, where the
archive is a little behind. One rule for both, so there is no gap and no overlap between them.

Who said it decides who may see it: `patron`, `librarian` and `desk` lines are the patron's own view; `note` and `system`
lines are for staff, but for the patron's own rating.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Literal

import msgspec

from bridge.contract.message import Attachment, Delivery, derive
from routing import events as ev
from routing.records import SET_ASIDE

Who = Literal["patron", "librarian", "desk", "note", "system"]

STEP = 10_000  # more events than a step ever has: its lines stand before those of the next step of the same entry

PATRON_SEES: frozenset[str] = frozenset({"patron", "librarian", "desk"})
_POSITION = re.compile(r"(\d{13})\.(\d{12})\.(\d{10})", re.ASCII)
CC, BCC = "cc:", "bcc:"  # before an address, among the marks of what went out
RATED = "rated:"  # of a line's event; the score follows


class TranscriptLine(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One line of a transcript.

    `stage` of a delivery: queued, uncertain, sent, delivered, read, failed; of a patron's message: received, read.
    """

    id: str
    conversation: str
    at: int
    seq: int
    part: int
    who: Who
    author_id: str = ""
    author: str = ""
    text: str = ""
    sent_at: int = 0
    attachments: tuple[Attachment, ...] = ()
    html: str = ""
    original: str = ""
    subject: str = ""
    event: str = ""
    target: str = ""
    channel: str = ""
    address: str = ""
    source: str = ""
    replaces: str = ""
    marks: tuple[str, ...] = ()
    stage: str = ""
    reason: str = ""
    detail: str = ""
    network_id: str = ""

    @property
    def position(self) -> str:
        """The line's place among all lines; sorts as text. A patron's client resumes from it."""
        return position_of(self.at, self.seq, self.part)


def position_of(at: int, seq: int, part: int) -> str:
    """Return a line's position: fixed width, so that order as text is order in time."""
    return f"{at:013d}.{seq:012d}.{part:010d}"


def place_of(position: str) -> tuple[int, int, int] | None:
    """Return the moment, entry and part of a position, None for what is none or has a part that no database column holds."""
    found = _POSITION.fullmatch(position)
    return (int(found[1]), int(found[2]), int(found[3])) if found and int(found[3]) < 1 << 31 else None


def patron_sees(line: TranscriptLine, channel: str, address: str) -> bool:
    """Say whether a line belongs to what a patron sees at an address: what went between it and the desk, and how it was rated."""
    if line.who in PATRON_SEES:
        return line.channel == channel and line.address == address
    return line.event.startswith(RATED)


class Staged(msgspec.Struct, frozen=True, gc=False):
    """A delivery came further."""

    line: str
    stage: str
    reason: str
    detail: str
    network_id: str


class ReadBy(msgspec.Struct, frozen=True, gc=False):
    """The patron's lines of a conversation were read, up to the line `upto`."""

    conversation: str
    upto: str


Change = TranscriptLine | Staged | ReadBy


class _Place:
    """The place of the event that is being told: `part` among all events of its entry, `n` among those of its step."""

    __slots__ = ("at", "cause", "n", "part", "seq")

    def __init__(self, seq: int, cause: str, at: int) -> None:
        self.seq, self.cause, self.at, self.part, self.n = seq, cause, at, 0, 0

    def system(
        self, conversation: str, event: str, *, by: str = "", target: str = "", text: str = ""
    ) -> TranscriptLine:
        """A folded line for staff that says what happened."""
        return TranscriptLine(
            id=derive("line", self.cause, str(self.n)),
            conversation=conversation,
            at=self.at,
            seq=self.seq,
            part=self.part,
            who="system",
            author_id=by,
            event=event,
            target=target,
            text=text,
        )

    def delivery(self, delivery: Delivery, who: Who, by: str) -> TranscriptLine:
        """What went, or is to go, to the patron."""
        return TranscriptLine(
            id=delivery.id,
            conversation=delivery.conversation,
            at=self.at,
            seq=self.seq,
            part=self.part,
            who=who,
            author_id=by,
            author=delivery.author,
            text=delivery.text,
            attachments=delivery.attachments,
            subject=delivery.subject,
            event=delivery.event,
            channel=delivery.channel,
            address=delivery.to,
            marks=copies_as_marks(delivery),
            stage="queued",
        )


def copies_as_marks(delivery: Delivery) -> tuple[str, ...]:
    """Return the further recipients of a delivery as its line keeps them: `cc:` or `bcc:` and the address."""
    return (*(f"{CC}{one}" for one in delivery.cc), *(f"{BCC}{one}" for one in delivery.bcc))


def _forwarded(event: ev.Forwarded, place: _Place) -> TranscriptLine:
    """A line for staff, under the id of what went out, so that its outcome is told there."""
    delivery = event.delivery
    line = place.system(event.conversation, f"forwarded:{event.what}", by=event.by, target=delivery.to, text=event.note)
    return msgspec.structs.replace(line, id=delivery.id, attachments=delivery.attachments, stage="queued")


def _copy_failed(event: ev.CopyFailed, place: _Place) -> TranscriptLine:
    """A line of its own, once for each delivery and address."""
    line = place.system(event.conversation, "copy-failed", target=event.address)
    id = derive("line", event.delivery, event.address)
    return msgspec.structs.replace(line, id=id, reason=event.reason, detail=event.detail)


def _received(event: ev.Received, place: _Place) -> TranscriptLine:
    message = event.message
    return TranscriptLine(
        id=message.id,
        conversation=event.conversation,
        at=place.at,
        seq=place.seq,
        part=place.part,
        who="patron",
        author=message.name,
        text=message.text,
        sent_at=message.sent_at,
        attachments=message.attachments,
        html=message.html,
        original=message.original,
        subject=message.subject,
        channel=message.channel,
        address=message.sender,
        source=message.source,
        replaces=message.replaces,
        marks=message.marks,
        stage="received",
    )


def _noted(event: ev.Noted, place: _Place) -> TranscriptLine:
    return TranscriptLine(
        id=event.id,
        conversation=event.conversation,
        at=place.at,
        seq=place.seq,
        part=place.part,
        who="note",
        author_id=event.by,
        text=event.text,
        marks=event.mentions,
    )


def _rated(event: ev.Rated, place: _Place) -> TranscriptLine:
    return msgspec.structs.replace(
        place.system(event.conversation, f"{RATED}{event.score}", text=event.comment), id=event.id
    )


def _queued(event: ev.Queued, place: _Place) -> TranscriptLine:
    return place.system(event.conversation, f"queued:{event.reason}", target=event.queue)


def _transfer(event: ev.TransferOffered, place: _Place) -> TranscriptLine:
    target = event.librarian or event.queue
    return place.system(event.conversation, "transfer-offered", by=event.by, target=target, text=event.note)


def _call_ended(event: ev.CallEnded, place: _Place) -> TranscriptLine:
    """`target`: the seconds, 0 = nobody talked; `text`: the media. What is told to the patron's page is no line of its own."""
    what = " ".join(event.kinds) if event.seconds else ""
    return place.system(
        event.conversation, f"call-ended:{event.reason}", by=event.by, target=str(event.seconds), text=what
    )


_TELL: dict[type[ev.Event], Callable[..., Change]] = {
    ev.Received: _received,
    ev.Said: lambda e, p: p.delivery(e.delivery, "librarian", e.by),
    ev.Forwarded: _forwarded,
    ev.CopyFailed: _copy_failed,
    ev.Noticed: lambda e, p: p.delivery(e.delivery, "desk", ""),
    ev.Noted: _noted,
    ev.Progressed: lambda e, p: Staged(e.delivery, e.stage, e.reason, e.detail, e.network_id),
    ev.ReadUpTo: lambda e, p: ReadBy(e.conversation, e.message),
    ev.Queued: _queued,
    ev.TierOpened: lambda e, p: p.system(e.conversation, "tier", target=str(e.tier)),
    ev.OfferRejected: lambda e, p: p.system(e.conversation, "offer-rejected", by=e.by),
    ev.Claimed: lambda e, p: p.system(e.conversation, f"claimed:{e.how}", by=e.by),
    ev.TransferOffered: _transfer,
    ev.TransferEnded: lambda e, p: p.system(e.conversation, f"transfer-ended:{e.reason}", by=e.by, target=e.to),
    ev.HandedOver: lambda e, p: p.system(e.conversation, "handed-over", by=e.by, target=e.librarian),
    ev.Released: lambda e, p: p.system(e.conversation, "released", by=e.by),
    ev.Joined: lambda e, p: p.system(e.conversation, "joined", by=e.by),
    ev.LeftConversation: lambda e, p: p.system(e.conversation, f"left-conversation:{e.reason}", by=e.by),
    ev.Snoozed: lambda e, p: p.system(e.conversation, f"snoozed:{e.why}", by=e.by),
    ev.Woken: lambda e, p: p.system(e.conversation, "woken" if e.by else "woken:time", by=e.by),
    ev.Reminded: lambda e, p: p.system(e.conversation, f"reminded:{e.what}"),
    ev.PatronGone: lambda e, p: p.system(e.conversation, "patron-gone" if e.gone else "patron-back"),
    ev.Closed: lambda e, p: (
        p.system(e.conversation, f"set-aside:{e.reason}")
        if e.code == SET_ASIDE
        else p.system(e.conversation, "closed", by=e.by, target=e.code, text=e.reason)
    ),
    ev.Dismissed: lambda e, p: p.system(e.conversation, "dismissed", by=e.by),
    ev.Recoded: lambda e, p: p.system(e.conversation, "recoded", by=e.by, target=e.code, text=e.before),
    ev.Rated: _rated,
    ev.TranscriptMailed: lambda e, p: p.system(e.conversation, "transcript-mailed"),
    ev.OwnDataOffered: lambda e, p: p.delivery(e.delivery, "desk", e.by),
    ev.Reopened: lambda e, p: p.system(e.conversation, "reopened", by=e.by),
    ev.CallOffered: lambda e, p: p.delivery(e.delivery, "desk", e.by),
    ev.CallAccepted: lambda e, p: p.system(
        e.conversation, "call-accepted:meeting" if e.by else "call-accepted", by=e.by
    ),
    ev.CallEnded: _call_ended,
    ev.Merged: lambda e, p: p.system(e.conversation, "merged", by=e.by, target=e.other),
    ev.Unmerged: lambda e, p: p.system(e.conversation, "unmerged", by=e.by, target=e.other),
    ev.Blocked: lambda e, p: p.system(e.conversation, "blocked", by=e.by, text=e.reason),
    ev.FollowUpOpened: lambda e, p: p.system(e.conversation, "follow-up-opened", by=e.owner, target=e.id),
    ev.FollowUpChanged: lambda e, p: p.system(e.conversation, f"follow-up:{e.state}", by=e.by, target=e.id),
}

# Events without a line. Staff read them elsewhere, or they change nothing that a transcript tells.
NO_LINE: frozenset[type] = frozenset(
    {
        *(ev.Opened, ev.Identified, ev.Unblocked),  # the conversation's own facts
        *(ev.Turned, ev.Offered, ev.Revoked, ev.Relayed, ev.Parked),  # between the desk and one librarian, or nobody
        *(ev.Consulted, ev.ConsultEnded),  # between colleagues: beside the transcript, never in it
        *(ev.Forgotten, ev.Erased),  # there is no transcript to write in
        *(ev.Connected, ev.Disconnected, ev.Left, ev.AvailabilitySet, ev.Rested),  # people
        *(ev.LibrarianPlaced, ev.SessionsEnded),
        *(ev.ChannelChanged, ev.LibraryChanged, ev.TookOver),  # the desk
        *(ev.QueueSet, ev.Announced, ev.Acknowledged, ev.AnnouncementEnded),
        *(ev.Refused, ev.Done, ev.Faulted),  # nothing changed
    }
)


def changes(step: ev.Step, seq: int) -> Iterator[Change]:
    """Yield what one step changes in transcripts, in order."""
    place = _Place(seq, step.cause, step.at)
    for n, event in enumerate(step.events):
        tell = _TELL.get(type(event))
        if tell is not None and not _untold(event):
            place.n, place.part = n, step.n * STEP + n
            yield tell(event, place)


def _untold(event: ev.Event) -> bool:
    """Say whether an event is the desk's own note, with nothing to read in a transcript."""
    return isinstance(event, ev.Reminded) and event.what == "hours"


def concerns(step: ev.Step) -> set[str]:
    """Return the conversations that a step speaks of."""
    found = {getattr(event, "conversation", "") for event in step.events}
    found.discard("")
    return found


def amend(lines: dict[str, TranscriptLine], change: Change) -> None:
    """Apply one change to the lines of one conversation, by id and in order."""
    if isinstance(change, TranscriptLine):
        lines.setdefault(change.id, change)
    elif isinstance(change, Staged):
        _amend_stage(lines, change)
    else:
        _amend_read(lines, change)


def _amend_stage(lines: dict[str, TranscriptLine], change: Staged) -> None:
    line = lines.get(change.line)
    if line is not None:
        lines[line.id] = msgspec.structs.replace(
            line,
            stage=change.stage,
            reason=change.reason,
            detail=change.detail,
            network_id=change.network_id or line.network_id,
        )


def _amend_read(lines: dict[str, TranscriptLine], change: ReadBy) -> None:
    upto = lines.get(change.upto)
    if upto is None:
        return
    for line in list(lines.values()):
        if line.who == "patron" and line.position <= upto.position and line.stage != "read":
            lines[line.id] = msgspec.structs.replace(line, stage="read")

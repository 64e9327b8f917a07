"""Writing first to an address, and sending something of a conversation on.

What leaves is put together here from the patron's own view of the conversation; the core decides who may send it where.
"""

from __future__ import annotations

from bridge.contract import message as wire
from bridge.contract.message import Attachment, ChannelStatus, is_blank
from bridge.inbox import schema
from bridge.inbox.http.responses import Answer, Refusal
from bridge.inbox.http.route import Call, Parameter, Route
from bridge.inbox.http.upload_tickets import attachment
from bridge.inbox.routes.actions import act, repeated
from bridge.inbox.routes.conversation import together
from bridge.inbox.routes.files import check_kept, taken_in
from bridge.inbox.services import ChannelFacts
from bridge.inbox.views import outgoing_text, rows
from bridge.sql.people.accounts import now_ms
from bridge.sql.transcripts.lines import TranscriptLine
from routing.beginning import begins
from routing.organisation import Library
from routing.recipients import left_today
from routing.state import State
from routing.wording import fill, words

BEGINNING = "begin"  # what tickets of files are good for that have no conversation yet
MOST_LINES = 10_000


async def choices(call: Call) -> schema.BeginChoices:
    """The channels by which I may write first."""
    state, services = call.state, call.services
    found = [
        _channel(state, call.me, one, services.channels.get(one.channel) or ChannelFacts(kind=one.kind))
        for one in state.channels.values()
        if begins(state, call.me, one)
    ]
    return schema.BeginChoices(channels=sorted(found, key=lambda one: (one.library, one.channel)))


def _channel(state: State, me: str, one: ChannelStatus, facts: ChannelFacts) -> schema.BeginChannel:
    library = one.queue.partition("/")[0]
    shown = rows.channel_view(one)
    return schema.BeginChannel(
        channel=one.channel,
        label=shown.label,
        icon=shown.icon,
        kinds=list(one.answers or ()),
        library=library,
        library_name=state.roster.library(library).name or library,
        up=one.up,
        copies=one.cc,
        titled=one.threads,
        files=facts.max_media > 0,
        max_text=facts.max_text,
        segments=facts.segments,
        plain=facts.plain,
        left=left_today(state, me, library, now_ms()),
    )


async def begin(call: Call) -> Answer:
    """Write first to an address; the conversation is mine from its beginning."""
    asked: schema.BeginAsked = call.body
    if is_blank(asked.text) and not asked.attachments:
        raise Refusal(422, "invalid", "text: a message has words or a file.")
    status = call.state.channels.get(asked.channel)
    if status is not None and status.threads and is_blank(asked.subject):
        raise Refusal(422, "invalid", "subject: a mail that begins something has a subject.")
    files = tuple(attachment(call.services.secret, one, call.me, BEGINNING) for one in asked.attachments)
    await check_kept(call, files)
    facts = call.services.channels.get(asked.channel)
    if facts is not None and any(one.size > facts.max_media for one in files):
        raise Refusal(422, "no-file", "attachments: this channel carries no files of that size; send a link instead.")
    deed = wire.Begin(
        channel=asked.channel,
        address=asked.address.strip(),
        text=asked.text,
        subject=" ".join(asked.subject.split()),
        name=" ".join(asked.name.split()),
        attachments=files,
        cc=tuple(one.strip() for one in asked.cc),
        bcc=tuple(one.strip() for one in asked.bcc),
        apart=asked.apart,
    )
    return await act(call, deed)


async def begin_attachments(call: Call) -> schema.Uploaded:
    """Take a file in for a message that begins a conversation."""
    return await taken_in(call, BEGINNING)


# ---- sending on ------------------------------------------------------------


async def forward(call: Call) -> Answer:
    """Send a message with its files, or the transcript, on to a mail address."""
    asked: schema.ForwardAsked = call.body
    it = call.state.conversations.get(call.id)
    if it is None:
        raise Refusal(409, "refused", "It ended too long ago to send it on.", body=_forgotten())
    library = call.state.roster.library(it.library)
    lines = await _lines(call)
    files: tuple[Attachment, ...] = ()
    patron = it.name or words(library, "forward.patron")
    if asked.what == "message":
        line = next((one for one in lines if one.id == asked.line and outgoing_text.leaves(one)), None)
        if line is None:
            raise Refusal(422, "unknown-message", "line: there is no such message in this conversation.")
        text, files = outgoing_text.message_text(line, patron, library, asked.note), line.attachments
        await check_kept(call, files)
        subject = asked.subject or f"Fwd: {line.subject or it.subject}"
    else:
        text = outgoing_text.transcript_text(lines, patron, library, asked.note)
        subject = asked.subject or fill(words(library, "transcript.subject"), {"library": library.name})
    channel = _carrier(call.state, library)
    _check_sizes(call, channel, files)
    call.services.archive.access_audit.note(call.me, [call.id], "read")
    deed = wire.Forward(
        conversation=call.id,
        channel=channel,
        address=asked.address.strip(),
        what=asked.what,
        text=text,
        subject=" ".join(subject.split())[:400],
        note=asked.note.strip(),
        attachments=files,
    )
    return await act(call, deed)


def _forgotten() -> schema.Clash:
    detail = "It ended too long ago to send it on."
    return schema.Clash(error="refused", detail=detail, reason="unknown-conversation")


async def _lines(call: Call) -> list[TranscriptLine]:
    """Return the patron's own view of the conversation, with those merged into it that I may see."""
    found: list[TranscriptLine] = []
    for one in await together(call, call.state.conversations.get(call.id)):
        found += await call.services.reader.transcript(one, limit=MOST_LINES)
    return sorted((line for line in found if outgoing_text.leaves(line)), key=lambda line: line.position)


def _carrier(state: State, library: Library) -> str:
    """Return the library's channel that carries copies, the one it names for answers first; "" = it has none."""
    own = [one for one in state.channels.values() if one.cc and one.queue.partition("/")[0] == library.id]
    ordered = sorted(own, key=lambda one: (one.channel != library.contact_channel, one.channel))
    return ordered[0].channel if ordered else ""


def _check_sizes(call: Call, channel: str, files: tuple[Attachment, ...]) -> None:
    facts = call.services.channels.get(channel)
    if facts is not None and any(one.size > facts.max_media for one in files):
        raise Refusal(422, "no-file", "A file of this message is too large to be mailed.")


NAME = Parameter("name", "The file's name, where the body is the file itself")

ROUTES = (
    Route("GET", "/begin", "Channels by which I may write first", choices, gives=schema.BeginChoices),
    Route(
        "POST",
        "/begin",
        "Write first to an address",
        begin,
        asks=schema.BeginAsked,
        gives=schema.Acted,
        action=True,
        again=repeated,
        keyed=True,
    ),
    Route(
        "POST",
        "/begin/attachments",
        "Take a file in for a message that begins a conversation",
        begin_attachments,
        asks=bytes,
        gives=schema.Uploaded,
        query=(NAME,),
    ),
    Route(
        "POST",
        "/conversations/{id}/forward",
        "Send a message or the transcript on to a mail address",
        forward,
        scope="conversation",
        asks=schema.ForwardAsked,
        gives=schema.Acted,
        action=True,
        again=repeated,
        keyed=True,
    ),
)

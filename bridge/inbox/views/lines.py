"""Transcript lines as pages show them.

The archive's rule says which lines there are (`archive.lines`); here names are put to ids and paths to files. Files are reached
through the conversation they belong to, so that who may see the conversation, and nobody else, may see them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from bridge.contract.message import Attachment, derive
from bridge.inbox.http.responses import BASE
from bridge.inbox.schema import File, Fragment, Line
from bridge.inbox.views.rows import name_of, queue_name
from bridge.sql.transcripts.lines import BCC, CC
from bridge.sql.transcripts.lines import TranscriptLine as Archived
from bridge.sql.transcripts.search import CLOSE, OPEN
from routing.state import State

IMAGES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
SOUNDS = frozenset({"audio/mpeg", "audio/ogg", "audio/wav", "audio/flac", "audio/mp4"})  # played in place
ON_ITS_WAY = frozenset({"queued", "received"})

_PASS = re.compile(r"\S+/call/#\S+")


def shown(state: State, line: Archived, me: str) -> Line:
    """Return a line for `me`, who is staff. Hidden recipients are their author's alone to see."""
    word, _, more = line.event.partition(":")
    return Line(
        id=line.id,
        position=line.position,
        who=line.who,
        text=without_pass(line.text) if line.event == "call-offered" else line.text,
        at=line.at,
        author=_author(state, line),
        author_id=line.author_id,
        sent_at=line.sent_at,
        attachments=[file(line.conversation, one) for one in line.attachments],
        stage="" if line.stage in ON_ITS_WAY else line.stage,
        reason=line.reason,
        event=word,
        details=_details(state, line, more) if line.who == "system" else {},
        channel=line.channel,
        via=via_of(line.channel, line.address) if line.address else "",
        html=f"{files_of(line.conversation)}/{line.html}" if line.html else "",
        mentions=list(line.marks) if line.who == "note" else [],
        replaces=line.replaces,
        marks=[mark for mark in line.marks if not mark.startswith((CC, BCC))] if line.who != "note" else [],
        cc=_copies(line, CC),
        bcc=_copies(line, BCC) if line.author_id == me else [],
    )


def _copies(line: Archived, kind: str) -> list[str]:
    return [mark.removeprefix(kind) for mark in line.marks if mark.startswith(kind)] if line.who == "librarian" else []


def without_pass(text: str) -> str:
    """Return the words of an offer without what opens the call: that is for its patron alone."""
    return _PASS.sub("…", text)


def _author(state: State, line: Archived) -> str:
    return name_of(state, line.author_id) if line.author_id else line.author


def _details(state: State, line: Archived, more: str) -> dict[str, str]:
    """Return what the sentence of a system line needs: who, whither, which code, how."""
    found = {"by": name_of(state, line.author_id) if line.author_id else "", "how": more}
    if line.target:
        found["target"] = line.target
        found["to"] = queue_name(state, line.target) if "/" in line.target else name_of(state, line.target)
    return {key: value for key, value in found.items() if value}


def files_of(conversation: str) -> str:
    """Return the path below which a conversation's files are."""
    return f"{BASE}/conversations/{conversation}/files"


def file(conversation: str, attachment: Attachment) -> File:
    """Return an attachment with its path."""
    return File(
        digest=attachment.digest,
        name=attachment.name,
        media_type=attachment.media_type,
        size=attachment.size,
        url=f"{files_of(conversation)}/{attachment.digest}",
        inline=attachment.media_type in IMAGES | SOUNDS,
    )


def fragments(snippet: str) -> list[Fragment]:
    """Return a found line's piece, cut where its marks stand."""
    found: list[Fragment] = []
    for n, part in enumerate(snippet.split(OPEN)):
        hit, closed, rest = part.partition(CLOSE) if n else ("", "", part)
        if n and not closed:
            hit, rest = "", part
        found += [Fragment(text=text, hit=marked) for text, marked in ((hit, True), (rest, False)) if text]
    return found


def via_of(channel: str, address: str) -> str:
    """Return the word by which pages name an address of a patron, which need not show the address itself."""
    return derive("via", channel, address)


def digests(lines: Sequence[Archived]) -> dict[str, Attachment]:
    """Return the files that these lines carry, by digest."""
    return {one.digest: one for line in lines for one in line.attachments}

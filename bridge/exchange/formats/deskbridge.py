"""What `deskbridge export` writes: conversations and counted questions of another Deskbridge, complete."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from bridge.exchange.fields import Reading, code_of, language_of
from bridge.exchange.record import (
    MOST_LINES,
    ConversationRecord,
    FilePlace,
    Items,
    QuestionRecord,
    RowFault,
    SpokenLine,
    UnreadableField,
    clean,
    word,
)
from bridge.exchange.table_files import jsonl_rows
from bridge.sql.counter.question import CountedQuestion
from bridge.sql.rows import words_of
from bridge.sql.transcripts.imported import ImportedHop
from bridge.sql.transcripts.lines import TranscriptLine
from bridge.sql.transcripts.reader import ConversationSummary

_TOLD = ("patron", "librarian", "desk", "note")


class _Exported(msgspec.Struct):
    conversation: ConversationSummary
    lines: list[TranscriptLine]
    way: str = "chat"
    forgotten: bool = False
    hops: list[ImportedHop] = []


def read(files: Sequence[Path], reading: Reading) -> Items:
    """Yield what the files hold; lines of other kinds, such as accounts, are faults."""
    for file in files:
        for row in jsonl_rows(file):
            if isinstance(row, RowFault):
                yield row
                continue
            place, cells = row
            try:
                yield (_question(place, cells) if "counted_question" in cells else _conversation(place, cells))
            except UnreadableField as error:
                yield RowFault(place, error.field, str(error))


def _conversation(place: FilePlace, cells: dict[str, Any]) -> ConversationRecord:
    try:
        found = msgspec.convert(cells, _Exported)
        topics = words_of(found.conversation.descriptive)
    except (msgspec.ValidationError, ValueError) as error:
        raise UnreadableField("conversation", str(error)) from None
    talk = found.conversation
    if talk.state != "closed":
        raise UnreadableField("state", "it is still open there: end it, and export again")
    return ConversationRecord(
        place=place,
        id=talk.id,
        opened_at=talk.opened_at,
        closed_at=talk.closed_at,
        accepted_at=talk.claimed_at,
        answered_at=talk.first_answer_at,
        way=word(found.way)[:31] or "other",
        live=talk.live,
        queue_entered=talk.queue_entered,
        queue=talk.queue,
        librarian=word(talk.answered_by or talk.owner),
        name=word(talk.name),
        contact=word(talk.contact),
        language=language_of(talk.language),
        subject=word(talk.subject),
        page=word(talk.page),
        code=_code(talk.code),
        topics=tuple(word(one) for one in topics[:50]),
        read_scale=talk.read_scale,
        reference=talk.reference,
        questions=_plain(cells, "questions"),
        rating=talk.rating if talk.rating in (1, 2, 3) else None,
        comment=clean(talk.rating_comment or "", 2000),
        lines=tuple(_line(line) for line in found.lines[:MOST_LINES] if line.who in _TOLD and line.text),
        hops=tuple(found.hops),
        numbers_only=found.forgotten,
    )


def _plain(cells: dict[str, Any], key: str) -> str | None:
    value = cells["conversation"].get(key)
    return value if isinstance(value, str) else None


def _code(code: str | None) -> str | None:
    """Return a code that means the same here; follow-ups of another desk are over."""
    if code is None or code.startswith("follow_up"):
        return None
    return code if code in ("merged", "recalled", "set_aside") else code_of(code)


def _line(line: TranscriptLine) -> SpokenLine:
    files = "".join(f"\n[{word(one.name) or 'file'}]" for one in line.attachments)
    return SpokenLine(
        who=line.who, text=clean(line.text + files), author=word(line.author or line.author_id), at=line.at
    )


def _question(place: FilePlace, cells: dict[str, Any]) -> QuestionRecord:
    try:
        question = msgspec.convert(cells["counted_question"], CountedQuestion)
    except msgspec.ValidationError as error:
        raise UnreadableField("counted_question", str(error)) from None
    if question.read_level is not None and not 1 <= question.read_level <= 6:
        raise UnreadableField("read_level", "it is none of 1 to 6")
    return QuestionRecord(
        place,
        msgspec.structs.replace(
            question,
            source_id=question.id,
            question=clean(question.question or "", 4000) or None,
            answer=clean(question.answer or "", 4000) or None,
        ),
    )

"""What was said of a conversation when it was ended, for who corrects it: a correction replaces all of it."""

from __future__ import annotations

import msgspec

from bridge.contract.message import QuestionTaken, Recode
from bridge.inbox import schema
from bridge.inbox.http.responses import not_found
from bridge.inbox.http.route import Call, Route
from bridge.inbox.schema.counter import CountedEnd, EndedQuestion
from bridge.sql.transcripts.reader import ConversationSummary
from routing.kinds import counts_as_reference

_codes = msgspec.json.Decoder(list[str])
_questions = msgspec.json.Decoder(list[QuestionTaken])


async def counted_end(call: Call) -> CountedEnd:
    """Return codes, questions and what counts. 404 until the archive has the end."""
    talk = await call.services.reader.conversation(call.id)
    if talk is None or talk.state != "closed":
        raise not_found()
    codes = _codes.decode(talk.descriptive) if talk.descriptive else []
    questions = _asked(talk)
    ruled = counts_as_reference(
        call.state.roster.library(talk.library),
        Recode(conversation=call.id, code=talk.code or "", descriptive=tuple(codes), questions=tuple(questions)),
    )
    return CountedEnd(
        descriptive=codes,
        questions=[EndedQuestion(kind=one.kind, read=one.read) for one in questions],
        reference=talk.reference if talk.reference != ruled else None,
    )


def _asked(talk: ConversationSummary) -> list[QuestionTaken]:
    """Return its questions; what an earlier release wrote of the whole conversation is one."""
    found = _questions.decode(talk.questions) if talk.questions else []
    return found or ([QuestionTaken(read=talk.read_scale)] if talk.read_scale else [])


ROUTES = (
    Route(
        "GET",
        "/conversations/{id}/counted",
        "What was said of it when it was ended; to correct that",
        counted_end,
        scope="conversation",
        gives=CountedEnd,
        also={404: schema.Problem},
    ),
)

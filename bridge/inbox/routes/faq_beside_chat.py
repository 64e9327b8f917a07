"""The FAQ beside a chat: entries near the patron's words, and an entry made from the conversation.

Nothing is indexed of a transcript: the words are looked up and forgotten. An entry is only made where a librarian asks for it and
saves it. Persons are taken out first, and the librarian sees what was taken out.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from bridge.faq.feeds import entry_path
from bridge.faq.scrub import scrub
from bridge.inbox.http.responses import Refusal
from bridge.inbox.http.route import Call, Parameter, Route
from bridge.inbox.routes.faq_access import faq_libraries, other_libraries, sees_entry
from bridge.inbox.schema import faq
from bridge.pages.markdown import text_of
from bridge.sql.faq.entry import MOST_BODY, MOST_TITLE, EntryText, FaqEntry
from bridge.sql.faq.search import FITS, Scope
from bridge.sql.transcripts.lines import TranscriptLine

LATEST = 60  # lines in which the patron's last words are looked for
WHOLE = 400  # lines of which an entry is made
OFFERED = 5
MOST_WORDS = 300  # characters of the patron's that are looked up
MOST_INSERTED = 1500  # characters of an answer that go into a reply

ASKED = Parameter("q", "Words to look up; none given: the patron's last")
_GREETING = re.compile(
    r"^(?:hi|hello|hey|good (?:morning|afternoon|evening)|hallo|guten tag)\b[\s,!.]*(?:there)?[\s,!.]*", re.I
)
_SENTENCE = re.compile(r"(?<=[.?!])\s+|\n+")


async def faq_suggestions(call: Call) -> faq.FaqSuggestions:
    """The entries nearest to the patron's last words, those of the patron's library first."""
    library, language = await patron_library(call)
    asked = call.query["q"] or _last_words(await call.services.reader.transcript(call.id, limit=LATEST))
    if not asked:
        return faq.FaqSuggestions(asked="", entries=[])
    mine, others = faq_libraries(call), other_libraries(call)
    scope = Scope(tuple(mine), 1, tuple(others))
    fits = 0.0 if call.query["q"] else FITS
    hits = await call.services.archive.faq_search.find(asked, scope, language=language, limit=OFFERED * 2, fits=fits)
    entries = await call.services.archive.faq.of_ids([hit.entry for hit in hits])
    near = sorted((entries[hit.entry] for hit in hits if hit.entry in entries), key=lambda one: one.library != library)
    found = [_suggestion(call, one, language) for one in near[:OFFERED]]
    return faq.FaqSuggestions(asked=asked, entries=found)


def _suggestion(call: Call, entry: FaqEntry, language: str) -> faq.FaqSuggestion:
    text = entry.text_in(language, call.state.roster.library(entry.library).language)
    public = entry.state == "public"
    host = call.services.public_url or f"{call.request.scheme}://{call.request.host}"
    return faq.FaqSuggestion(
        id=entry.id,
        title=text.title,
        language=text.language,
        state=entry.state,
        library=entry.library,
        url=host.rstrip("/") + entry_path(entry.library, text.language, text.slug) if public else "",
        text=_shortened(text_of(text.body)) if public else "",
        review_by=entry.review_by,
        changed_at=entry.changed_at,
    )


def _shortened(text: str) -> str:
    if len(text) <= MOST_INSERTED:
        return text
    return text[:MOST_INSERTED].rpartition(" ")[0] + " …"


def _last_words(lines: Sequence[TranscriptLine]) -> str:
    """Return the patron's last words: their newest lines, until there are enough words to go by."""
    said = [line.text for line in lines if line.who == "patron" and line.text.strip()]
    found = ""
    for text in reversed(said):
        found = f"{text} {found}".strip()
        if len(found.split()) >= 4:
            break
    return _GREETING.sub("", found)[-MOST_WORDS:]


async def faq_draft(call: Call) -> faq.FaqDraft:
    """An entry made from this conversation, without persons; nothing is kept before it is saved."""
    library, language = await patron_library(call)
    if library not in faq_libraries(call):
        raise Refusal(403, "forbidden", "Only the patron's own library makes an entry of it.")
    lines = await call.services.reader.transcript(call.id, limit=WHOLE)
    names = {line.author for line in lines if line.author} | await _names(call)
    question, answer = (
        "\n\n".join(line.text for line in lines if line.who == who and line.text) for who in ("patron", "librarian")
    )
    return draft_of(call.me, library, language, question, answer, names=names, source=call.id)


def draft_of(
    me: str, library: str, language: str, question: str, answer: str, *, names: Collection[str] = (), source: str = ""
) -> faq.FaqDraft:
    """Return an entry made of a question and its answer, without persons; `names` are those that are known."""
    asked, gone = scrub(question, names)
    answered, also_gone = scrub(answer, names)
    sentences = [one.strip() for one in _SENTENCE.split(_GREETING.sub("", asked)) if one.strip()]
    title = next((one for one in sentences if one.endswith("?")), sentences[0] if sentences else "")[:MOST_TITLE]
    phrases = tuple(one[:MOST_TITLE] for one in sentences if one.endswith("?") and one != title)[:5]
    text = EntryText(language=language, title=title, body=answered[:MOST_BODY], asked=phrases)
    entry = FaqEntry(library=library, texts=(text,), owner=me, source=source)
    parts = {(one.kind, one.text): faq.RemovedPart(kind=one.kind, text=one.text) for one in (*gone, *also_gone)}
    return faq.FaqDraft(entry=entry, removed=list(parts.values()))


async def _names(call: Call) -> set[str]:
    it = call.state.conversations.get(call.id)
    if it is not None:
        return {it.name} if it.name else set()
    talk = await call.services.reader.conversation(call.id)
    return {talk.name} if talk is not None and talk.name else set()


async def patron_library(call: Call) -> tuple[str, str]:
    """Return the library whose conversation it is, and the language of its patron."""
    it = call.state.conversations.get(call.id)
    talk = await call.services.reader.conversation(call.id) if it is None else None
    library = it.library if it is not None else talk.library if talk is not None else ""
    spoken = it.language if it is not None else talk.language if talk is not None else ""
    return library, spoken or call.state.roster.library(library).language


async def used_entry(call: Call, id: str) -> str:
    """Return an entry that an answer was made of. Raises Refusal 422 for one that the librarian can't see."""
    entry = await call.services.archive.faq.get(id)
    if entry is None or not sees_entry(call, entry):
        raise Refusal(422, "invalid", "faq names no entry.")
    return entry.id


ROUTES = (
    Route(
        "GET",
        "/conversations/{id}/faq",
        "Entries of the FAQ near the patron's words",
        faq_suggestions,
        scope="conversation",
        gives=faq.FaqSuggestions,
        query=(ASKED,),
    ),
    Route(
        "GET",
        "/conversations/{id}/faq/draft",
        "An entry made from it, without persons",
        faq_draft,
        scope="conversation",
        gives=faq.FaqDraft,
    ),
)

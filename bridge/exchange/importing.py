"""Records of another desk into the archive: looked over, counted, written a portion at a time, each once.

A portion is one short transaction, so a daemon that runs meanwhile waits for moments only, and an import that is stopped has
written whole portions: run again, it goes on. Memory holds a portion. What is wrong is told as it is met, and skipped.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice

import msgspec
from msgspec.structs import replace

from bridge.contract.message import derive
from bridge.exchange.record import (
    ConversationRecord,
    FaqRecord,
    FilePlace,
    FileRemark,
    Item,
    QuestionRecord,
    RowFault,
    SpokenLine,
)
from bridge.sql.archive import Archive
from bridge.sql.faq.entry import EntryState, EntryText, FaqEntry, entry_faults
from bridge.sql.people.accounts import now_ms
from bridge.sql.transcripts.imported import ImportedConversation, ImportedLine, imported_id

PORTION = 200  # records of a transaction
DAY_MS = 86_400_000
SHOWN = 3  # records of a preview
BREATH_S, BREATH_SHARE = 0.02, 0.1  # between two portions, and as a share of the last one: others write then


class ImportRules(msgspec.Struct, frozen=True, kw_only=True):
    """What becomes of records at this desk.

    queue            of conversations whose queue isn't known here
    queues           their names = ours; ours are known by their ids too
    librarians       their names = our ids; ours are known by id and name too
    retention_days   of the library, 0 = words are kept for ever
    """

    library: str
    source: str
    queue: str
    queues: Mapping[str, str]
    librarians: Mapping[str, str]
    retention_days: int
    language: str = "en"
    faq_state: EntryState = "draft"
    dry: bool = False
    now: int = 0


class ImportCounts(msgspec.Struct):
    """How many records there were, and what became of them. `numbers_only`: of the new ones, those older than words are kept."""

    conversations: int = 0
    questions: int = 0
    entries: int = 0
    fresh: int = 0
    known: int = 0
    numbers_only: int = 0
    faulty: int = 0
    lines: int = 0

    @property
    def read(self) -> int:
        """Return how many records there were."""
        return self.conversations + self.questions + self.entries


class Importing:
    """One import. `say` gets faults and remarks as they are met, `show` the first records, in words."""

    def __init__(
        self, archive: Archive, rules: ImportRules, say: Callable[[str], None], show: Callable[[str], None]
    ) -> None:
        self._archive = archive
        self._rules = rules if rules.now else replace(rules, now=now_ms())
        self._say = say
        self._show = show
        self._titles: dict[str, str] | None = None
        self._seen: set[str] = set()
        self.counts = ImportCounts()

    async def run(self, items: Iterable[Item]) -> ImportCounts:
        """Take everything in."""
        waiting = iter(items)
        while portion := list(islice(waiting, PORTION)):
            begun = time.monotonic()
            await self._take(portion)
            spent = time.monotonic() - begun
            await asyncio.sleep(0 if self._rules.dry else max(BREATH_S, spent * BREATH_SHARE))
        return self.counts

    async def _take(self, portion: list[Item]) -> None:
        talks: list[ImportedConversation] = []
        questions: list[QuestionRecord] = []
        entries: list[FaqRecord] = []
        for item in portion:
            match item:
                case RowFault():
                    self._fault(item)
                case FileRemark():
                    self._say(f"note: {item.text}")
                case ConversationRecord():
                    self.counts.conversations += 1
                    talks += self._talk(item)
                case QuestionRecord():
                    self.counts.questions += 1
                    questions.append(item)
                case FaqRecord():
                    self.counts.entries += 1
                    entries.append(item)
        if talks:
            await self._write_talks(talks)
        if questions:
            await self._write_questions(questions)
        for entry in entries:
            await self._write_entry(entry)

    def _fault(self, fault: RowFault) -> None:
        self.counts.faulty += 1
        self._say(str(fault))

    def _talk(self, record: ConversationRecord) -> Iterator[ImportedConversation]:
        if record.closed_at is not None and record.closed_at < record.opened_at:
            self._fault(RowFault(record.place, "closed_at", "it ends before it begins"))
            return
        talk = ready(record, self._rules)
        if self.counts.conversations <= SHOWN:
            self._show(_preview(record, talk))
        yield talk

    async def _write_talks(self, talks: list[ImportedConversation]) -> None:
        if self._rules.dry:
            known = await self._archive.imported.known(talk.id for talk in talks) | self._seen
            new = {talk.id for talk in talks} - known
            self._seen |= {talk.id for talk in talks}
        else:
            new = await self._archive.imported.add(talks)
        self.counts.fresh += len(new)
        self.counts.known += len(talks) - len(new)
        for talk in {talk.id: talk for talk in talks if talk.id in new}.values():
            self.counts.numbers_only += not talk.words_kept
            self.counts.lines += len(talk.lines) if talk.words_kept else 0

    async def _write_questions(self, records: list[QuestionRecord]) -> None:
        rules = self._rules
        before = rules.now - rules.retention_days * DAY_MS if rules.retention_days else 0
        made = []
        for record in records:
            asked = record.question
            id = derive("imported-question", rules.library, rules.source, asked.source_id or asked.id)
            encounter = derive("imported-encounter", rules.library, rules.source, asked.interaction)
            whole = asked.interaction not in ("", asked.id)
            by = rules.librarians.get((asked.by or "").casefold())
            asked = replace(asked, id=id, library=rules.library, interaction=encounter if whole else id, by=by)
            asked = replace(asked, source=rules.source, source_id=asked.source_id or record.question.id)
            kept = not before or asked.at_ms >= before
            made.append(asked if kept else replace(asked, question=None, answer=None, by=None))
        if rules.dry:
            known = await self._archive.counted_questions.known([one.id for one in made])
            new = frozenset(one.id for one in made) - known - self._seen
            self._seen |= {one.id for one in made}
        else:
            new = await self._archive.counted_questions.add(made)
        self.counts.fresh += len(new)
        self.counts.known += len(made) - len(new)
        for one in made[: max(0, SHOWN - self.counts.questions + len(made))]:
            self._show(
                f"{one.mode}, {one.kind}, {one.minutes or '?'} min, READ {one.read_level or '-'}: {_short(one.question or '')}"
            )
        self.counts.numbers_only += sum(1 for one in made if before and one.at_ms < before and one.id in new)

    async def _write_entry(self, record: FaqRecord) -> None:
        rules = self._rules
        language = rules.language
        if self._titles is None:
            held = await self._archive.faq.of_library(rules.library)
            self._titles = {text.title: one.id for one in held for text in one.texts if text.language == language}
            self._titles |= {one.id: one.id for one in held}
        id = derive("imported-faq", rules.library, rules.source, record.id)
        there = self._titles.get(id) or self._titles.get(record.title)
        if there is None:
            entry = FaqEntry(
                library=rules.library, id=id, state=rules.faq_state, topics=tuple(one[:60] for one in record.topics[:10]),
                texts=(EntryText(language=language, title=record.title, body=record.body,
                                 asked=tuple(one[:200] for one in record.asked[:50])),),
            )  # fmt: skip
            if faults := entry_faults(entry):
                self._fault(RowFault(record.place, faults[0].field, faults[0].says))
                return
            if not rules.dry:
                await self._archive.faq.save(entry, "")
            self._titles |= {id: id, record.title: id}
            self.counts.fresh += 1
            if self.counts.entries <= SHOWN:
                self._show(f"{record.title}: {_short(record.body)}")
        else:
            self.counts.known += 1
        if not rules.dry:
            for old in record.old:
                await self._archive.faq.lead(rules.library, language, old, there or id)


def ready(record: ConversationRecord, rules: ImportRules) -> ImportedConversation:
    """Return what is written of a conversation."""
    opened = record.opened_at
    lines = tuple(_lines(record, rules))
    closed = record.closed_at if record.closed_at is not None else max([opened, *(line.at for line in lines)])
    said = next((line for line in lines if line.who == "librarian"), None)
    answered = record.answered_at if record.answered_at is not None else said.at if said is not None else None
    by = _librarian(said.author if said is not None and said.author else record.librarian, rules)
    queue = _queue(record.queue, rules)
    code = record.code or ("answered" if answered is not None else None)
    return ImportedConversation(
        id=imported_id(rules.library, rules.source, record.id),
        library=rules.library,
        source=rules.source,
        way=record.way,
        live=record.live,
        queue_entered=_queue(record.queue_entered or record.queue, rules),
        queue=queue,
        opened_at=opened,
        closed_at=closed,
        address=record.contact,
        name=record.name,
        contact=record.contact,
        language=record.language,
        subject=record.subject,
        page=record.page,
        owner=_librarian(record.librarian, rules),
        claimed_at=record.accepted_at,
        first_answer_at=answered,
        answered_by=by or None,
        answered_queue=queue if answered is not None else None,
        closed_by=_librarian(record.librarian, rules),
        code=code,
        by_default=record.by_default if record.code else True,
        descriptive=record.topics,
        read_scale=record.read_scale,
        reference=record.reference,
        questions=record.questions,
        rating=record.rating,
        rated_at=closed if record.rating else None,
        rating_comment=record.comment or None,
        lines=lines,
        hops=record.hops,
        words_kept=not record.numbers_only
        and (not rules.retention_days or closed >= rules.now - rules.retention_days * DAY_MS),
    )


def _lines(record: ConversationRecord, rules: ImportRules) -> Iterator[ImportedLine]:
    """Yield the lines with a time each: one without is as late as the one before it."""
    last = record.opened_at
    for line in record.lines:
        last = max(last, line.at if line.at is not None else last)
        yield ImportedLine(
            at=last, who=line.who, text=line.text, author=_author(line, record),
            author_id=_librarian(line.author, rules) if line.who in ("librarian", "note") else "",
        )  # fmt: skip


def _author(line: SpokenLine, record: ConversationRecord) -> str:
    return line.author or (record.librarian if line.who == "librarian" else record.name if line.who == "patron" else "")


def _librarian(name: str, rules: ImportRules) -> str:
    return rules.librarians.get(name.casefold(), "")


def _queue(name: str, rules: ImportRules) -> str:
    return rules.queues.get(name.casefold(), rules.queue)


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 70 else line[:69] + "…"


def _preview(record: ConversationRecord, talk: ImportedConversation) -> str:
    first = next((line.text for line in talk.lines if line.who == "patron"), "")
    day = time.strftime("%Y-%m-%d %H:%M", time.gmtime(talk.opened_at / 1000))
    kept = f"{len(talk.lines)} lines" if talk.words_kept else "numbers only"
    place: FilePlace = record.place
    return f"{place}: {day} UTC, {talk.way}, {talk.queue}, {kept}, {talk.code or 'no code'}: {_short(first)}"

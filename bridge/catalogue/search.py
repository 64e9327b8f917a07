"""The catalogues of one consortium, by library: what is found there, for people at the desk and on the library's page.

Answers are kept in memory for five minutes, failures for ten seconds, so that a page turned back or a catalogue that is down costs
nobody a wait. The same question, asked twice at once, is asked once. At most four questions go to one catalogue at a time.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from urllib.parse import quote, quote_plus, urlsplit

import msgspec
import structlog

from bridge.catalogue.availability import Copy, copies_of
from bridge.catalogue.citation import Citations, CitationStyle
from bridge.catalogue.cql import terms
from bridge.catalogue.marc import CatalogueRecord
from bridge.catalogue.problems import CatalogueProblem, CatalogueWhy
from bridge.catalogue.profiles import SearchField
from bridge.catalogue.settings import CatalogueConfig
from bridge.catalogue.sru import PAGE, ask_sru, read_sru

KEPT_S = 300.0
FAILED_S = 10.0
MOST_KEPT = 200
AT_ONCE = 4
MOST_WORDS = 200  # characters
MOST_START = 500

log = structlog.get_logger("bridge.catalogue")


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """What a search found. `next`: where the next page begins, 0 = none; `problem`: why there is nothing, "" = it went well."""

    records: list[CatalogueRecord] = []
    total: int = 0
    next: int = 0
    broken: int = 0
    problem: CatalogueWhy | None = None
    detail: str = ""


class RecordDetail(msgspec.Struct, frozen=True, kw_only=True):
    """A record as it can be sent: cited, with its page, and its copies; `problem` is about the copies."""

    record: CatalogueRecord
    citation: str
    link: str = ""
    copies: list[Copy] = []
    problem: CatalogueWhy | None = None


Question = tuple[str, SearchField, str, int]


class Catalogues:
    """Each library's catalogue, from the configuration. `clock`: seconds, for what is kept."""

    def __init__(self, configs: Iterable[CatalogueConfig] = (), clock: Callable[[], float] = time.monotonic) -> None:
        self._configs = {config.library: config for config in configs}
        self._clock = clock
        self._kept: OrderedDict[Question, tuple[float, Found]] = OrderedDict()
        self._asking: dict[Question, asyncio.Task[Found]] = {}
        self._at_once = {library: asyncio.Semaphore(AT_ONCE) for library in self._configs}
        self._citations = Citations()

    def of(self, library: str) -> CatalogueConfig | None:
        """Return a library's catalogue, None where none is configured."""
        return self._configs.get(library)

    def search_link(self, library: str, words: str = "") -> str:
        """Return the library's own search page for some words, "" where it has none."""
        config = self._configs.get(library)
        return config.search_link.replace("{words}", quote_plus(words)) if config is not None else ""

    def record_link(self, library: str, record: CatalogueRecord) -> str:
        """Return a record's page in the library's catalogue, else the address in the record."""
        config = self._configs.get(library)
        if config is not None and config.record_link and record.id:
            return config.record_link.replace("{id}", quote(record.id, safe=""))
        return record.url

    async def search(self, library: str, words: str, field: SearchField = "any", start: int = 1) -> Found:
        """Return what a library's catalogue finds; a catalogue that fails is told in `problem`, never raised."""
        config = self._configs.get(library)
        words = " ".join(words.split())[:MOST_WORDS]
        if config is None or not config.searched or not terms(words):
            return Found()
        question = (library, field, words, max(1, min(start, MOST_START)))
        until, kept = self._kept.get(question, (0.0, None))
        if kept is not None and until > self._clock():
            return kept
        task = self._asking.get(question)
        if task is None:
            task = self._asking[question] = asyncio.create_task(self._ask(config, question))
            task.add_done_callback(lambda _: self._asking.pop(question, None))
        return await asyncio.shield(task)

    async def detail(
        self, library: str, question: tuple[str, SearchField, int], record: str, style: CitationStyle, language: str
    ) -> RecordDetail | None:
        """Return one record of what a search found, cited; None where that search doesn't find it any more."""
        words, field, start = question
        found = await self.search(library, words, field, start)
        one = next((each for each in found.records if each.id == record), None)
        config = self._configs.get(library)
        if one is None or config is None:
            return None
        citation = await self._citations.cite(one, style, language)
        link = self.record_link(library, one)
        try:
            copies = await copies_of(config, one.id)
        except CatalogueProblem as problem:
            _say(config, config.availability_url, problem)
            return RecordDetail(record=one, citation=citation, link=link, problem=problem.why)
        return RecordDetail(record=one, citation=citation, link=link, copies=copies)

    async def _ask(self, config: CatalogueConfig, question: Question) -> Found:
        _, field, words, start = question
        profile = config.resolved()
        try:
            async with self._at_once[config.library]:
                body = await ask_sru(profile, words, field, start, own_network=config.own_network)
            answer = await asyncio.to_thread(read_sru, body)
        except CatalogueProblem as problem:
            _say(config, profile.url, problem)
            return self._keep(question, Found(problem=problem.why, detail=problem.detail), FAILED_S)
        following = start + PAGE
        found = Found(
            records=answer.records,
            total=answer.total,
            next=following if answer.records and following <= min(answer.total, MOST_START) else 0,
            broken=answer.broken,
        )
        return self._keep(question, found, KEPT_S)

    def _keep(self, question: Question, found: Found, seconds: float) -> Found:
        self._kept[question] = (self._clock() + seconds, found)
        self._kept.move_to_end(question)
        while len(self._kept) > MOST_KEPT:
            self._kept.popitem(last=False)
        return found


def _say(config: CatalogueConfig, url: str, problem: CatalogueProblem) -> None:
    host = urlsplit(url).hostname or ""
    log.warning("catalogue-not-read", library=config.library, host=host, problem=problem.why)

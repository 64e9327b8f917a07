"""The catalogue beside a conversation: what is found there, and a record as it can be sent."""

from __future__ import annotations

from bridge.catalogue.availability import Copy
from bridge.catalogue.marc import CatalogueRecord
from bridge.inbox.schema.types import Shown


class CataloguePanel(Shown):
    """The catalogue of the patron's library. `searched`: the desk searches it itself; `words`: what the patron seems to look for;
    `link`: the library's own search page for these words, "" = none. `name` is "" where no catalogue is configured."""

    name: str
    searched: bool
    words: str
    link: str


class CatalogueFound(Shown):
    """One page of what a catalogue found. `next` begins the next page, 0 = none; `broken` records could not be read.
    `problem` is a catalogue word, "" = it went well; `detail` is the catalogue's own word about it."""

    records: list[CatalogueRecord]
    total: int
    next: int
    broken: int
    problem: str
    detail: str
    link: str


class CatalogueDetail(Shown):
    """One record, cited, with its copies; `problem` is about the copies. `at` is when they were asked about."""

    citation: str
    link: str
    copies: list[Copy]
    problem: str
    at: int

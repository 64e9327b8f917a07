"""What is said about a report; the rest of the vocabulary is `bridge.inbox.schema`."""

from __future__ import annotations

from bridge.inbox.schema import Shown
from bridge.sql.transcripts.consortium_report import ConsortiumNumbers
from bridge.sql.transcripts.reports import Numbers


class Report(Shown):
    """A library's numbers from the day `first` to the day `last`, both whole, by its clock; `queue` "" = all of its queues."""

    library: str
    queue: str
    first: str
    last: str
    timezone: str
    numbers: Numbers


class ConsortiumReport(Shown):
    """All libraries' numbers from the day `first` to the day `last`, both whole, by one clock for all."""

    first: str
    last: str
    timezone: str
    numbers: ConsortiumNumbers

"""What is said about a report; the rest of the vocabulary is `bridge.inbox.schema`."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from bridge.inbox.schema.types import Asked, Moment, Shown
from bridge.sql.statistics.consortium import ConsortiumNumbers
from bridge.sql.statistics.mailings import MailingState
from bridge.sql.statistics.numbers import Count, Numbers
from bridge.sql.statistics.service_use import FollowUpAges
from bridge.sql.statistics.settings import MOST_ADDRESSES, MOST_KEPT_WEEKS, Rhythm
from bridge.sql.statistics.surveys import Measure, Survey, SurveySheet

DayText = Annotated[str, Meta(max_length=10)]


class Report(Shown):
    """A library's numbers from the day `first` to the day `last`, both whole, by its clock; `queue` "" = all of its queues.

    `given`: other libraries' conversations that its librarians answered, by library. `open_hours`: weekday and hour ("0 9") in
    which it is open, of the weeks ahead; [] = always open, or not known. `follow_ups` are those open now. `faq`: how its entries
    were used. `given`, `follow_ups` and `faq` are of the whole library, whatever the queue.
    """

    library: str
    queue: str
    first: str
    last: str
    timezone: str
    numbers: Numbers
    given: list[Count]
    open_hours: list[str]
    follow_ups: FollowUpAges
    faq: list[Count]


class ConsortiumReport(Shown):
    """All libraries' numbers from the day `first` to the day `last`, both whole, each by its own clock; `timezone` of who asks."""

    first: str
    last: str
    timezone: str
    numbers: ConsortiumNumbers


class SurveyYear(Shown):
    """A year that a survey may be about."""

    first: str
    last: str


class SurveyReport(Shown):
    """A survey sheet of a library. `years`: those that the survey may be about, newest first; `finished`: the period is over."""

    library: str
    first: str
    last: str
    timezone: str
    finished: bool
    years: list[SurveyYear]
    sheet: SurveySheet


class MailingView(Shown):
    """Numbers that were mailed, or were to be. `reason`: a word that says why they didn't go out."""

    rhythm: Rhythm
    first: str
    address: str
    state: MailingState
    reason: str
    at: Moment


class ReportSettingsAsked(Asked):
    """A library's choices for its survey sheets, and where its numbers are mailed. See `bridge.sql.statistics.settings`."""

    fiscal_start: Annotated[str, Meta(max_length=5)]
    count_unsaid: bool
    weeks: dict[Survey, Annotated[list[DayText], Meta(max_length=MOST_KEPT_WEEKS)]]
    own: Annotated[list[Measure], Meta(max_length=40)]
    mail_rhythm: Rhythm
    mail_to: Annotated[list[Annotated[str, Meta(max_length=320)]], Meta(max_length=MOST_ADDRESSES)]


class ReportSettingsView(Shown):
    """A library's choices. `mine`: I may change them; who may not is told no address.

    `mail_problem`: why no numbers can be mailed now: "no-channel", "no-mail" (its channel carries none), "channel-down", "" = they
    can.
    """

    library: str
    mine: bool
    fiscal_start: str
    count_unsaid: bool
    weeks: dict[Survey, list[str]]
    own: list[Measure]
    mail_rhythm: Rhythm
    mail_to: list[str]
    mail_problem: str
    mailings: list[MailingView]

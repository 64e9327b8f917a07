"""A library's numbers as a mail to its staff: figures alone, without a patron's or a librarian's word or name."""

from __future__ import annotations

from datetime import date
from functools import partial
from typing import NamedTuple

from babel.dates import format_date

from bridge.contract.catalogues import chosen, say
from bridge.sql.statistics.numbers import ModeNumbers, Numbers
from bridge.sql.statistics.surveys import SurveySheet

CATALOGUE = "figures"
WAYS = ("chat", "email", "sms", "walk_up", "phone", "roving", "consultation", "other")


class MailText(NamedTuple):
    """What a mail says."""

    subject: str
    text: str


def figures_mail(
    name: str, language: str, first: date, last: date, numbers: Numbers, sheet: SurveySheet, link: str
) -> MailText:
    """Return the mail about a library called `name`; `link` leads to its reports, "" = nowhere."""
    tag = chosen(CATALOGUE, [language])
    words = partial(say, CATALOGUE, tag)
    days = {"first": _day(first, tag), "last": _day(last, tag)}
    ends = {one.key: one.n for one in numbers.ends}
    reference = next((line.n for line in sheet.lines if line.key == "reference"), 0)
    lines = [
        words("lead", library=name, **days),
        "",
        words("total", count=numbers.total),
        words("answered", count=ends["answered"]),
        words("unanswered", count=ends["open"] + ends["closed"]),
        words("abandoned", count=ends["abandoned"]),
        words("counted", count=numbers.counted),
        words("reference", count=reference),
        *(_waits(numbers, tag)),
        "",
        words("ways"),
        *(words("way", way=way_name(one, tag), count=one.n) for one in numbers.modes),
        *(["", words("link", link=link)] if link else []),
        "",
        words("why"),
    ]
    return MailText(words("subject", library=name, **days), "\n".join(lines))


def way_name(one: ModeNumbers, tag: str) -> str:
    """Return how a way to ask is called; a channel that is of no kind we name goes by its own name."""
    name = say(CATALOGUE, tag, f"way.{one.mode}") if one.mode in WAYS else one.mode
    return say(CATALOGUE, tag, "by-hand", way=name) if one.by_hand else name


def _waits(numbers: Numbers, tag: str) -> list[str]:
    found = []
    for kind, waits in (("live", numbers.live), ("slow", numbers.slow)):
        spans = {each.percent: each.seconds for each in waits.quantiles}
        if spans:
            found.append(say(CATALOGUE, tag, f"wait.{kind}", median=_span(spans[50]), ninety=_span(spans[90])))
    return found


def _span(seconds: int) -> str:
    hours, rest = divmod(seconds, 3600)
    return f"{hours}:{rest // 60:02d}:{rest % 60:02d}"


def _day(day: date, tag: str) -> str:
    return str(format_date(day, "long", locale=tag.replace("-", "_")))

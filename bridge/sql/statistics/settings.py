"""What a library chose for its survey sheets: its year, typical weeks, its own lines, and to whom numbers are mailed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import Literal, get_args

import msgspec
from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncEngine

from bridge.contract.address import is_mail_address
from bridge.sql import tables
from bridge.sql.people.field_fault import FieldFault
from bridge.sql.rows import replacing
from bridge.sql.statistics.surveys import MEASURES, MOST_WEEKS, SURVEYS, Measure, Survey

Rhythm = Literal["off", "weekly", "monthly"]
MOST_ADDRESSES = 10
MOST_KEPT_WEEKS = 20 * MOST_WEEKS  # of many years

_START = re.compile(r"(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])", re.ASCII)
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


class ReportSettings(msgspec.Struct, frozen=True, kw_only=True):
    """A library's choices.

    fiscal_start  month and day on which its year begins, such as "07-01"; never after the 28th
    count_unsaid  conversations of which nobody said whether they were reference count as such
    weeks         survey -> first days of typical weeks, of all years; a year with none is counted whole
    own           the lines of its own sheet
    mail_rhythm   how often numbers are mailed
    mail_to       to whom
    mail_since    the day since which that holds; what ended before is not mailed
    """

    fiscal_start: str = "01-01"
    count_unsaid: bool = False
    weeks: dict[Survey, list[str]] = {}
    own: list[Measure] = []
    mail_rhythm: Rhythm = "off"
    mail_to: list[str] = []
    mail_since: str = ""

    def weeks_of(self, survey: Survey) -> list[date]:
        """Return the first days of a survey's typical weeks."""
        return [date.fromisoformat(day) for day in self.weeks.get(survey, [])]


def settings_faults(settings: ReportSettings) -> list[FieldFault]:
    """Return what is wrong with a library's choices, by field."""
    return list(_faults(settings))


def _faults(settings: ReportSettings) -> Iterator[FieldFault]:
    if not _START.fullmatch(settings.fiscal_start):
        yield FieldFault("fiscal_start", "write month and day, such as 07-01, and no day after the 28th")
    for survey, days in settings.weeks.items():
        if survey not in SURVEYS:
            yield FieldFault(f"weeks.{survey}", f"there is no survey {str(survey)[:40]!r}")
        if len(days) > MOST_KEPT_WEEKS:
            yield FieldFault(f"weeks.{survey}", f"at most {MOST_KEPT_WEEKS} weeks are kept")
        for n, day in enumerate(days, 1):
            if not _is_day(day):
                yield FieldFault(f"weeks.{survey}[{n}]", "write a day like 2026-03-30")
            elif day in days[: n - 1]:
                yield FieldFault(f"weeks.{survey}[{n}]", f"{day} is there already")
    for n, key in enumerate(settings.own, 1):
        if key not in MEASURES:
            yield FieldFault(f"own[{n}]", f"there is no line {str(key)[:40]!r}")
        elif key in settings.own[: n - 1]:
            yield FieldFault(f"own[{n}]", "is there already")
    yield from _mail_faults(settings)


def _mail_faults(settings: ReportSettings) -> Iterator[FieldFault]:
    if settings.mail_rhythm not in get_args(Rhythm):
        yield FieldFault("mail_rhythm", f"is one of {', '.join(get_args(Rhythm))}")
    if settings.mail_rhythm != "off" and not settings.mail_to:
        yield FieldFault("mail_to", "say to whom the numbers are mailed")
    if len(settings.mail_to) > MOST_ADDRESSES:
        yield FieldFault("mail_to", f"at most {MOST_ADDRESSES} addresses")
    for n, address in enumerate(settings.mail_to, 1):
        if not is_mail_address(address):
            yield FieldFault(f"mail_to[{n}]", "is no email address")


def _is_day(text: str) -> bool:
    try:
        return bool(_DAY.fullmatch(text)) and 2000 <= date.fromisoformat(text).year < 3000
    except ValueError:
        return False


class ReportSettingsStore:
    """The choices of all libraries."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def of(self, library: str) -> ReportSettings:
        """Return a library's choices; those of nobody who ever chose are the defaults."""
        query = select(tables.report_setting.c.document).where(tables.report_setting.c.library == library)
        async with self._engine.connect() as sql:
            found = await sql.scalar(query)
        return msgspec.json.decode(found, type=ReportSettings) if found else ReportSettings()

    async def mailing(self) -> dict[str, ReportSettings]:
        """Return the choices of the libraries whose numbers are mailed."""
        async with self._engine.connect() as sql:
            rows = (await sql.execute(select(tables.report_setting))).all()
        found = {row.library: msgspec.json.decode(row.document, type=ReportSettings) for row in rows}
        return {library: one for library, one in found.items() if one.mail_rhythm != "off"}

    async def keep(self, library: str, settings: ReportSettings) -> None:
        """Keep a library's choices, which have no faults."""
        row = {"library": library, "document": msgspec.json.encode(settings).decode()}
        async with self._engine.begin() as sql:
            await sql.execute(replacing(sql.dialect.name, tables.report_setting, ["library"], row))

    async def drop(self, library: str) -> None:
        """Forget the choices of a library that is removed."""
        async with self._engine.begin() as sql:
            await sql.execute(delete(tables.report_setting).where(tables.report_setting.c.library == library))

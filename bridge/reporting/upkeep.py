"""Counting days as they end, and mailing numbers, for one consortium.

Once an hour the process that runs the core counts the days that are over and aren't kept, and those of which something changed.
After a start it looks at all days once. So a report over years adds up what is there.

A library's numbers of a week or a month are mailed from six in the morning after it, by its clock, through the channel that
carries its answers to mail addresses. The process that holds that channel sends them. Each mail is claimed in SQL first, so it
goes out once; one that certainly did not go out is tried again until the next period is due.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import structlog

from bridge.contract.adapter import Outcome, Rejected, Retry, Sent, Uncertain
from bridge.contract.message import Delivery, derive
from bridge.reporting.mail_text import MailText, figures_mail
from bridge.sql.archive import Archive
from bridge.sql.people.accounts import now_ms
from bridge.sql.statistics.mailings import MailingState
from bridge.sql.statistics.numbers import numbers_of
from bridge.sql.statistics.period import Period
from bridge.sql.statistics.settings import ReportSettings, Rhythm
from bridge.sql.statistics.surveys import survey_sheet
from routing.organisation import Library
from routing.state import State

LOOK_S = 60.0
KEEP_S = 3_600.0
FROM_HOUR = 6

log = structlog.get_logger("bridge.reporting")

Send = Callable[[Delivery], Awaitable[Outcome]]
Here = Callable[[str], bool]  # whether this process holds a channel that is up and carries mail


class ReportUpkeep:
    """The upkeep of one consortium. `state`: the core's; `modes`: channel -> way to ask; `leads`: whether the core runs here."""

    def __init__(
        self,
        archive: Archive,
        state: Callable[[], State],
        modes: Callable[[], Mapping[str, str]],
        send: Send,
        here: Here,
        leads: Callable[[], bool],
        public_url: str,
    ) -> None:
        self._engine = archive.engine
        self._days = archive.report_days
        self._settings = archive.report_settings
        self._mailings = archive.report_mailings
        self._looked: set[str] = set()
        self._here = here
        self._state = state
        self._modes = modes
        self._send = send
        self._leads = leads
        self._public_url = public_url
        self._kept_at = -KEEP_S

    async def run(self) -> None:
        """Look once a minute, until cancelled."""
        while True:
            await asyncio.sleep(LOOK_S)
            if self._leads() and time.monotonic() - self._kept_at >= KEEP_S:
                self._kept_at = time.monotonic()
                await self.keep_days(now_ms())
                await self._mailings.tidy()
            await self.mail_due(now_ms())

    async def keep_days(self, now: int) -> int:
        """Count the days of all libraries that are over and need it; return how many."""
        done = 0
        noted = await self._days.noted()
        for library in list(self._state().roster.libraries.values()):
            zone = ZoneInfo(library.timezone)
            yesterday = datetime.fromtimestamp(now / 1000, zone).date() - timedelta(days=1)
            first, since = yesterday - timedelta(days=1), noted.get(library.id)
            if library.id not in self._looked:
                since = await self._days.earliest(library.id)
                self._looked.add(library.id)
            if since is not None:
                first = min(first, datetime.fromtimestamp(since / 1000, zone).date())
            if first <= yesterday:
                done += await self._days.keep(
                    library.id, Period(first=first, last=yesterday, timezone=library.timezone)
                )
        return done

    # ---- mail -----------------------------------------------------------------------------------------------------------------

    async def mail_due(self, now: int) -> int:
        """Mail what is due at `now` (ms) and isn't mailed yet; return how many mails were handed over."""
        sent = 0
        for name, settings in (await self._settings.mailing()).items():
            library = self._state().roster.libraries.get(name)
            if library is not None and not library.removed:
                sent += await self._mail(library, settings, now)
        return sent

    async def _mail(self, library: Library, settings: ReportSettings, now: int) -> int:
        local = datetime.fromtimestamp(now / 1000, ZoneInfo(library.timezone))
        period = due_period(local, settings.mail_rhythm, settings.mail_since)
        if period is None:
            return 0
        first, last = period
        if not self._here(library.contact_channel):
            return 0
        done = await self._mailings.done(library.id, settings.mail_rhythm, str(first))
        waiting = [address for address in settings.mail_to if address not in done]
        if not waiting:
            return 0
        words: MailText | None = None
        sent = 0
        for address in waiting:
            key = (library.id, settings.mail_rhythm, str(first), address)
            if not await self._mailings.claim(*key):
                continue
            words = words or await self._words(library, settings, first, last)
            outcome = await self._handed(library, key, words, now)
            await self._mailings.ended(*key, *outcome)
            sent += outcome[0] == "sent"
        return sent

    async def _handed(
        self, library: Library, key: tuple[str, str, str, str], words: MailText, now: int
    ) -> tuple[MailingState, str]:
        delivery = Delivery(
            id=derive("report-mail", *key),
            channel=library.contact_channel,
            conversation="",
            to=key[3],
            kind="notice",
            at=now,
            text=words.text,
            title=words.subject,
            event="report",
            language=library.language,
            automatic=True,
        )
        match await self._send(delivery):
            case Sent():
                log.info("figures-mailed", library=library.id, rhythm=key[1], first=key[2])
                return "sent", ""
            case Rejected(reason):
                return "failed", reason
            case Uncertain(reason):
                return "uncertain", reason
            case Retry(reason):
                return "waiting", reason

    async def _words(self, library: Library, settings: ReportSettings, first: date, last: date) -> MailText:
        period = Period(first=first, last=last, timezone=library.timezone)
        totals = await self._days.total(library.id, period)
        numbers = numbers_of(totals, period, self._state().roster.home, self._modes())
        sheet = await survey_sheet(self._engine, library.id, "pls", period, count_unsaid=settings.count_unsaid)
        link = f"{self._public_url.rstrip('/')}/inbox#/reports" if self._public_url else ""
        return figures_mail(library.name or library.id, library.language, first, last, numbers, sheet, link)


def due_period(local: datetime, rhythm: Rhythm, since: str) -> tuple[date, date] | None:
    """Return the last whole week (Monday to Sunday) or month at a library's local time; None where nothing is due.

    It is due from `FROM_HOUR` on the day after it, and only if it ended on the day `since` or later.
    """
    day = local.date() if local.hour >= FROM_HOUR else local.date() - timedelta(days=1)
    if rhythm == "weekly":
        last = day - timedelta(days=day.weekday() + 1)
        first = last - timedelta(days=6)
    elif rhythm == "monthly":
        last = day.replace(day=1) - timedelta(days=1)
        first = last.replace(day=1)
    else:
        return None
    return (first, last) if str(last) >= since else None

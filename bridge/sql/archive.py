"""The archive as the other rooms see it: one object that opens the database and holds its parts."""

from __future__ import annotations

import asyncio
import secrets

from sqlalchemy import inspect, select, text

from bridge.files.bucket import Bucket
from bridge.files.local_copies import LocalCopies
from bridge.files.store import FileStore
from bridge.log.follower import Follower
from bridge.log.tail import Tail
from bridge.redis.store import Store
from bridge.sql import tables
from bridge.sql.counter.questions import CountedQuestions
from bridge.sql.database import Unreachable, engine_for, migrate, reach
from bridge.sql.faq.counts import FaqCounts
from bridge.sql.faq.entries import FaqEntries
from bridge.sql.faq.search import FaqSearch
from bridge.sql.files.bucket_files import BucketFiles
from bridge.sql.files.large_objects import LargeObjectFiles
from bridge.sql.files.rows import counted
from bridge.sql.people.account_events import AccountEvents
from bridge.sql.people.accounts import Accounts
from bridge.sql.people.attempts import Attempts
from bridge.sql.people.drafts import DraftStore
from bridge.sql.people.hours_calendars import HoursCalendars
from bridge.sql.people.idempotency import IdempotencyKeys
from bridge.sql.people.identities import Identities
from bridge.sql.people.invitations import Invitations
from bridge.sql.people.mentions import Mentions
from bridge.sql.people.organisation import OrganisationStore
from bridge.sql.people.partners import Partners
from bridge.sql.people.patron_subscriptions import PatronSubscriptions
from bridge.sql.people.personal_scripts import PersonalScripts
from bridge.sql.people.push_subscriptions import PushSubscriptions
from bridge.sql.people.quiet_hours import QuietHoursStore
from bridge.sql.people.saved_searches import SavedSearches
from bridge.sql.people.second_factors import SecondFactors
from bridge.sql.people.staff_messages import StaffMessages
from bridge.sql.people.staff_webhooks import StaffWebhooks
from bridge.sql.privacy.access_audit import AccessAudit
from bridge.sql.privacy.erasures import Erasures
from bridge.sql.privacy.forgotten import forgotten_since
from bridge.sql.privacy.retention import Retention
from bridge.sql.rows import ignoring
from bridge.sql.statistics.kept_days import KeptDays
from bridge.sql.statistics.mailings import Mailings
from bridge.sql.statistics.settings import ReportSettingsStore
from bridge.sql.training.first_days import FirstDays
from bridge.sql.training.scenarios import KeptScenarios
from bridge.sql.training.sheets import TrainingSheets
from bridge.sql.transcripts.imported import ImportedTranscripts
from bridge.sql.transcripts.reader import Reader
from bridge.sql.transcripts.reindex import Reindexing
from bridge.sql.transcripts.search import Search
from bridge.sql.transcripts.writer import Writer, archive_name


class Archive:
    """Transcripts, search, accounts, organisation, drafts: all that lives in SQL."""

    def __init__(self, url: str) -> None:
        self.engine = engine_for(url)
        writing = self.engine.execution_options(sqlite_write=True)
        self.accounts = Accounts(writing)
        self.invitations = Invitations(writing, self.accounts)
        self.account_events = AccountEvents(writing)
        self.identities = Identities(writing)
        self.second_factors = SecondFactors(writing, self.accounts)
        self.attempts = Attempts(writing)
        self.drafts = DraftStore(writing)
        self.idempotency = IdempotencyKeys(writing)
        self.access_audit = AccessAudit(writing)
        self.mentions = Mentions(writing)
        self.personal_scripts = PersonalScripts(writing)
        self.quiet_hours = QuietHoursStore(writing)
        self.search = Search(self.engine)
        self.saved_searches = SavedSearches(writing)
        self.faq = FaqEntries(writing)
        self.faq_search = FaqSearch(self.engine)
        self.faq_counts = FaqCounts(writing)
        self.counted_questions = CountedQuestions(writing)
        self.report_days = KeptDays(self.engine)
        self.report_settings = ReportSettingsStore(writing)
        self.report_mailings = Mailings(writing)
        self.training_sheets = TrainingSheets(writing)
        self.scenarios = KeptScenarios(writing)
        self.first_days = FirstDays(writing)
        self.reindexing = Reindexing(writing)
        self.imported = ImportedTranscripts(writing)
        self._writing = writing

    @classmethod
    async def open(cls, url: str) -> Archive:
        """Open (and bring up to date) the database at `url`. Raises BadAddress, Unreachable, or the database's own error."""
        archive = cls(url)
        await reach(archive.engine)
        await migrate(archive.engine)
        return archive

    async def secret(self, name: str = "house") -> bytes:
        """Return 32 random bytes that every process of this installation shares, made when first asked for."""
        async with self._writing.begin() as sql:
            row = {"name": name, "value": secrets.token_bytes(32)}
            await sql.execute(ignoring(sql.dialect.name, tables.secret), row)
            return bytes(await sql.scalar(select(tables.secret.c.value).where(tables.secret.c.name == name)) or b"")

    async def known_secret(self, name: str = "house") -> bytes:
        """Return what `secret` returns, b"" where it was never asked for: nothing is made, not even tables."""
        async with self.engine.connect() as sql:
            if not await sql.run_sync(lambda there: inspect(there).has_table(tables.secret.name)):
                return b""
            return bytes(await sql.scalar(select(tables.secret.c.value).where(tables.secret.c.name == name)) or b"")

    async def answers(self, within: float) -> None:
        """Return when the database answers. Raises Unreachable, after `within` seconds at the latest."""
        try:
            async with asyncio.timeout(within), self.engine.connect() as sql:
                await sql.execute(text("SELECT 1"))
        except Exception as error:
            raise Unreachable(f"does not answer ({type(error).__name__})") from None

    async def close(self) -> None:
        """Give all connections back."""
        await self.engine.dispose()

    def organisation(self, consortium: str = "main") -> OrganisationStore:
        """Return the libraries of a consortium."""
        return OrganisationStore(self._writing, consortium)

    def staff_messages(self, consortium: str = "main") -> StaffMessages:
        """Return the rooms and messages of a consortium's staff."""
        return StaffMessages(self.engine, consortium)

    def partners(self, channel: str, consortium: str = "main") -> Partners:
        """Return the partner deployments of a channel."""
        return Partners(self._writing, consortium, channel)

    def push_subscriptions(self, consortium: str = "main") -> PushSubscriptions:
        """Return the browsers that a consortium's notices are pushed to."""
        return PushSubscriptions(self._writing, consortium)

    def patron_subscriptions(self, consortium: str = "main") -> PatronSubscriptions:
        """Return the browsers of a consortium's patrons that are told of an answer."""
        return PatronSubscriptions(self._writing, consortium)

    def staff_webhooks(self, consortium: str = "main") -> StaffWebhooks:
        """Return the webhooks by which a consortium's libraries tell their teams."""
        return StaffWebhooks(self._writing, consortium)

    def hours_calendars(self, consortium: str = "main") -> HoursCalendars:
        """Return the calendars that a consortium's libraries keep their hours in."""
        return HoursCalendars(self._writing, consortium)

    def retention(self, blobs: FileStore) -> Retention:
        """Return what forgets transcripts that are due, and the files with them."""
        return Retention(self._writing, blobs)

    def large_object_files(self, copies: LocalCopies) -> LargeObjectFiles:
        """Return the files in the archive itself, which is PostgreSQL."""
        return LargeObjectFiles(self.engine, copies)

    def bucket_files(self, copies: LocalCopies, bucket: Bucket) -> BucketFiles:
        """Return the files in a bucket."""
        return BucketFiles(self.engine, copies, bucket)

    async def file_stores(self) -> dict[str, int]:
        """Return how many files there are by store; those in a folder have no rows and aren't counted."""
        return await counted(self.engine)

    async def forgotten_since(self, since: int) -> list[str]:
        """Return the conversations that were forgotten since `since` (ms), and those that are about to be."""
        return await forgotten_since(self.engine, since)

    def erasures(self, consortium: str = "main") -> Erasures:
        """Return what patrons of a consortium asked to be forgotten and is not gone everywhere yet."""
        return Erasures(self._writing, archive_name(consortium))

    def follow(self, store: Store, follower: Follower, consortium: str = "main") -> tuple[Writer, Tail, Reader]:
        """Return what writes a consortium's log, what knows its newest steps, and what reads transcripts; run the first two."""
        writer = Writer(self._writing, store, follower, consortium)
        tail = Tail(follower, lambda: writer.position, writer.loaded)
        return writer, tail, Reader(self.engine, tail, writer.name)

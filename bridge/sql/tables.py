"""The archive's tables: transcripts and numbers, the organisation, accounts. The one place that names a column.

Times are ms since the epoch. Lists travel as JSON text, since nothing queries inside them. Full-text indexes are made by the
migrations, because each database has its own.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import OID

metadata = MetaData()

# SQLite numbers rows by itself only where the type is INTEGER.
RowNumber = BigInteger().with_variant(Integer, "sqlite")

follower = Table(
    "follower",
    metadata,
    Column("name", String, primary_key=True),
    Column("epoch", String, nullable=False),
    Column("seq", BigInteger, nullable=False),
)

conversation = Table(
    "conversation",
    metadata,
    Column("id", String, primary_key=True),
    Column("library", String, nullable=False),
    Column("channel", String, nullable=False),
    Column("address", String, nullable=False),
    Column("live", Boolean, nullable=False),
    Column("queue_entered", String, nullable=False),
    Column("queue", String, nullable=False),
    Column("name", String, nullable=False, default=""),
    Column("contact", String, nullable=False, default=""),
    Column("language", String, nullable=False, default=""),
    Column("subject", Text, nullable=False, default=""),
    Column("page", Text, nullable=False, default=""),
    Column("answers", Text, nullable=False, server_default=""),  # to the library's own questions, as JSON
    Column("previous", String, nullable=False, default=""),
    Column("state", String, nullable=False, default="waiting"),
    Column("owner", String, nullable=False, default=""),
    Column("opened_at", BigInteger, nullable=False),
    Column("last_at", BigInteger, nullable=False),
    Column("last_text", Text, nullable=False, default=""),
    Column("last_who", String, nullable=False, default=""),
    Column("claimed_at", BigInteger),
    Column("first_answer_at", BigInteger),
    Column("answered_by", String),
    Column("answered_queue", String),
    Column("closed_at", BigInteger),
    Column("closed_by", String),
    Column("code", String),
    Column("by_default", Boolean),
    Column("descriptive", Text),
    Column("read_scale", Integer),
    Column("reference", Boolean),
    Column("questions", Text),  # kind and READ of each, as JSON of `QuestionTaken`s; None = from a release without them
    Column("rating", Integer),  # 1 = it did not help, 2 = partly, 3 = it did
    Column("rated_at", BigInteger),
    Column("rating_comment", Text),
    Column("forgotten_at", BigInteger),  # None: not yet, or something was written since
    # Whether its facts are in `conversation_fact`; None = written by a release without them, and not read over yet.
    Column("indexed", Boolean),
    Column(
        "imported", String, nullable=False, server_default=""
    ),  # the desk it was imported from, "" = it was held here
    Index("conversation_by_patron", "channel", "address", "opened_at"),
    Index("conversation_by_library", "library", "state", "last_at"),
    Index("conversation_by_end", "state", "closed_at"),
    Index("conversation_by_opening", "library", "opened_at"),
    Index("conversation_by_answerer", "answered_by", "opened_at"),
    # The list of what is closed, with what it is filtered by, so that a walk along it reads few rows.
    Index(
        "conversation_by_library_end",
        *("library", "state", "closed_at", "id", "channel", "code", "closed_by", "answered_by"),
    ),
    Index(
        "conversation_not_indexed",
        "opened_at",
        sqlite_where=text("indexed IS NULL"),
        postgresql_where=text("indexed IS NULL"),
    ),
)

# What conversations are found by besides their lines: bridge.sql.transcripts.facts. PostgreSQL has a column `words` more.
conversation_fact = Table(
    "conversation_fact",
    metadata,
    Column("n", RowNumber, primary_key=True, autoincrement=True),
    Column("conversation", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("of", String, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("text", Text, nullable=False),
    Column("folded", Text),  # see `line.folded`
    Index("fact_by_conversation", "conversation", "kind", "of", unique=True),
    Index("fact_by_kind", "kind", "of", "conversation"),
)

line = Table(
    "line",
    metadata,
    Column("n", RowNumber, primary_key=True, autoincrement=True),
    Column("id", String, nullable=False, unique=True),
    Column("conversation", String, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("part", Integer, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("sent_at", BigInteger, nullable=False, default=0),
    Column("who", String, nullable=False),
    Column("author_id", String, nullable=False, default=""),
    Column("author", String, nullable=False, default=""),
    Column("text", Text, nullable=False, default=""),
    Column("attachments", Text, nullable=False, default="[]"),
    Column("html", String, nullable=False, default=""),
    Column("original", String, nullable=False, default=""),
    Column("subject", Text, nullable=False, default=""),
    Column("event", String, nullable=False, default=""),
    Column("target", String, nullable=False, default=""),
    Column("channel", String, nullable=False, default=""),
    Column("address", String, nullable=False, default=""),
    Column("source", String, nullable=False, default=""),
    Column("replaces", String, nullable=False, default=""),
    Column("marks", Text, nullable=False, default="[]"),
    Column("stage", String, nullable=False, default=""),
    Column("reason", String, nullable=False, default=""),
    Column("detail", Text, nullable=False, default=""),
    Column("network_id", String, nullable=False, default=""),
    # What the full-text index is given in place of the text (see transcripts.search_words): "" = the text itself, or PostgreSQL's
    # `words`
    # hold it; None = written by a release before there was such a rule, and not read over yet (bridge.sql.transcripts.reindex).
    Column("folded", Text),
    Index("line_by_conversation", "conversation", "at", "seq", "part"),
    Index("line_by_network_id", "network_id"),
    Index("line_not_folded", "n", sqlite_where=text("folded IS NULL"), postgresql_where=text("folded IS NULL")),
)

hop = Table(
    "hop",
    metadata,
    Column("id", String, primary_key=True),
    Column("conversation", String, nullable=False, index=True),
    Column("at", BigInteger, nullable=False),
    Column("kind", String, nullable=False),
    Column("queue", String, nullable=False, default=""),
    Column("librarian", String, nullable=False, default=""),
    Column("reason", String, nullable=False, default=""),
)

follow_up = Table(
    "follow_up",
    metadata,
    Column("id", String, primary_key=True),
    Column("conversation", String, nullable=False, index=True),
    Column("library", String, nullable=False, index=True),
    Column("state", String, nullable=False),
    Column("owner", String, nullable=False, default=""),
    Column("name", String, nullable=False, default=""),
    Column("address", String, nullable=False, default=""),
    Column("deadline", BigInteger, nullable=False, default=0),
    Column("question", Text, nullable=False, default=""),
    Column("opened_at", BigInteger, nullable=False),
    Column("changed_at", BigInteger, nullable=False),
    Column("changed_by", String, nullable=False, default=""),
    Column("outcome", String, nullable=False, default=""),
    Index("follow_up_by_library", "library", "state", "changed_at"),
)

merge = Table(
    "merge",
    metadata,
    Column("conversation", String, primary_key=True),
    Column("other", String, primary_key=True),
    Column("by", String, nullable=False),
    Column("at", BigInteger, nullable=False),
)

# What could not be written, as it was decided: bridge.sql.transcripts.rejected_steps.
set_aside = Table(
    "set_aside",
    metadata,
    Column("cause", String, primary_key=True),
    Column("conversation", String, primary_key=True),
    Column("archive", String, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("error", String, nullable=False),
    Column("step", LargeBinary, nullable=False),  # routing.wire.encode_steps of this one
)

# What patrons asked to be forgotten and is not gone everywhere yet: bridge.sql.privacy.erasures.
erasure = Table(
    "erasure",
    metadata,
    Column("conversation", String, primary_key=True),
    Column("archive", String, nullable=False),
    Column("state", String, nullable=False),  # asked, refused, erased
    Column("at", BigInteger, nullable=False),
    Column("follow_up", Boolean, nullable=False, default=False),  # an open one is given up with it
    Column("reason", String, nullable=False, default=""),
    Column("places", Text, nullable=False, default="[]"),
    Column("files", Text, nullable=False, default="[]"),
    Column("epoch", String, nullable=False, default=""),
    Column("seq", BigInteger, nullable=False, default=0),
)

audit = Table(
    "audit",
    metadata,
    Column("n", RowNumber, primary_key=True, autoincrement=True),
    Column("id", String),  # of what the log tells; None: of before there were ids, and who looked
    Column("at", BigInteger, nullable=False),
    Column("who", String, nullable=False),
    Column("what", String, nullable=False),
    Column("conversation", String, nullable=False, default="", index=True),
    Column("detail", Text, nullable=False, default=""),
    Index("audit_by_id", "id", unique=True),
)

library = Table(
    "library",
    metadata,
    Column("id", String, primary_key=True),
    Column("consortium", String, nullable=False, index=True),
    Column("revision", Integer, nullable=False),
    Column("data", LargeBinary, nullable=False),  # routing.organisation.Library, MessagePack
    Column("calendar", Text, nullable=False, default="{}"),  # weekly hours and exceptions, JSON
)

hours_calendar = Table(
    "hours_calendar",
    metadata,
    Column("consortium", String, primary_key=True),
    Column("id", String, primary_key=True),  # SHA-256 of the address
    Column("url", Text, nullable=False),
    Column("body", LargeBinary, nullable=False, default=b""),  # as it was read last, zlib
    Column("events", Text, nullable=False, default="[]"),  # of the weeks ahead, JSON
    Column("etag", String, nullable=False, default=""),
    Column("modified", String, nullable=False, default=""),
    Column("read_on", String, nullable=False, default=""),  # the day from which the events count
    Column("read_at", BigInteger, nullable=False, default=0),  # the last look that went well; 0 = none
    Column("failing_since", BigInteger, nullable=False, default=0),
    Column("problem", String, nullable=False, default=""),
    Column("due_at", BigInteger, nullable=False),
    Column("added_at", BigInteger, nullable=False),
)

# Frequently asked questions: bridge.sql.faq.
faq_entry = Table(
    "faq_entry",
    metadata,
    Column("id", String, primary_key=True),
    Column("library", String, nullable=False, index=True),
    Column("state", String, nullable=False),
    Column("owner", String, nullable=False),
    Column("review_by", String, nullable=False),
    Column("topics", Text, nullable=False),
    Column("related", Text, nullable=False),
    Column("files", Text, nullable=False),
    Column("featured", Boolean, nullable=False),
    Column("source", String, nullable=False, index=True),  # the conversation whose words it was made of, "" = none
    Column("revision", Integer, nullable=False),
    Column("made_at", BigInteger, nullable=False),
    Column("changed_at", BigInteger, nullable=False),
    Column("changed_by", String, nullable=False),
)

faq_text = Table(
    "faq_text",
    metadata,
    Column("n", RowNumber, primary_key=True, autoincrement=True),
    Column("entry", String, nullable=False),
    Column("library", String, nullable=False),
    Column("language", String, nullable=False),
    Column("slug", String, nullable=False),
    Column("title", String, nullable=False),
    Column("body", Text, nullable=False),
    Column("asked", Text, nullable=False),
    Index("faq_text_by_entry", "entry", "language", unique=True),
    Index("faq_text_by_address", "library", "language", "slug", unique=True),
)

# By what a text is found: bridge.sql.faq.terms.
faq_term = Table(
    "faq_term",
    metadata,
    Column("term", String, primary_key=True),
    Column("library", String, primary_key=True),
    Column("text", BigInteger, primary_key=True, autoincrement=False),
    Column("level", Integer, nullable=False),
    Column("weight", Integer, nullable=False),
    Index("faq_term_by_text", "text"),
    sqlite_with_rowid=False,
)

faq_version = Table(
    "faq_version",
    metadata,
    Column("entry", String, primary_key=True),
    Column("revision", Integer, primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("who", String, nullable=False),
    Column("document", LargeBinary, nullable=False),  # bridge.sql.faq.entry.FaqEntry, MessagePack
)

# Addresses that entries had before.
faq_redirect = Table(
    "faq_redirect",
    metadata,
    Column("library", String, primary_key=True),
    Column("language", String, primary_key=True),
    Column("slug", String, primary_key=True),
    Column("entry", String, nullable=False, index=True),
)

faq_file = Table(
    "faq_file",
    metadata,
    Column("library", String, primary_key=True),
    Column("id", String, primary_key=True),  # SHA-256 of the bytes
    Column("type", String, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("at", BigInteger, nullable=False),
)

# How often a day an entry was read, found helpful, and so on: numbers without people.
faq_day = Table(
    "faq_day",
    metadata,
    Column("entry", String, primary_key=True),
    Column("day", String, primary_key=True),
    Column("what", String, primary_key=True),
    Column("count", Integer, nullable=False),
)

# What readers said who found an entry unhelpful.
faq_remark = Table(
    "faq_remark",
    metadata,
    Column("n", RowNumber, primary_key=True, autoincrement=True),
    Column("entry", String, nullable=False, index=True),
    Column("at", BigInteger, nullable=False),
    Column("text", Text, nullable=False),
)

# Words that were searched for and not found, without those who searched.
faq_gap = Table(
    "faq_gap",
    metadata,
    Column("library", String, primary_key=True),
    Column("language", String, primary_key=True),
    Column("words", String, primary_key=True),
    Column("day", String, primary_key=True),
    Column("count", Integer, nullable=False),
)

faq_link = Table(
    "faq_link",
    metadata,
    Column("entry", String, primary_key=True),
    Column("url", String, primary_key=True),
    Column("checked_at", BigInteger, nullable=False),
    Column("problem", String, nullable=False),
)

secret = Table(
    "secret",
    metadata,
    Column("name", String, primary_key=True),
    Column("value", LargeBinary, nullable=False),
)

account = Table(
    "account",
    metadata,
    Column("librarian", String, primary_key=True),
    Column("login", String, nullable=False, unique=True),
    Column("library", String, nullable=False, index=True),
    Column("password", String, nullable=False, default=""),
    Column("must_change", Boolean, nullable=False, default=False),
    Column("code", String, nullable=False, default=""),
    Column("code_until", BigInteger, nullable=False, default=0),
    Column("failures", Integer, nullable=False, default=0),
    Column("locked_until", BigInteger, nullable=False, default=0),
    Column("disabled", Boolean, nullable=False, default=False),
    Column("factor_failures", Integer, nullable=False, default=0),
    Column("factor_locked_until", BigInteger, nullable=False, default=0),
    Column("language", String, nullable=False, default="", server_default=""),
)

# Who a librarian is at the service that they sign on with: bridge.sql.people.identities.
identity = Table(
    "identity",
    metadata,
    Column("issuer", String, primary_key=True),
    Column("subject", String, primary_key=True),
    Column("librarian", String, nullable=False, index=True),
    Column("linked_at", BigInteger, nullable=False),
    UniqueConstraint("issuer", "librarian", name="identity_by_librarian"),
)

# A sign-on that has begun and waits for its answer, good once: bridge.sql.people.attempts.
sign_on_attempt = Table(
    "sign_on_attempt",
    metadata,
    Column("token", String, primary_key=True),  # SHA-256 of the one that comes back
    Column("kind", String, nullable=False),
    Column("data", LargeBinary, nullable=False),  # JSON
    Column("until", BigInteger, nullable=False),
)

# What a librarian shows beside their password: bridge.sql.people.second_factors.
second_factor = Table(
    "second_factor",
    metadata,
    Column("id", String, primary_key=True),
    Column("librarian", String, nullable=False, index=True),
    Column("kind", String, nullable=False),  # codes, passkey
    Column("name", String, nullable=False, default=""),
    Column("credential", String, nullable=False, default=""),  # of a passkey, base64url
    Column("secret", LargeBinary, nullable=False),  # of the codes; of a passkey, its public key
    Column("counter", BigInteger, nullable=False, default=0),  # of the codes, the last step that was used
    Column("made_at", BigInteger, nullable=False),
    Column("used_at", BigInteger, nullable=False, default=0),
)

recovery_code = Table(
    "recovery_code",
    metadata,
    Column("librarian", String, primary_key=True),
    Column("code", String, primary_key=True),  # SHA-256
)

# Sign-ins, failures, changes of roles, exports: bridge.sql.people.account_events.
account_event = Table(
    "account_event",
    metadata,
    Column("n", RowNumber, primary_key=True, autoincrement=True),
    Column("at", BigInteger, nullable=False),
    Column("library", String, nullable=False, default=""),  # whose coordinators read it
    Column("librarian", String, nullable=False, default=""),  # whose account it is
    Column("by", String, nullable=False, default=""),  # who did it; "" = the operator, or nobody is known
    Column("what", String, nullable=False),
    Column("detail", String, nullable=False, default=""),
    Index("account_event_by_library", "library", "n"),
)

# The library that a librarian's name, account and past conversations belong to: bridge.sql.people.home_library.
belonging = Table(
    "belonging",
    metadata,
    Column("consortium", String, primary_key=True),
    Column("librarian", String, primary_key=True),
    Column("library", String, nullable=False, index=True),
    Column("since", BigInteger, nullable=False, default=0),
    Column("released_at", BigInteger),  # None: no other library may list them
)

# What a library's coordinators are told about its people: who came, left, was released, moved.
staff_change = Table(
    "staff_change",
    metadata,
    Column("n", RowNumber, primary_key=True, autoincrement=True),
    Column("at", BigInteger, nullable=False),
    Column("library", String, nullable=False, index=True),
    Column("librarian", String, nullable=False),
    Column("who", String, nullable=False, default=""),  # who did it; "" = the operator
    Column("what", String, nullable=False),
    Column("other", String, nullable=False, default=""),  # the other library
)

# Who changed what about a library: bridge.sql.people.organisation_history.
organisation_change = Table(
    "organisation_change",
    metadata,
    Column("n", RowNumber, primary_key=True, autoincrement=True),
    Column("consortium", String, nullable=False),
    Column("library", String, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("who", String, nullable=False),  # "" = the operator
    Column("what", String, nullable=False),  # made, changed, removed
    Column("revision", Integer, nullable=False),  # the library's, afterwards
    Column("name", String, nullable=False),
    Column("differences", Text, nullable=False),  # document_differences.Difference, JSON
    Column("document", LargeBinary),  # the whole library, where it was removed
    Column("undoes", BigInteger, nullable=False, default=0),
    Column("undone_by", BigInteger, nullable=False, default=0),
    Index("organisation_change_by_library", "consortium", "library", "n"),
)

# Links with which a librarian chooses a password, good once: bridge.sql.people.invitations.
invitation = Table(
    "invitation",
    metadata,
    Column("token", String, primary_key=True),  # SHA-256 of the link's
    Column("librarian", String, nullable=False, index=True, unique=True),
    Column("library", String, nullable=False),
    Column("by", String, nullable=False),
    Column("until", BigInteger, nullable=False),
)

session = Table(
    "session",
    metadata,
    Column("token", String, primary_key=True),  # SHA-256 of the cookie
    Column("librarian", String, ForeignKey("account.librarian", ondelete="CASCADE"), nullable=False, index=True),
    Column("csrf", String, nullable=False),
    Column("opened_at", BigInteger, nullable=False),
    Column("seen_at", BigInteger, nullable=False),
    Column("until", BigInteger, nullable=False),
    Column("way", String, nullable=False, default=""),  # how it was opened: password, code, provider, proxy
    Column("device", String, nullable=False, default=""),
    Column(
        "second", String, nullable=False, default=""
    ),  # "asked", "shown"; "" = no second factor was there to ask for
)

draft = Table(
    "draft",
    metadata,
    Column("librarian", String, primary_key=True),
    Column("conversation", String, primary_key=True),
    Column("kind", String, primary_key=True),
    Column("text", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("window_id", String, nullable=False, default="", server_default=""),
)

# Notes that name a librarian, and when they opened each such conversation last: bridge.sql.people.mentions.
mention = Table(
    "mention",
    metadata,
    Column("librarian", String, primary_key=True),
    Column("line", String, primary_key=True),
    Column("conversation", String, nullable=False, index=True),
    Column("by", String, nullable=False),
    Column("at", BigInteger, nullable=False),
)

mention_seen = Table(
    "mention_seen",
    metadata,
    Column("librarian", String, primary_key=True),
    Column("conversation", String, primary_key=True),
    Column("at", BigInteger, nullable=False),
)

# Questions that librarians keep: bridge.sql.people.saved_searches. `library` "" = their own, else that library's.
saved_search = Table(
    "saved_search",
    metadata,
    Column("id", String, primary_key=True),
    Column("librarian", String, nullable=False),
    Column("library", String, nullable=False),
    Column("name", String, nullable=False),
    Column("query", String, nullable=False),
    Column("at", BigInteger, nullable=False),
    Index("saved_search_by_librarian", "librarian"),
    Index("saved_search_by_library", "library"),
)

# Practice: bridge.sql.training. A sheet is its trainee's; `until` 0 = they keep it.
training_sheet = Table(
    "training_sheet",
    metadata,
    Column("conversation", String, primary_key=True),
    Column("trainee", String, nullable=False, index=True),
    Column("library", String, nullable=False, index=True),
    Column("scenario", String, nullable=False),
    Column("title", String, nullable=False),
    Column("manners", String, nullable=False),
    Column("made_at", BigInteger, nullable=False),
    Column("counted", Text, nullable=False),
    Column("shared", Boolean, nullable=False, default=False),
    Column("peer", String, nullable=False, default=""),
    Column("until", BigInteger, nullable=False, index=True),
)

training_words = Table(
    "training_words",
    metadata,
    Column("conversation", String, primary_key=True),
    Column("by", String, primary_key=True),
    Column("words", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
)

training_scenario = Table(
    "training_scenario",
    metadata,
    Column("library", String, primary_key=True),
    Column("name", String, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("toml", Text, nullable=False),
    Column("by", String, nullable=False),
    Column("at", BigInteger, nullable=False),
)

training_first_day = Table(
    "training_first_day",
    metadata,
    Column("librarian", String, primary_key=True),
    Column("state", String, nullable=False),
    Column("done", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
)

# Questions counted where no conversation holds them: bridge.sql.counter.question says what each column is.
counted_question = Table(
    "counted_question",
    metadata,
    Column("id", String, primary_key=True),
    Column("interaction", String, nullable=False),
    Column("library", String, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("recorded_ms", BigInteger, nullable=False),
    Column("mode", String, nullable=False),
    Column("place", String, nullable=False),
    Column("patron_type", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("minutes", Integer),
    Column("read_level", Integer),
    Column("codes", Text, nullable=False),
    Column("question", Text),
    Column("answer", Text),
    Column("by", String),
    Column("source", String),
    Column("source_id", String),
    Column("voided_ms", BigInteger),
    UniqueConstraint("library", "source", "source_id", name="counted_question_by_source"),
    Index("counted_question_by_library", "library", "at_ms"),
)

# What a library's days were, counted once: bridge.sql.statistics.kept_days. `data` is made by `rules`, `token` by who counted.
report_day = Table(
    "report_day",
    metadata,
    Column("library", String, primary_key=True),
    Column("day", String, primary_key=True),
    Column("timezone", String, nullable=False),
    Column("rules", Integer, nullable=False),
    Column("token", String, nullable=False),
    Column("data", LargeBinary, nullable=False),
)

# Moments of which something was counted that is others now. The database's triggers write it.
report_change = Table(
    "report_change",
    metadata,
    Column("n", RowNumber, primary_key=True, autoincrement=True),
    Column("library", String, nullable=False),
    Column("at", BigInteger, nullable=False),
    Index("report_change_by_library", "library", "at"),
)

# A library's own choices about its survey sheets, and where its numbers are mailed: bridge.sql.statistics.settings.
report_setting = Table(
    "report_setting",
    metadata,
    Column("library", String, primary_key=True),
    Column("document", Text, nullable=False),
)

# Which numbers were mailed, each once: bridge.sql.statistics.mailings.
report_mailing = Table(
    "report_mailing",
    metadata,
    Column("library", String, primary_key=True),
    Column("first", String, primary_key=True),
    Column("rhythm", String, primary_key=True),
    Column("address", String, primary_key=True),
    Column("state", String, nullable=False),  # sending, sent, failed, uncertain
    Column("reason", String, nullable=False, default=""),
    Column("at", BigInteger, nullable=False),
)

# Canned messages that only their librarian sees: bridge.sql.people.personal_scripts.
personal_script = Table(
    "personal_script",
    metadata,
    Column("librarian", String, primary_key=True),
    Column("key", String, primary_key=True),
    Column("place", Integer, nullable=False),
    Column("title", String, nullable=False),
    Column("folder", String, nullable=False),
    Column("text", Text, nullable=False),
)

# When nothing rings for a librarian: bridge.sql.people.quiet_hours.
quiet_hours = Table(
    "quiet_hours",
    metadata,
    Column("librarian", String, primary_key=True),
    Column("on", Boolean, nullable=False),
    Column("start", String, nullable=False),
    Column("end", String, nullable=False),
    Column("timezone", String, nullable=False),
)

# Where notices are pushed: bridge.sql.people.push_subscriptions.
push_subscription = Table(
    "push_subscription",
    metadata,
    Column("id", String, primary_key=True),
    Column("consortium", String, nullable=False),
    Column("librarian", String, nullable=False, index=True),
    Column("endpoint", Text, nullable=False),
    Column("p256dh", String, nullable=False),
    Column("auth", String, nullable=False),
    Column("at", BigInteger, nullable=False),
)

# Browsers of patrons who want to be told of an answer: bridge.sql.people.patron_subscriptions.
patron_subscription = Table(
    "patron_subscription",
    metadata,
    Column("id", String, primary_key=True),
    Column("consortium", String, nullable=False),
    Column("conversation", String, nullable=False, index=True),
    Column("channel", String, nullable=False),
    Column("address", String, nullable=False),
    Column("endpoint", Text, nullable=False),
    Column("p256dh", String, nullable=False),
    Column("auth", String, nullable=False),
    Column("at", BigInteger, nullable=False),
    Index("patron_subscription_by_patron", "channel", "address"),
)

# Where a library's team is told that somebody waits: bridge.sql.people.staff_webhooks.
staff_webhook = Table(
    "staff_webhook",
    metadata,
    Column("consortium", String, primary_key=True),
    Column("library", String, primary_key=True),
    Column("url", Text, nullable=False),
    Column("shape", String, nullable=False),
    Column("events", Text, nullable=False),
    Column("secret", String, nullable=False),
    Column("problem", String, nullable=False),
    Column("problem_at", BigInteger, nullable=False),
    Column("sent_at", BigInteger, nullable=False),
)

# What colleagues write to each other: bridge.sql.people.staff_messages. `n` numbers the changes of a consortium.
staff_position = Table(
    "staff_position",
    metadata,
    Column("consortium", String, primary_key=True),
    Column("n", BigInteger, nullable=False),
)

staff_room = Table(
    "staff_room",
    metadata,
    Column("id", String, primary_key=True),
    Column("consortium", String, nullable=False),
    Column("name", String, nullable=False, default=""),
    Column("made_by", String, nullable=False),
    Column("made_at", BigInteger, nullable=False),
    Column("n", BigInteger, nullable=False),
    Index("staff_room_by_change", "consortium", "n"),
)

staff_room_member = Table(
    "staff_room_member",
    metadata,
    Column("room", String, primary_key=True),
    Column("librarian", String, primary_key=True, index=True),
    Column("since", BigInteger, nullable=False),
    Column("by", String, nullable=False),
    Column("gone", Boolean, nullable=False, default=False),  # they left, or were taken out
)

staff_message = Table(
    "staff_message",
    metadata,
    Column("id", String, primary_key=True),
    Column("consortium", String, nullable=False),
    Column("room", String, nullable=False),
    Column("seq", BigInteger, nullable=False),  # the number of the change that wrote it
    Column("n", BigInteger, nullable=False),  # of the last change
    Column("at", BigInteger, nullable=False),
    Column("by", String, nullable=False),
    Column("text", Text, nullable=False),
    Column("edited_at", BigInteger, nullable=False, default=0),
    Column("deleted", Boolean, nullable=False, default=False),
    Index("staff_message_by_room", "consortium", "room", "seq"),
    Index("staff_message_by_change", "consortium", "n"),
    Index("staff_message_by_age", "at"),
)

written = Table(
    "written",
    metadata,
    Column("librarian", String, primary_key=True),
    Column("key", String, primary_key=True),
    Column("body", String, nullable=False),  # SHA-256 of route and body
    Column("status", Integer, nullable=False, default=0),
    Column("answer", LargeBinary, nullable=False, default=b""),
    Column("at", BigInteger, nullable=False, index=True),
)

# Other deployments that we help, or that help us: bridge.sql.people.partners.
partner = Table(
    "partner",
    metadata,
    Column("id", String, primary_key=True),
    Column("consortium", String, nullable=False),
    Column("channel", String, nullable=False),
    Column("state", String, nullable=False),
    Column("name", String, nullable=False, default=""),
    Column("url", String, nullable=False, default=""),
    Column("library", String, nullable=False),
    Column("made_at", BigInteger, nullable=False),
    Column("seed", LargeBinary, nullable=False),
    Column("key", LargeBinary, nullable=False, default=b""),
    Column("proof", String, nullable=False, default=""),
    Column("expected", String, nullable=False, default=""),
    Column("agreed", Boolean, nullable=False, default=False),
    Column("version", Integer, nullable=False, default=0),
    Column("heard_at", BigInteger, nullable=False, default=0),
    Column("doubt", String, nullable=False, default=""),
    Column("confirmed_by", String, nullable=False, default=""),
    Column("ended_by", String, nullable=False, default=""),
    Column("desk", Text, nullable=False, default="{}"),  # bridge.contract.partners.PeerDesk, JSON
    Index("partner_by_channel", "consortium", "channel"),
)

partner_talk = Table(
    "partner_talk",
    metadata,
    Column("partner", String, ForeignKey("partner.id", ondelete="CASCADE"), primary_key=True),
    Column("way", String, primary_key=True),  # lent, held
    Column("conversation", String, primary_key=True),
    Column("place", String, nullable=False, default=""),
    Column("local", String, nullable=False, default=""),
    Column("until", BigInteger, nullable=False, default=0),
    Column("open", Boolean, nullable=False, default=True),
)

partner_nonce = Table(
    "partner_nonce",
    metadata,
    Column("partner", String, primary_key=True),
    Column("nonce", String, primary_key=True),
    Column("until", BigInteger, nullable=False, index=True),
)

schema_reader = Table(
    "schema_reader",
    metadata,
    Column("oldest", String, primary_key=True),  # the oldest schema whose daemons work with this one: one row
    Column("release", String, nullable=False),  # that migrated last
)

# Files of a desk on several hosts: bridge.sql.files. `store` is postgresql or s3.
file = Table(
    "file",
    metadata,
    Column("digest", String, primary_key=True),
    Column("store", String, primary_key=True),
    Column("size", BigInteger, nullable=False),
    Column("media_type", String, nullable=False),
    Column("taken_at", BigInteger, nullable=False, index=True),
    Column("again", Boolean, nullable=False, default=False),
    Column("large_object", BigInteger().with_variant(OID(), "postgresql")),
    Column("object_key", String),
    Index("file_by_object_key", "object_key"),
)

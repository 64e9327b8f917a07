"""Frequently asked questions as librarians edit and use them. An entry itself is bridge.sql.faq.entry.FaqEntry, both ways."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from bridge.inbox.schema.types import Asked, Name, Shown
from bridge.sql.faq.counts import BrokenLink, Gap, Remark
from bridge.sql.faq.entry import EntryFile, EntryState, FaqEntry


class FaqRow(Shown):
    """One entry in a list: its first title, and what was counted in the last 90 days."""

    id: str
    library: str
    title: str
    languages: list[str]
    state: EntryState
    owner: str
    owner_name: str
    review_by: str
    due: bool
    topics: list[str]
    featured: bool
    changed_at: int
    changed_by: str
    views: int
    helpful: int
    unhelpful: int
    solved: int
    used: int


class FaqList(Shown):
    """The entries of a library. `publishes`: I may make them public; `total` counts more than are shown."""

    rows: list[FaqRow]
    topics: list[str]
    total: int
    writes: bool
    publishes: bool


class FaqEntryView(Shown):
    """An entry opened. `writes` and `publishes` say what I may do; `path` is where a public one is, by language."""

    entry: FaqEntry
    writes: bool
    publishes: bool
    changed_by: str
    paths: dict[str, str]
    remarks: list[Remark]


class FaqAsked(Asked):
    """An entry to keep in place of its revision; 0 = a new one."""

    entry: FaqEntry


class FaqClash(Shown):
    """Somebody else saved the entry meanwhile (409). `now` is what is kept, None when it was removed."""

    error: str
    detail: str
    reason: Literal["outdated", "address-taken"]
    by: str
    now: FaqEntry | None


class FaqDifference(Shown):
    """One field that a version changed, with the lines that went and came: "-" and "+" before each, " " for what stayed."""

    field: str
    lines: list[str]


class FaqVersionView(Shown):
    """What a change made of an entry."""

    revision: int
    at: int
    who: str
    differences: list[FaqDifference]
    entry: FaqEntry


class FaqVersions(Shown):
    """All versions, newest first."""

    versions: list[FaqVersionView]


class FaqPreviewAsked(Asked):
    """Markdown to look at."""

    markdown: Annotated[str, Meta(max_length=20_000)]


class FaqPreview(Shown):
    """It as clean HTML, as the public page shows it."""

    html: str


class FaqCare(Shown):
    """What needs a librarian: entries due for review, searches that found nothing, broken links, remarks."""

    due: list[FaqRow]
    gaps: list[Gap]
    broken: list[BrokenLink]
    remarks: list[Remark]
    titles: dict[str, str]


class FaqCareAsked(Asked):
    """What was seen to: the words of a gap, or the number of a remark."""

    gap: Name = ""
    remark: int = 0


class RemovedPart(Shown):
    """Something that was taken out of a conversation's words."""

    kind: Literal["name", "mail", "number", "query"]
    text: str


class FaqDraft(Shown):
    """An entry made from a conversation, not kept yet, and what was taken out of its words."""

    entry: FaqEntry
    removed: list[RemovedPart]


class FaqSuggestion(Shown):
    """An entry beside a chat: where it is (`url`, "" = not public), and the words to insert."""

    id: str
    title: str
    language: str
    state: EntryState
    library: str
    url: str
    text: str
    review_by: str
    changed_at: int


class FaqSuggestions(Shown):
    """The entries nearest to `asked`: words of the librarian, else the patron's last."""

    asked: str
    entries: list[FaqSuggestion]


class FaqFileKept(Shown):
    """A file that was taken in; an entry names it with a text that says what it shows."""

    file: EntryFile

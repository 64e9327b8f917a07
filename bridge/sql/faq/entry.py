"""What an entry of the FAQ is, and what may be wrong with one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import date
from typing import Literal, get_args

import msgspec

from bridge.contract.language_tag import language_tag
from bridge.sql.people.field_fault import FieldFault
from bridge.sql.transcripts.search_words import plain

EntryState = Literal["draft", "staff", "cooperative", "public", "archived"]
STATES: tuple[EntryState, ...] = get_args(EntryState)
# Who finds it: 0 nobody, 1 its library's staff, 2 the staff of the whole cooperative, 3 everybody.
LEVELS: dict[EntryState, int] = {"draft": 0, "archived": 0, "staff": 1, "cooperative": 2, "public": 3}
PUBLIC = LEVELS["public"]

MOST_TITLE, MOST_BODY, MOST_PHRASE, MOST_TOPIC, MOST_SLUG = 200, 20_000, 200, 60, 80
MOST_PHRASES, MOST_TOPICS, MOST_LANGUAGES, MOST_RELATED, MOST_FILES = 50, 10, 20, 20, 10
FILE_TYPES = ("image/png", "image/jpeg", "image/gif", "image/webp", "application/pdf", "text/plain")
MOST_FILE_BYTES = 2 * 1024 * 1024

_SLUG = re.compile(r"[^\W_]+(?:-[^\W_]+)*")


class EntryText(msgspec.Struct, frozen=True, kw_only=True):
    """An entry in one language. `body` is Markdown; `asked` are other phrasings; `slug` is the address, "" = made of the title."""

    language: str
    title: str
    body: str = ""
    slug: str = ""
    asked: tuple[str, ...] = ()


class EntryFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file beside an entry. `file` names its bytes (SHA-256); `alt` says in words what it shows."""

    file: str
    name: str
    type: str
    size: int
    alt: str = ""


class FaqEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One entry. `revision` counts its versions, 0 = not kept yet; times in ms.

    `owner` is a librarian, "" = nobody; `review_by` a day like 2027-03-01, "" = never; `related` are ids of entries; `source`
    is the conversation that it was made from, which no public page tells.
    """

    library: str
    texts: tuple[EntryText, ...]
    id: str = ""
    state: EntryState = "draft"
    owner: str = ""
    review_by: str = ""
    topics: tuple[str, ...] = ()
    related: tuple[str, ...] = ()
    files: tuple[EntryFile, ...] = ()
    featured: bool = False
    source: str = ""
    revision: int = 0
    made_at: int = 0
    changed_at: int = 0
    changed_by: str = ""

    @property
    def level(self) -> int:
        """Say who finds it, as `LEVELS` does."""
        return LEVELS[self.state]

    def text_in(self, *languages: str) -> EntryText:
        """Return the text in the first of the languages that there is, by tag and then by main language; else the first text."""
        for language in languages:
            for alike in (language, language.partition("-")[0]):
                for text in self.texts:
                    if alike and alike in (text.language, text.language.partition("-")[0]):
                        return text
        return self.texts[0]


def slug_of(title: str) -> str:
    """Return an address for a title: its words in lower case with hyphens; "" where none is left."""
    return "-".join(re.findall(r"[^\W_]+", plain(title)))[:MOST_SLUG].strip("-")


def entry_faults(entry: FaqEntry) -> list[FieldFault]:
    """Return all that is wrong with an entry, by field."""
    found = [FieldFault(field, says) for field, says in _whole(entry)]
    for n, text in enumerate(entry.texts, 1):
        found += [FieldFault(f"texts[{n}].{field}", says) for field, says in _of_text(text)]
    for n, file in enumerate(entry.files, 1):
        found += [FieldFault(f"files[{n}].{field}", says) for field, says in _of_file(file)]
    return found


def _whole(entry: FaqEntry) -> Iterator[tuple[str, str]]:
    if not 0 < len(entry.texts) <= MOST_LANGUAGES:
        yield "texts", f"an entry has a text in one language at least, and in {MOST_LANGUAGES} at most"
    languages = [text.language for text in entry.texts]
    if len(set(languages)) < len(languages):
        yield "texts", "an entry has one text in each language"
    if entry.review_by and not _is_day(entry.review_by):
        yield "review_by", "write a day like 2027-03-01"
    yield from _list_faults("topics", entry.topics, MOST_TOPICS, MOST_TOPIC)
    yield from _list_faults("related", entry.related, MOST_RELATED, 100)
    if entry.id and entry.id in entry.related:
        yield "related", "an entry isn't related to itself"
    if len(entry.files) > MOST_FILES:
        yield "files", f"there is room for {MOST_FILES} files"


def _of_text(text: EntryText) -> Iterator[tuple[str, str]]:
    if not text.language or language_tag(text.language) != text.language:
        yield "language", "write a language tag like en or pt-BR"
    if not text.title.strip():
        yield "title", "the question is missing"
    if len(text.title) > MOST_TITLE or "\n" in text.title:
        yield "title", f"write one line of at most {MOST_TITLE} characters"
    if len(text.body) > MOST_BODY:
        yield "body", f"at most {MOST_BODY} characters"
    if text.slug and (
        len(text.slug) > MOST_SLUG
        or not _SLUG.fullmatch(text.slug)
        or text.slug != plain(text.slug.replace("-", " ")).replace(" ", "-")
    ):
        yield "slug", "write lower-case letters, digits and single hyphens"
    yield from _list_faults("asked", text.asked, MOST_PHRASES, MOST_PHRASE)


def _of_file(file: EntryFile) -> Iterator[tuple[str, str]]:
    if not file.alt.strip():
        yield "alt", "say in words what the file shows"
    if len(file.alt) > 500 or len(file.name) > 200:
        yield "name", "this is too long"
    if file.type not in FILE_TYPES:
        yield "type", f"a file is one of {', '.join(FILE_TYPES)}"


def _list_faults(field: str, found: tuple[str, ...], most: int, longest: int) -> Iterator[tuple[str, str]]:
    if len(found) > most:
        yield field, f"at most {most}"
    for n, one in enumerate(found, 1):
        if not one.strip() or len(one) > longest or "\n" in one:
            yield f"{field}[{n}]", f"write one line of at most {longest} characters"


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def topics_of(entries: Iterable[FaqEntry]) -> list[str]:
    """Return the topics that entries name, each once, in order."""
    return sorted({topic for entry in entries for topic in entry.topics}, key=str.casefold)

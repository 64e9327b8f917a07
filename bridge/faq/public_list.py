"""What is public of a library's FAQ, without the answers: held until an entry changes."""

from __future__ import annotations

from hashlib import sha256

import msgspec

from bridge.sql.faq.entries import FaqEntries
from bridge.sql.faq.entry import FaqEntry

LIBRARIES = 200  # whose lists are held


class PublicEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A public entry without its answer: language, address, title and other phrasings of each text."""

    id: str
    topics: tuple[str, ...]
    featured: bool
    changed_at: int
    texts: tuple[tuple[str, str, str, tuple[str, ...]], ...]

    def text_in(self, language: str) -> tuple[str, str, str, tuple[str, ...]]:
        """Return the text in a language, else the first."""
        return next((text for text in self.texts if text[0] == language), self.texts[0])


class PublicList(msgspec.Struct, frozen=True):
    """All public entries of a library, featured ones first; `version` is another word once any of them changed."""

    library: str
    entries: tuple[PublicEntry, ...]
    files: dict[str, str]  # SHA-256: name
    version: str

    @property
    def languages(self) -> list[str]:
        """Return the languages in which there is a text."""
        return sorted({text[0] for entry in self.entries for text in entry.texts})

    @property
    def topics(self) -> list[str]:
        """Return the topics, each once."""
        return sorted({topic for entry in self.entries for topic in entry.topics}, key=str.casefold)

    def about(self, topic: str) -> list[PublicEntry]:
        """Return the entries of a topic."""
        return [entry for entry in self.entries if topic in entry.topics]


class PublicLists:
    """The lists of all libraries. A look at one costs a count; it is read again once that differs."""

    def __init__(self, entries: FaqEntries) -> None:
        self._entries = entries
        self._held: dict[str, tuple[tuple[int, int], PublicList]] = {}

    async def of(self, library: str) -> PublicList:
        """Return what is public of a library."""
        stamp = await self._entries.stamp(library)
        held = self._held.get(library)
        if held is None or held[0] != stamp:
            found = await self._entries.of_library(library, states=["public"]) if stamp[0] else []
            held = self._held[library] = (stamp, _listed(library, found))
            while len(self._held) > LIBRARIES:
                self._held.pop(next(iter(self._held)))
        return held[1]


def _listed(library: str, found: list[FaqEntry]) -> PublicList:
    entries = tuple(
        PublicEntry(
            id=one.id,
            topics=one.topics,
            featured=one.featured,
            changed_at=one.changed_at,
            texts=tuple((text.language, text.slug, text.title, text.asked) for text in one.texts),
        )
        for one in found
    )
    files = {file.file: file.name for one in found for file in one.files}
    version = sha256(msgspec.json.encode(entries)).hexdigest()[:16]
    return PublicList(library, entries, files, version)

"""Everything of a library, or of all, as files that another desk can read: docs/import.md describes each field.

    manifest.json            what there is, how much, when
    conversations.jsonl      one conversation a line, with its lines, hops and follow-ups
    counted_questions.jsonl  one counted question a line; counted_questions.csv the same for spreadsheets
    faq-<library>.json       the entries, as `deskbridge faq export` prints them
    organisation.toml        libraries, queues, teams, librarians, hours, scripts, as `deskbridge desk dump` prints them
    people.jsonl             accounts, without passwords or keys

Nothing secret is in them: no password, key, token or session. Rows are read a page at a time, so memory stays flat. A file that is
being written is called .part, so that one with its name is whole.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

import msgspec

from bridge.faq.exchange import to_json
from bridge.sql.archive import Archive
from bridge.sql.counter.question import CountedQuestion
from bridge.sql.people.organisation import LibraryEntry
from bridge.sql.people.organisation_file import dump
from bridge.sql.statistics.ways import way_of, ways_to_ask
from bridge.sql.transcripts.export import Transcript, export

FORMAT, VERSION = "deskbridge-export", 1
QUESTION_COLUMNS = (
    "id", "encounter", "library", "asked_at", "mode", "place", "patron_type", "kind", "minutes", "read", "codes", "question",
    "answer", "counted_by", "taken_back",
)  # fmt: skip
_FORMULA = frozenset("=+-@\t\r\n−＝＋－＠'")


class ExportCounts(msgspec.Struct):
    """How much was written."""

    conversations: int = 0
    lines: int = 0
    questions: int = 0
    entries: int = 0
    libraries: int = 0
    people: int = 0


class Exporting:
    """Writes the files of these libraries into a folder; `kinds`: channel -> its kind."""

    def __init__(
        self,
        archive: Archive,
        folder: Path,
        entries: Sequence[LibraryEntry],
        kinds: Mapping[str, str],
        library: str = "",
    ) -> None:
        self._archive = archive
        self._folder = folder
        self._entries = [entry for entry in entries if not library or entry.library.id == library]
        self._ways = ways_to_ask(kinds)
        self._library = library
        self.counts = ExportCounts()

    async def run(self) -> ExportCounts:
        """Write everything. Raises OSError."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        await self._conversations()
        await self._questions()
        for entry in self._entries:
            found = await self._archive.faq.of_library(entry.library.id)
            self.counts.entries += len(found)
            self._write(f"faq-{_file_name(entry.library.id)}.json", to_json(found))
        self._write("organisation.toml", dump(self._entries) if self._entries else "")
        self.counts.libraries = len(self._entries)
        await self._people()
        manifest = {"format": FORMAT, "version": VERSION, "at": datetime.now(UTC).isoformat(timespec="seconds")}
        self._write("manifest.json", msgspec.json.encode(manifest | {"counts": self.counts}).decode() + "\n")
        return self.counts

    def _write(self, name: str, text: str) -> None:
        part = self._folder / f"{name}.part"
        part.write_text(text, "utf-8")
        part.rename(self._folder / name)

    async def _conversations(self) -> None:
        encode = msgspec.json.Encoder().encode
        part = self._folder / "conversations.jsonl.part"
        with part.open("wb") as file:
            async for found in export(self._archive.engine, self._library):
                file.write(encode(self._told(found)) + b"\n")
                self.counts.conversations += 1
                self.counts.lines += len(found.lines)
        part.rename(self._folder / "conversations.jsonl")

    def _told(self, found: Transcript) -> dict[str, Any]:
        return {
            "kind": "conversation",
            "way": way_of(found.conversation.channel, self._ways),
            **msgspec.structs.asdict(found),
        }

    async def _questions(self) -> None:
        encode = msgspec.json.Encoder().encode
        wide, narrow = self._folder / "counted_questions.csv.part", self._folder / "counted_questions.jsonl.part"
        with wide.open("w", encoding="utf-8", newline="") as table, narrow.open("wb") as lines:
            csv.writer(table).writerow(QUESTION_COLUMNS)
            async for one in self._archive.counted_questions.every(self._library):
                lines.write(encode({"counted_question": one}) + b"\n")
                _as_row(table, one)
                self.counts.questions += 1
        for part in (wide, narrow):
            part.rename(part.with_suffix(""))

    async def _people(self) -> None:
        part = self._folder / "people.jsonl.part"
        wanted = {entry.library.id for entry in self._entries}
        with part.open("wb") as file:
            for account in await self._archive.accounts.all():
                if account.library in wanted:
                    row = {
                        "kind": "account",
                        "librarian": account.librarian,
                        "login": account.login,
                        "library": account.library,
                    }
                    file.write(msgspec.json.encode(row | {"disabled": account.disabled}) + b"\n")
                    self.counts.people += 1
        part.rename(self._folder / "people.jsonl")


def _as_row(table: IO[str], one: CountedQuestion) -> None:
    cells = (
        one.id, one.interaction, one.library, _time(one.at_ms), one.mode, one.place, one.patron_type, one.kind, one.minutes,
        one.read_level, "; ".join(one.codes), one.question, one.answer, one.by, _time(one.voided_ms),
    )  # fmt: skip
    csv.writer(table).writerow(["" if cell is None else _inert(str(cell)) for cell in cells])


def _inert(cell: str) -> str:
    """Return a cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if cell.lstrip()[:1] in _FORMULA and cell.strip() else cell


def _time(ms: int | None) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="seconds") if ms else ""


def _file_name(library: str) -> str:
    """Return a library's id as a part of a file's name."""
    return "".join(char if char.isalnum() or char in "-_" else "_" for char in library)[:80]

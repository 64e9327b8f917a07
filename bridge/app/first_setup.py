"""The first `deskbridge setup` of an installation: ask, check, write; then take the first library into an empty desk."""

from __future__ import annotations

import asyncio
import sys
import tomllib
from pathlib import Path

from bridge.app.config import Config
from bridge.app.setup_files import DESK, Taken, write
from bridge.app.setup_questions import Answers, AnswersFile, Misconfiguration, Terminal, Unanswered, gather
from bridge.sql.archive import Archive
from bridge.sql.people.organisation_file import parse

STDIN = Path("-")


def configure(config: Path, answers: Path | None, misconfigured: Misconfiguration, *, systemd: bool) -> int:
    """Ask at the terminal, or read a file of answers ("-" = standard input), and write the files; return the exit code."""
    try:
        if config.exists():
            raise Taken(f"setup overwrites nothing, and there is already: {config}")
        written = write(gather(_source(answers), misconfigured), config, systemd=systemd)
    except (Taken, Unanswered, OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        print(error, file=sys.stderr)
        return 1
    except (EOFError, KeyboardInterrupt):
        print("\nnothing was written", file=sys.stderr)
        return 1
    for path in written:
        print(f"wrote {path}")
    return 0


def _source(answers: Path | None) -> Answers:
    if answers is None:
        return Terminal()
    text = sys.stdin.read() if answers == STDIN else answers.read_text("utf-8")
    return AnswersFile(tomllib.loads(text), Path.cwd() if answers == STDIN else answers.parent)


async def take_first_library(config: Config, archive: Archive, consortium: str) -> list[str]:
    """Load `desk.toml` beside the configuration into a desk that has no library; return a line for each account that was made.

    Raises Faulty, OSError and UnicodeDecodeError for a file that cannot be read.
    """
    organisation = archive.organisation(consortium)
    text = "" if await organisation.entries(removed=True) else await asyncio.to_thread(_read, config.path.parent / DESK)
    if not text:
        return []
    entries = parse(text)
    channels = {one.name: one.queue for one in config.channels if one.consortium == consortium}
    await organisation.load(entries, channels=channels)
    people = [(one.id, entry.library.id) for entry in entries for one in entry.library.librarians if one.edits]
    codes = {login: await archive.accounts.add(login, login, library) for login, library in people}
    where = f" at {config.http.public_url}/inbox" if config.http.public_url else ""
    return [f"{login} signs in once with {code}{where}" for login, code in codes.items()]


def _read(file: Path) -> str:
    return file.read_text("utf-8") if file.is_file() else ""

"""An import of many conversations: killed in the middle, run again to the end, and once more for nothing. Memory stays flat.

DESKBRIDGE_IMPORT says how many conversations, 100,000 by default. What is printed are the rate and the memory.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import func, select

from bridge.sql import tables
from bridge.sql.archive import Archive
from tests.peers.postgresql import PostgreSQL, missing

pytestmark = [pytest.mark.long, pytest.mark.timeout(1800)]

MANY = int(os.environ.get("DESKBRIDGE_IMPORT", "100000"))
BROKEN = MANY // 3
STARTED = (  # Ctrl-C works, also where whoever runs the tests ignores it
    "import runpy, signal; signal.signal(signal.SIGINT, signal.default_int_handler);"
    "runpy.run_module('bridge.app.cli', run_name='__main__')"
)
MOST = 1.15  # how much larger memory may be in the last third than in the second
SLACK_KB = 8_192
LIBRARY = """
[[library]]
id = "north"
name = "North"
retention_days = 0
queues = [{ id = "north/reference", name = "Reference", tiers = [{ teams = ["north/desk"] }] }]
teams = [{ id = "north/desk", name = "Desk", members = ["ana"] }]
librarians = [{ id = "ana", name = "Ana Ito" }]
"""
CONFIG = """
[deskbridge]
data = "{data}"
{archive}
[[channel]]
name = "web"
kind = "loop"
queue = "north/reference"
"""


def written(folder: Path) -> Path:
    """Write the file of another desk."""
    file = folder / "chats.csv"
    begun = 1_600_000_000
    with file.open("w", encoding="utf-8-sig", newline="") as out:
        out.write("Chat ID,Timestamp,Duration (seconds),Initial Question,Transcript,IP,Answerer,Name\r\n")
        for n in range(MANY):
            at = "never" if n == BROKEN else time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(begun + n * 600))
            clock = time.strftime("%H:%M", time.gmtime(begun + n * 600))
            text = "".join(
                f"{clock}:{s:02d} {who}: {said} {n}\n"
                for s, (who, said) in enumerate((
                    ("Pat", "How do I renew the book with the number"), ("Ana Ito", "You can renew it on your account page, see"),
                    ("Pat", "It says that somebody else has asked for"), ("Ana Ito", "Then it is due on the day that stands there"),
                    ("Pat", "Thanks for the help with"), ("Ana Ito", "You are welcome, this was number"),
                ))
            )  # fmt: skip
            out.write(
                f'{n},{at},300,"How do I renew the book with the number {n}","{text}",203.0.113.9,Ana Ito,Pat\r\n'
            )
    return file


@pytest.fixture(scope="module")
def postgresql() -> Iterator[PostgreSQL]:
    """A private server."""
    if reason := missing():
        pytest.skip(reason)
    with PostgreSQL() as server:
        yield server


def held(pid: int) -> list[int]:
    """Return the kB of memory that a process holds, nothing of one that has ended."""
    try:
        text = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return []
    return [int(line.split()[1]) for line in text.splitlines() if line.startswith("VmRSS")]


async def run(
    config: Path, *words: str, stop_when: Callable[[], Awaitable[bool]] | None = None, by: int = signal.SIGKILL
) -> tuple[int, str, str, list[int]]:
    """Run the command; return its exit code, what it printed, and kB of memory every half second. Stop it at some moment."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", STARTED, *words, "--config", str(config)),
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    kb: list[int] = []

    async def watch() -> None:
        while process.returncode is None:
            kb.extend(held(process.pid))
            if stop_when is not None and await stop_when():
                process.send_signal(by)
                return
            await asyncio.sleep(0.5)

    watching = asyncio.ensure_future(watch())
    out, err = await process.communicate()
    watching.cancel()
    return process.returncode or 0, out.decode(), err.decode(), kb


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
async def test_an_import_is_flat_in_memory_and_brings_each_conversation_once(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str]
) -> None:
    url = f"sqlite:///{tmp_path / 'data/archive.sqlite'}"
    if kind == "postgresql":
        url = request.getfixturevalue("postgresql").fresh()
    config = tmp_path / "deskbridge.toml"
    archive = f'[archive]\nurl = "{url}"' if kind == "postgresql" else ""
    config.write_text(CONFIG.format(data=tmp_path / "data", archive=archive))
    config.chmod(0o600)
    (tmp_path / "north.toml").write_text(LIBRARY)
    code, _, err, _ = await run(config, "desk", "load", str(tmp_path / "north.toml"))
    assert code == 0, err
    words = ("import", "libchat", str(written(tmp_path)), "--library", "north")

    found = await Archive.open(url)

    async def there() -> int:
        async with found.engine.connect() as sql:
            return await sql.scalar(select(func.count()).select_from(tables.conversation)) or 0

    async def started() -> bool:
        return await there() > MANY // 50

    async def some() -> bool:
        return await there() > MANY // 20

    code, _, err, _ = await run(config, *words, stop_when=started, by=signal.SIGINT)
    assert (code, "Run it again to go on" in err) == (130, True)
    code, *_ = await run(config, *words, stop_when=some)
    assert code < 0
    before = await there()
    assert 0 < before < MANY - 1

    begun = time.monotonic()
    code, out, err, kb = await run(config, *words)
    took = time.monotonic() - begun
    assert code == 2, err
    assert f"{MANY - 1 - before} new" in out
    assert f"chats.csv:{BROKEN * 7 + 2}: opened_at (Timestamp): " in err
    third = len(kb) // 3
    assert max(kb[2 * third :]) <= MOST * max(kb[third : 2 * third]) + SLACK_KB, kb[:: max(1, len(kb) // 40)]

    code, again, err, _ = await run(config, *words)
    assert f"0 new, {MANY - 1} here already, 1 skipped" in again
    assert await there() == MANY - 1
    async with found.engine.connect() as sql:
        assert await sql.scalar(select(func.count()).select_from(tables.line)) == (MANY - 1) * 7
    await found.close()
    with capsys.disabled():
        print(f"\n{kind}: {MANY - 1 - before} conversations in {took:.0f} s: {(MANY - 1 - before) / took:.0f}/s;"
              f" {max(kb[third : 2 * third]) / 1024:.0f} MB, at the end {max(kb[2 * third :]) / 1024:.0f} MB")  # fmt: skip

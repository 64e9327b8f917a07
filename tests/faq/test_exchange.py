"""The FAQ as a file: out and in again without loss, nothing kept of a file that is wrong, and no cell that is a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from msgspec.structs import replace

from bridge.faq.exchange import FaultyFile, Format, read, take_in, to_csv, to_json
from bridge.faq.link_check import problem_of
from bridge.sql.archive import Archive
from bridge.sql.faq.entry import EntryText, FaqEntry
from tests.hours.calendar_host import calendar_host

HOSTILE = "=HYPERLINK(\"https://x.example\")\n'quoted', <b>"


@pytest_asyncio.fixture
async def archive(tmp_path: Path) -> AsyncIterator[Archive]:
    opened = await Archive.open(f"sqlite:///{tmp_path / 'archive.sqlite'}")
    yield opened
    await opened.close()


def entries() -> list[FaqEntry]:
    english = EntryText(language="en", title="How do I renew?", body=HOSTILE, asked=("extend", "-later"), slug="renew")
    german = EntryText(language="de", title="Wie verlängere ich?", body="Im Konto.", slug="verlangern")
    first = FaqEntry(
        library="north", state="public", texts=(english, german), topics=("Loans", "Account"), featured=True
    )
    return [first, replace(first, state="staff", texts=(EntryText(language="en", title="+1 desk", slug="desk"),))]


@pytest.mark.parametrize("kind", ["json", "csv"])
async def test_what_goes_out_comes_in_again(archive: Archive, kind: Format) -> None:
    for one in entries():
        await archive.faq.save(one, "cora")
    held = await archive.faq.of_library("north")
    text = to_csv(held) if kind == "csv" else to_json(held)
    again = await take_in(archive.faq, "north", read(text.encode(), kind, "north"), "")
    assert (again.made, again.changed, again.same) == (0, 0, 2)
    moved = await take_in(archive.faq, "south", read(text.encode(), kind, "south"), "")
    assert (moved.made, moved.same) == (2, 0)
    told = [(one.state, one.topics, one.featured, one.texts) for one in await archive.faq.of_library("south")]
    assert told == [(one.state, one.topics, one.featured, one.texts) for one in held]
    changed = read(text.replace("Im Konto.", "Im Konto!").encode(), kind, "north")
    assert (await take_in(archive.faq, "north", changed, "")).changed == 1


def test_no_cell_is_a_formula() -> None:
    for row in csv.reader(io.StringIO(to_csv(entries()))):
        assert not [cell for cell in row if cell[:1] in set("=+-@\t\r\n")]


@pytest.mark.parametrize(
    "raw, kind, field",
    [
        (b"{", "json", "file"),
        (b'{"format": "other", "version": 1, "entries": []}', "json", "format"),
        (b'{"format": "deskbridge-faq", "version": 1, "entries": [{"texts": 5}]}', "json", "entries[1]"),
        (
            b'{"format": "deskbridge-faq", "version": 1, "entries": [{"texts": [{"language": "en", "title": ""}]}]}',
            "json",
            "entries[1].texts[1].title",
        ),
        (b"\xff\xfe", "json", "file"),
        (b"a,b\n1,2\n", "csv", "columns"),
        (b"language,title,body,state\nen,x,y,published\n", "csv", "x"),
        (b'language,title,body\nen,"x', "csv", "file"),
        (b"language,title,body\nen,x\x00,y\n", "csv", "file"),
    ],
)
def test_a_file_that_is_wrong_is_refused_with_its_field(raw: bytes, kind: Format, field: str) -> None:
    with pytest.raises(FaultyFile) as faulty:
        read(raw, kind, "north")
    assert faulty.value.found[0].field == field


async def test_links_are_asked_for_on_public_hosts_only() -> None:
    async with calendar_host() as host:
        assert await problem_of(host.url) == "private"
        allowed = host.url.split("/")[2]
        assert await problem_of(host.url, [allowed]) == ""
    assert await problem_of(host.url, [allowed]) == "unreachable"
    assert await problem_of("http://169.254.169.254/latest") == "private"
    assert await problem_of("http://2130706433/") == "private"

"""The commands on real archives: each record once, under the library's rules, and out again."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from bridge.app import commands
from bridge.app.config import ArchiveConfig, ChannelConfig, Config, Secret
from bridge.app.exchange_commands import ImportOrder, export_to, import_files
from bridge.sql.archive import Archive
from tests.peers.postgresql import PostgreSQL, missing

LIBRARY = """
[[library]]
id = "{id}"
name = "A Library"
retention_days = 90
queues = [{{ id = "{id}/reference", name = "Reference", tiers = [{{ teams = ["{id}/desk"] }}] }}]
teams = [{{ id = "{id}/desk", name = "Desk", members = ["ana"] }}]
librarians = [{{ id = "ana", name = "Ana Ito" }}]
"""
NOW_S = int(time.time())
MAPPING = """
source = "old-desk"
[columns]
id = "id"
opened_at = "at"
name = "name"
transcript = "text"
queue = "queue"
librarian = "by"
"""


@pytest.fixture(scope="module")
def postgresql() -> Iterator[PostgreSQL]:
    """One private server for these tests."""
    if reason := missing():
        pytest.skip(reason)
    with PostgreSQL() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
async def config(request: pytest.FixtureRequest, tmp_path: Path) -> Config:
    """A desk with the library north."""
    url = "" if request.param == "sqlite" else request.getfixturevalue("postgresql").fresh()
    channel = ChannelConfig(name="web", kind="webchat", queue="north/reference")
    made = Config(
        path=tmp_path / "d.toml", data=tmp_path / "data", channels=(channel,), archive=ArchiveConfig(url=Secret(url))
    )
    (tmp_path / "north.toml").write_text(LIBRARY.format(id="north"))
    assert await commands.desk_load(made, tmp_path / "north.toml") == 0
    (tmp_path / "mapping.toml").write_text(MAPPING)
    return made


def rows(*more: str) -> str:
    old = NOW_S - 200 * 86_400
    return "\n".join((
        "id,at,name,text,queue,by",
        f'1,{NOW_S - 9000},Pat,"12:00:00 Pat: Is the Quintessenz in?\n12:01:00 Ana Ito: Yes",Ref,Ana Ito',
        f'2,{old},Kim,"12:00:00 Kim: Where is Wimmelbuch?",Ref,Ana Ito',
        *more,
    ))  # fmt: skip


async def test_an_import_can_be_tried_done_and_done_again(
    config: Config, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "old.csv"
    file.write_text(rows("3,never,x,y,z,q"))
    order = ImportOrder("generic", [file], "north", tmp_path / "mapping.toml")
    assert await import_files(config, replace(order, dry=True)) == 2
    tried = capsys.readouterr()
    assert "2 conversations read; 2 would be new (1 older than the library keeps words" in tried.out
    assert "Is the Quintessenz in?" in tried.out
    assert "old.csv:5: opened_at (at): it is no time" in tried.err
    assert await import_files(config, order) == 2
    assert "2 new (1 older" in capsys.readouterr().out
    file.write_text(rows())
    assert await import_files(config, order) == 0
    assert "0 new, 2 here already" in capsys.readouterr().out

    assert await commands.export(config, "north", "") == 0
    kept = [msgspec.json.decode(line) for line in capsys.readouterr().out.splitlines()]
    assert [(one["conversation"]["name"], one["forgotten"], len(one["lines"])) for one in kept] == [
        ("", True, 0), ("Pat", False, 3),
    ]  # fmt: skip
    talk = kept[1]["conversation"]
    assert (talk["answered_by"], talk["queue"], talk["state"]) == ("ana", "north/reference", "closed")
    assert (talk["imported"], talk["channel"], talk["code"]) == ("old-desk", "imported:chat", "answered")


async def test_an_import_that_cannot_begin_says_why(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    channel = ChannelConfig(name="web", kind="webchat", queue="north/reference")
    config = Config(path=tmp_path / "d.toml", data=tmp_path / "data", channels=(channel,))
    (tmp_path / "north.toml").write_text(LIBRARY.format(id="north"))
    assert await commands.desk_load(config, tmp_path / "north.toml") == 0
    for name, text in (("old.csv", b"id,at\n"), ("packed.csv", b"PK\x03\x04"), ("mapping.toml", MAPPING.encode())):
        (tmp_path / name).write_bytes(text)
    order = ImportOrder("generic", [Path("old.csv")], "north", Path("mapping.toml"))
    for wrong, says in (
        (replace(order, profile="other"), "no profile"),
        (replace(order, library="south"), "no library"),
        (replace(order, mapping=None), "needs --mapping"),
        (replace(order, queue="south/reference"), "no queue"),
        (replace(order, files=[Path("missing.csv")]), "isn't a file"),
        (replace(order, files=[Path("packed.csv")]), "ZIP"),
        (order, "nothing to import"),
    ):
        assert await import_files(config, wrong) == 1
        assert says in capsys.readouterr().err


async def test_what_is_exported_comes_in_elsewhere(
    config: Config, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "old.csv").write_text(rows())
    assert (
        await import_files(config, ImportOrder("generic", [tmp_path / "old.csv"], "north", tmp_path / "mapping.toml"))
        == 0
    )
    (tmp_path / "ref.csv").write_text(f"Id,Timestamp,Question Type,Question\n7,{NOW_S},Directional,=Where?\n")
    assert await import_files(config, ImportOrder("refanalytics", [tmp_path / "ref.csv"], "north")) == 0
    (tmp_path / "faq.json").write_text('[{"id": 12, "question": "How long?", "answer": "<p>Four <b>weeks</b></p>"}]')
    faq = ImportOrder("libanswers-faq", [tmp_path / "faq.json"], "north")
    assert [await import_files(config, faq), await import_files(config, faq)] == [0, 0]
    assert await export_to(config, tmp_path / "out", "north") == 0
    assert "2 conversations, 1 counted questions, 1 FAQ entries, 1 libraries" in capsys.readouterr().out
    assert "'=Where?" in (tmp_path / "out/counted_questions.csv").read_text()

    other = msgspec.structs.replace(config, data=tmp_path / "other", archive=ArchiveConfig())
    assert await commands.desk_load(other, tmp_path / "out/organisation.toml") == 0
    files = [tmp_path / "out" / name for name in ("conversations.jsonl", "counted_questions.jsonl")]
    assert await import_files(other, ImportOrder("deskbridge", files, "north")) == 0
    assert await import_files(other, ImportOrder("deskbridge", [tmp_path / "out/faq-north.json"], "north")) == 0
    assert await export_to(other, tmp_path / "again", "north") == 0
    for name in ("conversations.jsonl", "counted_questions.jsonl"):
        first, second = (
            [_bare(line) for line in (tmp_path / folder / name).read_text().splitlines()] for folder in ("out", "again")
        )
        assert first == second
    archive = await Archive.open(f"sqlite:///{tmp_path / 'other/archive.sqlite'}")
    assert [one.texts[0].body for one in await archive.faq.of_library("north")] == ["Four **weeks**"]
    await archive.close()


def _bare(line: str) -> object:
    """Return a line without what is each archive's own: ids, and the name of the desk it came from."""
    found = msgspec.json.decode(line)
    if "counted_question" in found:
        return {**found["counted_question"], "id": "", "interaction": "", "source": "", "source_id": ""}
    talk = {**found["conversation"], "id": "", "imported": "", "address": "", "last_who": ""}
    lines = [
        (one["at"], one["who"], one.get("author", ""), one.get("author_id", ""), one.get("text", ""))
        for one in found["lines"]
    ]
    hops = [{**one, "id": "", "conversation": ""} for one in found["hops"]]
    return talk, lines, hops, found["way"], found["forgotten"]

"""The command's errands on a real data folder: whose libraries, whose accounts, and clear words when that is not clear."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace
from sqlalchemy import insert

from bridge.app import commands
from bridge.app.channel_access import run_verb
from bridge.app.config import ChannelConfig, Config, WhichConsortium
from bridge.app.daemon import archive_url
from bridge.contract.command import ChannelAccess
from bridge.contract.memory import MemoryRow
from bridge.contract.opt_outs import OPT_OUTS
from bridge.redis.embedded import EmbeddedRedis
from bridge.sql import tables
from bridge.sql.archive import Archive
from bridge.sql.people.accounts import Accounts

LIBRARY = """
[[library]]
id = "{id}"
name = "A Library"
queues = [{{ id = "{id}/reference", name = "Reference", tiers = [{{ teams = ["{id}/desk"] }}] }}]
teams = [{{ id = "{id}/desk", name = "Desk", members = ["ana"] }}]
librarians = [{{ id = "ana", name = "Ana Ito" }}]
"""


def _config(tmp_path: Path, *consortia: str) -> Config:
    channels = tuple(ChannelConfig(name=f"of-{name}", kind="loop", queue="a/b", consortium=name) for name in consortia)
    return Config(path=tmp_path / "deskbridge.toml", data=tmp_path / "data", channels=channels)


def _file(tmp_path: Path, library: str) -> Path:
    file = tmp_path / f"{library}.toml"
    file.write_text(LIBRARY.format(id=library))
    return file


async def test_the_only_consortium_is_meant_without_being_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = _config(tmp_path, "east")
    assert await commands.desk_load(config, _file(tmp_path, "north")) == 0
    assert "north: revision 1" in capsys.readouterr().out
    assert await commands.desk_dump(config) == 0
    assert 'id = "north"' in capsys.readouterr().out


async def test_of_several_consortia_one_must_be_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = _config(tmp_path, "east", "west")
    north = _file(tmp_path, "north")
    for wrong in ("", "south"):
        with pytest.raises(WhichConsortium, match="--consortium: east, west"):
            await commands.desk_load(config, north, wrong)
        with pytest.raises(WhichConsortium, match="--consortium: east, west"):
            await commands.desk_dump(config, wrong)
    assert await commands.desk_load(config, north, "west") == 0
    capsys.readouterr()
    assert await commands.desk_dump(config, "east") == 0
    assert "north" not in capsys.readouterr().out
    assert await commands.desk_dump(config, "west") == 0
    assert "north" in capsys.readouterr().out


async def test_a_log_that_is_not_there_is_not_said_to_agree(tmp_path: Path) -> None:
    for wrong in ("", "main"):
        with pytest.raises(WhichConsortium, match="--consortium: east, west"):
            await commands.replay(_config(tmp_path, "east", "west"), wrong)
    assert await commands.replay(_config(tmp_path, "east")) == 0
    assert not (tmp_path / "data" / "archive.sqlite").exists()


async def test_an_account_is_made_where_its_library_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = _config(tmp_path, "east", "west")
    assert await commands.desk_load(config, _file(tmp_path, "north"), "west") == 0
    assert await commands.librarian_add(config, "bo", "nowhere") == 1
    assert "there are: north" in capsys.readouterr().err
    assert await commands.librarian_add(config, "bo", "north", role="coordinator") == 0
    assert "bo signs in once with" in capsys.readouterr().out
    assert await commands.desk_dump(config, "west") == 0
    assert 'id = "bo"' in capsys.readouterr().out
    assert await commands.librarian_add(config, "bo", "north") == 1
    assert "already" in capsys.readouterr().err


async def test_what_is_saved_while_an_account_is_made_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = _config(tmp_path, "east")
    assert await commands.desk_load(config, _file(tmp_path, "north")) == 0
    archive = await Archive.open(archive_url(config))
    organisation, add = archive.organisation("east"), Accounts.add

    async def add_beside_a_coordinator(self: Accounts, librarian: str, login: str, library: str) -> str:
        [entry] = await organisation.entries()
        await organisation.put(msgspec.structs.replace(entry.library, name="New name"), entry.calendar)
        return await add(self, librarian, login, library)

    monkeypatch.setattr(Accounts, "add", add_beside_a_coordinator)
    assert await commands.librarian_add(config, "bo", "north") == 0
    [entry] = await organisation.entries()
    assert (entry.library.name, [one.id for one in entry.library.librarians]) == ("New name", ["ana", "bo"])
    await archive.close()


async def test_the_shell_makes_the_first_administrator(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = _config(tmp_path)
    assert await commands.desk_load(config, _file(tmp_path, "north")) == 0
    assert await commands.librarian_role(config, "nobody", "administrator") == 1
    assert "no library lists 'nobody'" in capsys.readouterr().err
    assert await commands.librarian_role(config, "ana", "administrator") == 0
    assert "ana is administrator of north now" in capsys.readouterr().out
    assert await commands.desk_dump(config) == 0
    assert 'role = "administrator"' in capsys.readouterr().out


async def test_setup_may_be_repeated_and_makes_the_first_coordinator(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = _config(tmp_path)
    assert [await commands.setup(config, "") for _ in range(2)] == [0, 0]
    assert await commands.desk_load(config, _file(tmp_path, "north")) == 0
    assert await commands.setup(config, "bo@north") == 0
    assert "bo signs in once with" in capsys.readouterr().out


def _conversation(talk: str, library: str, channel: str) -> dict[str, object]:
    texts = dict.fromkeys(
        ("name", "contact", "language", "subject", "page", "previous", "owner", "last_text", "last_who"), ""
    )
    queue = f"{library}/reference"
    row = {"id": talk, "library": library, "channel": channel, "address": "jo@patron.example", "live": False}
    return texts | row | {"queue_entered": queue, "queue": queue, "state": "closed", "opened_at": 1, "last_at": 1}


async def test_forgetting_is_ordered_only_of_the_desk_that_holds_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commands, "PATIENCE_S", 0.0)
    config = _config(tmp_path, "east", "west")
    for library, consortium in (("north", "west"), ("south", "east")):
        assert await commands.desk_load(config, _file(tmp_path, library), consortium) == 0
    archive = await Archive.open(archive_url(config))
    async with archive.engine.begin() as sql:
        rows = [_conversation("t-west", "north", "gone"), _conversation("t-east", "south", "gone")]
        await sql.execute(insert(tables.conversation), [*rows, _conversation("t-new", "mistyped", "of-east")])
    assert await commands.forget(config, commands.Wish("t-east", yes=True), "west") == 1
    assert "--consortium east" in capsys.readouterr().err
    assert await commands.forget(config, commands.Wish(" Jo@Patron.Example", yes=True), "west") == 1
    told = capsys.readouterr()
    assert ("t-west" in told.out, "t-east" in told.out, "t-new" in told.out) == (True, False, False)
    assert [one.conversation for one in await archive.erasures("west").standing()] == ["t-west"]
    assert await archive.erasures("east").standing() == []
    await archive.close()


async def test_a_leaver_works_elsewhere_once_released_or_moved_by_the_operator(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = _config(tmp_path, "east")
    north, south = _file(tmp_path, "north"), _file(tmp_path, "south")
    assert await commands.desk_load(config, north) == 0
    assert await commands.desk_load(config, south) == 1
    assert "librarians: 'ana' belongs to the library 'north'" in capsys.readouterr().err
    assert await commands.librarian_add(config, "ana", "south") == 1
    assert await commands.librarian_release(config, "ana") == 1
    assert "still lists" in capsys.readouterr().err
    left = north.read_text().replace("ana", "bo")
    north.write_text(left)
    assert await commands.desk_load(config, north) == 0
    assert await commands.desk_load(config, south) == 1, "who only left belongs to north"
    assert await commands.librarian_release(config, "ana") == 0
    assert await commands.desk_load(config, south) == 0
    south.write_text(left.replace("north", "south").replace("bo", "cy") + left.replace("bo", "ana"))
    assert await commands.desk_load(config, south) == 0, "one file speaks for both: ana moves back"
    assert await commands.librarian_release(config, "nobody") == 1


async def test_a_verb_of_a_channel_reads_what_is_remembered_whether_the_daemon_runs_or_not(tmp_path: Path) -> None:
    read: list[list[str]] = []
    plain = _config(tmp_path, "main")

    async def verb(channels: Sequence[ChannelAccess], _: Sequence[str]) -> int:
        (text,) = channels
        await text.memory.put(OPT_OUTS, [MemoryRow(f"row {len(read)}")])
        read.append([row.key for row in await text.memory.rows(OPT_OUTS)])
        return 3

    config = replace(plain, channels=(replace(plain.channels[0], name="text", kind="kannel"),))
    assert await run_verb(config, verb, []) == 3  # never started: nothing is remembered, nothing is made
    assert not (config.data / "redis").exists()
    server = EmbeddedRedis(config.data / "redis")
    await server.start()
    assert await run_verb(config, verb, []) == 3
    await server.stop()
    assert await run_verb(config, verb, []) == 3
    assert read == [["row 0"], ["row 1"], ["row 1", "row 2"]]

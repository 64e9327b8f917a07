"""The command's errands on a real data folder: whose libraries, whose accounts, and clear words when that is not clear."""

from __future__ import annotations

from pathlib import Path

import pytest

from bridge import errands
from bridge.config import Channel, Config

LIBRARY = """
[[library]]
id = "{id}"
name = "A Library"
queues = [{{ id = "{id}/reference", name = "Reference", tiers = [{{ teams = ["{id}/desk"] }}] }}]
teams = [{{ id = "{id}/desk", name = "Desk", members = ["ana"] }}]
librarians = [{{ id = "ana", name = "Ana Ito" }}]
"""


def _config(tmp_path: Path, *consortia: str) -> Config:
    channels = tuple(Channel(name=f"of-{name}", kind="loop", queue="a/b", consortium=name) for name in consortia)
    return Config(path=tmp_path / "deskbridge.toml", data=tmp_path / "data", channels=channels)


def _file(tmp_path: Path, library: str) -> Path:
    file = tmp_path / f"{library}.toml"
    file.write_text(LIBRARY.format(id=library))
    return file


async def test_the_only_consortium_is_meant_without_being_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = _config(tmp_path, "east")
    assert await errands.desk_load(config, _file(tmp_path, "north")) == 0
    assert "north: revision 1" in capsys.readouterr().out
    assert await errands.desk_dump(config) == 0
    assert 'id = "north"' in capsys.readouterr().out


async def test_of_several_consortia_one_must_be_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = _config(tmp_path, "east", "west")
    north = _file(tmp_path, "north")
    for wrong in ("", "south"):
        assert await errands.desk_load(config, north, wrong) == 1
        assert await errands.desk_dump(config, wrong) == 1
        assert "--consortium: east, west" in capsys.readouterr().err
    assert await errands.desk_load(config, north, "west") == 0
    capsys.readouterr()
    assert await errands.desk_dump(config, "east") == 0
    assert "north" not in capsys.readouterr().out
    assert await errands.desk_dump(config, "west") == 0
    assert "north" in capsys.readouterr().out


async def test_an_account_is_made_where_its_library_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = _config(tmp_path, "east", "west")
    assert await errands.desk_load(config, _file(tmp_path, "north"), "west") == 0
    assert await errands.librarian_add(config, "bo", "nowhere") == 1
    assert "there are: north" in capsys.readouterr().err
    assert await errands.librarian_add(config, "bo", "north", coordinator=True) == 0
    assert "bo signs in once with" in capsys.readouterr().out
    assert await errands.desk_dump(config, "west") == 0
    assert 'id = "bo"' in capsys.readouterr().out
    assert await errands.librarian_add(config, "bo", "north") == 1
    assert "already" in capsys.readouterr().err


async def test_setup_may_be_repeated_and_makes_the_first_coordinator(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = _config(tmp_path)
    assert [await errands.setup(config, "") for _ in range(2)] == [0, 0]
    assert await errands.desk_load(config, _file(tmp_path, "north")) == 0
    assert await errands.setup(config, "bo@north") == 0
    assert "bo signs in once with" in capsys.readouterr().out

"""`deskbridge check` names a catalogue and a library system that can't be reached."""

from __future__ import annotations

from pathlib import Path

import pytest

from bridge.app.cli import check

CONFIG = """
[deskbridge]
data = "{folder}/data"

[[channel]]
name = "web"
kind = "webchat"
queue = "north/reference"

[[catalogue]]
library = "north"
url = "http://127.0.0.1:1/sru"
own_network = true

[[account]]
library = "north"
kind = "sip2"
host = "127.0.0.1"
port = 1

[[account]]
library = "south"
kind = "koha"
url = "http://127.0.0.1:1"
client = "a"
client_secret = "b"
"""


def test_what_cannot_be_reached_is_named(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "deskbridge.toml"
    path.write_text(CONFIG.format(folder=tmp_path))
    path.chmod(0o600)
    assert check(config=path) == 1
    said = "".join(capfd.readouterr())
    for line in ("catalogue north: unreachable", "account north: unreachable", "account south: unreachable"):
        assert line in said, said


@pytest.mark.parametrize(
    ("table", "fault"),
    [
        ('host = "sip.example.org"', "tls: is off: card numbers and PINs would be sent in the open"),
        ('host = "127.0.0.1"\nport = 0', "port: is no port"),
        ('host = "127.0.0.1"\nlogin = "a|b"', "login: holds a character"),
        ('host = "127.0.0.1"\nencoding = "ebcdic"', "encoding: "),
        ("", "host: is missing"),
    ],
)
def test_a_configuration_that_cannot_be_is_told_by_its_field(
    tmp_path: Path, table: str, fault: str, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "deskbridge.toml"
    path.write_text(f'[[account]]\nlibrary = "north"\nkind = "sip2"\n{table}\n')
    path.chmod(0o600)
    assert check(config=path, offline=True) == 1
    assert f"account[1] (north).{fault}" in "".join(capfd.readouterr())

"""The command as a person types it: words, exit codes, and no more loaded than a verb needs."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

COMMAND = str(Path(sys.executable).with_name("deskbridge"))


def typed(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([COMMAND, *words], capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "deskbridge.toml"
    data = f'[deskbridge]\ndata = "{tmp_path / "data"}"\n'
    path.write_text(data + '[[channel]]\nname = "echo"\nkind = "loop"\nqueue = "north/reference"\nnetwork = "here"\n')
    return path


def test_help_names_every_verb() -> None:
    told = typed("--help")
    assert told.returncode == 0
    for verb in ("demo", "run", "check", "setup", "adapters", "desk", "librarian", "replay", "export"):
        assert f" {verb} " in told.stdout


def test_help_loads_neither_web_nor_sql_nor_redis() -> None:
    look = "import bridge.app.cli, sys; print(*{'aiohttp', 'sqlalchemy', 'redis', 'slixmpp', 'twilio'} & sys.modules.keys())"
    loaded = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, timeout=60, check=True)
    assert loaded.stdout.strip() == ""


def test_check_says_that_nothing_is_wrong(config: Path) -> None:
    told = typed("check", "--offline", "--config", str(config))
    assert (told.returncode, told.stderr) == (0, "")
    assert "1 channels, nothing wrong" in told.stdout


def test_check_names_a_kind_that_nobody_installed(config: Path) -> None:
    config.write_text(config.read_text().replace('"loop"', '"pigeon"'))
    told = typed("check", "-c", str(config))
    assert told.returncode == 1
    assert "echo: no adapter is installed for channels of kind 'pigeon'; there are: " in told.stderr


def test_check_names_a_key_that_its_kind_does_not_know(config: Path) -> None:
    config.write_text(config.read_text() + 'colour = "green"\n')
    told = typed("check", "-c", str(config))
    assert told.returncode == 1
    assert "echo.colour: is not known" in told.stderr


def test_check_names_a_value_that_its_kind_refuses(config: Path) -> None:
    config.write_text(config.read_text() + "patience_s = 0\n")
    told = typed("check", "-c", str(config))
    assert told.returncode == 1
    assert "echo: patience_s and beat_s must be more than 0" in told.stderr


def test_where_no_streams_can_be_is_said_without_a_traceback(config: Path) -> None:
    config.write_text('[redis]\nurl = "redis://:hunter2@127.0.0.1:nowhere"\n' + config.read_text())
    for verb in ("check", "run"):
        told = typed(verb, "-c", str(config))
        assert told.returncode == 1
        assert "redis.url: not a Redis url: a host has no such port" in told.stderr
        assert "Traceback" not in told.stderr
        assert "hunter2" not in told.stderr


BAD_ADDRESSES = ("postgresql://desk:h@rd:hunter2@127.0.0.1/desk", "sqlite:///:memory:", "sqlite://")
AWAY = (
    "postgresql://desk:hunter2@127.0.0.1:1/desk",
    "postgresql://desk:hunter2@127.0.0.1/desk?sslmode=require",
    "sqlite:////nowhere/to/be/found/archive.sqlite",
)


def test_an_archive_that_cannot_be_is_said_without_a_traceback_or_password(config: Path) -> None:
    plain = config.read_text()
    asked = [
        *zip(("check", "setup", "check"), BAD_ADDRESSES, strict=True),
        *zip(("setup", "setup", "run"), AWAY, strict=True),
    ]
    for verb, url in asked:
        config.write_text(f'[archive]\nurl = "{url}"\n{plain}')
        told = typed(verb, "-c", str(config))
        assert told.returncode == 1, (verb, url)
        assert "archive.url: " in told.stderr
        assert "Traceback" not in told.stderr
        assert "hunter2" not in told.stderr


def test_a_broken_archive_is_said_without_a_traceback(config: Path, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "archive.sqlite").write_bytes(b"no database" * 100)
    told = typed("setup", "-c", str(config))
    assert told.returncode == 1
    assert "deskbridge.data: cannot be opened: DatabaseError: file is not a database" in told.stderr
    assert "Traceback" not in told.stderr


def test_a_broken_file_is_said_without_a_traceback(config: Path) -> None:
    config.write_text('[http]\nlisten = 3\n[[channel]]\npassword = "hunter2"\nname = 4')
    for verb in ("check", "run", "setup"):
        told = typed(verb, "-c", str(config))
        assert told.returncode == 1
        assert "http.listen: is a number; write a text" in told.stderr
        assert "channel[1].kind: is missing" in told.stderr
        assert "Traceback" not in told.stderr
        assert "hunter2" not in told.stderr


@pytest.mark.parametrize("listen", ["8080", ":8080", "localhost:70000"])
def test_the_demonstration_answers_nowhere_but_where_it_is_told(listen: str, tmp_path: Path) -> None:
    told = typed("demo", "--listen", listen, "--data", str(tmp_path / "demo"))
    assert (told.returncode, told.stdout) == (1, "")
    assert told.stderr == f"--listen: {listen!r} is neither host:port nor a socket path: write 127.0.0.1:8080\n"


def test_a_terminal_that_is_closed_ends_the_demonstration_in_good_order(tmp_path: Path) -> None:
    env = {**os.environ, "TMPDIR": str(tmp_path), "PYTHONUNBUFFERED": "1"}
    command = [COMMAND, "demo", "--listen", "127.0.0.1:0"]
    with subprocess.Popen(
        command,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        preexec_fn=partial(signal.signal, signal.SIGHUP, signal.SIG_DFL),  # tests that run behind nohup ignore it
    ) as demo:
        assert demo.stdout is not None
        try:
            while "Ctrl+C closes it" not in (line := demo.stdout.readline()):
                assert line, "it ended before it was open"
            assert list(tmp_path.glob("deskbridge-demo-*"))
            demo.send_signal(signal.SIGHUP)
            assert demo.wait(30) == 0
        finally:
            demo.kill()
    assert not list(tmp_path.glob("deskbridge-demo-*"))


def test_of_several_consortia_one_must_be_named(config: Path) -> None:
    other = '[[channel]]\nname = "other"\nkind = "loop"\nqueue = "south/reference"\nnetwork = "there"\n'
    config.write_text(f'{config.read_text()}consortium = "east"\n{other}consortium = "west"\n')
    told = typed("desk", "dump", "-c", str(config))
    assert told.returncode == 1
    assert told.stderr == "say which consortium with --consortium: east, west\n"


def test_a_mistyped_verb_is_refused() -> None:
    told = typed("serve")
    assert told.returncode != 0
    assert "Traceback" not in told.stderr + told.stdout


def test_adapters_lists_every_kind_with_what_it_can_do() -> None:
    told = typed("adapters")
    assert told.returncode == 0
    kinds = {line.split()[0] for line in told.stdout.splitlines()}
    assert {"loop", "webchat"} <= kinds
    assert "cannot be used" not in told.stdout

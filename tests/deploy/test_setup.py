"""`deskbridge setup` where nothing is configured: at a terminal, and from a file of answers."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from bridge.app.cli import misconfigured
from bridge.app.config import load
from bridge.app.first_setup import configure
from bridge.app.setup_questions import Terminal, gather, slug
from tests.journeys.house import PROGRAM

PASSWORD = "hunter2-open-sesame"
TYPED = [
    ("Name of the library", "Bibliothèque de Genève"),
    ("Its id", ""),
    ("Its time zone", "Europe/Zurich"),
    ("Address at which patrons", "desk.example.org"),
    ("Address at which patrons", "https://desk.example.org"),
    ("Address at which the reverse proxy", ""),
    ("Folder for the desk's data", "{folder}/data"),
    ("Sign-in name", "ana"),
    ("Their name", "Ana Ito"),
    ("Which of them", "webchat, email, fax"),
    ("Which of them", "webchat, email"),
    ("webchat: origins", "https://www.example.org"),
    ("email: address", "ask@example.org"),
    ("email: imap host", "imap.example.org"),
    ("email: smtp host", "smtp.example.org"),
    ("email: password", PASSWORD),
]
ANSWERS = f"""
library = "Main Library"
timezone = "Europe/London"
public_url = "https://desk.example.org"
administrator = "ana"
channels = ["webchat", "email"]
[email]
address = "ask@example.org"
imap_host = "imap.example.org"
smtp_host = "smtp.example.org"
password = "{PASSWORD}"
"""


def _converse(folder: Path) -> tuple[int, str]:
    """Run setup in a terminal of its own and type an answer to each question; return its code and what the terminal showed."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.execv(sys.executable, [*PROGRAM, "setup", "--config", str(folder / "deskbridge.toml")])
    shown = b""
    with os.fdopen(terminal, "r+b", buffering=0) as screen:
        for question, answer in TYPED:
            begun = len(shown)
            while f"{question}".encode() not in shown[begun:] or not shown.endswith(b": "):
                shown += screen.read(4096)
            screen.write(answer.format(folder=folder).encode() + b"\n")
        try:
            while more := screen.read(4096):
                shown += more
        except OSError:  # the terminal closes with the program
            pass
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), shown.decode()


@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of forkpty:DeprecationWarning")
def test_a_person_answers_at_a_terminal_and_signs_in(tmp_path: Path) -> None:
    code, shown = _converse(tmp_path)
    assert code == 0, shown
    assert PASSWORD not in shown
    assert "no such kind: fax" in shown
    assert "ana signs in once with " in shown
    config = load(tmp_path / "deskbridge.toml")
    assert [(one.kind, one.queue) for one in config.channels] == [
        ("webchat", "bibliotheque-de-geneve/reference"),
        ("email", "bibliotheque-de-geneve/reference"),
    ]
    assert misconfigured(config) == []
    secret = tmp_path / "secrets" / "email_password"
    assert (secret.read_text(), secret.stat().st_mode & 0o777) == (f"{PASSWORD}\n", 0o600)
    assert (tmp_path / "secrets").stat().st_mode & 0o777 == 0o700
    written = (tmp_path / "deskbridge.toml").read_text()
    assert PASSWORD not in written


def _set_up(folder: Path, answers: str) -> int:
    (folder / "answers.toml").write_text(answers)
    return configure(folder / "deskbridge.toml", folder / "answers.toml", misconfigured, systemd=True)


def test_a_file_of_answers_does_the_same_and_the_secret_is_a_credential(tmp_path: Path) -> None:
    (tmp_path / "mail").write_text(f"{PASSWORD}\n")
    assert _set_up(tmp_path, ANSWERS.replace(f'password = "{PASSWORD}"', 'password_file = "mail"')) == 0
    document = tomllib.loads((tmp_path / "deskbridge.toml").read_text())
    assert document["channel"][1]["password"] == {"credential": "secret_email_password"}
    desk = tomllib.loads((tmp_path / "desk.toml").read_text())
    assert desk["library"][0]["librarians"] == [{"id": "ana", "name": "Ana", "shown": "Ana", "role": "administrator"}]


@pytest.mark.parametrize("there", ["deskbridge.toml", "desk.toml", "secrets/email_password"])
def test_nothing_that_is_there_is_overwritten(there: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    kept = tmp_path / there
    kept.parent.mkdir(exist_ok=True)
    kept.write_text("mine")
    assert _set_up(tmp_path, ANSWERS) == 1
    assert str(kept) in capsys.readouterr().err
    assert kept.read_text() == "mine"
    assert {one.name for one in tmp_path.rglob("*") if one.is_file()} == {kept.name, "answers.toml"}


def test_all_that_is_wrong_with_answers_is_told_at_once_without_the_secret(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = (
        ANSWERS.replace("Europe/London", "Mars/Olympus")
        .replace("https://", "gopher://")
        .replace('address = "ask', 'adress = "ask')
    )
    assert _set_up(tmp_path, wrong) == 1
    told = capsys.readouterr().err
    for place in ("timezone: ", "public_url: ", "email.address: ", "email.adress: "):
        assert place in told
    assert PASSWORD not in told
    assert not (tmp_path / "deskbridge.toml").exists()


def test_answers_come_by_standard_input_and_the_command_goes_on_to_the_tables(tmp_path: Path) -> None:
    command = [*PROGRAM, "setup", "--config", str(tmp_path / "deskbridge.toml"), "--answers", "-"]
    answers = f'data = "{tmp_path / "data"}"\n{ANSWERS}'
    done = subprocess.run(command, input=answers, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "ana signs in once with " in done.stdout
    again = subprocess.run(command[:-2], capture_output=True, text=True, timeout=60, check=False)
    assert again.returncode == 0
    assert "signs in once" not in again.stdout


def test_a_kind_that_refuses_its_answers_asks_again(monkeypatch: pytest.MonkeyPatch) -> None:
    said = iter(
        ["Main", "", "UTC", "https://d.example.org", "", "", "ana", "", "telegram", "not-a-token", "123456:" + "A" * 35]
    )

    def answer(_: str) -> str:
        return next(said)

    monkeypatch.setattr("builtins.input", answer)
    monkeypatch.setattr("bridge.app.setup_questions.getpass", answer)
    plan = gather(Terminal(), misconfigured)
    assert plan.channels[0]["token"].startswith("123456:")


@pytest.mark.parametrize(
    ("name", "id"), [("Main Library", "main-library"), ("図書館", "main"), ("Bücherei Graz", "bucherei-graz")]
)
def test_an_id_is_made_of_a_name(name: str, id: str) -> None:
    assert slug(name) == id

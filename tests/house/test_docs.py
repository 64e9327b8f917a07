"""README and docs/: the README is short, links lead somewhere, and the channels that people would copy are valid."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path

import pytest

from bridge.app.cli import check
from tests.conftest import ROOT
from tests.house.source import none

README = ROOT / "README.md"
PAGES = sorted((ROOT / "docs").glob("*.md"))
CHANNELS = (
    "account",
    "catalogue",
    "webchat",
    "email",
    "sms",
    "kannel",
    "telegram",
    "mastodon",
    "matrix",
    "xmpp",
    "partners",
)


def test_the_readme_is_short() -> None:
    assert len(README.read_text("utf-8").splitlines()) < 300


def test_every_page_is_linked_from_the_readme() -> None:
    text = README.read_text("utf-8")
    none(page.name for page in PAGES if f"(docs/{page.name}" not in text)


def test_links_lead_somewhere() -> None:
    for page in (README, *PAGES, ROOT / "deploy" / "runbook.md"):
        targets = re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text("utf-8"))
        none(f"{page.name}: {target}" for target in targets if not (page.parent / target).exists())


@pytest.mark.parametrize("kind", CHANNELS)
def test_the_channels_on_a_page_are_valid(tmp_path: Path, kind: str) -> None:
    tmp_path.chmod(0o700)
    page = (ROOT / "docs" / f"{kind}.md").read_text("utf-8")
    found = re.findall(r"^ *```toml\n(.*?)```", page, re.DOTALL | re.MULTILINE)
    text = "\n".join(textwrap.dedent(block) for block in found)
    text = re.sub(r"/run/secrets/(\w+)", rf"{tmp_path}/\1", text)
    for name in [*re.findall(r'_file = "([^"]+)"', text), "im", "component"]:
        secret = tmp_path / name
        secret.write_text("4711:a-token-of-some-length-0815" if name == "telegram-token" else "a-secret-of-some-length")
        secret.chmod(0o600)
    config = tmp_path / "deskbridge.toml"
    base = f'[deskbridge]\ndata = "{tmp_path}"\n[http]\npublic_url = "https://desk.example.org"\n'
    config.write_text(base + text.replace("AC…", "AC" + "0" * 32))
    config.chmod(0o600)
    assert found
    assert check(config=config, offline=True) == 0

"""What every test may ask for."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--long", action="store_true", help="the long forms of fault runs and simulations (make faults)")


@pytest.fixture(scope="session")
def long(request: pytest.FixtureRequest) -> bool:
    """Whether the long form was asked for."""
    return bool(request.config.getoption("--long"))


@pytest.fixture(scope="session")
def corpora() -> Path:
    """The folder of sample texts and mails, named by DESKBRIDGE_CORPORA; the test is skipped where there is none."""
    folder = Path(os.environ.get("DESKBRIDGE_CORPORA", ROOT.parent / "shared" / "corpora"))
    if not folder.is_dir():
        pytest.skip(f"no corpora in {folder}: name their folder in DESKBRIDGE_CORPORA")
    return folder

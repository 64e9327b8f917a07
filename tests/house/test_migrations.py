"""The archive's migrations are one chain, each file named by its number: else no database opens any more."""

from __future__ import annotations

import re

from tests.conftest import ROOT


def test_migrations_are_one_chain() -> None:
    before = "None"
    for path in sorted((ROOT / "bridge/sql/migrations/versions").glob("[0-9]*.py")):
        text = path.read_text()
        number, follows = (re.search(rf"^{name} = (.+)$", text, re.M) for name in ("revision", "down_revision"))
        assert number is not None
        assert follows is not None
        assert number[1].strip('"') == path.name.partition("_")[0]
        assert follows[1] == before, path.name
        before = number[1]

"""The archive's migrations are one chain, each file named by its number: else no database opens any more."""

from __future__ import annotations

import re

from bridge.sql.database import OLDEST
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


TAKES_AWAY = re.compile(r"\.(drop_column|drop_table|alter_column|rename_table)\(|\b(DROP|RENAME|DELETE)\b")


def test_a_migration_that_takes_something_away_names_the_oldest_daemons() -> None:
    files = {path.name.partition("_")[0]: path for path in (ROOT / "bridge/sql/migrations/versions").glob("[0-9]*.py")}
    taking = sorted(number for number, path in files.items() if TAKES_AWAY.search(path.read_text()))
    assert taking, "the pattern finds none at all"
    assert OLDEST in files
    assert taking[-1] <= OLDEST, f"raise OLDEST in bridge/sql/database.py to {taking[-1]}: older daemons cannot go on"

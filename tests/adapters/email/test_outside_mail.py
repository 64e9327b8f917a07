"""Mails made after reports from outside: what is right is said in each mail or beside it (pytest -rx lists what is not mended
yet).

`X-Case-Expected` of a mail, or the entry of `classes/expected.json`: taken, patron, class, text, subject, hard, recipients are
compared; `contains` and `text_contains` must occur in the text; `seconds_below` bounds the parser. What an entry says about the
inbox or the ring is for other tests.
"""

from __future__ import annotations

import json
import time
from email.parser import BytesHeaderParser
from email.policy import compat32
from pathlib import Path
from typing import Any

import pytest

from adapters.email.codec import parse
from adapters.email.explain import verdict
from tests.corpora import HOME

OWN = ("ask@library.example",)
FOLDER = HOME / "outside_mail"
PLACED = b"<token>"  # replaced by a signed id in a reply
NOT_MENDED: frozenset[str] = frozenset()


def cases() -> list[Any]:
    """Every mail with what is right, marked as an expected failure until it is mended."""
    found = [(path.name, path, _told(path)) for path in sorted(FOLDER.glob("*.eml"))]
    listed = FOLDER / "classes" / "expected.json"
    for name, entry in (json.loads(listed.read_text()) if listed.is_file() else {}).items():
        found += [(f"{name}/{one}", listed.parent / name / one, right) for one, right in entry["cases"].items()]
    return [
        pytest.param(
            path, right, id=name, marks=[pytest.mark.xfail(strict=True)] if name.split("/")[0] in NOT_MENDED else []
        )
        for name, path, right in found
    ] or [pytest.param(FOLDER, {}, marks=pytest.mark.skip(f"no outside_mail in {HOME}: name it in DESKBRIDGE_CORPORA"))]


def _told(path: Path) -> dict[str, Any]:
    header = BytesHeaderParser(policy=compat32).parsebytes(path.read_bytes())
    return dict(json.loads(str(header["X-Case-Expected"])))


@pytest.mark.parametrize("path,right", cases())
def test_a_mail_from_outside_is_read_as_it_is_meant(path: Path, right: dict[str, Any]) -> None:
    begun = time.perf_counter()
    mail = parse(path.read_bytes().replace(PLACED, b"a" * 40), own=OWN)
    took = time.perf_counter() - begun
    line = verdict(mail)
    assert {name: line[name] for name in ("taken", "patron", "subject") if name in right} == {
        name: right[name] for name in ("taken", "patron", "subject") if name in right
    }, line["filters"]
    if "class" in right:
        assert line["class"] == right["class"] or ("or auto" in right.get("note", "") and line["taken"]), line[
            "filters"
        ]
        assert line["taken"] == (right["class"] == "person"), line["filters"]
    if "text" in right:
        assert line["text"] == right["text"]
    for words in [*right.get("contains", ()), right.get("text_contains", "")]:
        assert words in line["text"]
    _report_is(right, line["bounce"] or {})
    assert took < right.get("seconds_below", 20)
    if "quarantined" in right:
        assert line["quarantined"] == right["quarantined"]
    assert len(line["attachments"]) == right.get("attachments", len(line["attachments"]))


def _report_is(right: dict[str, Any], report: dict[str, Any]) -> None:
    for name in ("hard", "recipients"):
        if name in right:
            assert report[name] == right[name]

"""The little markup of an answer: what it means, what a plain network gets, and that nothing of it is HTML."""

from __future__ import annotations

import json
from html import escape
from pathlib import Path
from typing import Any

import pytest

from adapters.email.desk.compose import html_body
from bridge.contract.formatting import TextRun, blocks, html, plain

CASES: list[dict[str, Any]] = json.loads((Path(__file__).parents[1] / "formatting.json").read_text(encoding="utf-8"))


def piece(run: TextRun) -> dict[str, Any]:
    return {key: value for key, value in (("text", run.text), ("bold", run.bold), ("href", run.href)) if value}


@pytest.mark.parametrize("case", CASES, ids=[case["text"][:20] for case in CASES])
def test_a_text_means_the_same_here_and_on_the_pages(case: dict[str, Any]) -> None:
    assert plain(case["text"]) == case["plain"]
    found = [
        {"kind": one.kind, "lines": [[piece(run) for run in line] for line in one.lines]}
        | ({"first": one.first} if one.first != 1 else {})
        for one in blocks(case["text"])
    ]
    assert found == case["blocks"]


def test_what_is_no_markup_of_ours_stays_text_in_a_mail() -> None:
    text = "**<b>bold</b>** & [x<i>](https://a.example/?a=1&b=2)\n- <script>\n3. third"
    assert html(text, escape) == (
        "<p><strong>&lt;b&gt;bold&lt;/b&gt;</strong> &amp; "
        '<a href="https://a.example/?a=1&amp;b=2">x&lt;i&gt;</a></p>\n'
        "<ul>\n<li>&lt;script&gt;</li>\n</ul>\n"
        '<ol start="3">\n<li>third</li>\n</ol>\n'
    )
    mail = html_body("See https://a.example/x, **now**", "North", formatted=True)
    assert '<a href="https://a.example/x">https://a.example/x</a>, <strong>now</strong>' in mail

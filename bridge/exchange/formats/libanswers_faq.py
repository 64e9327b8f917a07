"""LibAnswers' FAQ: the answer of its interface as JSON, or a CSV; answers of HTML become Markdown, old numbers become redirects."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bridge.exchange.fields import Reading, RowFields
from bridge.exchange.html_text import markdown_of, text_of
from bridge.exchange.mapped_rows import headed, mapped
from bridge.exchange.record import MOST_TEXT, FaqRecord, FilePlace, Items, UnreadableField, clean, word

WRAPPERS = ("faqs", "results", "entries", "data")
HEADERS: dict[str, tuple[str, ...]] = {
    "id": ("faqid", "id", "qid", "questionid", "faq"),
    "title": ("question", "title", "pretty"),
    "body": ("answer", "body", "content", "answertext"),
    "topics": ("topics", "topic", "categories"),
    "asked": ("keywords", "asked", "alternatequestions"),
}
_NUMBER = re.compile(r"/faq/(\d+)")


def read(files: Sequence[Path], reading: Reading) -> Items:
    """Yield the entries of the files."""
    for file in files:
        rows, by_header = headed(file, reading, HEADERS, WRAPPERS)
        yield from mapped(rows, by_header, _entry)


def _entry(fields: RowFields, reading: Reading, place: FilePlace) -> FaqRecord:
    question = clean(text_of(fields.text("title")))
    if not question:
        raise UnreadableField("title", "the question is missing")
    body = markdown_of(clean(fields.text("body"), MOST_TEXT * 10))
    title = " ".join(question.split())
    if len(title) > 200:
        title, body = f"{title[:198]}…", f"{question}\n\n{body}"
    id = fields.short("id")
    if not id:
        raise UnreadableField("id", "it is missing: without it a second import would make the entry again")
    return FaqRecord(
        place=place,
        id=id,
        title=title,
        body=body,
        topics=_names(fields, "topics"),
        asked=_names(fields, "asked"),
        old=tuple(dict.fromkeys(re.findall(r"^\d{1,12}$", id) + _NUMBER.findall(id))),
    )


def _names(fields: RowFields, name: str) -> tuple[str, ...]:
    """Return words, also where each is an object with a name."""
    found = fields.value(name)
    if isinstance(found, list) and any(isinstance(one, dict) for one in found):
        said = [word(str(_name(one))) for one in found if isinstance(one, dict)]
        return tuple(dict.fromkeys(one for one in said if one))
    return fields.list(name)


def _name(one: dict[str, Any]) -> str:
    return str(one.get("name") or one.get("title") or one.get("keyword") or "")

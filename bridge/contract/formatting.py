"""The little markup that a librarian may write in an answer, and what each network shows of it.

Four things are understood, and nothing else: `**bold**`, `[words](https://an.address)`, lines that begin with "- " and lines that
begin with "1. ". All of it reads well where it isn't understood. A network that shows no formatting gets `plain`; one that does
(`Capabilities.formatting`) gets the text as it was written, and renders it with `blocks` or `html`. `ui/formatting.ts` is the
same for the pages; both are held to one list of cases.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from html import escape
from typing import Literal

import msgspec

_MARKS = re.compile(
    r"(?<![A-Za-z0-9_*])\*\*(?=[^\s*])([^*\n]{1,500})(?<=[^\s*])\*\*(?![A-Za-z0-9_*])"
    r"|\[([^\[\]\n]{1,300})\]\((https?://[^\s()<>\"'\\/@?#]{1,253}(?:[/?#][^\s()<>\"'\\]{0,2000})?)\)"
)
_ITEM = re.compile(r"(?:[-*]|(\d{1,3})[.)])[ \t]+(?=\S)")


class TextRun(msgspec.Struct, frozen=True):
    """A piece of a line: plain words, bold words, or words that lead to `href`."""

    text: str
    bold: bool = False
    href: str = ""


class TextBlock(msgspec.Struct, frozen=True):
    """Lines that belong together: a paragraph, or a list, whose numbers begin with `first`."""

    kind: Literal["paragraph", "bullets", "numbers"]
    lines: list[list[TextRun]]
    first: int = 1


def plain(text: str) -> str:
    """Return the text as a network without formatting carries it: no marks, and each address behind its words."""
    return _MARKS.sub(_spelt, text) if "**" in text or "](" in text else text


def _spelt(found: re.Match[str]) -> str:
    bold, words, href = found.groups()
    return str(bold) if bold is not None else href if words == href else f"{words} ({href})"


def runs(line: str) -> list[TextRun]:
    """Return a line in pieces."""
    found, end = list[TextRun](), 0
    for match in _MARKS.finditer(line):
        if match.start() > end:
            found.append(TextRun(line[end : match.start()]))
        bold, words, href = match.groups()
        found.append(TextRun(bold, bold=True) if bold is not None else TextRun(words, href=href))
        end = match.end()
    return [*found, TextRun(line[end:])] if end < len(line) else found


def blocks(text: str) -> list[TextBlock]:
    """Return a text in paragraphs and lists."""
    found, open_ = list[TextBlock](), False
    for line in re.split(r"\r?\n", text):
        item = _ITEM.match(line)
        kind: Literal["paragraph", "bullets", "numbers"] = (
            "paragraph" if item is None else "numbers" if item[1] else "bullets"
        )
        if not line.strip():
            open_ = False
            continue
        words = runs(line[item.end() :] if item is not None else line)
        if open_ and found[-1].kind == kind:
            found[-1].lines.append(words)
        else:
            found.append(TextBlock(kind, [words], int(item[1]) if item is not None and item[1] else 1))
        open_ = True
    return found


def html(text: str, linked: Callable[[str], str]) -> str:
    """Return a text as HTML; `linked` turns plain words into HTML, with their bare addresses as links."""
    return "".join(_block(one, linked) for one in blocks(text))


def _block(block: TextBlock, linked: Callable[[str], str]) -> str:
    lines = ["".join(_run(one, linked) for one in line) for line in block.lines]
    if block.kind == "paragraph":
        return "<p>" + "<br>\n".join(lines) + "</p>\n"
    items = "\n".join(f"<li>{line}</li>" for line in lines)
    return f"<ul>\n{items}\n</ul>\n" if block.kind == "bullets" else f'<ol start="{block.first}">\n{items}\n</ol>\n'


def _run(run: TextRun, linked: Callable[[str], str]) -> str:
    if run.href:
        return f'<a href="{escape(run.href)}">{escape(run.text)}</a>'
    return f"<strong>{linked(run.text)}</strong>" if run.bold else linked(run.text)

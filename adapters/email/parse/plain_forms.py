"""Kinds of plain text to the text that is meant: format=flowed (RFC 3676), text/enriched (RFC 1896), text/markdown.

The rule: what a program broke is joined again, what it doubled or marked up is undone; a line that its writer ended stays one.
"""

from __future__ import annotations

import re

ENRICHED = frozenset(("text/enriched", "text/richtext"))
PLAIN = ENRICHED | {
    "text/plain",
    "text/markdown",
    "text/x-markdown",
    "text/x-web-markdown",
    "text/vnd.daringfireball.markdown",
}
HIDDEN = re.compile(r"<param>[^<]{0,500}</param>", re.IGNORECASE)
COMMAND = re.compile(r"<<|</?[A-Za-z][A-Za-z0-9-]{0,59}>")
SIGNATURE = "-- "


def flowed(text: str, *, delete_space: bool = False) -> str:
    """Return a text of format=flowed with its paragraphs whole; `delete_space`: DelSp=yes, the space at a break is none."""
    out: list[str] = []
    pending, depth = "", 0
    for line in text.split("\n"):
        rest = line.lstrip(">")
        quoted = len(line) - len(rest)
        rest = rest.removeprefix(" ")  # stuffed, RFC 3676 4.4
        if pending and (quoted != depth or rest == SIGNATURE):
            out.append(_quoted(pending.rstrip(" "), depth))
            pending = ""
        depth = quoted
        if rest.endswith(" ") and rest != SIGNATURE:
            pending += rest[:-1] if delete_space else rest
        else:
            out.append(_quoted(pending + rest, depth))
            pending = ""
    if pending:
        out.append(_quoted(pending.rstrip(" "), depth))
    return "\n".join(out)


def _quoted(text: str, depth: int) -> str:
    return f"{'>' * depth} {text}" if depth else text


def enriched(text: str) -> str:
    """Return the words of text/enriched: one line break is a space, each further one a line break."""
    words = COMMAND.sub(lambda match: "<" if match.group(0) == "<<" else _break(match.group(0)), HIDDEN.sub("", text))
    return re.sub(r"\n+", lambda match: " " if len(match.group(0)) == 1 else match.group(0)[1:], words).replace(
        "\r", "\n"
    )


def _break(command: str) -> str:
    """The line break that text/richtext wrote as a command."""
    return "\r" if command.lower() in ("<nl>", "</paragraph>") else ""

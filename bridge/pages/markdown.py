"""Markdown of a library as HTML that holds nothing but text, links, lists, tables, and pictures of its own.

CommonMark with tables, strikes and bare links. HTML in the source is shown as the text that it is. What comes out is cleaned
once more,
so that a fault of the parser opens no door: no script, no style, no form, no frame. Links lead to http, https, mailto and tel.
A picture from elsewhere would tell its host who reads the page: it is dropped.
"""

from __future__ import annotations

import re
from functools import lru_cache
from html import unescape
from typing import Final

import nh3
from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup

LONGEST = 100_000  # characters that are rendered; a longer text is cut
HEADING: Final = 2  # the highest heading: the page has its own h1
_TAGS = {
    *(
        "a",
        "blockquote",
        "br",
        "code",
        "em",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "hr",
        "img",
        "li",
        "ol",
        "p",
        "pre",
        "s",
        "strong",
    ),
    *("table", "tbody", "td", "th", "thead", "tr", "ul"),
}
_ATTRIBUTES = {"a": {"href", "title"}, "img": {"src", "alt", "title"}, "ol": {"start"}}
_ALIGNED = {"text-align:left": "start", "text-align:center": "center", "text-align:right": "end"}
_CLASSES = {tag: set(_ALIGNED.values()) for tag in ("td", "th")}
_OWN_FILE = re.compile(r"attachment:([0-9a-f]{64})")
_OWN_PICTURE = re.compile(r"/faq/[^/\s.]+/files/[0-9a-f]{64}")
_INSIDE_A_LINE = re.compile(r"</?(?:a|em|strong|s|code)\b[^>]*>")
_TAG = re.compile(r"<[^>]+>")
_parser = MarkdownIt("commonmark", {"html": False, "linkify": True, "maxNesting": 20})
_parser.enable(["table", "strikethrough", "linkify"])


@lru_cache(256)
def html_of(source: str, files: str = "") -> Markup:
    """Return Markdown as clean HTML; its highest heading becomes `HEADING`, whatever its author began with.

    `files` is the address below which the files lie that the source names `attachment:<SHA-256>`; "" = nowhere.
    """
    tokens = _parser.parse(source[:LONGEST])
    _lower_headings(tokens)
    for token in tokens:
        if style := token.attrs.pop("style", ""):
            token.attrs["class"] = _ALIGNED.get(str(style), "start")
        for child in token.children or ():
            for name in ("href", "src"):
                if files and (own := _OWN_FILE.fullmatch(str(child.attrs.get(name, "")))):
                    child.attrs[name] = f"{files}{own[1]}"
    html = _parser.renderer.render(tokens, _parser.options, {})
    clean = nh3.clean(
        html,
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        allowed_classes=_CLASSES,
        attribute_filter=_kept,
        url_schemes={"http", "https", "mailto", "tel"},
        link_rel="noopener noreferrer",
    )
    return Markup(clean)


def _lower_headings(tokens: list[Token]) -> None:
    headings = [token for token in tokens if token.type in ("heading_open", "heading_close")]
    down = HEADING - min((int(token.tag[1]) for token in headings), default=HEADING)
    for token in headings:
        token.tag = f"h{min(6, int(token.tag[1]) + down)}"


def _kept(tag: str, name: str, value: str) -> str | None:
    return None if name == "src" and not _OWN_PICTURE.fullmatch(value) else value


def text_of(source: str) -> str:
    """Return the words of Markdown without its marks, in one line."""
    return " ".join(unescape(_TAG.sub(" ", _INSIDE_A_LINE.sub("", html_of(source)))).split())


def links_of(source: str) -> list[str]:
    """Return the http(s) addresses that a text links to, each once."""
    found: dict[str, None] = {}
    for token in _parser.parse(source[:LONGEST]):
        for child in token.children or ():
            target = str(child.attrs.get("href", ""))
            if target.startswith(("http://", "https://")):
                found[target] = None
    return list(found)

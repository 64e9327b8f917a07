"""Markdown of a library as HTML that holds nothing but text, links, lists and tables.

CommonMark with tables. HTML in the source is shown as the text that it is. What comes out is cleaned once more, so that a fault of
the parser opens no door: no script, no style, no form, no frame. Links lead to http, https, mailto and tel.
"""

from __future__ import annotations

from typing import Final

import nh3
from markdown_it import MarkdownIt
from markupsafe import Markup

LONGEST = 100_000  # characters that are rendered; a longer text is cut
HEADING: Final = 2  # the highest heading: the page has its own h1
_TAGS = {
    *("a", "blockquote", "br", "code", "em", "h2", "h3", "h4", "h5", "h6", "hr", "li", "ol", "p", "pre", "s", "strong"),
    *("table", "tbody", "td", "th", "thead", "tr", "ul"),
}
_parser = MarkdownIt("commonmark", {"html": False, "linkify": False, "maxNesting": 20}).enable("table")


def html_of(source: str) -> Markup:
    """Return Markdown as clean HTML; its highest heading becomes `HEADING`, whatever its author began with."""
    tokens = _parser.parse(source[:LONGEST])
    headings = [token for token in tokens if token.type in ("heading_open", "heading_close")]
    down = HEADING - min((int(token.tag[1]) for token in headings), default=HEADING)
    for token in headings:
        token.tag = f"h{min(6, int(token.tag[1]) + down)}"
    html = _parser.renderer.render(tokens, _parser.options, {})
    clean = nh3.clean(
        html,
        tags=_TAGS,
        attributes={"a": {"href", "title"}, "ol": {"start"}},
        url_schemes={"http", "https", "mailto", "tel"},
        link_rel="noopener noreferrer",
    )
    return Markup(clean)

"""HTML of another desk as text, as lines, or as Markdown: what it says, without anything that could run or fetch.

nh3 makes it well-formed first, and takes away scripts, styles and frames with all they hold; so the reading here is simple, and
takes time in proportion to the length.
"""

from __future__ import annotations

import re
from html.parser import HTMLParser
from urllib.parse import urlsplit

import nh3

from bridge.exchange.record import clean

MOST_HTML = 1_000_000  # characters that are looked at
_GONE = {
    "script",
    "style",
    "iframe",
    "object",
    "noscript",
    "template",
    "svg",
    "math",
    "title",
    "head",
    "form",
    "select",
}
_BLOCKS = {
    "p",
    "div",
    "li",
    "tr",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "blockquote",
    "pre",
    "table",
    "ul",
    "ol",
    "dl",
    "dt",
    "dd",
}
_INLINE = {"a", "b", "strong", "i", "em", "code", "br", "hr", "img", "span", "td", "th", "u", "font"}
_ATTRIBUTES = {
    "a": {"href"},
    "img": {"src", "alt"},
    **{tag: {"class"} for tag in ("div", "p", "span", "li", "tr", "b", "strong")},
}
_SPACES = re.compile(r"\s+")
_HTML = re.compile(r"<(?:/?[a-zA-Z][^<>]*|!--)|&(?:#\d+|#x[0-9a-fA-F]+|[a-zA-Z]+);")
_SPECIAL = re.compile(r"[\\`*\[\]<]|(?<![^\W_])_|_(?![^\W_])")
_LINE_BEGIN = re.compile(r"^(\s*)(#{1,6}(?=\s)|[>+-](?=\s)|\d+(?=[.)]\s))", re.MULTILINE)


def is_html(text: str) -> bool:
    """Whether a text holds tags or entities."""
    return _HTML.search(text[:MOST_HTML]) is not None


def cleaned(html: str) -> str:
    """Return well-formed HTML of few harmless tags."""
    return nh3.clean(
        clean(html, MOST_HTML),
        tags=_BLOCKS | _INLINE,
        clean_content_tags=_GONE,
        attributes=_ATTRIBUTES,
        url_schemes={"http", "https", "mailto", "tel"},
        link_rel=None,
        strip_comments=True,
    )


class HtmlLine:
    """One line of what HTML shows: its text, and the classes and the bold words in it, which may say who speaks."""

    __slots__ = ("bold", "classes", "text")

    def __init__(self, text: str, classes: frozenset[str], bold: str) -> None:
        self.text = text
        self.classes = classes
        self.bold = bold


class _LineReader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.lines: list[HtmlLine] = []
        self._text: list[str] = []
        self._bold: list[str] = []
        self._classes: set[str] = set()
        self._open: list[frozenset[str]] = []
        self._in_bold = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        classes = frozenset((dict(attrs).get("class") or "").casefold().split())
        if tag in _BLOCKS or tag in ("br", "hr"):
            self.end_line()
        if tag in _BLOCKS:
            self._open.append(classes)
        self._classes |= classes
        self._in_bold += tag in ("b", "strong")
        if tag in ("td", "th"):
            self._text.append(" ")

    def handle_endtag(self, tag: str) -> None:
        if tag in _BLOCKS:
            self.end_line()
            if self._open:
                self._open.pop()
        self._in_bold -= tag in ("b", "strong")

    def handle_data(self, data: str) -> None:
        if not self._text and self._open:
            self._classes |= self._open[-1]
        self._text.append(data)
        if self._in_bold > 0:
            self._bold.append(data)

    def end_line(self) -> None:
        text = _SPACES.sub(" ", "".join(self._text)).strip()
        if text:
            bold = _SPACES.sub(" ", "".join(self._bold)).strip()
            self.lines.append(HtmlLine(text, frozenset(self._classes), bold))
            self._classes = set()
        self._text, self._bold = [], []


def html_lines(html: str) -> list[HtmlLine]:
    """Return the lines that HTML shows, empty ones left out."""
    reader = _LineReader()
    reader.feed(cleaned(html))
    reader.close()
    reader.end_line()
    return reader.lines


def text_of(html: str) -> str:
    """Return what HTML says as plain text; a text without tags stays as it is."""
    return "\n".join(line.text for line in html_lines(html)) if is_html(html) else html


class _MarkdownWriter(HTMLParser):
    """Writes blocks one after the other; what is inside a line gathers until its block ends."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.blocks: list[str] = []
        self._line: list[str] = []
        self._links: list[tuple[str, int]] = []
        self._lists: list[int] = []  # the next number of each open list, 0 = bullets
        self._prefix = ""
        self._pre = self._quotes = 0
        self._tight = False
        self._row: list[str] | None = None
        self._rows: list[list[str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag in _BLOCKS and self._row is None:
            self.end_block()
        match tag:
            case "a":
                self._links.append((given.get("href") or "", len(self._line)))
            case "b" | "strong" | "i" | "em" | "code" if not self._pre:
                self._line.append(f"\x02{_MARK[tag]}")
            case "br":
                self._line.append("\n" if self._pre else " " if self._row is not None else "\\\n")
            case "hr":
                self.end_block()
                self.blocks.append("---")
            case "img":
                self._picture(given.get("src") or "", given.get("alt") or "")
            case "ul" | "ol":
                self._lists.append(1 if tag == "ol" else 0)
            case "pre":
                self._pre += 1
            case "blockquote":
                self._quotes += 1
            case "table":
                self._rows = []
            case "tr":
                self._row = []
            case "li":
                self._item()
            case "h1" | "h2" | "h3" | "h4" | "h5" | "h6":
                self._prefix = "#" * max(2, int(tag[1])) + " "
            case _:
                pass

    def handle_endtag(self, tag: str) -> None:
        match tag:
            case "a" if self._links:
                self._link(*self._links.pop())
            case "b" | "strong" | "i" | "em" | "code" if not self._pre:
                self._line.append(f"\x03{_MARK[tag]}")
            case "td" | "th" if self._row is not None:
                self._row.append(_inline(self._line).replace("|", "\\|"))
                self._line = []
            case "tr":
                self._rows += [self._row] if self._row else []
                self._row = None
            case "table":
                self._table()
            case _ if tag in _BLOCKS and self._row is None:
                self.end_block()
                self._ended(tag)

    def _ended(self, tag: str) -> None:
        if tag in ("ul", "ol") and self._lists:
            self._lists.pop()
            self._tight = bool(self._lists)
            self._prefix = "  " * len(self._lists)
        self._pre -= tag == "pre"
        self._quotes -= tag == "blockquote"

    def handle_data(self, data: str) -> None:
        self._line.append(data if self._pre else _SPECIAL.sub(r"\\\g<0>", _SPACES.sub(" ", data)))

    def _item(self) -> None:
        number = self._lists[-1] if self._lists else 0
        self._prefix = "  " * (max(1, len(self._lists)) - 1) + (f"{number}. " if number else "- ")
        if number:
            self._lists[-1] += 1

    def _link(self, href: str, begun: int) -> None:
        said = _inline(self._line[begun:])
        del self._line[begun:]
        target = _target(href)
        self._line.append(f"[{said or target}]({target})" if target else said)

    def _picture(self, src: str, alt: str) -> None:
        """A picture of another server isn't shown on our pages: a link leads to it."""
        said = _SPECIAL.sub(r"\\\g<0>", _SPACES.sub(" ", alt)).strip()
        target = _target(src)
        self._line.append(f"[{said or target}]({target})" if target else said)

    def _table(self) -> None:
        wide = max(map(len, self._rows), default=0)
        if wide:
            rows = [f"| {' | '.join((*row, *[''] * (wide - len(row))))} |" for row in self._rows]
            self.blocks.append("\n".join((rows[0], f"|{' --- |' * wide}", *rows[1:])))
        self._rows = []

    def end_block(self) -> None:
        """End the block that is being written."""
        text = "".join(self._line).strip("\n") if self._pre else _inline(self._line)
        self._line = []
        if not text.strip():
            return
        if self._pre:
            block = "\n".join(f"    {line}" for line in text.split("\n"))
        elif self._prefix:
            block = self._prefix + text
        else:
            block = _LINE_BEGIN.sub(r"\1\\\2", text)
        block = "\n".join("> " * min(self._quotes, 5) + line for line in block.split("\n"))
        if self._lists and self.blocks and self._tight:
            self.blocks[-1] += "\n" + block
        else:
            self.blocks.append(block)
        self._tight = bool(self._lists)
        self._prefix = "  " * len(self._lists) if self._lists else ""


_MARK = {"b": "**", "strong": "**", "i": "*", "em": "*", "code": "`"}
_MARKED = re.compile(r"\x02(\*\*|\*|`)(\s*)(.*?)(\s*)\x03\1", re.DOTALL)


def _inline(parts: list[str]) -> str:
    """Return the text inside a block; a mark touches its words, and one around nothing goes."""
    text = re.sub(r"[ \t]+", " ", "".join(parts)).strip()
    text = text.removesuffix("\\").strip()
    for _ in range(3):  # marks inside marks
        text = _MARKED.sub(
            lambda found: f"{found[2]}{found[1]}{found[3]}{found[1]}{found[4]}" if found[3] else "", text
        )
    return re.sub(r"[\x02\x03](\*\*|\*|`)", "", text)


def _target(href: str) -> str:
    """Return an address that a page may lead to, "" for another."""
    address = href.strip()
    try:
        scheme = urlsplit(address).scheme
    except ValueError:
        return ""
    if scheme not in ("http", "https", "mailto", "tel") or len(address) > 2000:
        return ""
    return re.sub(r"[\s<>()\\]", lambda found: f"%{ord(found[0]):02X}", address)


def markdown_of(html: str) -> str:
    """Return HTML as Markdown: links, lists, headings, tables, emphasis. A text without tags stays as it is."""
    if not is_html(html):
        return html.strip()
    writer = _MarkdownWriter()
    writer.feed(cleaned(html))
    writer.close()
    writer.end_block()
    return "\n\n".join(writer.blocks)

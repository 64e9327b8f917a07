"""What librarians write comes out as harmless HTML, and persons are taken out of words."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest

from bridge.faq.scrub import scrub
from bridge.pages.markdown import html_of, links_of, text_of
from bridge.sql.faq.entry import MOST_BODY

FILE = "a" * 64


class Elements(HTMLParser):
    """The elements of a text: tag, attribute and value, "" and "" for one without any."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element."""
        self.found += [(tag, name, value or "") for name, value in attrs] or [(tag, "", "")]


def test_markdown_becomes_what_the_page_knows() -> None:
    found = html_of(
        f"# Fees\n\n|a|b|\n|-|:-:|\n|1|2|\n\n![Plan](attachment:{FILE}) www.example.org", "/faq/north/files/"
    )
    assert "<h2>Fees</h2>" in found
    assert '<td class="center">2</td>' in found
    assert f'<img src="/faq/north/files/{FILE}" alt="Plan">' in found
    assert '<a href="http://www.example.org" rel="noopener noreferrer">www.example.org</a>' in found
    assert text_of("A **bold** &lt; [link](https://x.example)") == "A bold < link"
    assert links_of("[a](https://x.example/1) https://y.example [b](mailto:x@y.example)") == [
        "https://x.example/1",
        "https://y.example",
    ]


@pytest.mark.parametrize(
    "hostile",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "[x](javascript:alert(1))",
        "[x](JaVaScRiPt&colon;alert(1))",
        "[x](data:text/html,<script>alert(1)</script>)",
        "![x](https://tracker.example/p.gif)",
        "![x](//tracker.example/p.gif)",
        "![x](/faq/../api/v1/logout)",
        "<iframe src='https://x.example'></iframe>",
        "<style>*{display:none}</style>",
        '[x](https://x.example "\\" onclick=alert(1)")',
        "|a|\n|-|\n|<svg onload=alert(1)>|",
    ],
)
def test_hostile_markdown_does_nothing(hostile: str) -> None:
    reader = Elements()
    reader.feed(html_of(hostile, "/faq/north/files/"))
    assert {tag for tag, _, _ in reader.found} <= {"p", "a", "img", "table", "thead", "tbody", "tr", "th", "td"}
    for _, name, value in reader.found:
        assert name in ("", "href", "title", "alt", "rel", "src")
        assert name != "src"
        assert name != "href" or value.startswith("https://x.example")


@pytest.mark.parametrize("deep", ["> ", "[", "*a ", "![", "- ", "<", "`", "[a](", "_a*", "|a"])
def test_deep_markdown_ends(deep: str) -> None:
    assert len(html_of((deep * MOST_BODY)[:MOST_BODY])) < 100 * MOST_BODY


def test_persons_are_taken_out() -> None:
    text = (
        "Hello, my name is Jane Smith. My card is 2123 4567 8901, I'm at jane.smith@x.example or +49 (30) 123 456-7. "
        "See https://cat.example/record/7?session=abc#top. Jane needs ISBN 978-3-16-148410-0 from 1999-2003. Dear librarian, thanks"
    )
    clean, removed = scrub(text, ["Jane Smith"])
    assert clean == (
        "Hello, my name is [name]. My card is [number], I'm at [address] or [number]. "
        "See https://cat.example/record/7 [name] needs ISBN 978-3-16-148410-0 from 1999-2003. Dear librarian, thanks"
    )
    assert [one.kind for one in removed] == ["query", "mail", "number", "number", "name", "name"]
    assert scrub("Ich heiße Änne Müller, Ausweis 12345678", [])[0] == "Ich heiße [name], Ausweis [number]"

"""What a patron's browser has to fetch stays small: loader 4 kB, all of it until the first messages 25 kB (gzip)."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

LANGUAGE = re.compile(r"[a-z]{2}-")
STATIC = Path(__file__).parents[2] / "adapters/webchat/static"


def weight(*paths: Path) -> int:
    """Return the bytes of files as a server compresses them, each on its own."""
    assert paths, "the pages are not built: run `make pages`"
    return sum(len(gzip.compress(path.read_bytes(), 9)) for path in paths)


def fetched(page: str) -> list[Path]:
    """Return a page and everything it pulls in before the first message, with the largest catalogue of words.

    Fetched beside that: what a library's own colour is made of, and the parts that nobody needs for the first messages."""
    html = STATIC / page
    text = html.read_text()
    assets = [path for path in (STATIC / "assets").iterdir() if path.name in text]
    later = [path for path in (STATIC / "assets").iterdir() if path not in assets and LANGUAGE.match(path.name)]
    languages = sorted(later, key=lambda path: path.stat().st_size)[-1:]
    assert languages
    return [html, *assets, *languages]


def test_the_loader_is_at_most_4_kb() -> None:
    assert weight(STATIC / "widget.js") <= 4 * 1024


def test_the_widget_is_at_most_25_kb_until_the_first_messages() -> None:
    assert weight(STATIC / "widget.js", *fetched("frame.html")) <= 25 * 1024


def test_the_whole_widget_in_one_language_is_at_most_40_kb() -> None:
    later = [path for path in (STATIC / "assets").glob("*.js") if not LANGUAGE.match(path.name)]
    first = fetched("frame.html")
    whole = [STATIC / "widget.js", STATIC / "invite.js", *first, *(path for path in later if path not in first)]
    assert weight(*whole) <= 40 * 1024


def test_the_first_load_is_one_script() -> None:
    """Another one would be fetched a journey later."""
    assert [path.suffix for path in fetched("frame.html")].count(".js") == 2  # with the words


def test_an_invitation_costs_the_page_around_less_than_2_kb() -> None:
    assert weight(STATIC / "invite.js") <= 2 * 1024


def test_the_full_page_is_no_heavier_than_the_frame() -> None:
    assert weight(*fetched("page.html")) <= 25 * 1024


def test_a_librarys_own_colour_costs_less_than_a_kilobyte() -> None:
    assert weight(*(STATIC / "assets").glob("accent-*.js")) <= 1024


def test_holding_back_a_card_number_costs_about_a_kilobyte() -> None:
    assert weight(*(STATIC / "assets").glob("card-*.js")) <= 1100

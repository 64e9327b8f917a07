"""What a patron's browser has to fetch stays small (pages.md: loader 4 kB, all of it 25 kB, gzip)."""

from __future__ import annotations

import gzip
from pathlib import Path

STATIC = Path(__file__).parents[2] / "adapters/webchat/static"


def weight(*paths: Path) -> int:
    """Return the bytes of files as a server compresses them, each on its own."""
    assert paths, "the pages are not built: run `make pages`"
    return sum(len(gzip.compress(path.read_bytes(), 9)) for path in paths)


def fetched(page: str) -> list[Path]:
    """Return a page and everything it pulls in, with the largest catalogue of words. What a library's own colour is made of is
    fetched beside that, by the pages of libraries that have one."""
    html = STATIC / page
    text = html.read_text()
    assets = [path for path in (STATIC / "assets").iterdir() if path.name in text]
    script = next(path for path in assets if path.suffix == ".js").read_text()
    later = [path for path in (STATIC / "assets").iterdir() if path not in assets and path.name in script]
    languages = sorted(later, key=lambda path: path.stat().st_size)[-1:]
    assert languages
    return [html, *assets, *languages]


def test_the_loader_is_at_most_4_kb() -> None:
    assert weight(STATIC / "widget.js") <= 4 * 1024


def test_the_whole_widget_is_at_most_25_kb() -> None:
    assert weight(STATIC / "widget.js", *fetched("frame.html")) <= 25 * 1024


def test_the_full_page_is_no_heavier_than_the_frame() -> None:
    assert weight(*fetched("page.html")) <= 25 * 1024


def test_a_librarys_own_colour_costs_less_than_a_kilobyte() -> None:
    assert weight(*(STATIC / "assets").glob("accent-*.js")) <= 1024


def test_holding_back_a_card_number_costs_about_a_kilobyte() -> None:
    assert weight(*(STATIC / "assets").glob("card-*.js")) <= 1100

"""What a patron's browser has to fetch stays small: loader 4 kB, all of it until the first messages 25 kB (gzip)."""

from __future__ import annotations

import gzip
from pathlib import Path

from adapters.webchat.pages import chat_words
from bridge.contract import catalogues

STATIC = Path(__file__).parents[2] / "adapters/webchat/static"


def weight(*paths: Path) -> int:
    """Return the bytes of files as a server compresses them, each on its own."""
    assert paths, "the pages are not built: run `make pages`"
    return sum(len(gzip.compress(path.read_bytes(), 9)) for path in paths)


def words() -> int:
    """Return the bytes of the largest language's words for the first screen."""
    return max(len(chat_words(tag).first.packed) for tag in catalogues.tags("widget"))


def all_words() -> int:
    """Return the bytes of the largest language's words, in their two parts."""
    return max(
        len(chat_words(tag).first.packed) + len(chat_words(tag).rest.packed) for tag in catalogues.tags("widget")
    )


def fetched(page: str) -> list[Path]:
    """Return a page and the files that it pulls in before the first message.

    Fetched beside that: what a library's own colour is made of, and the parts that nobody needs for the first messages."""
    html = STATIC / page
    text = html.read_text()
    return [html, *(path for path in (STATIC / "assets").iterdir() if path.name in text)]


def test_the_loader_is_at_most_4_kb() -> None:
    assert weight(STATIC / "widget.js") <= 4 * 1024


def test_the_widget_is_at_most_25_kb_until_the_first_messages() -> None:
    assert weight(STATIC / "widget.js", *fetched("frame.html")) + words() <= 25 * 1024


def test_the_whole_widget_in_one_language_is_at_most_40_kb() -> None:
    every = {STATIC / "widget.js", STATIC / "invite.js", *fetched("frame.html"), *(STATIC / "assets").glob("*.js")}
    every -= {*(STATIC / "assets").glob("Notices-*.js")}  # no frame fetches it
    assert weight(*every) + all_words() <= 40 * 1024


def test_the_first_load_is_one_script() -> None:
    """Another one would be fetched a journey later."""
    (script,) = [path for path in fetched("frame.html") if path.suffix == ".js"]
    assert "from`./" not in script.read_text()
    assert 'from"./' not in script.read_text()


def test_an_invitation_costs_the_page_around_less_than_2_kb() -> None:
    assert weight(STATIC / "invite.js") <= 2 * 1024


def test_the_full_page_is_no_heavier_than_the_frame() -> None:
    assert weight(*fetched("page.html")) + words() <= 25 * 1024


def test_a_librarys_own_colour_costs_less_than_a_kilobyte() -> None:
    assert weight(*(STATIC / "assets").glob("accent-*.js")) <= 1024


def test_being_told_of_an_answer_costs_the_chats_own_page_less_than_3_kb() -> None:
    assert weight(*(STATIC / "assets").glob("Notices-*.js"), STATIC / "notices-worker.js") <= 3 * 1024


def test_holding_back_a_card_number_costs_about_a_kilobyte() -> None:
    assert weight(*(STATIC / "assets").glob("card-*.js")) <= 1100

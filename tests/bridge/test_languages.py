"""Languages from files: an operator's own, what is wrong in one, and which one a reader gets."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from msgspec.structs import replace

from bridge.app import words_commands
from bridge.contract import catalogues
from bridge.contract.language_tag import nearest
from bridge.pages.languages import languages, say
from routing import wording
from routing.organisation import Library


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """An operator's folder with a language of theirs, one of whose texts is wrong."""
    made: dict[str, object] = {key: f"<{text}>" for key, text in catalogues.words("pages", "en").items()}
    plurals = {
        "one": "{n} wan",
        "two": "twa",
        "few": "{n} few",
        "many": "{n} mony",
        "other": "{n} ither",
        "zero": "nane",
    }
    made |= {"language": "Made up", "faqCount": plurals, "faqNothing": "without its name"}
    (tmp_path / "pages.cy.json").write_text(json.dumps(made))
    yield tmp_path
    catalogues.use(None)


def test_a_new_language_is_a_file(folder: Path) -> None:
    assert "cy" not in languages()
    catalogues.use(folder)
    assert languages()["cy"] == "Made up"
    assert say("cy", "skip") == "<Skip to content>"
    counted = [say("cy", "faqCount", n=n) for n in (0, 2, 3, 6)]
    assert [text.split()[-1] for text in counted] == ["nane", "twa", "few", "mony"]


def test_a_text_that_does_not_fit_is_said_in_english(folder: Path) -> None:
    catalogues.use(folder)
    assert say("cy", "faqNothing", words="x") == "Nothing was found for “x”. Try other words."
    assert list(catalogues.folder_faults(folder)) == [("pages.cy.json", "faqNothing", "{words} is missing")]


@pytest.mark.parametrize(
    "name, text, says",
    [
        ("pages.xx.txt", "", "its name isn't"),
        ("pages.fr.json", "[]", "pages.fr.json: Expected `object`"),
        ("nothing.fr.json", "{}", "there is no catalogue 'nothing'"),
        ("pages.fr.json", '{"nonsense": "x"}', "English has no such key"),
        ("pages.fr.json", '{"search": " "}', "it is empty"),
        ("pages.fr.json", '{"search": {"one": "x", "other": "y"}}', "it has no number {n}"),
        ("pages.fr.json", '{"faqCount": {"few": "x", "one": "y", "other": "{n} z"}}', "fr has no plural form 'few'"),
        ("pages.fr.json", '{"faqCount": {"other": "{n} z"}}', "plural forms are missing: one"),
        ("loader.fr.json", '{"unread": {"one": "x", "other": "{n} z"}}', "plural forms can't stand"),
    ],
)
def test_what_is_wrong_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, text: str, says: str
) -> None:
    (tmp_path / name).write_text(text)
    assert says in " ".join(what for _, _, what in catalogues.folder_faults(tmp_path))
    assert words_commands.check([tmp_path / name]) == 1
    assert name in capsys.readouterr().out


def test_what_is_missing_can_be_filled_in(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "loader.pt.json").write_text('{"open": "Pergunte"}')
    assert words_commands.missing("pt", "loader", tmp_path) == 0
    lacks = json.loads(capsys.readouterr().out)
    assert lacks.keys() == catalogues.words("loader", "en").keys() - {"open"}
    assert words_commands.missing("not a tag", "loader", tmp_path) == 2


def test_an_address_is_of_its_words() -> None:
    name = catalogues.addresses("widget")["en"]
    found = catalogues.at_address(name, "widget")
    assert found is not None
    assert json.loads(found.plain)["send"] == "Send"
    assert catalogues.at_address(name, "inbox") is None
    assert catalogues.at_address("widget.../../x.0123456789abcdef.json", "widget") is None


@pytest.mark.parametrize(
    "wanted, found",
    [("zh-CN", "zh-Hans"), ("zh_SG", "zh-Hans"), ("zh-TW", ""), ("fr-CA", "fr"), ("en-GB", "en"), ("pt", ""), ("", "")],
)
def test_the_nearest_language(wanted: str, found: str) -> None:
    assert nearest([wanted], ["en", "fr", "zh-Hans"]) == found


def test_the_desk_speaks_a_patrons_language(tmp_path: Path) -> None:
    english = catalogues.words("desk", "en")
    (tmp_path / "desk.ar.json").write_text(json.dumps({key: f"<{text}>" for key, text in english.items()}))
    catalogues.use(tmp_path)
    try:
        library = Library(id="north", revision=1, name="North", timezone="Europe/London")
        said = partial(wording.notice, library, "goodbye", "", {})
        assert said(language="ar-EG") == f"<{said()}>"
        assert said(language="pt") == said(language="en-GB") == said()
        own = replace(library, wording={"notice.goodbye": "So long."})
        assert wording.notice(own, "goodbye", "", {}, language="ar") == "So long."
        assert "الاثنين" in wording.opening(library, "ar", 1_796_029_200_000, "Monday 9:00", "Europe/London")
        assert wording.opening(library, "en", 1_796_029_200_000, "Monday 9:00", "Europe/London") == "Monday 9:00"
    finally:
        catalogues.use(None)

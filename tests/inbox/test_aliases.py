"""Names that can be spoken for patrons who gave none: the same for all, drawn from the conversation alone, told apart."""

from __future__ import annotations

import json
from pathlib import Path

from bridge.contract import catalogues
from bridge.inbox.views import aliases
from routing.alike import NUMBERS, alias_number
from routing.records import Conversation
from routing.state import State


def talk(id: str, at: int, name: str = "") -> Conversation:
    return Conversation(
        id=id, library="north", queue="north/ask", channel="web", address=id, live=True, opened_at=at, name=name
    )


def test_a_language_of_aliases_is_whole() -> None:
    for language in catalogues.tags(aliases.CATALOGUE):
        words = catalogues.words(aliases.CATALOGUE, language)
        for kind, most in (("colour", aliases.COLOURS), ("animal", aliases.ANIMALS)):
            found = {str(words.get(f"{kind}{n}", n)).partition("|")[0] for n in range(1, most + 1)}
            assert len(found) == most, f"{language}: two of one {kind}"
        assert all(part in str(words["name"]) for part in ("{colour}", "{animal}")), language
    assert aliases.COLOURS * aliases.ANIMALS == NUMBERS
    assert aliases.name("x", "en-GB") == aliases.name("x", "en") == aliases.name("x", "tlh")


def test_of_two_open_ones_with_the_same_words_the_newer_has_a_number() -> None:
    first = "x"
    second, third = [one for one in map(str, range(20_000)) if alias_number(one) == alias_number(first)][:2]
    state = State.fresh()
    for at, name in enumerate((first, second)):
        state.conversations.put(name, talk(name, at))
    state.conversations.put(third, talk(third, 2, name="Jane"))
    shown = [aliases.among_open(state, state.conversations[name]) for name in (first, second)]
    assert shown == [aliases.name(first, "en"), f"{aliases.name(first, 'en')} 2"]
    state.conversations.drop(first)
    assert aliases.among_open(state, state.conversations[second]) == aliases.name(second, "en")


def test_a_colour_agrees_with_its_animal_in_a_language_of_the_operator(tmp_path: Path) -> None:
    number = alias_number("x")
    colour, animal = f"colour{number // aliases.ANIMALS + 1}", f"animal{number % aliases.ANIMALS + 1}"
    words = {key: f"{key}a|{key}b" if key == colour else key for key in catalogues.words(aliases.CATALOGUE, "en")}
    words |= {"name": "{animal} {colour}", animal: "Maus|2"}
    (tmp_path / "alias.tlh.json").write_text(json.dumps(words))
    catalogues.use(tmp_path)
    try:
        assert aliases.name("x", "tlh") == f"Maus {colour}b"
        assert aliases.name("x", "en") != aliases.name("x", "tlh")
    finally:
        catalogues.use(None)

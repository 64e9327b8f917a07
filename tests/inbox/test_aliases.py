"""Names that can be spoken for patrons who gave none: the same for all, drawn from the conversation alone, told apart."""

from __future__ import annotations

from bridge.inbox.views import aliases
from routing.alike import NUMBERS, alias_number
from routing.records import Conversation
from routing.state import State


def talk(id: str, at: int, name: str = "") -> Conversation:
    return Conversation(
        id=id, library="north", queue="north/ask", channel="web", address=id, live=True, opened_at=at, name=name
    )


def test_a_language_of_aliases_is_whole() -> None:
    for language in aliases.languages():
        words = aliases._words(language)
        assert (len(set(words.colours)), len(set(words.animals))) == (aliases.COLOURS, aliases.ANIMALS)
        assert "{colour}" in words.name
        assert "{animal}" in words.name
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

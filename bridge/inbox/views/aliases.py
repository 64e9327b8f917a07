"""Names that can be spoken for patrons who gave none and whose address is hidden: a colour and an animal, "Amber Fox".

The name is drawn from the conversation's id. So it is the same on every host and in every list, and says nothing of the patron: one
who comes back has another. It is in the language of the patron's library, so that all colleagues say the same. A language is a
file in `alias_words`: 32 colours, 128 animals, and how they stand together. Of open conversations with the same words, those
that began later have a number behind them.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import msgspec

from routing.alike import alias_number
from routing.records import Conversation
from routing.state import State

FOLDER = Path(__file__).parent / "alias_words"
COLOURS, ANIMALS = 32, 128


class AliasWords(msgspec.Struct, frozen=True):
    """The words of one language. `name` has the places `{colour}` and `{animal}`."""

    name: str
    colours: tuple[str, ...]
    animals: tuple[str, ...]


def name(conversation: str, language: str) -> str:
    """Return a conversation's name in a language, in English where there are no words of it."""
    words = _words(_known(language))
    colour, animal = divmod(alias_number(conversation), ANIMALS)
    return words.name.format(colour=words.colours[colour], animal=words.animals[animal])


def among_open(state: State, it: Conversation) -> str:
    """Return a conversation's name, with a number where an older open one has the same."""
    alike = state.alike.get(alias_number(it.id), {})
    own = name(it.id, state.roster.library(it.library).language)
    if len(alike) < 2 or it.id not in alike:
        return own
    others = (state.conversations[one] for one in alike)
    before = sum(1 for one in others if not one.name and (one.opened_at, one.id) < (it.opened_at, it.id))
    return f"{own} {before + 1}" if before else own


@cache
def languages() -> frozenset[str]:
    """Return the languages that have words."""
    return frozenset(file.stem for file in FOLDER.glob("*.json"))


def _known(language: str) -> str:
    found = language if language in languages() else language.partition("-")[0]
    return found if found in languages() else "en"


@cache
def _words(language: str) -> AliasWords:
    return msgspec.json.decode((FOLDER / f"{language}.json").read_bytes(), type=AliasWords)

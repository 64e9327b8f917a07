"""Names that can be spoken for patrons who gave none and whose address is hidden: a colour and an animal, "Amber Fox".

The name is drawn from the conversation's id. So it is the same on every host and in every list, and says nothing of the patron: one
who comes back has another. It is in the language of the patron's library, so that all colleagues say the same. The words are a
catalogue: 32 colours, 128 animals, and how they stand together. Of open conversations with the same words, those that began later
have a number behind them.

Where a colour agrees with its animal, its forms have `|` between them, and an animal says which one it takes: "Roter|Rote|Rotes",
"Maus|2". Without a number it is the first.
"""

from __future__ import annotations

from functools import cache

from bridge.contract import catalogues
from routing.alike import alias_number
from routing.records import Conversation
from routing.state import State

CATALOGUE = "alias"
COLOURS, ANIMALS = 32, 128


def name(conversation: str, language: str) -> str:
    """Return a conversation's name in a language, in English where there are no words of it."""
    tag = _spoken(language, catalogues.tags(CATALOGUE))
    colour, animal = divmod(alias_number(conversation), ANIMALS)
    noun, _, form = catalogues.say(CATALOGUE, tag, f"animal{animal + 1}").partition("|")
    forms = catalogues.say(CATALOGUE, tag, f"colour{colour + 1}").split("|")
    chosen = int(form) - 1 if form.isdecimal() and 0 < int(form) <= len(forms) else 0
    return catalogues.say(CATALOGUE, tag, "name", colour=forms[chosen], animal=noun)


@cache
def _spoken(language: str, tags: tuple[str, ...]) -> str:
    return catalogues.chosen(CATALOGUE, [language]) if tags else catalogues.ENGLISH


def among_open(state: State, it: Conversation) -> str:
    """Return a conversation's name, with a number where an older open one has the same."""
    alike = state.alike.get(alias_number(it.id), {})
    own = name(it.id, state.roster.library(it.library).language)
    if len(alike) < 2 or it.id not in alike:
        return own
    others = (state.conversations[one] for one in alike)
    before = sum(1 for one in others if not one.name and (one.opened_at, one.id) < (it.opened_at, it.id))
    return f"{own} {before + 1}" if before else own

"""Words of a person as a query in CQL (CQL 1.2): all of them, in one index, and never more than words.

Each word is a term of its own, joined by `and`: the relation `all` says the same, but not every server has it.
Quotes, backslashes and the masking characters `*`, `?` and `^` are escaped, so nobody's text becomes an operator.
"""

from __future__ import annotations

import re

MOST_WORDS = 20
_ESCAPED = re.compile(r'(["\\*?^])')


def cql_query(index: str, words: str, *, exact: bool = False) -> str:
    """Return the query for `words` in an index. `exact` is for numbers like an ISBN: one word without hyphens."""
    if exact:
        return f'{index}="{_escaped(re.sub(r"[^0-9A-Za-z]", "", words))}"'
    return " and ".join(f'{index}="{_escaped(word)}"' for word in terms(words))


def terms(words: str) -> list[str]:
    """Return the words that a catalogue can look for: those with a letter or a digit."""
    return [word for word in words.split() if any(char.isalnum() for char in word)][:MOST_WORDS]


def _escaped(text: str) -> str:
    return _ESCAPED.sub(r"\\\1", text)

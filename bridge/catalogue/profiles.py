"""How servers name their indexes: SRU leaves that to each of them (SRU 1.2, section 4; each product's own `explain`).

`own` is the plain set that YAZ and Zebra come with; any name can be written otherwise in the configuration.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

SearchField = Literal["any", "title", "author", "isbn"]
FIELDS: tuple[SearchField, ...] = ("any", "title", "author", "isbn")


class Profile(msgspec.Struct, frozen=True):
    """One way to ask: an address where all libraries share one, the version and schema, and the indexes by field."""

    url: str
    version: str
    schema: str
    indexes: Mapping[str, str]


_BATH = {"any": "cql.serverChoice", "title": "dc.title", "author": "dc.creator", "isbn": "bath.isbn"}
_PICA = {"any": "pica.all", "title": "pica.tit", "author": "pica.per", "isbn": "pica.isb"}

PROFILES: Mapping[str, Profile] = {
    "own": Profile("", "1.1", "marcxml", _BATH),
    "link": Profile("", "1.1", "marcxml", _BATH),
    "koha": Profile("", "1.1", "marcxml", _BATH),
    "evergreen": Profile(
        "", "1.1", "marcxml", {"any": "eg.keyword", "title": "eg.title", "author": "eg.author", "isbn": "eg.isbn"}
    ),
    "alma": Profile(
        "",
        "1.2",
        "marcxml",
        {"any": "alma.all_for_ui", "title": "alma.title", "author": "alma.creator", "isbn": "alma.isbn"},
    ),
    "k10plus": Profile("https://sru.k10plus.de/opac-de-627", "1.1", "marcxml", _PICA),
    "swb": Profile("https://sru.bsz-bw.de/swb", "1.1", "marcxmlk10os", _PICA),
}

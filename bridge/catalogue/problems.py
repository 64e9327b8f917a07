"""What can go wrong with a catalogue, as words of the page's catalogue of texts."""

from __future__ import annotations

from typing import Literal

CatalogueWhy = Literal[
    "unreachable",
    "too-slow",
    "too-large",
    "refused",
    "private-host",
    "redirects",
    "not-understood",
    "diagnostic",
    "gone",
]


class CatalogueProblem(Exception):
    """A catalogue did not answer well. `why` is a word of the texts; `detail` is short and the server's own, "" = none."""

    def __init__(self, why: CatalogueWhy, detail: str = "") -> None:
        self.why: CatalogueWhy = why
        self.detail = detail[:300]
        super().__init__(f"{why} {self.detail}".strip())

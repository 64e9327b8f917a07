"""Each language that comes with the program fits its English: no unknown key, the same names in braces, its own plural forms."""

from __future__ import annotations

from bridge.contract.catalogues import ENGLISH, SHIPPED, files, gaps, read
from tests.house.source import none

MOST_MISSING = 0.2  # of a catalogue; `deskbridge words missing` names them. A new text may wait for its translators.


def test_every_language_fits_english() -> None:
    found = files(SHIPPED)
    assert len(found) == sum(1 for _ in SHIPPED.glob("*.json")), "a file of words with another name"
    wrong = []
    for catalogue, tag, path in found:
        english = read(SHIPPED / f"{catalogue}.{ENGLISH}.json")
        missing, faults = gaps(catalogue, tag, read(path))
        wrong += [f"{path.name}: {key}: {what}" for key, what in faults]
        if len(missing) > MOST_MISSING * len(english):
            wrong.append(f"{path.name}: {len(missing)} of {len(english)} are missing, such as {missing[:3]}")
    none(wrong)

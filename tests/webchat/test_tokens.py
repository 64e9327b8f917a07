"""The design tokens read well: WCAG 2.2 contrast of every ink on every ground, light and dark."""

from __future__ import annotations

import re
from itertools import product
from pathlib import Path

import pytest

CSS = (Path(__file__).parents[2] / "ui/tokens.css").read_text()
TEXT = ["ink", "ink-soft", "ink-faint", "accent-ink", "good", "warn", "bad", "note"]
GROUNDS = ["ground", "surface", "sunken"]
OWN_GROUND = [(name, f"{name}-soft") for name in ("good", "warn", "bad", "note")] + [
    ("on-accent", "accent"),
    ("ink", "accent-soft"),
    ("accent-ink", "accent-soft"),
    *((("ink"), f"{name}-soft") for name in ("good", "warn", "bad", "note")),
]


def tokens(selector: str) -> dict[str, str]:
    """Return the hex colours of the first block after `selector`."""
    block = CSS[CSS.index(selector) :].split("{", 1)[1].split("}", 1)[0]
    return dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", block))


SCHEMES = {
    "light": tokens(":root {"),
    "dark by system": tokens(':root:not([data-theme="light"])'),
    "dark by choice": tokens(':root[data-theme="dark"]'),
}


def luminance(colour: str) -> float:
    def part(value: float) -> float:
        return value / 12.92 if value <= 0.04045 else float(((value + 0.055) / 1.055) ** 2.4)

    red, green, blue = (part(int(colour[n : n + 2], 16) / 255) for n in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_every_ink_keeps_4_5_to_1(scheme: str) -> None:
    colours = SCHEMES[scheme]
    pairs = [*product(TEXT, GROUNDS), *OWN_GROUND]
    poor = {f"{ink} on {on}": contrast(colours[ink], colours[on]) for ink, on in pairs}
    assert {pair: ratio for pair, ratio in poor.items() if ratio < 4.5} == {}


@pytest.mark.parametrize("scheme", SCHEMES)
def test_edges_and_focus_keep_3_to_1(scheme: str) -> None:
    colours = SCHEMES[scheme]
    poor = {f"{ink} on {on}": contrast(colours[ink], colours[on]) for ink, on in product(["edge", "focus"], GROUNDS)}
    assert {pair: ratio for pair, ratio in poor.items() if ratio < 3} == {}


def test_both_ways_into_the_dark_are_the_same() -> None:
    assert SCHEMES["dark by system"] == SCHEMES["dark by choice"]

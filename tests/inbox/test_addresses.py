"""How staff see a patron's address: as people write it, and masked where the library wants that."""

from __future__ import annotations

import pytest

from bridge.inbox.views.rows import masked, shown_address, spoken
from routing import core
from routing.events import LibraryChanged, Step
from routing.organisation import Library
from routing.state import State


def _state(*, masks: bool) -> State:
    library = Library(id="north", revision=1, name="North", mask_addresses=masks)
    return core.apply(State.fresh(), Step(cause="library", at=0, events=(LibraryChanged(library=library),)))


@pytest.mark.parametrize(
    ("address", "seen"),
    [
        ("+442079460018", "+44 20 7946 0018"),
        ("whatsapp:+12125550123", "+1 212-555-0123"),
        ("jane@example.org", "jane@example.org"),
        ("24365", "24365"),
        ("+999999", "+999999"),
    ],
)
def test_a_number_is_shown_in_groups_and_anything_else_as_it_is(address: str, seen: str) -> None:
    assert shown_address(_state(masks=False), "north", address) == seen


def test_a_library_may_have_addresses_masked() -> None:
    state = _state(masks=True)
    assert shown_address(state, "north", "+442079460018") == "…0018"
    assert shown_address(state, "north", "jane@example.org") == "ja…@example.org"
    assert masked("+442079460018") not in spoken("+442079460018")

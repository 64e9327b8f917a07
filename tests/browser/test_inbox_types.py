"""The types of the pages are those of the interface."""

from tests.browser.inbox_types import TARGET, rendered


def test_the_pages_know_the_interface_as_it_is() -> None:
    assert TARGET.read_text() == rendered(), "run `python -m tests.browser.inbox_types`"

"""The widget's frames are those of the web chat's codec."""

from tests.browser.widget_types import TARGET, rendered


def test_the_widget_knows_the_frames_as_they_are() -> None:
    assert TARGET.read_text() == rendered(), "run `python -m tests.browser.widget_types`"

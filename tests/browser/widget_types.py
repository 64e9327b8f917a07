"""Write ui/widget/frames.ts from the frames of adapters/webchat/codec.py, so that a frame is declared in one place.

python -m tests.browser.widget_types        writes the file; test_widget_types.py fails when it is out of date
"""

from __future__ import annotations

from pathlib import Path
from typing import get_args

from adapters.webchat import codec
from bridge.contract.chat_form import FormField, QueueOffer
from tests.browser.typescript import interface, union

PARTS = (codec.FileRef, codec.PatronLine, codec.FieldAnswer, FormField, QueueOffer)
TARGET = Path(__file__).parents[2] / "ui/widget/frames.ts"
HEADER = """// Written from adapters/webchat/codec.py by `python -m tests.browser.widget_types`. Do not edit: a test compares.
"""


def rendered() -> str:
    """Return the frames as TypeScript. Both sides leave out a field that has its default value."""
    parts = [interface(struct, tagged=False, defaults_left_out=True) for struct in PARTS]
    frames = [*get_args(codec.ClientFrame), *get_args(codec.ServerFrame)]
    parts += [interface(frame, tagged=True, defaults_left_out=True) for frame in frames]
    unions = [union("ClientFrame", codec.ClientFrame), union("ServerFrame", codec.ServerFrame)]
    return "\n".join([HEADER, *parts, *unions])


if __name__ == "__main__":
    TARGET.write_text(rendered())

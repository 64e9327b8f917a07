"""`deskbridge` of an older release, as the others see it: it lacks a word of the streams that nobody uses in these tests."""

from __future__ import annotations

import importlib.metadata

from bridge.app import cli
from bridge.log import releases

OLD = "0.0.9"
LACKS = "log unmerged"


def main() -> None:
    """Be older, then do as told."""
    real, version = releases.words(), importlib.metadata.version
    vars(releases).update(
        words=lambda: real - {LACKS}, version=lambda name: OLD if name == "deskbridge" else version(name)
    )
    cli.main()


if __name__ == "__main__":
    main()

"""`deskbridge` of an older release, as the others see it: it lacks a word of the streams that nobody uses in these tests."""

from __future__ import annotations

import importlib.metadata

OLD = "0.0.9"
LACKS = "log unmerged"


def main() -> None:
    """Be older, then do as told. The core's own process reads all words: it never gets this one."""
    from bridge.log import releases

    real = releases.words()
    releases.words = lambda: real - {LACKS}
    releases.version = lambda name: OLD if name == "deskbridge" else importlib.metadata.version(name)
    from bridge.app import cli

    cli.main()


if __name__ == "__main__":
    main()

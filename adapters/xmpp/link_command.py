"""`deskbridge xmpp-link FOLDER LIBRARIAN`: print a code by which a librarian links a messenger of their own.

FOLDER is the channel's own, where the running component keeps its key; who may read it may make codes.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from pathlib import Path

from adapters.xmpp import staff


def main(arguments: Sequence[str] | None = None) -> int:
    """Print a code; 2 when it cannot be made."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    if len(words) != 2 or ":" in words[1]:
        sys.stderr.write("xmpp-link: name the channel's folder (DATA/channels/NAME) and a librarian\n")
        return 2
    try:
        key = (Path(words[0]) / "link.key").read_bytes()
    except OSError as error:
        sys.stderr.write(f"xmpp-link: {words[0]}/link.key: {error.strerror}; has the channel run once?\n")
        return 2
    sys.stdout.write(staff.code(key, words[1], time.time()) + "\n")
    return 0

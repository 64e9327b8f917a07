"""Which message of the desk's a stanza became, beyond a restart: a correction or a retraction names a stanza by the id it bore.

The rule (XEP-0308, XEP-0424): the id is the stanza's own, and counts for its sender alone. Sender and id are kept as a seal, so the
file tells nothing about anybody; the newest `MOST` are remembered.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from contextlib import suppress
from pathlib import Path

from bridge.contract.sealed_token import Seal

MOST = 5_000
SEAL = Seal("stanza", 12)


class StanzaIds:
    """Remembers ids of messages by sender and stanza; `folder` keeps them (None = this process alone)."""

    def __init__(self, secret: bytes, folder: Path | None) -> None:
        self._secret = secret
        self._place = folder / "stanzas" if folder is not None else None
        self._held: OrderedDict[str, str] | None = None
        self._lines = 0

    def put(self, sender: str, stanza: str, message: str) -> None:
        """Remember that `sender`'s stanza became `message`."""
        if not stanza or self.get(sender, stanza) == message:
            return
        held, key = self._read(), SEAL.text(self._secret, sender, stanza)
        held[key] = message
        held.move_to_end(key)
        if len(held) > MOST:
            held.popitem(last=False)
        if self._place is not None:
            with suppress(OSError):  # a full disk: this process still knows
                self._write(self._place, key, message)

    def get(self, sender: str, stanza: str) -> str:
        """Return the message that `sender`'s stanza became, "" for one that is not known."""
        return self._read().get(SEAL.text(self._secret, sender, stanza), "")

    def _write(self, place: Path, key: str, message: str) -> None:
        self._lines += 1
        if self._lines > 2 * MOST:
            draft = place.with_suffix(".part")
            draft.write_text("".join(f"{json.dumps(pair)}\n" for pair in self._read().items()))
            draft.replace(place)
            self._lines = len(self._read())
            return
        with place.open("a") as file:
            file.write(f"{json.dumps([key, message])}\n")

    def _read(self) -> OrderedDict[str, str]:
        if self._held is None:
            self._held = OrderedDict()
            lines: list[str] = []
            with suppress(OSError):
                lines = self._place.read_text("utf-8", "replace").splitlines() if self._place is not None else []
            for line in lines:
                with suppress(ValueError):  # the last may be cut
                    key, message = json.loads(line)
                    self._held[str(key)] = str(message)
                    self._held.move_to_end(str(key))
            self._lines = len(lines)
            while len(self._held) > MOST:
                self._held.popitem(last=False)
        return self._held

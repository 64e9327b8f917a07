"""What a component must remember, since no server keeps a roster for it: buddies, and librarians who linked an address.

A small file of lines in the channel's own folder, written beside its place and renamed, so that it is whole at any moment.
"""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path


class AddressFile:
    """Addresses with a word about each. `path` None: remembered for this process only."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._held: dict[str, str] = {}
        self._loaded = False
        self._saving = threading.Lock()
        self.changed = False

    def load(self) -> None:
        """Read what was written; a damaged line is left out."""
        if self._loaded or self._path is None:
            return
        self._loaded = True
        try:
            lines = self._path.read_text("utf-8").splitlines()
        except OSError:
            return
        for line in lines:
            try:
                address, about = json.loads(line)
            except ValueError:
                continue
            self._held[str(address)] = str(about)

    def get(self, address: str) -> str | None:
        """Return the word about an address, None when it is not here."""
        return self._held.get(address)

    def put(self, address: str, about: str = "") -> None:
        """Remember an address."""
        if self._held.get(address) != about:
            self._held[address] = about
            self.changed = True

    def drop(self, address: str) -> None:
        """Forget an address."""
        if self._held.pop(address, None) is not None:
            self.changed = True

    def addresses(self) -> list[str]:
        """Return all addresses."""
        return list(self._held)

    def save(self) -> None:
        """Write everything, durably, if anything changed. Any thread may call it; addresses may come and go meanwhile."""
        with self._saving:
            if self._path is None or not self.changed:
                return
            self.changed = False
            rows = list(self._held.items())
            draft = self._path.with_suffix(".part")
            with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
                file.writelines(f"{json.dumps(pair, ensure_ascii=False)}\n" for pair in rows)
                file.flush()
                os.fsync(file.fileno())
            os.replace(draft, self._path)

"""Mails that bear one Message-ID and are not the same mail: both come in.

The rule: a Message-ID names a mail (RFC 5322 3.6.4). So the desk counts a mail once by it, however often it is fetched. Some
programs give one id to every mail they send. The desk remembers a fingerprint of the words with each id. The first mail keeps
the id. A mail with other words counts by the id and its fingerprint. Ids and words are kept as seals, which nobody can read.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from bridge.contract.sealed_token import Seal

MOST = 50_000  # mails remembered
KEY = 12  # bytes of each seal
SEAL = Seal("twins", KEY)


class Twins:
    """Remembers which words came with which id; `folder` keeps it (None = memory alone)."""

    def __init__(self, secret: bytes, folder: Path | None) -> None:
        self._secret = secret
        self._place = folder / "message-ids" if folder is not None else None
        self._known: dict[bytes, bytes] | None = None
        self._new: list[bytes] = []

    def source(self, sender: str, identity: str, words: str) -> str:
        """Return by what a mail counts: its id, or the id and a fingerprint where another mail came with that id."""
        key, print_ = SEAL.of(self._secret, f"{sender}\x1f{identity}"), SEAL.of(self._secret, words)
        known = self._read()
        first = known.get(key)
        if first is None:
            known[key] = print_
            self._new.append(key + print_)
        return identity if first in (None, print_) else f"{identity[:900]}#{print_.hex()}"

    def save(self) -> None:
        """Keep what is new; blocks."""
        new, self._new = self._new, []
        if not new or self._place is None:
            return
        with suppress(OSError):  # a full disk: memory still knows
            if len(known := self._read()) > MOST:
                self._shorten(known)
            else:
                with self._place.open("ab") as file:
                    file.write(b"".join(new))

    def _shorten(self, known: dict[bytes, bytes]) -> None:
        for key in list(known)[: MOST // 5]:
            del known[key]
        assert self._place is not None
        draft = self._place.with_suffix(".new")
        draft.write_bytes(b"".join(key + print_ for key, print_ in known.items()))
        draft.replace(self._place)

    def _read(self) -> dict[bytes, bytes]:
        if self._known is None:
            self._known = {}
            with suppress(OSError):
                raw = self._place.read_bytes() if self._place is not None else b""
                whole = len(raw) - len(raw) % (2 * KEY)  # the last line may be cut
                for start in range(0, whole, 2 * KEY):
                    self._known[raw[start : start + KEY]] = raw[start + KEY : start + 2 * KEY]
        return self._known

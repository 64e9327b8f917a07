"""How a channel to partners is configured."""

from __future__ import annotations

import msgspec

from bridge.contract.adapter import Misconfigured

MAX_TITLE = 100


class PartnerConfig(msgspec.Struct, frozen=True, kw_only=True):
    """`title`: how partners call us, as "State Library". `address`: the channel's own address as partners reach it, "" = below
    `http.public_url`. `allow_private`: connect to partners in private networks, and by http; for tests and closed networks.

    `beat_s`: how often we say that we're here. `silent_s`: a partner who was silent for so long isn't asked. `look_s`, `sweep_s`:
    how often we look for what was taken back, and for what was forgotten. `patience_s`: how long an answer may take.
    `skew_s`: how far clocks may differ.
    """

    title: str
    address: str = ""
    allow_private: bool = False
    beat_s: float = 15.0
    silent_s: float = 45.0
    look_s: float = 1.0
    sweep_s: float = 60.0
    patience_s: float = 20.0
    skew_s: int = 300

    def check(self) -> None:
        """Raise Misconfigured for what cannot work."""
        if not self.title.strip() or len(self.title) > MAX_TITLE:
            raise Misconfigured(f"title: partners read it, so it needs 1 to {MAX_TITLE} characters")
        if self.address and not self.address.endswith("/"):
            raise Misconfigured("address: it must end with /")
        if self.address and not self.address.startswith("https://") and not self.allow_private:
            raise Misconfigured("address: it must begin with https")
        for field in ("beat_s", "silent_s", "look_s", "sweep_s", "patience_s", "skew_s"):
            if getattr(self, field) <= 0:
                raise Misconfigured(f"{field}: it must be more than 0")
        if self.silent_s <= self.beat_s:
            raise Misconfigured("silent_s: it must be more than beat_s")

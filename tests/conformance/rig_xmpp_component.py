"""A component of a real server: as an account's rig, and librarians with messengers of their own."""

from __future__ import annotations

import hmac
import time
from pathlib import Path
from typing import Any, ClassVar

from adapters.xmpp import staff
from adapters.xmpp.component import XmppComponent
from adapters.xmpp.config import ComponentConfig
from bridge.contract.adapter import Adapter
from bridge.testing.rig import Offer
from tests.conformance.rig_xmpp import AccountRig, EjabberdRig
from tests.peers.prosody import COMPONENT, SECRET
from tests.xmpp.plain import BODY, Plain


class ComponentRig(AccountRig):
    """A component of Prosody."""

    adapter: ClassVar[type[Adapter]] = XmppComponent
    keeps = False
    checks_credentials = False
    user: ClassVar[str] = "law"
    domain: ClassVar[str] = COMPONENT
    away: ClassVar[str] = "unavailable"
    patience: ClassVar[float] = 3.0

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.secrets = (SECRET,)
        self._librarians: dict[str, Plain] = {}

    @property
    def port(self) -> int:
        return int(self.server.component)

    def config(self, **fields: Any) -> Any:
        assert self.wire is not None
        base: dict[str, Any] = {
            "jid": self.library,
            "secret": SECRET,
            "host": "127.0.0.1",
            "port": self.wire.port,
            "file_hosts": ("127.0.0.1",),
            "beat_s": 0.5,
            "patience_s": 2.0,
        }
        return ComponentConfig(**base | fields)

    def refused(self) -> Any:
        return self.config(secret="wrong")

    def misconfigured(self) -> Any:
        return self.config(jid="law@nowhere.example")

    async def stop(self) -> None:
        for client in self._librarians.values():
            await client.close()
        await super().stop()

    async def staff(self, librarian: str) -> str:
        assert self.ring is not None
        client = self._librarians[librarian] = await self.sign_in(librarian)
        client.say(self.library, staff.code(hmac.digest(b"s" * 32, b"staff link", "sha256"), librarian, time.time()))
        welcome = await client.messages.get()
        assert "/claim" in (welcome.findtext(BODY) or "")
        return client.bare

    async def staff_hears(self, librarian: str) -> Offer:
        stanza = await self._librarians[librarian].messages.get()
        return Offer(stanza.findtext(BODY) or "", stanza.get("from", ""))

    async def staff_claims(self, librarian: str, offer: Offer) -> None:
        self._librarians[librarian].say(offer.conversation, "/claim")


class EjabberdComponentRig(ComponentRig, EjabberdRig):
    """A component of ejabberd."""

    def misconfigured(self) -> Any:
        return self.config(timezone="Nowhere/Land")  # it calls an unknown domain a wrong secret

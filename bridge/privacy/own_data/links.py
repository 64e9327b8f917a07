"""The one-time link by which a patron fetches their own data: it is sent to an address, and proves that address alone.

The secret is sealed over the id of the delivery that brings it, so that nothing has to be kept to know it again. It's made when
the delivery is sent, the same at every try. Whom it is for, and since when it works, stands in the transcript's line of that id; a
line that was forgotten opens nothing. That it was used is a row of the audit under that id, so two that come at once get one file.
"""

from __future__ import annotations

import msgspec

from bridge.contract.message import LINK_MARK, OWN_DATA_S, Delivery
from bridge.contract.sealed_token import Seal
from bridge.sql.people.accounts import now_ms
from bridge.sql.privacy.own_data_grants import OwnDataGrant, OwnDataGrants
from routing.own_data import EVENT

SEAL = Seal("own data", 18, "base64")
PATH = "/own-data/"
MOST = 200  # characters


class OwnDataLinks:
    """The links of one consortium."""

    def __init__(self, grants: OwnDataGrants, secret: bytes, consortium: str) -> None:
        self._grants = grants
        self._secret = secret
        self._consortium = consortium

    def worded(self, delivery: Delivery) -> Delivery:
        """Return a delivery with the secret in its words, where they are to carry one."""
        if delivery.event != EVENT or LINK_MARK not in delivery.text:
            return delivery
        secret = f"{delivery.id}.{SEAL.text(self._secret, self._consortium, delivery.id)}"
        return msgspec.structs.replace(delivery, text=delivery.text.replace(PATH + LINK_MARK, PATH + secret))

    def genuine(self, secret: str) -> str:
        """Return the delivery that a link names, "" for one that this consortium never made. Nobody is asked."""
        delivery, _, seal = secret[:MOST].partition(".")
        return delivery if SEAL.proves(seal, self._secret, self._consortium, delivery) else ""

    async def opens(self, secret: str) -> OwnDataGrant | None:
        """Return what a link opens now; None: never made, over, used, or what it was for is forgotten."""
        delivery = self.genuine(secret)
        if not delivery:
            return None
        return await self._grants.of(delivery, EVENT, since=now_ms() - OWN_DATA_S * 1000)

    async def use(self, grant: OwnDataGrant) -> bool:
        """Write in the audit that the patron fetches it now; False where that link was used already."""
        return await self._grants.use(grant)

    async def broke_off(self, grant: OwnDataGrant) -> None:
        """Let a link be used once more, because its file did not arrive. The audit keeps that it was begun."""
        await self._grants.broke_off(grant)

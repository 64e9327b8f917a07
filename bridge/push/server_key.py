"""The key by which push services know this desk (VAPID, RFC 8292).

It follows from a secret that all hosts share, made at the first start. So each host signs alike, and nothing more is kept.
A browser's subscription is bound to this key: a notice that another key signs is refused.
"""

from __future__ import annotations

import time

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from joserfc import jwt
from joserfc.jwk import ECKey
from yarl import URL

from bridge.contract.sealed_token import derived_key
from bridge.push.encryption import CURVE, encoded, point

VALID_S = 12 * 3600  # a token may be valid for a day at most (RFC 8292 2)
_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551  # of P-256 (FIPS 186-4 D.1.2.3)


class ServerKey:
    """Signs for one desk. `contact`: an address of a person, mailto: or https:, "" = none is told."""

    def __init__(self, secret: bytes, contact: str = "") -> None:
        number = int.from_bytes(derived_key(secret, "push server key") + derived_key(secret, "push server key 2"))
        key = ec.derive_private_key(number % (_ORDER - 1) + 1, CURVE)
        self._key = ECKey.import_key(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        self._contact = contact
        self.public = encoded(point(key.public_key()))
        self._tokens: dict[str, tuple[float, str]] = {}

    def authorization(self, endpoint: URL) -> str:
        """Return the header Authorization for a push to `endpoint`; a push service gets one token for some hours."""
        audience, now = str(endpoint.origin()), time.time()
        until, token = self._tokens.get(audience, (0.0, ""))
        if until < now + VALID_S / 2:
            if len(self._tokens) > 100:
                self._tokens.clear()
            until = now + VALID_S
            token = self._token(audience, int(until))
            self._tokens[audience] = until, token
        return f"vapid t={token}, k={self.public}"

    def _token(self, audience: str, until: int) -> str:
        claims = {"aud": audience, "exp": until} | ({"sub": self._contact} if self._contact else {})
        return jwt.encode({"typ": "JWT", "alg": "ES256"}, claims, self._key)

"""Codes of an app that change every 30 seconds: TOTP (RFC 6238), six digits, SHA-1, as the apps of phones know it.

The code before and the one after count, too: a phone's clock may differ by 30 seconds. A step of time counts once (5.2).
"""

from __future__ import annotations

import secrets
from base64 import b32encode
from urllib.parse import quote, urlencode

import segno
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP

from bridge.contract.sealed_token import same

STEP_S = 30
DIGITS = 6


def new_secret() -> bytes:
    """Return a secret of 160 bits (RFC 4226 4)."""
    return secrets.token_bytes(20)


def spelled(secret: bytes) -> str:
    """Return a secret as people type it into an app, in base32."""
    return b32encode(secret).decode().rstrip("=")


def app_address(secret: bytes, account: str, desk: str) -> str:
    """Return the address that an app takes a secret from."""
    asked = urlencode({"secret": spelled(secret), "issuer": desk, "digits": DIGITS, "period": STEP_S}, quote_via=quote)
    return f"otpauth://totp/{quote(f'{desk}:{account}', safe='')}?{asked}"


def picture(address: str) -> str:
    """Return an address as a QR code: a data URL of an SVG image, dark on white."""
    return str(segno.make(address, error="m", micro=False).svg_data_uri(scale=5, border=3, light="#fff"))


def step_of(secret: bytes, code: str, now_s: float, *, after: int = 0) -> int | None:
    """Return the step of time that a code belongs to, None where it is wrong or not after the step `after`."""
    now = int(now_s) // STEP_S
    made = TOTP(secret, DIGITS, SHA1(), STEP_S)
    steps = (step for step in (now, now - 1, now + 1) if step > after)
    return next((step for step in steps if same(code, made.generate(step * STEP_S).decode())), None)

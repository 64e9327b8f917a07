"""Signing in: one device for ever, since a second one would not know what the first has sent.

A homeserver drops a repeated submission of the same device alone, also under a new access token. So we keep the device's name with
its token, and sign in under that name again when the token is refused.
"""

from __future__ import annotations

from typing import Any

import msgspec

from adapters.matrix.api import AWAY, HomeserverRefused, MatrixApi, ended, path
from adapters.matrix.config import MatrixConfig
from adapters.matrix.kept import DeviceVault, OwnDevice
from bridge.contract.adapter import BadCredentials, Busy, Misconfigured, Unavailable


class WhoAmI(msgspec.Struct, frozen=True):
    """Whose a token is."""

    user_id: str
    device_id: str = ""


class SignedIn(msgspec.Struct, frozen=True):
    """A new token."""

    user_id: str
    access_token: str
    device_id: str


async def signed_in(api: MatrixApi, config: MatrixConfig, vault: DeviceVault) -> OwnDevice:
    """Return our device, signed in; its row is durable. Raises Unavailable, BadCredentials, Misconfigured."""
    try:
        own = await vault.load(config.user)
        if own is not None and await _still_in(api, own):
            return own
        found = await _password(api, config, own.device if own is not None else "")
        again = own is not None and own.device == found.device_id
        own = (
            msgspec.structs.replace(own, token=found.access_token)
            if own is not None and again
            else OwnDevice(user=config.user, device=found.device_id, token=found.access_token)
        )
        await vault.save(own)
        api.token = own.token
        return own
    except Busy as error:
        raise Unavailable(f"the desk takes nothing in now: {error}") from None
    except (*AWAY, ValueError) as error:
        ended(error)


async def tried(api: MatrixApi, config: MatrixConfig) -> None:
    """Sign in under a new name and out again: no other device notices. Raises as `signed_in` does."""
    try:
        found = await _password(api, config, "")
        api.token = found.access_token
        await api.post(path("logout"), {}, dict[str, Any])
    except (*AWAY, ValueError) as error:
        ended(error)


async def _still_in(api: MatrixApi, own: OwnDevice) -> bool:
    api.token = own.token
    try:
        found = await api.get(path("account", "whoami"), WhoAmI)
    except HomeserverRefused as refused:
        if refused.status != 401:
            raise
        api.token = ""
        return False
    return (found.user_id, found.device_id) == (own.user, own.device)


async def _password(api: MatrixApi, config: MatrixConfig, device: str) -> SignedIn:
    wanted = {
        "type": "m.login.password",
        "identifier": {"type": "m.id.user", "user": config.user},
        "password": config.password,
        "initial_device_display_name": "Deskbridge",
    }
    try:
        found = await api.post(path("login"), wanted | ({"device_id": device} if device else {}), SignedIn)
    except HomeserverRefused as refused:
        if refused.status in (400, 401, 403):
            raise BadCredentials("the server refuses the account's name or password") from None
        raise
    if found.user_id != config.user:
        raise Misconfigured("the server knows the account under another name: give `user` as the server writes it")
    return found

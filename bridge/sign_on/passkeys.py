"""Passkeys as a second factor: WebAuthn (W3C Level 3), by py_webauthn.

A passkey belongs to the name of our host, so a page of another site can never ask for it: that is why it can't be phished. Nobody
asks which device made it (attestation "none"). A count that goes back tells of a copied key, and is refused (7.2, step 22).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import msgspec
from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    options_to_json,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)


class BadPasskey(Exception):
    """What a browser answered proves nothing."""


class PasskeyPledge(msgspec.Struct, frozen=True, kw_only=True):
    """What an answer must fit: the challenge, the name of our host, our origins, and the session that asked."""

    challenge: str
    host: str
    origins: list[str]
    session: str


class NewPasskey(NamedTuple):
    """A passkey that was made: its id, its public key, its count."""

    credential: str
    public_key: bytes
    counter: int


def options_to_make(host: str, librarian: str, name: str, held: Sequence[str]) -> tuple[str, str]:
    """Return what a browser needs to make a passkey, as JSON, and the challenge. `held`: ids of those that the librarian has."""
    options = generate_registration_options(
        rp_id=host,
        rp_name="Deskbridge",
        user_id=librarian.encode()[:64],
        user_name=name,
        exclude_credentials=_named(held),
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.DISCOURAGED, user_verification=UserVerificationRequirement.PREFERRED
        ),
    )
    return options_to_json(options), bytes_to_base64url(options.challenge)


def made(pledge: PasskeyPledge, answer: str) -> NewPasskey:
    """Return the passkey that a browser made. Raises BadPasskey."""
    try:
        found = verify_registration_response(
            credential=answer,
            expected_challenge=base64url_to_bytes(pledge.challenge),
            expected_rp_id=pledge.host,
            expected_origin=pledge.origins,
        )
    except (WebAuthnException, ValueError, KeyError, TypeError):
        raise BadPasskey from None
    return NewPasskey(bytes_to_base64url(found.credential_id), found.credential_public_key, found.sign_count)


def options_to_show(host: str, held: Sequence[str]) -> tuple[str, str]:
    """Return what a browser needs to show one of the passkeys `held`, as JSON, and the challenge."""
    options = generate_authentication_options(rp_id=host, allow_credentials=_named(held))
    return options_to_json(options), bytes_to_base64url(options.challenge)


def credential_of(answer: str) -> str:
    """Return the id of the passkey that an answer is of, "" where it names none."""
    try:
        found = msgspec.json.decode(answer, type=dict[str, msgspec.Raw])
        return msgspec.json.decode(found["id"], type=str)
    except (msgspec.MsgspecError, KeyError):
        return ""


def shown(pledge: PasskeyPledge, answer: str, public_key: bytes, counter: int) -> int:
    """Return the count of a passkey that was shown. Raises BadPasskey."""
    try:
        found = verify_authentication_response(
            credential=answer,
            expected_challenge=base64url_to_bytes(pledge.challenge),
            expected_rp_id=pledge.host,
            expected_origin=pledge.origins,
            credential_public_key=public_key,
            credential_current_sign_count=counter,
        )
    except (WebAuthnException, ValueError, KeyError, TypeError):
        raise BadPasskey from None
    return found.new_sign_count


def _named(held: Sequence[str]) -> list[PublicKeyCredentialDescriptor]:
    return [PublicKeyCredentialDescriptor(id=base64url_to_bytes(one)) for one in held]

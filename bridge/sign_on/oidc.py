"""An OpenID provider: the authorization code flow with PKCE (OpenID Connect Core 3.1, RFC 7636), for one provider.

The rules

- The address that a browser is sent to, and what comes back, is tied to that browser: the caller keeps state, nonce and code
  verifier, and gives each back once.
- What a provider says of itself is read again after a minute, so that we notice that it is away before we send people there.
- A token is signed by a key of the provider's. A key that we don't know makes us read its keys again, once for each token, so a
  provider may change them at any time. Only public-key algorithms count: never "none", never one made with our own secret.
- Issuer, recipient, authorized party, times, nonce and the access token's hash are checked (Core 3.1.3.7). Clocks may differ by
  two minutes.
- Secrets go to https addresses, or to this machine.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode

import aiohttp
import msgspec
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from bridge.sign_on.identity import NotSignedOn, SignOnPledge, VouchedIdentity
from bridge.sign_on.settings import OidcSettings, may_be_asked

SKEW_S = 120
KNOWN_S = 60.0
ANSWER_S = 8.0
MOST_BYTES = 512 * 1024
MOST_GROUPS = 2000
SIGNED_OUT = "http://schemas.openid.net/event/backchannel-logout"
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512")


class OidcProvider:
    """One provider, as it describes itself."""

    def __init__(self, settings: OidcSettings) -> None:
        self.settings = settings
        self._known: dict[str, Any] = {}
        self._known_at = -KNOWN_S
        self._keys: KeySet | None = None

    async def asking(self, pledge: SignOnPledge, state: str, redirect_uri: str) -> str:
        """Return the address where a browser asks the provider. Raises NotSignedOn."""
        known = await self._described()
        return str(
            prepare_grant_uri(
                known["authorization_endpoint"],
                client_id=self.settings.client_id,
                response_type="code",
                redirect_uri=redirect_uri,
                scope=list(self.settings.scopes),
                state=state,
                nonce=pledge.nonce,
                code_challenge=create_s256_code_challenge(pledge.verifier),
                code_challenge_method="S256",
            )
        )

    async def reach(self) -> None:
        """Read what the provider says of itself, and its keys. Raises NotSignedOn."""
        await self._read_keys(await self._described())

    async def leaving(self, back: str) -> str:
        """Return the address where a browser signs out of the provider, "" where it has none. Raises NotSignedOn."""
        end = (await self._described()).get("end_session_endpoint")
        if not isinstance(end, str) or not may_be_asked(end):
            return ""
        asked = urlencode({"client_id": self.settings.client_id, "post_logout_redirect_uri": back})
        return f"{end}{'&' if '?' in end else '?'}{asked}"

    async def identity(self, pledge: SignOnPledge, answer: Mapping[str, str], redirect_uri: str) -> VouchedIdentity:
        """Return who came back from the provider. Raises NotSignedOn."""
        known = await self._described()
        named = known.get("authorization_response_iss_parameter_supported") is True
        if (
            answer.get("iss", "" if named else known["issuer"]) != known["issuer"]
        ):  # RFC 9207: an answer of another provider
            raise NotSignedOn("bad-answer")
        if "code" not in answer:
            away = answer.get("error") in ("temporarily_unavailable", "server_error")
            raise NotSignedOn("provider-away" if away else "provider-refused")
        tokens = await self._tokens(known, answer["code"], pledge.verifier, redirect_uri)
        claims = await self._claims(known, tokens, pledge.nonce)
        return self._identity(claims | await self._more(known, tokens, claims))

    async def signed_out(self, token: str) -> str:
        """Return the subject who signed out at the provider, by its logout token (Back-Channel Logout 2.6). Raises NotSignedOn."""
        known = await self._described()
        there: jwt.ClaimsOption = {"essential": True}
        ours: jwt.ClaimsOption = {"essential": True, "value": self.settings.client_id}
        theirs: jwt.ClaimsOption = {"essential": True, "value": known["issuer"]}
        expected = jwt.JWTClaimsRegistry(leeway=SKEW_S, iss=theirs, aud=ours, iat=there, jti=there, sub=there)
        try:
            claims = (await self._decoded(known, token)).claims
            expected.validate(claims)
        except (JoseError, ValueError, KeyError, TypeError):
            raise NotSignedOn("bad-answer") from None
        events, subject = claims.get("events"), claims["sub"]
        ends = isinstance(events, dict) and SIGNED_OUT in events and "nonce" not in claims
        if not ends or not isinstance(subject, str):  # a token of another kind, which anybody has who signed in
            raise NotSignedOn("bad-answer")
        return subject

    # ---- what it says of itself ----

    async def _described(self) -> dict[str, Any]:
        if time.monotonic() - self._known_at < KNOWN_S:
            return self._known
        issuer = self.settings.issuer
        found = await self._asked("GET", f"{issuer.rstrip('/')}/.well-known/openid-configuration")
        wanted = ("authorization_endpoint", "token_endpoint", "jwks_uri")
        urls = [found.get(name) for name in wanted]
        if found.get("issuer") != issuer or not all(isinstance(url, str) and may_be_asked(url) for url in urls):
            raise NotSignedOn("bad-answer")
        self._known, self._known_at = found, time.monotonic()
        return found

    async def _read_keys(self, known: dict[str, Any]) -> KeySet:
        try:
            self._keys = KeySet.import_key_set(await self._asked("GET", known["jwks_uri"]))  # type: ignore[arg-type] # what it is, is checked there
        except (JoseError, ValueError, KeyError, TypeError):
            raise NotSignedOn("bad-answer") from None
        return self._keys

    # ---- tokens ----

    async def _tokens(self, known: dict[str, Any], code: str, verifier: str, redirect_uri: str) -> dict[str, Any]:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "code_verifier": verifier,
        }
        client, secret = self.settings.client_id, str(self.settings.client_secret)
        methods = known.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        headers = {}
        if "client_secret_basic" in methods:
            headers["Authorization"] = aiohttp.encode_basic_auth(quote(client, safe=""), quote(secret, safe=""))
        else:
            form |= {"client_id": client, "client_secret": secret}
        found = await self._asked("POST", known["token_endpoint"], data=form, headers=headers)
        if not isinstance(found.get("id_token"), str):
            raise NotSignedOn("bad-answer")
        return found

    async def _claims(self, known: dict[str, Any], tokens: dict[str, Any], nonce: str) -> dict[str, Any]:
        """Return what the provider signed. Raises NotSignedOn."""
        try:
            token = await self._decoded(known, tokens["id_token"])
            claims = CodeIDToken(
                token.claims,
                token.header,
                {
                    "iss": {"essential": True, "value": known["issuer"]},
                    "aud": {"essential": True, "value": self.settings.client_id},
                },
                {"nonce": nonce, "client_id": self.settings.client_id, "access_token": tokens.get("access_token")},
            )
            claims.validate(leeway=SKEW_S)
        except (JoseError, ValueError, KeyError, TypeError):
            raise NotSignedOn("bad-answer") from None
        if not isinstance(claims["sub"], str) or not 0 < len(claims["sub"]) <= 255:
            raise NotSignedOn("bad-answer")
        return dict(claims)

    async def _decoded(self, known: dict[str, Any], token: str) -> jwt.Token:
        """Return a token whose signature is right by keys that we hold, or by those that the provider names now."""
        if self._keys is not None:
            try:
                return jwt.decode(token, self._keys, list(ALGORITHMS))
            except (JoseError, ValueError, KeyError):
                pass  # it may have other keys by now
        return jwt.decode(token, await self._read_keys(known), list(ALGORITHMS))

    async def _more(self, known: dict[str, Any], tokens: dict[str, Any], claims: dict[str, Any]) -> dict[str, Any]:
        """Return what the provider tells on request alone, where the token lacks something that we look at."""
        wanted = {"name", "email"} | ({self.settings.groups_claim} if self.settings.groups else set())
        url = known.get("userinfo_endpoint")
        access = tokens.get("access_token")
        if wanted <= claims.keys() or not isinstance(url, str) or not may_be_asked(url) or not isinstance(access, str):
            return {}
        found = await self._asked("GET", url, headers={"Authorization": f"Bearer {access}"})
        if found.get("sub") != claims["sub"]:  # Core 5.3.2: it may be somebody else's
            raise NotSignedOn("bad-answer")
        return {name: value for name, value in found.items() if name not in claims}

    def _identity(self, claims: dict[str, Any]) -> VouchedIdentity:
        email, name = _text(claims.get("email")).lower(), _text(claims.get("name"))
        verified = claims.get("email_verified") is True
        raw = claims.get(self.settings.groups_claim)
        listed = [raw] if isinstance(raw, str) else raw
        groups = (
            tuple(one for one in listed[:MOST_GROUPS] if isinstance(one, str)) if isinstance(listed, list) else None
        )
        return VouchedIdentity(
            way="provider",
            issuer=self.settings.issuer,
            subject=claims["sub"],
            names=self._names(email) if verified else (),
            name=name,
            groups=groups,
            doubtful_email=bool(email) and not verified,
        )

    def _names(self, email: str) -> tuple[str, ...]:
        local, _, domain = email.rpartition("@")
        if not local:
            return ()
        return (email, local) if domain in self.settings.email_domains else (email,)

    async def _asked(self, method: str, url: str, **more: Any) -> dict[str, Any]:
        """Return the JSON object at an address of the provider's. Raises NotSignedOn."""
        try:
            async with (
                aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=ANSWER_S)) as session,
                session.request(method, url, allow_redirects=False, **more) as response,
            ):
                raw = await _read(response)
                if response.status >= 500 or response.status == 429:
                    raise NotSignedOn("provider-away")
        except (aiohttp.ClientError, TimeoutError, OSError):
            raise NotSignedOn("provider-away") from None
        try:
            found = msgspec.json.decode(raw, type=dict[str, Any])
        except (msgspec.MsgspecError, UnicodeDecodeError):
            raise NotSignedOn("bad-answer") from None
        if response.status != 200:
            raise NotSignedOn("bad-answer")
        return found


async def _read(response: aiohttp.ClientResponse) -> bytes:
    raw = b""
    async for chunk in response.content.iter_chunked(64 * 1024):
        raw += chunk
        if len(raw) > MOST_BYTES:
            raise NotSignedOn("bad-answer")
    return raw


def _text(value: object) -> str:
    return value.strip()[:200] if isinstance(value, str) else ""

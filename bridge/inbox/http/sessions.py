"""Who is asking, and does the page that asks belong to us?

The session's token lives in a cookie that no script reads and no other site sends (HttpOnly, SameSite=Strict; over https also
Secure with the __Host- prefix, RFC 6265bis 4.1.3). It is never part of an address. A write must show two more things that another
site's page cannot show:

- the session's second token, in the header X-Deskbridge;
- our own origin, where the browser says where the page comes from (Origin, Sec-Fetch-Site).

Sources: OWASP Cross-Site Request Forgery Prevention, Fetch Metadata.

A second cookie, one for each librarian who signs in there, makes a browser familiar. It opens nothing, but its holder is not
locked out by strangers who try their name (OWASP, "Slow Down Online Guessing Attacks with Device Cookies").
"""

from __future__ import annotations

import hashlib
import secrets
from urllib.parse import urlsplit

from aiohttp import web

from bridge.contract.sealed_token import Seal, same
from bridge.inbox.http.responses import Refusal, forbidden
from bridge.inbox.services import InboxServices
from bridge.sql.people.accounts import LONGEST_MS, Accounts, Session

HEADER = "X-Deskbridge"
FAMILIAR_S = 180 * 86_400
FAMILIAR = Seal("familiar")


def cookie_name(request: web.Request) -> str:
    """Return the name of the session's cookie on this scheme."""
    return "__Host-deskbridge" if request.secure else "deskbridge"


def token_of(request: web.Request) -> str:
    """Return the session's token, "" when there is none."""
    return request.cookies.get(cookie_name(request), "")


async def session_of(accounts: Accounts, request: web.Request) -> Session:
    """Return who is signed in. Raises Refusal 401."""
    token = token_of(request)
    session = await accounts.session(token) if 20 <= len(token) <= 200 else None
    if session is None:
        raise signed_out()
    return session


def signed_out() -> Refusal:
    """Nobody asks."""
    return Refusal(401, "signed-out", "Nobody is signed in here, or the session has ended. Sign in.")


def give(response: web.StreamResponse, request: web.Request, token: str) -> None:
    """Put a session's token into the browser."""
    response.set_cookie(
        cookie_name(request),
        token,
        max_age=LONGEST_MS // 1000,
        path="/",
        httponly=True,
        samesite="Strict",
        secure=request.secure,
    )


def take(response: web.StreamResponse, request: web.Request) -> None:
    """Remove the cookie."""
    response.del_cookie(cookie_name(request), path="/", httponly=True, samesite="Strict", secure=request.secure)


def _familiar_name(request: web.Request, login: str) -> str:
    return f"{cookie_name(request)}-known-{hashlib.sha256(login.encode()).hexdigest()[:12]}"


def make_familiar(response: web.StreamResponse, request: web.Request, secret: bytes, login: str) -> None:
    """Let a browser show later that `login` has signed in with it."""
    mark = familiar_mark(request, secret, login) or secrets.token_hex(16)
    response.set_cookie(
        _familiar_name(request, login),
        f"{mark}.{FAMILIAR.text(secret, login, mark)}",
        max_age=FAMILIAR_S,
        path="/",
        httponly=True,
        samesite="Strict",
        secure=request.secure,
    )


def familiar_mark(request: web.Request, secret: bytes, login: str) -> str:
    """Return the mark of this browser when `login` has signed in with it before, else ""."""
    mark, _, seal = request.cookies.get(_familiar_name(request, login), "").partition(".")
    return mark if mark and FAMILIAR.proves(seal, secret, login, mark) else ""


def own_origins(services: InboxServices, request: web.Request) -> set[str]:
    """Return the origins of our own pages: the public one, and the host that was asked."""
    found = {f"{request.scheme}://{request.host}".lower()}
    if services.public_url:
        parts = urlsplit(services.public_url)
        found = {f"{parts.scheme}://{parts.netloc}".lower()}
        if request.host.rpartition(":")[0] in ("127.0.0.1", "localhost", "[::1]"):
            found.add(f"{request.scheme}://{request.host}".lower())
    return found


def check_origin(services: InboxServices, request: web.Request, *, required: bool = False) -> None:
    """Refuse pages of others. Browsers always name the origin of a write and of a socket; programs may leave it out."""
    origin = request.headers.get("Origin", "")
    if origin:
        if origin.lower() not in own_origins(services, request):
            raise forbidden("This page does not belong to the desk.")
    elif required:
        raise forbidden("A socket is opened by the desk's own page only.")
    elif request.headers.get("Sec-Fetch-Site", "none") not in ("same-origin", "none"):
        raise forbidden("This page does not belong to the desk.")


def check_token(request: web.Request, session: Session | None) -> None:
    """Refuse a write whose header does not carry the session's second token; without a session any text is enough.

    A page of another site cannot set the header without asking first (CORS preflight), and we never answer yes.
    """
    shown = request.headers.get(HEADER, "")
    if session is None:
        if not shown:
            raise forbidden(f"The header {HEADER} is missing.")
    elif not same(shown, session.csrf):
        raise Refusal(403, "bad-token", f"The header {HEADER} does not carry the token of `me`.")

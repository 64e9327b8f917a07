"""A desk whose people sign on by a real provider, and by a trusted proxy; and browsers without scripts."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from typing import Any

import pytest
import pytest_asyncio

from bridge.inbox.http.rate_limits import Limit
from bridge.sign_on.settings import GroupRole, OidcSettings, ProxySettings, SignOnSettings
from tests.inbox.conftest import Browsers
from tests.inbox.desk import Desk
from tests.inbox.desk import desk as running
from tests.peers.provider import SECRET, Provider
from tests.peers.provider import provider as serving

PEOPLE: dict[str, dict[str, Any]] = {
    "subject-ana": {"name": "Ana Alves", "email": "ana@north.example", "groups": ["staff"]},
    "subject-new": {"name": "Nia Novak", "email": "nia@north.example", "groups": ["staff", "leads"]},
    "subject-twin": {"name": "Ana Ames", "email": "ana@north.example", "groups": ["staff"]},
    "subject-doubt": {"name": "Ben?", "email": "ben@north.example", "email_verified": False, "groups": ["staff"]},
    "subject-guest": {"name": "Gil Gast", "email": "gil@north.example", "groups": ["visitors"]},
    "subject-far": {"name": "Cora?", "email": "cora@elsewhere.example", "groups": ["staff"]},
}
GROUPS = (
    GroupRole(group="staff", role="librarian", teams=("north/desk",)),
    GroupRole(group="leads", role="coordinator"),
)


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    """One provider for a module; the tests start it again with what they need."""
    with serving() as found:
        yield found


def settings(provider: Provider) -> SignOnSettings:
    """Both ways, with passwords beside them."""
    oidc = OidcSettings(
        name="County account",
        issuer=provider.issuer,
        client_id="deskbridge",
        client_secret=SECRET,
        scopes=("openid", "profile", "email", "groups"),
        link_by_email=True,
        email_domains=("north.example",),
        create=True,
        library="north",
        groups=GROUPS,
    )
    proxy = ProxySettings(name="Campus sign-on", user_header="X-Remote-User", addresses=("127.0.0.1",))
    return SignOnSettings(oidc=oidc, proxy=proxy)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def desk(tmp_path_factory: pytest.TempPathFactory, provider: Provider) -> AsyncIterator[Desk]:
    """A desk with the provider up."""
    async with running(tmp_path_factory.mktemp("desk"), sign_on=settings(provider)) as found:
        provider.start(found.url, PEOPLE)
        found.services.limits.sign_in_by_host = Limit(1000, 1000)
        yield found


@pytest_asyncio.fixture(loop_scope="module")
async def browsers(desk: Desk) -> AsyncIterator[Browsers]:
    """Browsers on the shared desk."""
    async with AsyncExitStack() as stack:
        yield Browsers(desk, stack)

"""The page that a patron's one-time link opens, below /own-data/: it says what one gets, and gives it when the button is pressed.

Looking at the page uses nothing, since mail programs look at links by themselves. A link that was never made, is over, was used, or
leads to what was forgotten gets one and the same answer. After five links that nobody made, an address is told to come later.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import structlog
from aiohttp import web

from bridge.account.attempts import ProofAttempts
from bridge.contract.message import OWN_DATA_S
from bridge.pages.frame import frame, frame_of_none
from bridge.pages.public_site import language_of, page
from bridge.privacy.own_data.links import PATH, OwnDataLinks
from bridge.privacy.own_data.package import NAME, OwnDataPackage
from bridge.privacy.own_data.source import OwnDataSource
from bridge.privacy.own_data.words import say, spoken
from bridge.sql.privacy.own_data_grants import OwnDataGrant

SECRET_PAGE = {"Cache-Control": "no-store, no-transform", "Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex"}
FILE = {
    **SECRET_PAGE,
    "Content-Type": "application/zip",
    "Content-Disposition": f'attachment; filename="{NAME}"',
    "X-Content-Type-Options": "nosniff",
}

log = structlog.get_logger("bridge.privacy.own_data.pages")


@dataclass(frozen=True, slots=True)
class OwnDataDoor:
    """One consortium's links and what they open."""

    links: OwnDataLinks
    source: OwnDataSource


class OwnDataPages:
    """The pages over all consortia."""

    def __init__(self, doors: Sequence[OwnDataDoor]) -> None:
        self._doors = doors
        self._tries = ProofAttempts(time.monotonic)

    def mount(self, app: web.Application) -> None:
        """Put the page into an application."""
        app.router.add_get(f"{PATH}{{secret}}", self._show)
        app.router.add_post(f"{PATH}{{secret}}", self._give)

    async def _show(self, request: web.Request) -> web.StreamResponse:
        door, grant = await self._opened(request)
        if door is None or grant is None:
            return self._gone(request)
        library = door.source.state().roster.library(grant.library)
        language = language_of(request, library.language)
        return _secret(
            page(
                request,
                "privacy/own_data.html",
                language,
                **frame(library, language, f"/library/{library.id}/", library.portal.tagline),
                own=partial(say, language),
                spoken=spoken(language),
                minutes=OWN_DATA_S // 60,
            )
        )

    async def _give(self, request: web.Request) -> web.StreamResponse:
        door, grant = await self._opened(request)
        if door is None or grant is None or not await door.links.use(grant):
            return self._gone(request)
        try:
            package = await door.source.at_address(
                grant.channel,
                grant.address,
                grant.library,
                asked=request.query.get("language", ""),
                accepted=request.headers.get("Accept-Language", ""),
            )
            return await sent(request, package)
        except BaseException:
            await asyncio.shield(door.links.broke_off(grant))
            raise

    async def _opened(self, request: web.Request) -> tuple[OwnDataDoor | None, OwnDataGrant | None]:
        """Return what the link opens. A guess costs a try of the address that it comes from."""
        secret = request.match_info["secret"]
        door = next((one for one in self._doors if one.links.genuine(secret)), None)
        if door is None:
            if not self._tries.begin(f"address {request.remote}"):
                log.warning("links are guessed")
                raise web.HTTPTooManyRequests(headers={"Retry-After": "900", **SECRET_PAGE})
            return None, None
        return door, await door.links.opens(secret)

    def _gone(self, request: web.Request) -> web.Response:
        language = language_of(request, "")
        words: dict[str, Any] = {"own": partial(say, language), "spoken": spoken(language)}
        gone = page(request, "privacy/own_data_gone.html", language, status=404, **words, **frame_of_none(""))
        return _secret(gone)


async def sent(request: web.Request, package: OwnDataPackage) -> web.StreamResponse:
    """Answer with a patron's file, as it's made."""
    response = web.StreamResponse(headers=FILE)
    await response.prepare(request)
    async for chunk in package.chunks():
        await response.write(chunk)
    await response.write_eof()
    return response


def _secret(response: web.Response) -> web.Response:
    del response.headers["ETag"]
    response.headers.update(SECRET_PAGE)
    return response

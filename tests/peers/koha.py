"""A local server that answers like Koha's REST interface, held to Koha's own description where that file is there.

No real Koha can be had here. Each request and each answer goes through openapi-core; `wrong` says what did not fit.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer
from openapi_core import OpenAPI
from openapi_core.testing import MockRequest, MockResponse

CARD, PIN, PATRON = "21234000123456", "7391-geheim", 51
KEY, SECRET = "api-key", "api-secret-4711"
HOST = "https://koha.example"


class KohaServer:
    """One patron with two loans and a hold."""

    def __init__(self, description: Path) -> None:
        self._api = OpenAPI.from_dict(json.loads(description.read_text("utf-8")))
        self.url = ""
        self.wrong: list[str] = []
        self.checked = 0
        self.due = {1: "2026-12-24T23:59:00+01:00", 2: "2020-01-01T23:59:00+01:00"}
        self.held = [7]
        self.expires = 3600
        self.tokens = 0

    def app(self) -> web.Application:
        """The routes."""
        app = web.Application(middlewares=[self._look])
        app.router.add_post("/api/v1/oauth/token", self._token)
        app.router.add_post("/api/v1/auth/password/validation", self._validate)
        app.router.add_get("/api/v1/libraries", self._libraries)
        app.router.add_get("/api/v1/checkouts", self._checkouts)
        app.router.add_get("/api/v1/checkouts/{id}/allows_renewal", self._allows)
        app.router.add_post("/api/v1/checkouts/{id}/renewals", self._renew)
        app.router.add_get("/api/v1/patrons/{id}", self._patron)
        app.router.add_get("/api/v1/patrons/{id}/holds", self._holds)
        app.router.add_get("/api/v1/patrons/{id}/account", self._account)
        app.router.add_delete("/api/v1/holds/{id}", self._cancel)
        return app

    @web.middleware
    async def _look(self, request: web.Request, handler: Any) -> web.StreamResponse:
        body = await request.read()
        response: web.StreamResponse = await handler(request)
        assert isinstance(response, web.Response)
        asked = MockRequest(
            HOST,
            request.method.lower(),
            request.path,
            args=dict(request.query.items()),
            headers=dict(request.headers),
            data=body or None,
            content_type=request.content_type,
        )
        said = MockResponse(
            data=response.body if isinstance(response.body, bytes) else b"",
            status_code=response.status,
            content_type=response.content_type,
        )
        self.checked += 1
        faults = [*self._api.iter_request_errors(asked), *self._api.iter_response_errors(asked, said)]
        self.wrong += [f"{request.method} {request.path}: {one} ({one.__cause__})" for one in faults]
        return response

    async def _token(self, request: web.Request) -> web.Response:
        given = await request.post()
        if given.get("client_secret") != SECRET:
            return web.json_response({"error": "Unauthorized"}, status=403)
        self.tokens += 1
        return web.json_response({"access_token": "t", "token_type": "Bearer", "expires_in": self.expires})

    async def _validate(self, request: web.Request) -> web.Response:
        given = await request.json()
        if (given.get("identifier"), given["password"]) != (CARD, PIN):
            return web.json_response({"error": "Validation failed"}, status=400)
        return web.json_response({"cardnumber": CARD, "patron_id": PATRON, "userid": "jane"}, status=201)

    async def _libraries(self, request: web.Request) -> web.Response:
        return web.json_response([])

    async def _checkouts(self, request: web.Request) -> web.Response:
        return web.json_response([self._checkout(n) for n in self.due])

    def _checkout(self, n: int) -> dict[str, Any]:
        item = {"item_id": n, "biblio": {"title": "Arithmetic" if n == 1 else "Aïda", "subtitle": None}}
        return {
            "checkout_id": n,
            "patron_id": PATRON,
            "item_id": n,
            "external_id": f"B{n}",
            "due_date": self.due[n],
            "item": item,
        }

    async def _allows(self, request: web.Request) -> web.Response:
        may = request.match_info["id"] == "1"
        found = {"allows_renewal": may, "max_renewals": 5, "current_renewals": 2, "unseen_renewals": 0}
        return web.json_response({**found, "error": None if may else "on_reserve"})

    async def _renew(self, request: web.Request) -> web.Response:
        n = int(request.match_info["id"])
        if n != 1:
            return web.json_response({"error": "Renewal not authorized (on_reserve)"}, status=403)
        self.due[1] = "2027-01-21T23:59:00+01:00"
        return web.json_response({key: value for key, value in self._checkout(1).items() if key != "item"}, status=201)

    async def _patron(self, request: web.Request) -> web.Response:
        found = {"surname": "Reader", "firstname": "Jane", "address": "Main Street", "street_number": "1"}
        found |= {"city": "North", "postal_code": "1010", "email": "jane@example.org", "phone": "555 0100"}
        return web.json_response({"patron_id": PATRON, "library_id": "CPL", "category_id": "PT", **found})

    async def _holds(self, request: web.Request) -> web.Response:
        rows = [
            {
                "hold_id": n,
                "patron_id": PATRON,
                "biblio_id": 3,
                "status": "W",
                "pickup_library_id": "CPL",
                "biblio": {"title": "Die Verwandlung"},
                "pickup_library": {"library_id": "CPL", "name": "Main library"},
            }
            for n in self.held
        ]
        return web.json_response(rows)

    async def _account(self, request: web.Request) -> web.Response:
        line = {"description": "Late: Arithmetic", "amount": 2.5, "amount_outstanding": 2.5}
        return web.json_response({"balance": 2.5, "outstanding_debits": {"total": 2.5, "lines": [line]}})

    async def _cancel(self, request: web.Request) -> web.Response:
        n = int(request.match_info["id"])
        if n not in self.held:
            return web.json_response({"error": "Hold not found"}, status=404)
        self.held.remove(n)
        return web.Response(status=204)


@asynccontextmanager
async def koha_server(description: Path) -> AsyncIterator[KohaServer]:
    """Run such a server."""
    koha = KohaServer(description)
    async with TestServer(koha.app()) as server:
        koha.url = str(server.make_url("")).rstrip("/")
        yield koha

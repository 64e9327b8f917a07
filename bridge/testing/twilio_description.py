"""Twilio's own OpenAPI description, held against what our local server is asked and what it answers.

Needs openapi-core, which tests install. The description does not say that a text needs a recipient: the server checks that.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from aiohttp import web
from openapi_core import OpenAPI
from openapi_core.testing import MockRequest, MockResponse

from bridge.testing.twilio import Twilio

PARTS = ("/Messages", "/Calls", "/Recordings")
HOST = "https://api.twilio.com"


class Description:
    """The part of the description that is about messages, calls and recordings. `faults` says what did not fit."""

    def __init__(self, path: Path) -> None:
        whole = json.loads(path.read_text("utf-8"))
        kept = {name: each for name, each in whole["paths"].items() if any(part in name for part in PARTS)}
        self._api = OpenAPI.from_dict({**whole, "paths": kept})
        self.checked = 0
        self.faults: list[str] = []

    def watch(self, twilio: Twilio) -> None:
        """Look at every request from now on; before the server opens."""
        twilio.watchers.append(self._look)

    @web.middleware
    async def _look(self, request: web.Request, handler: Any) -> web.StreamResponse:
        """Hold a request and its answer against the description, and let both pass."""
        body = await request.read()
        response: web.StreamResponse = await handler(request)
        path = request.rel_url.raw_path
        if any(part in path for part in PARTS) and path.endswith(".json") and isinstance(response, web.Response):
            self._check(request, body, response)
        return response

    def _check(self, request: web.Request, body: bytes, response: web.Response) -> None:
        asked = MockRequest(
            HOST,
            request.method.lower(),
            request.path,
            args=dict(request.query.items()),
            headers=dict(request.headers),
            data=body or None,
            content_type=request.content_type,
        )
        self.checked += 1
        errors = [("request", each) for each in self._api.iter_request_errors(asked)]
        if response.status < 400:  # refusals are not described
            errors += [("response", each) for each in self._api.iter_response_errors(asked, _answer(response))]
        for what, error in errors:
            cause = f" ({error.__cause__})" if error.__cause__ else ""
            self.faults.append(f"{request.method} {request.path} {what}: {error}{cause}"[:500])


def _answer(response: web.Response) -> MockResponse:
    data = response.body if isinstance(response.body, bytes) else b""
    return MockResponse(data, status_code=response.status, content_type=response.content_type)

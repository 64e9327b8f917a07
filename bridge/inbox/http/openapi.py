"""The interface's description, generated from the table of routes and the types (OpenAPI 3.1.0).

Nothing is written twice: summaries stand in the table, schemas come from the structs by msgspec, and their docstrings are the
descriptions. JSON Schema 2020-12 is what OpenAPI 3.1 uses, so msgspec's output needs no translation.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import msgspec

from bridge.inbox.http.responses import BASE
from bridge.inbox.http.route import Parameter, Route
from bridge.inbox.schema import Acted, Clash, ClientMessage, Pending, Problem, ServerMessage

FILE = {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}
ANY_FILE = {"*/*": FILE["application/octet-stream"]}  # a table, or what somebody attached

_ABOUT = {
    202: "Durable, and not answered yet",
    400: "The request cannot be read.",
    401: "Nobody is signed in.",
    403: "Not allowed: no library lists you, a password is to be chosen first, or the header X-Deskbridge is missing.",
    404: "There is no such thing, or it is not yours to see.",
    409: "The desk refused it, or somebody else was first.",
    410: "The link was used or has ended.",
    413: "Too large.",
    422: "Not as described, or the Idempotency-Key was used for something else.",
    426: "This address answers a WebSocket only.",
    429: "Too often; Retry-After says when to come again.",
    503: "The store is away: nothing was taken in.",
}


def describe(routes: Sequence[Route], version: str) -> dict[str, Any]:
    """Return the OpenAPI document of `routes`."""
    bodies = {route.asks for route in routes} | {route.gives for route in routes}
    bodies |= {kind for route in routes for kind in route.also.values()} - {Acted, Clash, Pending, Problem}
    kinds = sorted((kind for kind in bodies if kind is not None and kind is not bytes), key=str)
    wanted: list[Any] = [*kinds, Acted, Clash, Pending, Problem, ServerMessage, ClientMessage]
    schemas, components = msgspec.json.schema_components(wanted, ref_template="#/components/schemas/{name}")
    refs = dict(zip(kinds, schemas, strict=False))
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        paths.setdefault(BASE + route.path, {})[route.method.lower()] = _operation(route, refs)
    components |= {"ServerMessage": schemas[-2], "ClientMessage": schemas[-1]}
    session = {"type": "apiKey", "in": "cookie", "name": "deskbridge"}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Deskbridge inbox", "version": version, "description": (__doc__ or "").split("\n")[0]},
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {"schemas": components, "securitySchemes": {"session": session}},
    }


def _operation(route: Route, refs: dict[Any, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {
        "operationId": route.name,
        "summary": route.about,
        "parameters": [*_path(route), *(_query(each) for each in route.query), *_headers(route)],
        "responses": _responses(route, refs),
        "security": [] if route.access == "anyone" else [{"session": []}],
        "x-access": route.access,
    }
    if route.asks is not None:
        content = FILE if route.asks is bytes else {"application/json": {"schema": refs[route.asks]}}
        found["requestBody"] = {"required": True, "content": content}
    return found


def _path(route: Route) -> list[dict[str, Any]]:
    names = re.findall(r"{(\w+)}", route.path)
    return [{"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in names]


def _query(parameter: Parameter) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": parameter.kind}
    if parameter.choices:
        schema["enum"] = list(parameter.choices)
    schema["maxLength" if parameter.kind == "string" else "maximum"] = parameter.most
    found = {"name": parameter.name, "in": "query", "required": parameter.required, "schema": schema}
    return found | {"description": parameter.about}


def _headers(route: Route) -> list[dict[str, Any]]:
    if not route.writes:
        return []
    token = {"name": "X-Deskbridge", "in": "header", "required": True, "schema": {"type": "string"}}
    token["description"] = "The token of `me.csrf`" if route.access != "anyone" else "Any text"
    key = {"name": "Idempotency-Key", "in": "header", "required": route.keyed}
    key["schema"] = {"type": "string", "minLength": 8, "maxLength": 200}
    return [token, key] if route.access != "anyone" else [token]


def _responses(route: Route, refs: dict[Any, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if route.action:
        found["200"] = _json("What it brought about", refs[route.gives])
        found["202"] = _json("Durable, and not answered yet", _ref(Pending))
        found["409"] = _json("The desk refused it", _ref(Clash))
    elif route.method == "GET" and route.path == "/live":
        found["101"] = {"description": "A WebSocket of ServerMessage and ClientMessage"}
    elif route.gives is None:
        found["204"] = {"description": "Done"}
    else:
        content = ANY_FILE if route.gives is bytes else {"application/json": {"schema": refs[route.gives]}}
        found["200"] = {"description": "What was asked for", "content": content}
    answers = {status: _json(_ABOUT[status], _ref(Problem)) for status in _refusals(route)}
    answers |= {status: _json(_ABOUT[status], _ref(kind)) for status, kind in route.also.items()}
    return found | {str(status): answers[status] for status in sorted(answers)}


def _refusals(route: Route) -> set[int]:
    """Return what the checks before a route answer (see `serving`)."""
    found = {429, 503} | ({401} if route.access != "anyone" or route.asks else set())
    if route.writes:
        found |= {400, 413, 422}  # the key, the body, the key used for something else
    if route.writes or not route.early:
        found.add(403)
    if "{" in route.path:
        found.add(404)
    if route.query:
        found.add(422)
    return found


def _ref(kind: type) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{kind.__name__}"}


def _json(about: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": about, "content": {"application/json": {"schema": schema}}}

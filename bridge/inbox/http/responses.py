"""How the interface answers: JSON both ways, and one shape for everything that is not what was hoped for.

A `Refusal` is raised wherever a request cannot be done and becomes `{error, detail}`. `error` is a word for programs, `detail`
a sentence for people. Neither holds a secret, an address or a line of what somebody wrote.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec
from aiohttp import web

from bridge.contract.bounds import out_of_bounds
from bridge.inbox.schema import Hello, Me, MeTold, OneTimeCode, Polled, Problem, Uploaded
from bridge.inbox.schema.sign_on import CodesBegun, RecoveryCodes

BASE = "/api/v1"
MAX_BODY = 256 * 1024
TRY_AGAIN_S = 2

_encoder = msgspec.json.Encoder()
_decoders: dict[Any, msgspec.json.Decoder[Any]] = {}


class Refusal(Exception):
    """A request that is not done, and why."""

    def __init__(
        self, status: int, error: str, detail: str, *, headers: Mapping[str, str] | None = None, body: Any = None
    ) -> None:
        super().__init__(error)
        self.status = status
        self.headers = dict(headers or {})
        self.body: Any = body if body is not None else Problem(error=error, detail=detail)

    def response(self) -> web.Response:
        """Return it as an answer."""
        return answer(self.body, self.status, self.headers)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a route answers when it is not simply 200 and a struct."""

    body: Any
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


def encode(body: Any) -> bytes:
    """Write a struct as JSON."""
    return _encoder.encode(body)


def answer(body: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    """Return a JSON response that nobody may keep; one that carries a secret is not to be packed either (see encoding)."""
    told = {"Cache-Control": "no-store, no-transform" if _secret(body) else "no-store", **(headers or {})}
    if body is None:
        return web.Response(status=204, headers=told)
    return web.Response(body=encode(body), status=status, headers=told, content_type="application/json")


def _secret(body: Any) -> bool:
    """Whether it holds a session's token, an upload's ticket or a sign-in code."""
    if isinstance(body, Polled):
        return any(isinstance(message, Hello | MeTold) for message in body.messages)
    return isinstance(body, Me | Uploaded | OneTimeCode | RecoveryCodes | CodesBegun)


def decode(raw: bytes, kind: Any) -> Any:
    """Read a request's JSON. Raises Refusal: 400 for what is not JSON, 422 for what is not as described."""
    decoder = _decoders.get(kind)
    if decoder is None:
        decoder = _decoders[kind] = msgspec.json.Decoder(kind)
    try:
        found = decoder.decode(raw)
    except msgspec.ValidationError as error:
        raise Refusal(422, "invalid", str(error)) from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise Refusal(400, "not-json", "The request's body is not JSON.") from None
    read = msgspec.to_builtins(found)
    if wrong := next(out_of_bounds(read), ""):
        raise Refusal(422, "invalid", f"{wrong}.")
    if not _storable(read):
        raise Refusal(422, "invalid", "A text holds NUL or half a surrogate pair.")
    return found


def _storable(value: Any) -> bool:
    """Whether no text in `value` holds what a database or UTF-8 cannot keep."""
    if isinstance(value, str):
        return "\x00" not in value and (value.isascii() or not any("\ud800" <= char <= "\udfff" for char in value))
    if isinstance(value, Mapping):
        return all(_storable(key) and _storable(one) for key, one in value.items())
    if isinstance(value, list | tuple):
        return all(_storable(one) for one in value)
    return True


def not_found() -> Refusal:
    """What does not exist and what one may not see look alike."""
    return Refusal(404, "not-found", "There is no such thing here, or it is not yours to see.")


def forbidden(detail: str = "That is not yours to do.") -> Refusal:
    """Known who you are, and no."""
    return Refusal(403, "forbidden", detail)


def wrong_role(detail: str) -> Refusal:
    """Known who you are, and your role has no access to this at all."""
    return Refusal(403, "wrong-role", detail)


def key_reused() -> Refusal:
    """The key came before with another request, which was done; this one was not."""
    return Refusal(422, "key-reused", "This Idempotency-Key came before with another request; take a new one.")


def unavailable() -> Refusal:
    """The store or the archive is away: nothing was taken in."""
    detail = (
        "Nothing can be read or saved right now: the desk's store is away. What you wrote was not taken; try again."
    )
    return Refusal(503, "unavailable", detail, headers={"Retry-After": str(TRY_AGAIN_S)})


def too_many(after_s: int) -> Refusal:
    """Asked too often."""
    return Refusal(429, "too-many", "Too many requests; wait a moment.", headers={"Retry-After": str(after_s)})

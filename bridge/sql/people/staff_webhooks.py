"""Where a library's team is told that somebody waits: one webhook a library, its secret, and how the last notice went.

The address is a secret too: whoever knows it may write to the team. It is kept, used and replaced, never shown again.
"""

from __future__ import annotations

import re
import secrets
from base64 import b64encode
from collections.abc import Collection, Mapping
from typing import Literal, get_args

import msgspec
from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from bridge.sql import tables
from bridge.sql.people.accounts import now_ms
from bridge.sql.people.field_fault import FieldFault
from bridge.sql.rows import dump, replacing

WebhookShape = Literal["json", "slack", "teams", "ntfy"]
WebhookEvent = Literal["waiting", "nobody", "follow-up", "channel"]
EVENTS: tuple[WebhookEvent, ...] = get_args(WebhookEvent)
LONGEST_URL = 2000
_URL = re.compile(r"https?://[^\s@/]+(?:/[!-~]*)?", re.ASCII)

_w = tables.staff_webhook.c


class StaffWebhook(msgspec.Struct, frozen=True, kw_only=True):
    """A library's webhook. `problem`: why the last notice did not go through, since `problem_at`; `sent_at`: the last that did."""

    library: str
    url: str
    shape: WebhookShape
    events: tuple[WebhookEvent, ...]
    secret: str
    problem: str = ""
    problem_at: int = 0
    sent_at: int = 0


def fresh_secret() -> str:
    """Return a new secret, in the form of Standard Webhooks."""
    return "whsec_" + b64encode(secrets.token_bytes(32)).decode("ascii")


def webhook_faults(url: str) -> list[FieldFault]:
    """Return what is wrong with an address that a coordinator typed; whether it is a public one is looked at when it is used."""
    if len(url) > LONGEST_URL or not _URL.fullmatch(url):
        return [FieldFault("url", "is not an address; write https://hooks.example.org/…")]
    return []


class StaffWebhooks:
    """The webhooks of one consortium's libraries."""

    def __init__(self, engine: AsyncEngine, consortium: str) -> None:
        self._engine = engine
        self._consortium = consortium

    async def all(self) -> Mapping[str, StaffWebhook]:
        """Return them by library."""
        query = select(tables.staff_webhook).where(_w.consortium == self._consortium)
        async with self._engine.connect() as sql:
            rows = (await sql.execute(query)).all()
        return {
            row.library: StaffWebhook(
                library=row.library,
                url=row.url,
                shape=row.shape,
                events=tuple(msgspec.json.decode(row.events)),
                secret=row.secret,
                problem=row.problem,
                problem_at=row.problem_at,
                sent_at=row.sent_at,
            )
            for row in rows
        }

    async def keep(self, one: StaffWebhook) -> None:
        """Keep a library's webhook in place of what it had; how it went is forgotten."""
        row = {
            "consortium": self._consortium,
            "library": one.library,
            "url": one.url,
            "shape": one.shape,
            "events": dump(one.events),
            "secret": one.secret,
            "problem": "",
            "problem_at": 0,
            "sent_at": 0,
        }
        async with self._engine.begin() as sql:
            keys = ["consortium", "library"]
            await sql.execute(replacing(sql.dialect.name, tables.staff_webhook, keys, row))

    async def drop(self, libraries: Collection[str]) -> None:
        """Tell these libraries' teams nothing more."""
        mine = (_w.consortium == self._consortium) & _w.library.in_(list(libraries))
        async with self._engine.begin() as sql:
            await sql.execute(delete(tables.staff_webhook).where(mine))

    async def went(self, library: str, problem: str) -> None:
        """Note how a notice went: "" = through."""
        mine = (_w.consortium == self._consortium) & (_w.library == library)
        now = now_ms()
        news = {"problem": problem, "problem_at": now} if problem else {"problem": "", "problem_at": 0, "sent_at": now}
        async with self._engine.begin() as sql:
            await sql.execute(update(tables.staff_webhook).where(mine).values(**news))

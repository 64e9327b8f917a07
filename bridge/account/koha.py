"""A library system by Koha's REST interface (its own description; OAuth client credentials, so an API key of a staff account).

The key's account needs: borrowers (api_validate_password, edit_borrowers), circulate, reserveforothers, updatecharges.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any

import msgspec
from aiohttp import ClientError, ClientSession, ClientTimeout, DummyCookieJar

from bridge.account.library_system import (
    AccountProblem,
    AccountScope,
    AccountStep,
    Fees,
    HeldItem,
    Loan,
    PatronAccount,
    PatronContact,
    PatronKey,
    clean,
)
from bridge.account.settings import AccountConfig

WITHIN_S = 10.0
MOST_BYTES = 2 * 1024 * 1024
MOST_ITEMS = 30
EARLY_S = 30.0  # a token is renewed this long before it ends


class KohaSystem:
    """One library's Koha."""

    name = "Koha"

    def __init__(self, config: AccountConfig, within_s: float = WITHIN_S) -> None:
        self._config = config
        self._base = f"{config.url.rstrip('/')}/api/v1"
        self._within_s = within_s
        self._token, self._until = "", 0.0

    async def reach(self) -> None:
        """Get a token, and ask nothing. Raises AccountProblem."""
        self._token = ""
        await self._ask("GET", "/libraries", query={"_per_page": "1"})

    async def check(self, card: str, pin: str) -> PatronKey | None:
        """Return the patron's key, None where card and PIN do not belong together. Raises AccountProblem."""
        if not card or not pin:
            return None
        status, told = await self._ask("POST", "/auth/password/validation", {"identifier": card, "password": pin})
        if status == 400:
            return None
        found = told.get("patron_id") if status == 201 and isinstance(told, dict) else None
        if not isinstance(found, int):
            raise AccountProblem("refused" if status in (401, 403) else "not-understood")
        return PatronKey(str(found))

    async def read(self, key: PatronKey, scopes: frozenset[AccountScope]) -> PatronAccount:
        """Return what is allowed, as it is now. Raises AccountProblem."""
        return PatronAccount(
            loans=await self._loans(key) if "loans" in scopes else None,
            holds=await self._holds(key) if "loans" in scopes else None,
            fees=await self._fees(key) if "fees" in scopes else None,
            contact=await self._contact(key) if "contact" in scopes else None,
        )

    async def _loans(self, key: PatronKey) -> list[Loan]:
        query = {"patron_id": key.value, "_per_page": str(MOST_ITEMS)}
        rows = _rows(await self._found("/checkouts", query, embed="item.biblio"))[:MOST_ITEMS]
        allowed = await asyncio.gather(
            *(self._found(f"/checkouts/{_id(row, 'checkout_id')}/allows_renewal") for row in rows)
        )
        today = f"{time.strftime('%Y-%m-%d')}"
        return [_loan(row, may, today) for row, may in zip(rows, allowed, strict=True)]

    async def _holds(self, key: PatronKey) -> list[HeldItem]:
        query = {"_per_page": str(MOST_ITEMS)}
        rows = _rows(await self._found(f"/patrons/{key.value}/holds", query, embed="biblio,pickup_library"))
        return [
            HeldItem(
                id=_id(row, "hold_id"),
                title=_title(row.get("biblio")),
                ready=row.get("status") == "W",
                place=clean(_table(row.get("pickup_library")).get("name") or row.get("pickup_library_id"), 80),
            )
            for row in rows[:MOST_ITEMS]
        ]

    async def _fees(self, key: PatronKey) -> Fees:
        told = _table(await self._found(f"/patrons/{key.value}/account"))
        lines = _rows(_table(told.get("outstanding_debits")).get("lines"))[:MOST_ITEMS]
        owed = told.get("balance")
        return Fees(
            total=f"{owed:.2f}" if isinstance(owed, int | float) else "",
            lines=[clean(f"{one.get('description') or ''} {one.get('amount_outstanding') or ''}") for one in lines],
        )

    async def _contact(self, key: PatronKey) -> PatronContact:
        told = _table(await self._found(f"/patrons/{key.value}"))
        name = f"{told.get('firstname') or ''} {told.get('surname') or ''}"
        street = f"{told.get('street_number') or ''} {told.get('address') or ''}"
        parts = [clean(one) for one in (street, f"{told.get('postal_code') or ''} {told.get('city') or ''}")]
        return PatronContact(
            name=clean(name),
            email=clean(told.get("email")),
            phone=clean(told.get("phone") or told.get("mobile")),
            address=", ".join(part for part in parts if part),
        )

    async def renew(self, key: PatronKey, loan: str) -> AccountStep:
        """Renew one loan. Raises AccountProblem."""
        status, told = await self._ask("POST", f"/checkouts/{loan}/renewals")
        if status == 201:
            return AccountStep(done=True, due=str(_table(told).get("due_date") or "")[:10])
        if status in (403, 404, 409):
            return AccountStep(done=False, said=clean(_table(told).get("error")))
        raise AccountProblem("not-understood")

    async def cancel_hold(self, key: PatronKey, hold: str) -> AccountStep:
        """Cancel one hold; 202 means that it will be looked at. Raises AccountProblem."""
        status, told = await self._ask("DELETE", f"/holds/{hold}")
        if status in (202, 204):
            return AccountStep(done=True)
        if status in (403, 404, 409):
            return AccountStep(done=False, said=clean(_table(told).get("error")))
        raise AccountProblem("not-understood")

    async def _found(self, path: str, query: dict[str, str] | None = None, *, embed: str = "") -> Any:
        status, told = await self._ask("GET", path, query=query, embed=embed)
        if status != 200:
            raise AccountProblem("refused" if status in (401, 403) else "not-understood")
        return told

    async def _ask(
        self, method: str, path: str, body: Any = None, *, query: dict[str, str] | None = None, embed: str = ""
    ) -> tuple[int, Any]:
        """Make one request with a token; return its status and what it says. Raises AccountProblem."""
        try:
            async with asyncio.timeout(self._within_s), self._session() as session:
                headers = {"Authorization": f"Bearer {await self._signed_in(session)}"}
                headers |= {"x-koha-embed": embed} if embed else {}
                async with session.request(
                    method, self._base + path, json=body, params=query, headers=headers, allow_redirects=False
                ) as response:
                    if response.status == 401:
                        self._token = ""
                    return response.status, await _read(response.content)
        except TimeoutError:
            raise AccountProblem("too-slow") from None
        except (ClientError, OSError, ValueError):
            raise AccountProblem("unreachable") from None

    async def _signed_in(self, session: ClientSession) -> str:
        if self._token and time.monotonic() < self._until:
            return self._token
        asked = {
            "grant_type": "client_credentials",
            "client_id": str(self._config.client),
            "client_secret": str(self._config.client_secret),
        }
        async with session.post(f"{self._base}/oauth/token", data=asked, allow_redirects=False) as response:
            told = _table(await _read(response.content))
        token, seconds = told.get("access_token"), told.get("expires_in")
        if response.status != 200 or not isinstance(token, str):
            raise AccountProblem("refused")
        self._token = token
        self._until = time.monotonic() + (seconds if isinstance(seconds, int) else 0) - EARLY_S
        return token

    def _session(self) -> ClientSession:
        return ClientSession(cookie_jar=DummyCookieJar(), timeout=ClientTimeout(total=None))


async def _read(content: Any) -> Any:
    raw = bytearray()
    async for chunk in content.iter_chunked(64 * 1024):
        raw += chunk
        if len(raw) > MOST_BYTES:
            raise AccountProblem("not-understood")
    try:
        return msgspec.json.decode(bytes(raw)) if raw else None
    except (msgspec.DecodeError, RecursionError):
        raise AccountProblem("not-understood") from None


def _loan(row: dict[str, Any], allowed: Any, today: str) -> Loan:
    may = _table(allowed)
    due = str(row.get("due_date") or "")[:10]
    used, most = may.get("current_renewals"), may.get("max_renewals")
    return Loan(
        id=_id(row, "checkout_id"),
        title=_title(_table(row.get("item")).get("biblio")) or clean(row.get("external_id")),
        due=due,
        overdue=bool(due) and due < today,
        renewable="yes" if may.get("allows_renewal") is True else "no",
        renewals=f"{used}/{most}" if isinstance(used, int) and isinstance(most, int) else "",
    )


def _title(biblio: Any) -> str:
    table = _table(biblio)
    return clean(" ".join(str(one) for one in (table.get("title"), table.get("subtitle")) if one))


def _id(row: dict[str, Any], name: str) -> str:
    found = row.get(name)
    if not isinstance(found, int) or isinstance(found, bool):
        raise AccountProblem("not-understood")
    return str(found)


def _table(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _rows(value: Any) -> list[dict[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []

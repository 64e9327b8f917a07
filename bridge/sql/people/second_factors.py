"""What a librarian shows beside their password: codes of an app, passkeys, and recovery codes for when both are lost.

- A code of an app counts once: the step of time that it belongs to is kept, and no earlier one counts after it (RFC 6238 5.2).
- Of a passkey the public key is kept, of a recovery code its SHA-256 (it has 58 random bits). An app's secret is kept as it is,
  since every code is worked out from it: who can read the database can make codes.
- Five wrong answers in a row lock the second factor for a minute, each further one twice as long, up to an hour. Only who knows the
  password gets that far, so strangers lock nobody out.
"""

from __future__ import annotations

import hashlib
import secrets
from typing import Any, Literal

import msgspec
from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bridge.sql import tables
from bridge.sql.people.accounts import Accounts, SignInLocked, locked_until, new_code, now_ms

RECOVERY_CODES = 10
MOST_FACTORS = 10

FactorKind = Literal["codes", "passkey"]

_f = tables.second_factor.c
_r = tables.recovery_code.c
_a = tables.account.c
_s = tables.session.c


class SecondFactor(msgspec.Struct, frozen=True, kw_only=True):
    """One second factor of a librarian. `credential` and `secret` are a passkey's id and public key, or the secret of codes."""

    id: str
    kind: FactorKind
    name: str
    credential: str
    secret: bytes
    counter: int
    made_at: int
    used_at: int


class SecondFactors:
    """The second factors of this installation."""

    def __init__(self, engine: AsyncEngine, accounts: Accounts) -> None:
        self._engine = engine
        self._accounts = accounts

    async def of(self, librarian: str) -> list[SecondFactor]:
        """Return a librarian's factors, oldest first."""
        query = select(tables.second_factor).where(_f.librarian == librarian).order_by(_f.made_at, _f.id)
        async with self._engine.connect() as sql:
            rows = (await sql.execute(query)).all()
        return [SecondFactor(**{name: getattr(row, name) for name in SecondFactor.__struct_fields__}) for row in rows]

    async def have(self, librarians: list[str]) -> list[str]:
        """Return those of `librarians` who have a second factor."""
        query = select(_f.librarian).where(_f.librarian.in_(librarians)).distinct().order_by(_f.librarian)
        async with self._engine.connect() as sql:
            return list((await sql.scalars(query)).all())

    # ---- adding and removing ----

    async def add(self, librarian: str, session: str, made: SecondFactor) -> list[str]:
        """Keep a factor that was shown in `session`; return new recovery codes with the first one. Raises ValueError: too many.

        A new app takes the place of the one before. The other sessions must show the factor before they go on.
        """
        async with self._engine.begin() as sql:
            if made.kind == "codes":
                await sql.execute(delete(tables.second_factor).where(_f.librarian == librarian, _f.kind == "codes"))
            held = await sql.scalar(select(func.count()).where(_f.librarian == librarian)) or 0
            if held >= MOST_FACTORS:
                raise ValueError("too many")
            await sql.execute(insert(tables.second_factor).values(librarian=librarian, **msgspec.structs.asdict(made)))
            theirs, here = _s.librarian == librarian, _s.token.startswith(session, autoescape=True)
            asked = theirs & (_s.second == "") & _s.way.in_(("", "password", "code"))
            await sql.execute(update(tables.session).where(asked & ~here).values(second="asked"))
            await sql.execute(update(tables.session).where(theirs & here).values(second="shown"))
            first = not await sql.scalar(select(func.count()).where(_r.librarian == librarian))
            codes = await _renew(sql, librarian) if first else []
        self._accounts.session_ended()
        return codes

    async def remove(self, librarian: str, id: str) -> FactorKind | None:
        """Take one factor off, and the recovery codes with the last one; return its kind, None where there is none."""
        async with self._engine.begin() as sql:
            mine = (_f.librarian == librarian) & (_f.id == id)
            kind: FactorKind | None = await sql.scalar(select(_f.kind).where(mine))
            await sql.execute(delete(tables.second_factor).where(mine))
            if not await sql.scalar(select(func.count()).where(_f.librarian == librarian)):
                await sql.execute(delete(tables.recovery_code).where(_r.librarian == librarian))
        return kind

    async def reset(self, librarian: str) -> bool:
        """Take all factors and recovery codes off, and end all sessions: what was lost may be in other hands."""
        async with self._engine.begin() as sql:
            done = await sql.execute(delete(tables.second_factor).where(_f.librarian == librarian))
            await sql.execute(delete(tables.recovery_code).where(_r.librarian == librarian))
            if done.rowcount:
                await sql.execute(delete(tables.session).where(_s.librarian == librarian))
                await sql.execute(_counted(librarian, 0))
        self._accounts.session_ended()
        return bool(done.rowcount)

    # ---- recovery codes ----

    async def renew_recovery(self, librarian: str) -> list[str]:
        """Return new recovery codes; those before count no longer."""
        async with self._engine.begin() as sql:
            return await _renew(sql, librarian)

    async def recovery_left(self, librarian: str) -> int:
        """Return how many recovery codes are left."""
        async with self._engine.connect() as sql:
            return await sql.scalar(select(func.count()).where(_r.librarian == librarian)) or 0

    async def use_recovery(self, librarian: str, code: str) -> bool:
        """Use a recovery code up, and say whether it was one."""
        mine = (_r.librarian == librarian) & (_r.code == _digest(code))
        async with self._engine.begin() as sql:
            return (await sql.execute(delete(tables.recovery_code).where(mine))).rowcount == 1

    # ---- showing one ----

    async def used(self, factor: SecondFactor, counter: int) -> bool:
        """Keep that a factor was shown, with the step or the count that came; False where a step was used already."""
        fresh = (_f.id == factor.id) & ((_f.counter < counter) if factor.kind == "codes" else (_f.counter <= counter))
        async with self._engine.begin() as sql:
            done = await sql.execute(
                update(tables.second_factor).where(fresh).values(counter=counter, used_at=now_ms())
            )
        return done.rowcount == 1

    async def check_lock(self, librarian: str) -> None:
        """Raise SignInLocked after too many wrong answers."""
        async with self._engine.connect() as sql:
            until = await sql.scalar(select(_a.factor_locked_until).where(_a.librarian == librarian)) or 0
        if until > (now := now_ms()):
            raise SignInLocked(-(-(until - now) // 1000))

    async def failed(self, librarian: str) -> None:
        """Count a wrong answer."""
        async with self._engine.begin() as sql:
            failures = await sql.scalar(select(_a.factor_failures).where(_a.librarian == librarian)) or 0
            await sql.execute(_counted(librarian, failures + 1))

    async def shown(self, librarian: str, session: str) -> None:
        """Let a session go on, and forget the wrong answers."""
        here = (_s.librarian == librarian) & _s.token.startswith(session, autoescape=True)
        async with self._engine.begin() as sql:
            await sql.execute(_counted(librarian, 0))
            await sql.execute(update(tables.session).where(here).values(second="shown"))


def _counted(librarian: str, failures: int) -> Any:
    values = {"factor_failures": failures, "factor_locked_until": locked_until(failures)}
    return update(tables.account).where(_a.librarian == librarian).values(**values)


async def _renew(sql: AsyncConnection, librarian: str) -> list[str]:
    codes = [new_code() for _ in range(RECOVERY_CODES)]
    await sql.execute(delete(tables.recovery_code).where(_r.librarian == librarian))
    await sql.execute(insert(tables.recovery_code), [{"librarian": librarian, "code": _digest(code)} for code in codes])
    return codes


def new_factor_id() -> str:
    """Return an id for a factor."""
    return secrets.token_hex(12)


def _digest(code: str) -> str:
    return hashlib.sha256(code.strip().lower().encode()).hexdigest()

"""Who may sign in: librarians' accounts, passwords, one-time codes, sessions.

Passwords are kept as argon2id hashes (RFC 9106), tokens and codes as SHA-256, since those have entropy enough by themselves.
Five wrong passwords in a row lock a name for a minute, and each further one doubles that, up to an hour. Names that do not exist
are locked alike, so that no answer tells whether a name exists.

The lock is against strangers. A browser in which the librarian signed in before is not locked out by others
(OWASP, "Slow Down Online Guessing Attacks with Device Cookies"). Nor is a one-time code, which nobody guesses.

A session is a random token in a cookie and a second one that must come back in a header (CSRF). It ends after 12 hours without
a request, or after 7 days at the latest.
"""

from __future__ import annotations

import asyncio
import hashlib
import secrets
import time
from base64 import b64encode
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.low_level import ARGON2_VERSION
from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from bridge.contract.sealed_token import same
from bridge.sql import tables
from bridge.sql.gathered_reads import GatheredReads
from bridge.sql.people.passwords import weakness

LOCK_AFTER = 5
LOCK_MS = 60_000
LOCK_LONGEST_MS = 3_600_000
GHOSTS = 10_000  # names without an account that are remembered as tried
IDLE_MS = 12 * 3_600_000
LONGEST_MS = 7 * 86_400_000
SEEN_EVERY_MS = 60_000  # how exactly a session remembers when it was used last
CODE_MS = 86_400_000
SESSION_ID = 24  # letters

_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # none that is taken for another

_hasher = PasswordHasher()

_a = tables.account.c
_s = tables.session.c


class SignInRefused(Exception):
    """Name or secret is wrong, or the account is disabled; nothing says which."""


class SignInLocked(SignInRefused):
    """Too many wrong passwords; `retry_after` in seconds."""

    def __init__(self, retry_after: int) -> None:
        super().__init__("locked")
        self.retry_after = retry_after


class WeakPassword(ValueError):
    """A new password is guessed first; the text says why."""


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """A librarian's account, without secrets."""

    librarian: str
    login: str
    library: str
    must_change: bool = False
    disabled: bool = False


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who is signed in."""

    librarian: str
    login: str
    library: str
    csrf: str
    must_change: bool = False
    id: str = ""  # by which it is named in the list of one's sessions; opens nothing
    opened_at: int = 0
    way: str = ""  # how it was opened; "" = before that was kept
    second: str = ""  # "asked" = a second factor must be shown first, "shown"; "" = there was none to ask for
    language: str = ""  # in which they read the inbox; "" = what their browser prefers


class OpenSession(msgspec.Struct, frozen=True, kw_only=True):
    """A session as its owner sees it in the list: which kind of device, how and when (ms) it was opened, when it was used last."""

    id: str
    device: str
    way: str
    opened_at: int
    seen_at: int
    second: str = ""  # as of a `Session`


def now_ms() -> int:
    """Return the time of this machine's clock in ms; accounts need no other."""
    return time.time_ns() // 1_000_000


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.strip().encode()).hexdigest()


def _session_id(token: str) -> str:
    """Return the name of a session: a part of the kept digest, from which nobody finds the token."""
    return token[:SESSION_ID]


def new_code() -> str:
    """Return a code that people type: 12 letters and digits of which none is taken for another, 58 bits."""
    letters = "".join(secrets.choice(_LETTERS) for _ in range(12))
    return f"{letters[:4]}-{letters[4:8]}-{letters[8:]}"


def _hash_of_nobody() -> str:
    """Return a hash like any other, of no password: to compare with it takes as long, and it is made in no time."""
    h = _hasher
    salt, tag = (b64encode(secrets.token_bytes(size)).decode().rstrip("=") for size in (h.salt_len, h.hash_len))
    return f"$argon2id$v={ARGON2_VERSION}$m={h.memory_cost},t={h.time_cost},p={h.parallelism}${salt}${tag}"


_NOBODY = _hash_of_nobody()


def hashed(password: str) -> str:
    """Return the hash of a password that is kept (argon2id); takes some 50 ms of a processor."""
    return _hasher.hash(password)


def _verify(kept: str, password: str) -> bool:
    try:
        _hasher.verify(kept or _NOBODY, password)
        return bool(kept)
    except (VerificationError, InvalidHashError):
        return False


def _is_code(row: Any, secret: str) -> bool:
    return bool(row.code) and row.code_until > now_ms() and same(row.code, _digest(secret))


def locked_until(failures: int) -> int:
    """Return until when (ms) a name is locked after so many failures in a row, 0 = it is not."""
    over = failures - LOCK_AFTER
    return now_ms() + min(LOCK_MS << min(over, 10), LOCK_LONGEST_MS) if over >= 0 else 0


def _check_lock(until: int) -> None:
    if until > (now := now_ms()):
        raise SignInLocked(-(-(until - now) // 1000))


class Accounts:
    """Accounts and sessions of this installation."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._ghosts: OrderedDict[str, tuple[int, int]] = OrderedDict()  # name -> failures, locked until
        self._sessions = GatheredReads(self._read_sessions)
        self.on_ended: list[Callable[[], None]] = []  # called when a session may have ended in this process

    async def add(self, librarian: str, login: str, library: str, *, with_code: bool = True) -> str:
        """Make an account and return its one-time code. Raises ValueError when the name is taken.

        Without a code nobody gets in but by a provider that vouches for them.
        """
        code = new_code() if with_code else ""
        values: dict[str, object] = {"librarian": librarian, "login": login.strip().lower(), "library": library}
        async with self._engine.begin() as sql:
            taken = await sql.scalar(
                select(_a.login).where((_a.login == values["login"]) | (_a.librarian == librarian))
            )
            if taken is not None:
                raise ValueError(f"there is an account {taken!r} already: use `librarian reset`")
            values |= {"code": _digest(code) if code else "", "code_until": now_ms() + CODE_MS if code else 0}
            await sql.execute(insert(tables.account).values(**values))
        return code

    async def reset(self, login: str) -> str:
        """Return a new one-time code; passwords and sessions of the account are gone. Raises LookupError."""
        code = new_code()
        change = {
            "password": "",
            "code": _digest(code),
            "code_until": now_ms() + CODE_MS,
            "failures": 0,
            "locked_until": 0,
        }
        async with self._engine.begin() as sql:
            found = await sql.scalar(select(_a.librarian).where(_a.login == login.strip().lower()))
            if found is None:
                raise LookupError(f"no account {login!r}")
            await sql.execute(update(tables.account).where(_a.librarian == found).values(**change))
            await sql.execute(delete(tables.session).where(_s.librarian == found))
        self.session_ended()
        return code

    async def all(self) -> list[Account]:
        """Return every account, by name."""
        async with self._engine.connect() as sql:
            rows = (await sql.execute(select(tables.account).order_by(_a.login))).all()
        return [_account(row) for row in rows]

    async def of(self, librarian: str) -> Account | None:
        """Return a librarian's account."""
        async with self._engine.connect() as sql:
            row = (await sql.execute(select(tables.account).where(_a.librarian == librarian))).first()
        return _account(row) if row is not None else None

    async def named(self, login: str) -> Account | None:
        """Return the account with this sign-in name."""
        row = await self._row(login)
        return _account(row) if row is not None else None

    async def signed_up(self, library: str) -> list[str]:
        """Return the librarians of a library who have a password, by name."""
        query = select(_a.librarian).where(_a.library == library, _a.password != "").order_by(_a.librarian)
        async with self._engine.connect() as sql:
            return list((await sql.scalars(query)).all())

    async def disable(self, librarian: str, *, disabled: bool = True) -> None:
        """Close (or open again) an account; its sessions end."""
        async with self._engine.begin() as sql:
            await sql.execute(update(tables.account).where(_a.librarian == librarian).values(disabled=disabled))
            await sql.execute(delete(tables.session).where(_s.librarian == librarian))
        self.session_ended()

    async def sign_in(self, login: str, secret: str, *, familiar: bool = False) -> Account:
        """Return the account whose password or one-time code this is. Raises SignInRefused, SignInLocked.

        `familiar`: the request comes from a browser in which this librarian signed in before; the caller limits how often.
        """
        row = await self._row(login)
        if row is None:
            await self._try_ghost(login.strip().lower(), secret)
            raise SignInRefused
        if _is_code(row, secret):
            return await self._opened(row, by_code=True)
        if not familiar:
            _check_lock(row.locked_until)
        if not await asyncio.to_thread(_verify, row.password, secret):
            if not familiar:
                await self._failed(row.librarian, row.failures + 1)
            raise SignInRefused
        return await self._opened(row, by_code=False, forgive=not familiar)

    async def sign_in_by_code(self, login: str, code: str) -> Account:
        """Return the account whose one-time code this is, though the name may be locked. Raises SignInRefused."""
        row = await self._row(login)
        if row is None or not _is_code(row, code):
            raise SignInRefused
        return await self._opened(row, by_code=True)

    async def _row(self, login: str) -> Any:
        async with self._engine.connect() as sql:
            return (await sql.execute(select(tables.account).where(_a.login == login.strip().lower()))).first()

    async def _opened(self, row: Any, *, by_code: bool, forgive: bool = True) -> Account:
        """Return an account that was opened. `forgive`: what was tried in its name counts no longer."""
        if row.disabled:
            raise SignInRefused
        if forgive:
            await self._succeeded(row.librarian, row.code if by_code else "")
        return msgspec.structs.replace(_account(row), must_change=by_code or row.must_change)

    async def _try_ghost(self, name: str, secret: str) -> None:
        """Take as long for a name without an account as for one with, and lock it by the same rule. Raises SignInLocked."""
        failures, until = self._ghosts.get(name, (0, 0))
        _check_lock(until)
        await asyncio.to_thread(_verify, "", secret)
        self._ghosts.pop(name, None)
        self._ghosts[name] = (failures + 1, locked_until(failures + 1))
        while len(self._ghosts) > GHOSTS:
            self._ghosts.popitem(last=False)

    async def _failed(self, librarian: str, failures: int) -> None:
        change = {"failures": _a.failures + 1, "locked_until": locked_until(failures)}
        async with self._engine.begin() as sql:
            await sql.execute(update(tables.account).where(_a.librarian == librarian).values(**change))

    async def _succeeded(self, librarian: str, code: str) -> None:
        change: dict[str, object] = {"failures": 0, "locked_until": 0}
        where = _a.librarian == librarian
        if code:
            change |= {"code": "", "must_change": True}
            where &= _a.code == code
        async with self._engine.begin() as sql:
            done = await sql.execute(update(tables.account).where(where).values(**change))
        if done.rowcount != 1:  # the code was used by somebody else a moment ago
            raise SignInRefused

    async def change_password(self, librarian: str, new: str, *, old: str | None) -> None:
        """Set a new password and end the account's other sessions. Raises SignInRefused, WeakPassword.

        `old` may be None only for who has just signed in with a one-time code.
        """
        async with self._engine.connect() as sql:
            row = (await sql.execute(select(tables.account).where(_a.librarian == librarian))).first()
        if row is None:
            raise SignInRefused
        if why := weakness(new, (row.login, row.library)):
            raise WeakPassword(why)
        excused = old is None and row.must_change
        if not excused and not await asyncio.to_thread(_verify, row.password, old or ""):
            raise SignInRefused
        kept = await asyncio.to_thread(hashed, new)
        async with self._engine.begin() as sql:
            change = {"password": kept, "must_change": False, "code": ""}
            await sql.execute(update(tables.account).where(_a.librarian == librarian).values(**change))
            await sql.execute(delete(tables.session).where(_s.librarian == librarian))
        self.session_ended()

    async def open_session(
        self, librarian: str, *, way: str = "password", device: str = "", second: str = ""
    ) -> tuple[str, str]:
        """Return the token for the cookie and the one for the header. `second`: see `Session`."""
        token, csrf, now = secrets.token_urlsafe(32), secrets.token_urlsafe(24), now_ms()
        values = {"token": _digest(token), "librarian": librarian, "csrf": csrf, "opened_at": now}
        values |= {"way": way, "device": device, "second": second}
        async with self._engine.begin() as sql:
            await sql.execute(delete(tables.session).where(_s.until < now))
            await sql.execute(insert(tables.session).values(seen_at=now, until=now + IDLE_MS, **values))
        return token, csrf

    async def session(self, token: str) -> Session | None:
        """Return whose cookie this is, None when it ended; keeps the session alive."""
        return await self._sessions.get(_digest(token))

    async def _read_sessions(self, keys: Sequence[str]) -> dict[str, Session]:
        """Return the sessions under these digests that did not end, and keep them alive."""
        now = now_ms()
        query = select(tables.session, tables.account).join(tables.account, _a.librarian == _s.librarian)
        where = _s.token.in_(keys) & (_s.until > now) & _a.disabled.is_(False)
        async with self._engine.connect() as sql:
            rows = (await sql.execute(query.where(where))).all()
        if stale := [row for row in rows if now - row.seen_at > SEEN_EVERY_MS]:
            async with self._engine.begin() as sql:
                for row in stale:
                    until = min(now + IDLE_MS, row.opened_at + LONGEST_MS)
                    kept = update(tables.session).where(_s.token == row.token).values(seen_at=now, until=until)
                    await sql.execute(kept)
        return {
            row.token: Session(
                librarian=row.librarian,
                login=row.login,
                library=row.library,
                csrf=row.csrf,
                must_change=row.must_change,
                id=_session_id(row.token),
                opened_at=row.opened_at,
                way=row.way,
                second=row.second,
                language=row.language,
            )
            for row in rows
        }

    async def speak(self, librarian: str, language: str) -> None:
        """Keep in which language a librarian reads the inbox; "" = what their browser prefers."""
        async with self._engine.begin() as sql:
            await sql.execute(update(tables.account).where(_a.librarian == librarian).values(language=language))

    async def sessions(self, librarian: str) -> list[OpenSession]:
        """Return the open sessions of a librarian, the one used last first."""
        query = select(tables.session).where(_s.librarian == librarian, _s.until > now_ms()).order_by(_s.seen_at.desc())
        async with self._engine.connect() as sql:
            rows = (await sql.execute(query)).all()
        return [
            OpenSession(
                id=_session_id(row.token),
                device=row.device,
                way=row.way,
                opened_at=row.opened_at,
                seen_at=row.seen_at,
                second=row.second,
            )
            for row in rows
        ]

    async def end_session(self, librarian: str, id: str) -> bool:
        """End one session of a librarian by its id; False when there is none."""
        if len(id) != SESSION_ID:
            return False
        mine = (_s.librarian == librarian) & _s.token.startswith(id, autoescape=True)
        async with self._engine.begin() as sql:
            done = await sql.execute(delete(tables.session).where(mine))
        self.session_ended()
        return bool(done.rowcount)

    async def end_sessions(self, librarian: str, *, but: str = "", way: str = "") -> None:
        """End all sessions of a librarian, who may sign in again. `but`: the id of one that goes on; `way`: those opened so."""
        where = _s.librarian == librarian
        if way:
            where &= _s.way == way
        if but:
            where &= ~_s.token.startswith(but, autoescape=True)
        async with self._engine.begin() as sql:
            await sql.execute(delete(tables.session).where(where))
        self.session_ended()

    async def close_session(self, token: str) -> None:
        """End one session."""
        async with self._engine.begin() as sql:
            await sql.execute(delete(tables.session).where(_s.token == _digest(token)))
        self.session_ended()

    def session_ended(self) -> None:
        """Let the open pages of this process look their sessions up again."""
        for doubt in self.on_ended:
            doubt()


def _account(row: object) -> Account:
    return Account(**{name: getattr(row, name) for name in Account.__struct_fields__})
